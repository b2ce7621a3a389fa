//! A small HTTP client, for checks and for the control API: what is measured is driven by the load generator.

use anyhow::Context;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Pooled;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;

/// The longest to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client with a pool of connections.
#[derive(Clone)]
pub(crate) struct Client(Pooled<HttpConnector, Full<Bytes>>);

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Pooled::builder(TokioExecutor::new()).build(connector))
    }

    /// `POST`, and the whole answer.
    pub(crate) async fn post(
        &self,
        address: SocketAddr,
        path: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let mut request = Request::new(Full::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = format!("http://{address}{path}").parse().context("the path is wrong")?;
        *request.headers_mut() = header_map(headers)?;
        self.send(request).await.with_context(|| format!("`{path}` at {address} does not answer"))
    }

    /// `GET` with the admin token, and the answer's JSON.
    pub(crate) async fn get(&self, address: SocketAddr, path: &str, token: &str) -> anyhow::Result<Value> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = format!("http://{address}{path}").parse().context("the path is wrong")?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).context("the token is none")?;
        request.headers_mut().insert(http::header::AUTHORIZATION, bearer);
        let answer = self.send(request).await.with_context(|| format!("`{path}` at {address} does not answer"))?;
        anyhow::ensure!(answer.status == StatusCode::OK, "`{path}` at {address} answers {}", answer.status);
        serde_json::from_slice(&answer.body).context("the answer is no JSON")
    }

    /// Send a request, and the whole answer.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        let exchange = async {
            let response = self.0.request(request).await?;
            let status = response.status();
            anyhow::Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
        };
        tokio::time::timeout(PATIENCE, exchange).await.context("not in time")?
    }
}

fn header_map(headers: &[(String, String)]) -> anyhow::Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().with_context(|| format!("`{name}` is no name of a header"))?;
        map.insert(name, HeaderValue::from_str(value).context("the value of a header is wrong")?);
    }
    Ok(map)
}
