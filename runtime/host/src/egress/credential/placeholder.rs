//! `{{secret:NAME}}` in the headers and the body of a request: the guest says where, the host knows what.
//!
//! For protocols that carry a password in the body. The secret is escaped as the content type of the body wants it, so that no secret
//! can break out of the place it was put: inside a JSON string, in XML text or an attribute, as a form value, as it is in plain text.
//! Other content types, multipart among them, have no rule that holds for every place in them, so a placeholder there is refused; and
//! so is one in a character set that is not UTF-8.
//!
//! A body may hold text that a citizen or a caller wrote, and such text could hold a placeholder too. So a name may stand once in a
//! request: the place that the adapter meant, and not a second one beside it. Invariant: a request that goes out has no placeholder in
//! it, and no secret of another endpoint.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::super::failure::{Failure, FailureCode, quoted};
use super::super::request::Draft;
use super::super::secret::Secret;
use super::sensitive;

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";
/// Longest name of a placeholder.
const LONGEST_NAME: usize = 64;

/// What stands as itself in a form value (RFC 3986, section 2.3).
pub(super) const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a secret is written in a content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// Between the quotes of a JSON string (RFC 8259, section 7).
    Json,
    /// In XML text or an attribute's value (XML 1.0, section 2.4).
    Xml,
    /// As a value of `application/x-www-form-urlencoded`.
    Form,
    /// As it is.
    Plain,
}

/// Replaces all placeholders of a request. Gives what was written in their places.
pub(in super::super) fn fill(
    endpoint: &str,
    secrets: &BTreeMap<String, Secret>,
    draft: &mut Draft,
) -> Result<Vec<Secret>, Failure> {
    let mut filling = Filling { endpoint, secrets, used: Vec::new(), written: Vec::new() };
    for (name, value) in &mut draft.headers {
        let Some(text) = filling.replace(value.as_bytes(), || Ok(Escape::Plain))? else {
            continue;
        };
        let text = String::from_utf8(text.to_vec()).ok().map(Zeroizing::new);
        *value = text.and_then(sensitive).ok_or_else(|| {
            let what = format!("a secret cannot stand in the header {}", quoted(name));
            Failure::unsent(FailureCode::Credential, endpoint, what)
        })?;
    }
    let content_type = draft.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    let content_type = content_type.and_then(|(_, value)| value.to_str().ok()).unwrap_or_default();
    let escape = || {
        Escape::of(content_type).ok_or_else(|| {
            let what =
                "a placeholder can stand in a body of JSON, XML, a form or plain text, all in UTF-8, and in no other";
            Failure::unsent(FailureCode::Denied, endpoint, what)
        })
    };
    if let Some(body) = filling.replace(&draft.body, escape)? {
        draft.body = Bytes::from_owner(body);
    }
    Ok(filling.written)
}

/// One request, while its placeholders are replaced.
struct Filling<'f> {
    endpoint: &'f str,
    secrets: &'f BTreeMap<String, Secret>,
    used: Vec<&'f str>,
    written: Vec<Secret>,
}

impl<'f> Filling<'f> {
    /// A text with its placeholders replaced; `None` where it has none. `escape` is asked only where there is one.
    fn replace(
        &mut self,
        text: &[u8],
        escape: impl Fn() -> Result<Escape, Failure>,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
        let mut parts: Vec<(&[u8], Option<Secret>)> = Vec::new();
        let mut rest = text;
        while let Some(at) = memmem::find(rest, OPEN) {
            let (before, from) = rest.split_at(at);
            let (name, after) = split_name(from.get(OPEN.len()..).unwrap_or_default())
                .ok_or_else(|| self.denied("a placeholder is not of the form `{{secret:NAME}}`".to_owned()))?;
            parts.push((before, Some(self.write(name, escape()?)?)));
            rest = after;
        }
        if parts.is_empty() {
            return Ok(None);
        }
        parts.push((rest, None));
        // Room for all of it at once: a buffer that grows would leave unwiped copies behind.
        let length =
            parts.iter().map(|(plain, secret)| plain.len() + secret.as_ref().map_or(0, |s| s.expose().len())).sum();
        let mut filled = Zeroizing::new(Vec::with_capacity(length));
        for (plain, secret) in &parts {
            filled.extend_from_slice(plain);
            filled.extend_from_slice(secret.as_ref().map_or(b"", |secret| secret.expose().as_bytes()));
        }
        Ok(Some(filled))
    }

    /// The secret of a name, as it is to be written.
    fn write(&mut self, name: &str, escape: Escape) -> Result<Secret, Failure> {
        let Some((name, secret)) = self.secrets.get_key_value(name) else {
            return Err(self.denied(format!("no secret {} is granted to it", quoted(name))));
        };
        if self.used.contains(&name.as_str()) {
            return Err(self.denied(format!("the secret `{name}` stands twice in one request")));
        }
        self.used.push(name);
        let written = escape.write(secret.expose()).ok_or_else(|| {
            let what = format!("the secret `{name}` has characters that cannot stand in this content type");
            Failure::unsent(FailureCode::Credential, self.endpoint, what)
        })?;
        let written = Secret::new(written);
        self.written.push(written.clone());
        Ok(written)
    }

    fn denied(&self, what: String) -> Failure {
        Failure::unsent(FailureCode::Denied, self.endpoint, what)
    }
}

/// Takes the name off what follows the opening.
fn split_name(text: &[u8]) -> Option<(&str, &[u8])> {
    let near = text.get(..text.len().min(LONGEST_NAME + CLOSE.len()))?;
    let end = memmem::find(near, CLOSE)?;
    let name = std::str::from_utf8(near.get(..end)?).ok()?;
    Some((name, text.get(end + CLOSE.len()..)?))
}

impl Escape {
    /// The rule of a content type, where there is one.
    pub(super) fn of(content_type: &str) -> Option<Self> {
        let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media = parts.next()?;
        let utf8 = |charset: &str| matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii");
        if !parts.filter_map(|part| part.strip_prefix("charset=").map(str::to_owned)).all(|charset| utf8(&charset)) {
            return None;
        }
        match media.as_str() {
            "application/json" | "text/json" => Some(Self::Json),
            "application/xml" | "text/xml" => Some(Self::Xml),
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "text/plain" => Some(Self::Plain),
            other if other.ends_with("+json") => Some(Self::Json),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }

    /// A secret as it is written; `None` where it cannot be.
    pub(super) fn write(self, secret: &str) -> Option<String> {
        match self {
            Self::Plain => Some(secret.to_owned()),
            Self::Form => Some(utf8_percent_encode(secret, FORM).to_string()),
            Self::Json => {
                let quoted = Zeroizing::new(serde_json::to_string(secret).ok()?);
                quoted.get(1..quoted.len().checked_sub(1)?).map(str::to_owned)
            }
            Self::Xml => xml(secret),
        }
    }
}

fn xml(secret: &str) -> Option<String> {
    // The longest escape has six bytes, so the text is never moved.
    let mut escaped = String::with_capacity(secret.len() * 6);
    for c in secret.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            // Not characters of XML 1.0 (section 2.2), escaped or not.
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => return None,
            other => escaped.push(other),
        }
    }
    Some(escaped)
}

#[cfg(test)]
#[path = "../tests/escape.rs"]
mod tests;
