//! HTTP methods and the names of headers: which of them a guest may set by itself, which need a grant, and which are never its own.
//!
//! Invariant: no grant can hand out a header that frames the message, names the host, carries the credential or speaks for the gateway.

use crate::mistakes::Invalid;
use crate::names::{checked_text, quoted};

checked_text!(
    /// An HTTP method, an upper-case token (RFC 9110, section 9.1). `CONNECT` and `TRACE` are none: they address the way, not the endpoint.
    Method,
    method
);
checked_text!(
    /// The name of an HTTP header (RFC 9110, section 5.1), kept in lower case.
    HeaderName,
    header_name
);

/// What a guest may set on any request: how its own content and the wanted answer are described.
pub const SAFE_HEADERS: [&str; 15] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-type",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "range",
    "soapaction",
    "user-agent",
];

/// Headers of the host, and why.
const HOST_HEADERS: [(&str, &str); 18] = [
    ("authorization", "it carries the credential"),
    ("connection", "it frames the message"),
    ("content-length", "it frames the message"),
    ("expect", "it frames the message"),
    ("forwarded", "it speaks for the gateway"),
    ("host", "it names the upstream"),
    ("http2-settings", "it frames the message"),
    ("keep-alive", "it frames the message"),
    ("te", "it frames the message"),
    ("traceparent", "it speaks for the gateway"),
    ("tracestate", "it speaks for the gateway"),
    ("trailer", "it frames the message"),
    ("transfer-encoding", "it frames the message"),
    ("upgrade", "it frames the message"),
    ("upgrade-insecure-requests", "it speaks for the gateway"),
    ("via", "it speaks for the gateway"),
    ("x-http-method-override", "it changes the method that was granted"),
    ("x-real-ip", "it speaks for the gateway"),
];

/// Families of headers of the host, by how their names begin.
const HOST_FAMILIES: [(&str, &str); 3] = [
    ("proxy-", "it addresses a proxy"),
    ("x-forwarded-", "it speaks for the gateway"),
    ("x-nhip-", "it speaks for the gateway"),
];

/// Why a header, in lower case, can never be the guest's.
pub(crate) fn of_host(name: &str) -> Option<&'static str> {
    let exact = HOST_HEADERS.iter().find(|(header, _)| *header == name);
    let family = HOST_FAMILIES.iter().find(|(start, _)| name.starts_with(start));
    exact.or(family).map(|(_, why)| *why)
}

/// Whether a guest may set a header, in lower case, without a grant.
pub(crate) fn is_safe(name: &str) -> bool {
    SAFE_HEADERS.contains(&name)
}

fn is_token(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

fn method(text: &str) -> Result<String, Invalid> {
    let upper = text.to_ascii_uppercase();
    if !is_token(text) {
        return Err(Invalid::new(
            format!("{} is not an HTTP method", quoted(text)),
            "write `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD` or `OPTIONS`",
        ));
    }
    if matches!(upper.as_str(), "CONNECT" | "TRACE") {
        return Err(Invalid::new(
            format!("`{upper}` cannot be granted: it addresses the way, not the endpoint"),
            "leave it out",
        ));
    }
    if upper != text {
        return Err(Invalid::new(format!("{} is not an HTTP method", quoted(text)), format!("write `{upper}`")));
    }
    Ok(upper)
}

fn header_name(text: &str) -> Result<String, Invalid> {
    if is_token(text) && text.len() <= 128 {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Invalid::new(
        format!("{} is not the name of a header", quoted(text)),
        "write the name only, such as `x-client-id`",
    ))
}
