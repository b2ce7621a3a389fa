//! `wasi:http/outgoing-handler`: the same endpoints, for languages whose HTTP client sits on it.
//!
//! The authority is the endpoint's name: `https://population-db/tracuu`. Scheme and port mean nothing: the operator's
//! URL says how the system is reached. The request passes through [`crate::egress`] like any other.

use super::{Capability, endpoints_granted};
use crate::egress::{Budget, Failure, FailureCode, Request, Response};
use crate::errand::Errand;
use crate::state::{Shared, State};
use bytes::Bytes;
use http::HeaderName;
use http_body_util::{BodyExt, Full, Limited};
use nhip_exchange::Trail;
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi_http::p2::bindings::http as wasi_http;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttp, WasiHttpHooks,
    WasiHttpView,
};

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:http/outgoing-handler", "wasi:http/types"],
    grant: endpoints_granted,
    link: |linker| {
        let options = wasi_http::types::LinkOptions::default();
        wasi_http::outgoing_handler::add_to_linker::<_, WasiHttp>(linker, State::http)?;
        wasi_http::types::add_to_linker::<_, WasiHttp>(linker, &options, State::http)
    },
};

/// How far an exchange reaches: what its version shares, what it may spend, where its calls are noted. The engine's `wasi:http` calls
/// it, too.
pub(crate) struct Reach {
    pub(crate) shared: Arc<Shared>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) trail: Arc<Trail>,
    pub(crate) errand: Arc<Errand>,
}

/// The end of reading an answer, which here has been read whole before the guest sees it.
type Rest = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Reach {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| *name == http::header::AUTHORIZATION || DEFAULT_FORBIDDEN_HEADERS.contains(name))
    }

    /// The host sets it, for the system that the name stands for.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Rest,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Rest), Error>> + Send> {
        let (shared, budget, trail) = (Arc::clone(&self.shared), Arc::clone(&self.budget), Arc::clone(&self.trail));
        // The most bytes of a request's body.
        let largest = shared.policy.limits.upstream_request;
        Box::new(async move {
            let (endpoint, request) = translate(request, options, largest).await?;
            let response = shared.egress.send(&endpoint, request, &budget, &trail).await.map_err(explain)?;
            let rest: Rest = Box::new(std::future::ready(Ok(())));
            Ok((answer(response)?, rest))
        })
    }
}

/// The endpoint's name and the request, its body collected.
async fn translate(
    request: http::Request<WasiBody>,
    options: Option<RequestOptions>,
    largest: u64,
) -> Result<(String, Request), Error> {
    let (head, body) = request.into_parts();
    let endpoint = head.uri.host().ok_or(Error::HttpRequestUriInvalid)?.to_owned();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let mut headers = Vec::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        // The length is the body's own; a guest that announces another was already refused by the engine.
        if *name != http::header::CONTENT_LENGTH {
            let value = value
                .to_str()
                .map_err(|_| Error::HttpRequestHeaderSize { field_name: Some(name.to_string()), field_size: None })?;
            headers.push((name.to_string(), value.to_owned()));
        }
    }
    let limit = usize::try_from(largest).unwrap_or(usize::MAX);
    let body = Limited::new(body, limit).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            Error::HttpRequestBodySize(Some(largest))
        } else {
            Error::HttpProtocolError
        }
    })?;
    let timeout = options.and_then(|options| longest(&options));
    Ok((endpoint, Request { method: head.method.to_string(), path, headers, body: body.to_bytes(), timeout }))
}

/// The whole request gets the sum of the time-outs that `wasi:http` has for its parts.
fn longest(options: &RequestOptions) -> Option<Duration> {
    Some(options.connect_timeout?.saturating_add(options.first_byte_timeout?))
}

fn answer(response: Response) -> Result<http::Response<WasiBody>, Error> {
    let mut answer = http::Response::builder().status(response.status);
    for (name, value) in &response.headers {
        answer = answer.header(name, value);
    }
    let body = Full::<Bytes>::new(response.body).map_err(|never| match never {}).boxed_unsync();
    answer.body(body).map_err(|_| Error::HttpProtocolError)
}

/// The nearest word that `wasi:http` has for a failure.
fn explain(failure: Failure) -> Error {
    match failure.code {
        FailureCode::Denied => Error::HttpRequestDenied,
        FailureCode::InvalidRequest => Error::HttpRequestUriInvalid,
        FailureCode::Unreachable => Error::DestinationUnavailable,
        FailureCode::Tls => Error::TlsCertificateError,
        FailureCode::Timeout => Error::HttpResponseTimeout,
        FailureCode::TooLarge => Error::HttpResponseBodySize(None),
        FailureCode::Protocol => Error::HttpProtocolError,
        FailureCode::Credential => Error::ConfigurationError,
        FailureCode::Busy => Error::ConnectionLimitReached,
    }
}
