//! Rendering: what goes back over the wire. Every answer says that it is not to be kept and not to be guessed about.

use crate::problem;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use nhip_exchange::{ExchangeId, Fault, Kind, Outcome, Reply};

/// An answer, whole.
pub(crate) type Answer = Response<Full<Bytes>>;

const EXCHANGE_ID: HeaderName = HeaderName::from_static("x-exchange-id");
/// Our own header: the exchange that was first with the idempotency key.
const REPEATS: HeaderName = HeaderName::from_static("x-repeats-exchange");
/// RFC 7240, section 3
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The outcome of an exchange. `methods` are those that the address takes.
pub(crate) fn outcome(outcome: Outcome, methods: &'static str) -> Answer {
    let mut answer = match outcome.result {
        Ok(Reply::Answer(json)) => document(json),
        Ok(Reply::Accepted(id)) => accepted(id),
        Err(fault) => of_fault(&fault, Some(outcome.id), methods),
    };
    let headers = answer.headers_mut();
    put(headers, EXCHANGE_ID, &outcome.id.text());
    put(headers, TRACEPARENT, &outcome.trace.text());
    if let Some(first) = outcome.repeats {
        put(headers, REPEATS, &first.text());
    }
    answer
}

/// A header of plain ASCII.
fn put(headers: &mut HeaderMap, name: HeaderName, ascii: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(ascii) {
        headers.insert(name, value);
    }
}

/// It is on disk and will be done; `Location` tells how it goes.
fn accepted(id: ExchangeId) -> Answer {
    let place = format!("/exchanges/{id}");
    let document = serde_json::json!({ "exchange": id, "state": "accepted", "location": place });
    let mut answer = whole(StatusCode::ACCEPTED, JSON, document.to_string().into());
    let headers = answer.headers_mut();
    headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("respond-async"));
    if let Ok(place) = HeaderValue::try_from(place) {
        headers.insert(LOCATION, place);
    }
    answer
}

/// A fault that is told without an exchange of its own.
pub(crate) fn fault(fault: &Fault) -> Answer {
    of_fault(fault, None, "")
}

/// A JSON document that was asked for.
pub(crate) fn document(json: Bytes) -> Answer {
    whole(StatusCode::OK, JSON, json)
}

/// No such address, asked for by somebody who wanted no work done.
pub(crate) fn not_found() -> Answer {
    let text = "there is nothing at this address; `GET /services` lists the services";
    of_fault(&Fault::new(Kind::UnknownService, text), None, "")
}

/// No such service, asked for by a proven caller that reads its description.
pub(crate) fn no_such_service() -> Answer {
    let text = "no service of that name is deployed; `GET /services` lists those that are";
    of_fault(&Fault::new(Kind::UnknownService, text), None, "")
}

/// What the address takes.
pub(crate) fn methods(methods: &'static str) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    protect(&mut answer);
    answer
}

/// The same without its content, as the answer to `HEAD` (RFC 9110, section 9.3.2).
pub(crate) fn without_content(answer: Answer) -> Answer {
    use hyper::body::Body;
    let length = answer.body().size_hint().exact().unwrap_or(0);
    let (mut head, _) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    Response::from_parts(head, Full::default())
}

/// The same, as the last on its HTTP/1.1 connection.
pub(crate) fn last(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

fn of_fault(fault: &Fault, exchange: Option<ExchangeId>, methods: &'static str) -> Answer {
    let status = StatusCode::from_u16(problem::row(fault).status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = whole(status, PROBLEM, problem::document(fault, exchange));
    let headers = answer.headers_mut();
    if let Some(seconds) = fault.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    match fault.kind {
        Kind::Unauthenticated => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"nhip\""));
        }
        Kind::MethodNotAllowed => {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        _ => {}
    }
    answer
}

fn whole(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    protect(&mut answer);
    answer
}

fn protect(answer: &mut Answer) {
    let headers = answer.headers_mut();
    // Answers hold personal data: no cache may keep one, no browser may read one as something else.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
