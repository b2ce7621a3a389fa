//! The answer of an upstream system: read to its end under a cap, cleaned, and checked for repeated secrets.
//!
//! Invariant: a [`Response`] is complete, not larger than the budget allows, and does not contain a secret of its endpoint. Bodies are
//! passed on byte by byte: nothing is decompressed, so there is nothing to inflate.

use std::fmt;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::client::body_failure;
use super::failure::{Failure, FailureCode};
use super::note::Note;

/// Most room made on the word of an announced length, before the bytes come.
const MOST_AHEAD: u64 = 1024 * 1024;

/// A whole answer.
#[derive(Clone)]
pub struct Response {
    /// The HTTP status, 200 to 999.
    pub status: u16,
    /// The headers in the order they came in, without the hop-by-hop ones. Bytes that are not UTF-8 are read as ISO 8859-1.
    pub headers: Vec<(String, String)>,
    /// The body, complete.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    /// Header values and the body may be personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .finish()
    }
}

impl Response {
    /// Reads an answer whole.
    pub(super) async fn read(
        endpoint: &str,
        answer: http::Response<Incoming>,
        max_body: u64,
        note: &mut Note<'_>,
    ) -> Result<Self, Failure> {
        let (head, body) = answer.into_parts();
        if head.status < StatusCode::OK {
            // 101 would turn the connection into something else; it was never asked for (RFC 9110, section 15.2).
            let what = format_args!("answered with the interim status {}", head.status.as_u16());
            return Err(Failure::new(FailureCode::Protocol, endpoint, what, true));
        }
        let headers = cleaned(&head.headers);
        let body = read_body(endpoint, body, max_body, note).await?;
        Ok(Self { status: head.status.as_u16(), headers, body })
    }
}

async fn read_body(endpoint: &str, mut body: Incoming, most: u64, note: &mut Note<'_>) -> Result<Bytes, Failure> {
    let too_large = || {
        let what = format_args!("the answer is larger than the {most} bytes that the policy allows");
        Failure::new(FailureCode::TooLarge, endpoint, what, true)
    };
    // What is announced need not be waited for. Unlike the header, the hint knows of HEAD, 204 and 304.
    let announced = body.size_hint().lower();
    if announced > most {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut gathered = BytesMut::new();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_failure(endpoint, &error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        received += data.len() as u64;
        note.received(received);
        if received > most {
            return Err(too_large());
        }
        // Most answers are one frame, which is passed on without a copy.
        if first.is_empty() && gathered.is_empty() {
            first = data;
            continue;
        }
        if gathered.is_empty() {
            gathered.reserve(usize::try_from(announced.min(MOST_AHEAD)).unwrap_or_default());
            gathered.extend_from_slice(&first);
        }
        gathered.extend_from_slice(&data);
    }
    Ok(if gathered.is_empty() { first } else { gathered.freeze() })
}

/// The headers that are meant for the guest: not those of the connection (RFC 9110, section 7.6.1), nor those that `connection` names.
fn cleaned(headers: &HeaderMap) -> Vec<(String, String)> {
    const HOP_BY_HOP: [&str; 8] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let listed: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(|(name, _)| {
            !HOP_BY_HOP.contains(&name.as_str()) && !listed.iter().any(|listed| listed == name.as_str())
        })
        .map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes())))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}
