//! What an exchange's request must be, by its headers alone.
//!
//! Two headers ask for more than an answer: `Idempotency-Key`, that repeats are one effect, and `Prefer: respond-async`
//! (RFC 7240, section 4.1), that the exchange is accepted now and done later.

use crate::headers::single;
use compact_str::CompactString;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Version};
use nhip_exchange::{Fault, Kind};

/// Our own header: the code that says what personal data is wanted for.
const PURPOSE: HeaderName = HeaderName::from_static("x-purpose");
/// draft-ietf-httpapi-idempotency-key-header
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// RFC 7240
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// A UUID has 36 characters.
const LONGEST_KEY: usize = 255;
/// Longer than any code that a policy can name.
const LONGEST_PURPOSE: usize = 128;

/// The first thing that is wrong with the request.
pub(crate) fn meets(head: &Parts, has_body: bool) -> Result<(), Fault> {
    if head.uri.query().is_some() {
        // Also because addresses end up in the logs of proxies, and parameters are personal data.
        let text = "the address takes no query; give the parameters as a JSON object in the body";
        return Err(Fault::new(Kind::Malformed, text));
    }
    // RFC 9112, section 3.2: exactly one, or different readers see different hosts.
    if head.version == Version::HTTP_11 && single(&head.headers, &HOST)?.is_none() {
        return Err(Fault::new(Kind::Malformed, "the header `Host` is missing"));
    }
    if let Some(encoding) = single(&head.headers, &CONTENT_ENCODING)?
        && !encoding.eq_ignore_ascii_case("identity")
    {
        return Err(Fault::new(
            Kind::UnsupportedMediaType,
            "compressed bodies are not taken; send it without `Content-Encoding`",
        ));
    }
    if has_body { json(single(&head.headers, &CONTENT_TYPE)?) } else { Ok(()) }
}

/// Whether a body of this content type is JSON in UTF-8 (RFC 8259, sections 8.1 and 11; `+json`: RFC 6839).
fn json(content_type: Option<&str>) -> Result<(), Fault> {
    let refuse = |text: &'static str| Err(Fault::new(Kind::UnsupportedMediaType, text));
    let Some(content_type) = content_type else {
        return refuse("the body has no `Content-Type`; send it as `application/json`");
    };
    let mut parts = content_type.split(';');
    let media = parts.next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") && !ends_in_json(media) {
        return refuse("the body must be JSON; send it as `application/json`");
    }
    let foreign = parts.filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if foreign { refuse("the body must be UTF-8; send it as `application/json`") } else { Ok(()) }
}

/// `application/vnd.example+json`
fn ends_in_json(media: &str) -> bool {
    let media = media.to_ascii_lowercase();
    media.starts_with("application/") && media.ends_with("+json")
}

/// The purpose the caller names.
pub(crate) fn purpose(headers: &HeaderMap) -> Result<Option<CompactString>, Fault> {
    let Some(purpose) = single(headers, &PURPOSE)? else { return Ok(None) };
    let visible = purpose.bytes().all(|byte| byte.is_ascii_graphic());
    if purpose.is_empty() || purpose.len() > LONGEST_PURPOSE || !visible {
        let text = format!("`X-Purpose` must be 1 to {LONGEST_PURPOSE} visible ASCII characters without blanks");
        return Err(Fault::new(Kind::Malformed, text));
    }
    Ok(Some(purpose.into()))
}

/// The idempotency key: a string in quotes, as its draft wants it, or bare, as most clients send it.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<CompactString>, Fault> {
    let Some(text) = single(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    let plain = bare.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b','));
    if bare.is_empty() || bare.len() > LONGEST_KEY || !plain {
        let text = format!(
            "`Idempotency-Key` must be 1 to {LONGEST_KEY} visible ASCII characters without quotes, commas and \
             backslashes inside; a UUID is a good one"
        );
        return Err(Fault::new(Kind::Malformed, text));
    }
    Ok(Some(bare.into()))
}

/// Whether the caller prefers that the exchange is accepted now and done later.
pub(crate) fn later(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all(&PREFER).into_iter().filter_map(|value| value.to_str().ok());
    // Without regard to case, and a value or parameters make no difference.
    preferences.flat_map(|list| list.split(',')).any(|preference| {
        let name = preference.split([';', '=']).next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("respond-async")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_json_in_utf_8_is_json() {
        for fits in [
            "application/json",
            "Application/JSON",
            "application/json;charset=UTF-8",
            "application/json; charset=\"utf-8\"",
            "application/vnd.example+json; version=1",
        ] {
            assert!(json(Some(fits)).is_ok(), "{fits}");
        }
        for wrong in [
            "",
            "text/json",
            "application/jsonp",
            "application/xml",
            "text/plain+json",
            "application/json; charset=latin1",
            "application/json, application/json",
        ] {
            assert!(json(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(json(None).is_err());
    }

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), http::HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn a_key_is_taken_bare_or_in_quotes() {
        for fits in ["\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "8e03978e-40d5-43dd-bc93-6894a57f9324"] {
            let found = key(&with(IDEMPOTENCY_KEY, &[fits])).unwrap();
            assert_eq!(found.as_deref(), Some("8e03978e-40d5-43dd-bc93-6894a57f9324"));
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        let long = "k".repeat(LONGEST_KEY + 1);
        for wrong in [&["\"\""][..], &["a b"], &["a\"b"], &["a,b"], &[&long], &["a", "b"], &["\"a"]] {
            assert_eq!(key(&with(IDEMPOTENCY_KEY, wrong)).unwrap_err().kind, Kind::Malformed, "{wrong:?}");
        }
    }

    #[test]
    fn respond_async_is_found_among_other_preferences() {
        for asks in [&["respond-async"][..], &["wait=10, Respond-Async"], &["a", "b; c=d, respond-async;x"]] {
            assert!(later(&with(PREFER, asks)), "{asks:?}");
        }
        for not in [&[][..], &["wait=100"], &["respond-asynchronously"], &["x=respond-async"]] {
            assert!(!later(&with(PREFER, not)), "{not:?}");
        }
    }

    proptest! {
        #[test]
        fn a_purpose_is_kept_whole_or_refused(text in "\\PC{0,140}") {
            let mut headers = HeaderMap::new();
            let Ok(value) = http::HeaderValue::from_bytes(text.as_bytes()) else { return Ok(()) };
            headers.insert(PURPOSE, value);
            match purpose(&headers) {
                Ok(kept) => prop_assert_eq!(kept.as_deref(), Some(text.trim())),
                Err(fault) => prop_assert_eq!(fault.kind, Kind::Malformed),
            }
        }
    }
}
