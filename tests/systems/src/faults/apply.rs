//! Carries out the active fault on one request.
//!
//! Invariant: faults that only disturb the transport (`slow`, `truncated`, `slow-body`, `huge-headers`) let the
//! application do its work, so that an answer lost on the way leaves the state a real system would be left in.

use std::{fmt, time::Duration};

use axum::{body::Body, response::IntoResponse};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION, RETRY_AFTER},
};
use http_body_util::BodyExt;

use super::{CONTROL_PATH, Fault, Faults, Mode, body};

/// A fault the application itself has to act out; travels in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Injected {
    ExpiredToken,
    WrongKey,
}

/// The connection is to be closed without an answer.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection cut by the fault `down`")
    }
}

impl std::error::Error for Cut {}

/// One request through the switch: the control path, else the fault, else the application.
pub(crate) async fn answer<App, Answer>(
    faults: &Faults,
    mut request: Request<Body>,
    app: App,
) -> Result<Response<Body>, Cut>
where
    App: FnOnce(Request<Body>) -> Answer,
    Answer: Future<Output = Response<Body>>,
{
    if request.uri().path() == CONTROL_PATH {
        return Ok(control(faults, request).await);
    }
    let response = match faults.take(request.uri().path()) {
        Mode::None => app(request).await,
        Mode::Slow { millis } => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            app(request).await
        }
        Mode::Down => return Err(Cut),
        Mode::Refuse { retry_after } => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            (status, [(RETRY_AFTER, retry_after.to_string())], "busy\n").into_response()
        }
        Mode::Status { code } => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "status by fault switch\n").into_response()
        }
        Mode::ExpiredToken => {
            request.extensions_mut().insert(Injected::ExpiredToken);
            app(request).await
        }
        Mode::WrongKey => {
            request.extensions_mut().insert(Injected::WrongKey);
            app(request).await
        }
        Mode::Garbage => claiming(faults, Body::from(body::GARBAGE)),
        Mode::Truncated => body::truncated(app(body::received(request).await).await).await,
        Mode::EndlessBody { pause_millis } => claiming(faults, body::endless(pause_millis)),
        Mode::SlowBody { millis } => body::dripping(app(request).await, millis).await,
        Mode::Redirect { location } => (StatusCode::FOUND, [(LOCATION, location)], "").into_response(),
        Mode::HugeHeaders { bytes } => padded(app(request).await, bytes),
    };
    Ok(response)
}

fn claiming(faults: &Faults, body: Body) -> Response<Body> {
    ([(CONTENT_TYPE, faults.content_type)], body).into_response()
}

fn padded(mut response: Response<Body>, bytes: usize) -> Response<Body> {
    const CHUNK: usize = 4096;
    let padding = HeaderValue::from_bytes(&[b'p'; CHUNK]);
    let padding = padding.unwrap_or(HeaderValue::from_static("p"));
    for _ in 0..bytes.div_ceil(CHUNK) {
        let name = HeaderName::from_static("x-padding");
        response.headers_mut().append(name, padding.clone());
    }
    response
}

async fn control(faults: &Faults, request: Request<Body>) -> Response<Body> {
    match *request.method() {
        Method::GET => axum::Json(faults.current()).into_response(),
        Method::PUT => {
            let Ok(body) = request.into_body().collect().await else {
                return (StatusCode::BAD_REQUEST, "the body did not arrive\n").into_response();
            };
            match Fault::from_json(&body.to_bytes()) {
                Ok(fault) => {
                    faults.set(fault);
                    axum::Json(faults.current()).into_response()
                }
                Err(problem) => (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response(),
            }
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, "use GET or PUT\n").into_response(),
    }
}
