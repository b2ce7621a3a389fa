//! A plain HTTP client over a real socket, speaking the types of [`crate::wire`].

use crate::tests::world::TOKEN;
use crate::wire::{Line, Problem};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    #[track_caller]
    pub(crate) fn ok<T: DeserializeOwned>(&self) -> T {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()
    }

    /// The problem, which must be complete.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem: Problem = self.json();
        assert_eq!((problem.status, problem.code()), (status, code), "{problem:?}");
        assert!(
            !problem.detail.is_empty() && problem.cure.as_ref().is_some_and(|cure| !cure.is_empty()),
            "{problem:?}"
        );
        problem
    }

    /// The lines of a deployment.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Line> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        assert_eq!(self.headers[CONTENT_TYPE], "application/x-ndjson");
        assert!(self.text().ends_with('\n'));
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A request to the listener with the token and a proper host; the rest is the test's.
pub(crate) fn request(address: SocketAddr, method: Method, path: &str) -> http::request::Builder {
    let bearer = format!("Bearer {TOKEN}");
    Request::builder().method(method).uri(path).header(HOST, address.to_string()).header(AUTHORIZATION, bearer)
}

pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Answer {
    try_send(address, request).await.unwrap()
}

/// The answer, or how the connection broke.
pub(crate) async fn try_send(address: SocketAddr, request: Request<Full<Bytes>>) -> hyper::Result<Answer> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    drop(sender);
    connection.abort();
    Ok(Answer { status: parts.status, headers: parts.headers, body })
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, request(address, Method::GET, path).body(Full::default()).unwrap()).await
}

pub(crate) async fn delete(address: SocketAddr, path: &str) -> Answer {
    send(address, request(address, Method::DELETE, path).body(Full::default()).unwrap()).await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: &impl Serialize) -> Answer {
    let request = request(address, Method::POST, path).header(CONTENT_TYPE, "application/json");
    send(address, request.body(Full::from(serde_json::to_vec(body).unwrap())).unwrap()).await
}

/// An upload of these parts.
pub(crate) fn upload(address: SocketAddr, parts: &[(&str, &[u8])]) -> Request<Full<Bytes>> {
    const BOUNDARY: &str = "nhip-test-boundary";
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head =
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    request(address, Method::POST, "/api/deployments")
        .header(CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .header(crate::wire::OPERATOR_HEADER, "lan.nguyen")
        .body(Full::from(body))
        .unwrap()
}
