//! What an exchange's request must be, by its headers alone.
//!
//! Two headers are promises that this listener does not keep yet. `Prefer: respond-async` may be left unanswered by
//! its own rules (RFC 7240, section 2), so the exchange is answered at once. `Idempotency-Key` may not: a caller that
//! trusts it repeats what must not happen twice. It is refused.

use crate::headers::single;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Version};
use nhip_exchange::{Fault, Kind};

/// Our own header: the code that says what personal data is wanted for.
const PURPOSE: HeaderName = HeaderName::from_static("x-purpose");
/// draft-ietf-httpapi-idempotency-key-header
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
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
    if head.headers.contains_key(&IDEMPOTENCY_KEY) {
        let text = "`Idempotency-Key` is not kept here; leave it out, and repeat an exchange only where its fault says that this is safe";
        return Err(Fault::new(Kind::Malformed, text));
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
    let media = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
    if !is_json {
        return refuse("the body must be JSON; send it as `application/json`");
    }
    let foreign = parts.filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if foreign { refuse("the body must be UTF-8; send it as `application/json`") } else { Ok(()) }
}

/// The purpose the caller names.
pub(crate) fn purpose(headers: &HeaderMap) -> Result<Option<String>, Fault> {
    let Some(purpose) = single(headers, &PURPOSE)? else { return Ok(None) };
    let visible = purpose.bytes().all(|byte| byte.is_ascii_graphic());
    if purpose.is_empty() || purpose.len() > LONGEST_PURPOSE || !visible {
        let text = format!("`X-Purpose` must be 1 to {LONGEST_PURPOSE} visible ASCII characters without blanks");
        return Err(Fault::new(Kind::Malformed, text));
    }
    Ok(Some(purpose.to_owned()))
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
