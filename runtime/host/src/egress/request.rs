//! A request as the guest wrote it, and its way to one that may be sent.
//!
//! Invariant: a [`Draft`] has a URL made by the policy, at most [`MOST_HEADERS`] headers that the policy granted one by one, and values
//! that no reader could take for more than one line.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::Full;
use nhip_policies::{DenialCode, Endpoint};

use super::failure::{Failure, FailureCode, quoted};

/// Most headers of one request.
pub const MOST_HEADERS: usize = 64;
/// Most bytes of all names and values of its headers.
pub const MOST_HEADER_BYTES: usize = 16 * 1024;
/// Longest method; real ones have at most 17 letters.
const LONGEST_METHOD: usize = 32;

/// Who we say we are, where the guest does not say anything itself.
const USER_AGENT: &str = concat!("nhip/", env!("CARGO_PKG_VERSION"));

/// A whole request of a guest to an endpoint.
#[derive(Clone, Default)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The path below the endpoint's URL with its query, percent-encoded.
    pub path: String,
    /// The headers, in order; a name may stand more than once.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The longest time to wait for the whole answer; it can only shorten what policy and exchange leave.
    pub timeout: Option<Duration>,
}

impl fmt::Debug for Request {
    /// Header values, the query and the body may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A request that passed the policy and the checks of its form.
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) uri: Uri,
    /// The headers in the guest's order and spelling, which a header signature covers.
    pub(super) headers: Vec<(String, HeaderValue)>,
    pub(super) body: Bytes,
}

impl Draft {
    /// Checks the form of a request, then asks the policy.
    pub(super) fn admit(endpoint: &Endpoint, request: Request, max_body: u64) -> Result<Self, Failure> {
        let name = &endpoint.name;
        let invalid = |what: String| Failure::unsent(FailureCode::InvalidRequest, name, what);
        let method =
            method(&request.method).ok_or_else(|| invalid(format!("{} is not a method", quoted(&request.method))))?;
        if request.body.len() as u64 > max_body {
            return Err(Failure::unsent(
                FailureCode::Denied,
                name,
                format_args!("the body of the request is longer than the {max_body} bytes that the policy allows"),
            ));
        }
        let headers = headers(&request.headers).map_err(invalid)?;
        let names = headers.iter().map(|(name, _)| name.as_str());
        let url = endpoint.decide(&request.method, &request.path, names).map_err(|denial| {
            let code = match denial.code {
                DenialCode::PathAmbiguous => FailureCode::InvalidRequest,
                _ => FailureCode::Denied,
            };
            // A denial of the endpoint names it in its own words.
            Failure { code, message: denial.reason, sent: false }
        })?;
        let uri = Uri::try_from(url).map_err(|_| invalid("the path cannot be written in a request".to_owned()))?;
        Ok(Self { method, uri, headers, body: request.body })
    }

    /// The request to send, with what the credential adds.
    pub(super) fn assemble(&self, placed: &[(HeaderName, HeaderValue)]) -> http::Request<Full<Bytes>> {
        let mut map = HeaderMap::with_capacity(self.headers.len() + placed.len() + 2);
        for (name, value) in &self.headers {
            // The name was checked; one that cannot be parsed would be left out, not altered.
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                map.append(name, value.clone());
            }
        }
        for (name, value) in placed {
            map.insert(name, value.clone());
        }
        map.entry(http::header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        if self.body.is_empty() && [Method::POST, Method::PUT, Method::PATCH].contains(&self.method) {
            // RFC 9110, section 8.6; some servers answer 411 without it. With a body the client writes the length.
            map.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = map;
        request
    }
}

fn method(text: &str) -> Option<Method> {
    if text.len() > LONGEST_METHOD {
        return None;
    }
    Method::from_bytes(text.as_bytes()).ok()
}

/// Checks number, size and form of the headers (RFC 9110, section 5). A value is visible ASCII, blanks and tabs: no CR, LF or NUL that
/// would begin another line, and nothing that readers decode differently.
fn headers(given: &[(String, String)]) -> Result<Vec<(String, HeaderValue)>, String> {
    if given.len() > MOST_HEADERS {
        return Err(format!("there are more than {MOST_HEADERS} headers"));
    }
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if bytes > MOST_HEADER_BYTES {
        return Err(format!("the headers are longer than {MOST_HEADER_BYTES} bytes"));
    }
    let mut headers = Vec::with_capacity(given.len());
    let mut content_types = 0;
    for (name, value) in given {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| format!("{} is not the name of a header", quoted(name)))?;
        content_types += usize::from(parsed == http::header::CONTENT_TYPE);
        let value =
            header_value(value).ok_or_else(|| format!("the value of the header {} is not plain text", quoted(name)))?;
        headers.push((name.clone(), value));
    }
    if content_types > 1 {
        return Err("there is more than one `content-type`".to_owned());
    }
    Ok(headers)
}

fn header_value(text: &str) -> Option<HeaderValue> {
    let plain = |b: u8| b.is_ascii_graphic() || b == b' ' || b == b'\t';
    text.bytes().all(plain).then(|| HeaderValue::from_str(text).ok()).flatten()
}
