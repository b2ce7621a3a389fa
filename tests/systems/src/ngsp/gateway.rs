//! The gateway in front of the register: looks at the token, then hands the SOAP through.
//!
//! Invariant: without a live token the body is not even read as XML.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::json;

use super::{NgspRequest, POPULATION_PATH, Site, register};
use crate::faults::apply::Injected;

/// The handler of `POST /dancu/1.0/tracuu`.
pub(super) async fn population(
    State(site): State<Arc<Site>>,
    injected: Option<Extension<Injected>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let injected = injected.map(|Extension(fault)| fault);
    let text = |name: &str| {
        let value = headers.get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut entry = NgspRequest {
        authorization_seen: headers.contains_key(AUTHORIZATION),
        api_key_seen: headers.contains_key("apikey"),
        soap_action: text("soapaction"),
        ..NgspRequest::default()
    };
    let response = match let_in(&site, &headers, injected) {
        Err(refusal) => refusal.into_response(),
        Ok(()) => register::answer(&site, &headers, injected, &body, &mut entry),
    };
    entry.status = response.status().as_u16();
    site.requests().push(entry);
    response
}

fn let_in(site: &Site, headers: &HeaderMap, injected: Option<Injected>) -> Result<(), Refusal> {
    let header = headers.get(AUTHORIZATION).ok_or(Refusal::Missing)?;
    let token = header.to_str().ok().and_then(bearer);
    let live = token.is_some_and(|token| site.tokens.is_live(token));
    if !live || injected == Some(Injected::ExpiredToken) {
        return Err(Refusal::Invalid);
    }
    let media = headers.get(CONTENT_TYPE).map(|v| v.as_bytes());
    if media.is_some_and(is_xml) { Ok(()) } else { Err(Refusal::MediaType) }
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn is_xml(content_type: &[u8]) -> bool {
    let essence = content_type.split(|b| *b == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii();
    essence.eq_ignore_ascii_case(b"text/xml") || essence.eq_ignore_ascii_case(b"application/xml")
}

/// Why the gateway lets nobody through.
enum Refusal {
    /// No `Authorization` at all: WSO2's 900902.
    Missing,
    /// Not a live token: WSO2's 900901.
    Invalid,
    /// SOAP 1.1 section 6 wants `text/xml`; clients with `application/xml` are known to be served.
    MediaType,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Missing => credentials(900_902, "Missing Credentials"),
            Self::Invalid => credentials(900_901, "Invalid Credentials"),
            Self::MediaType => {
                let problem = "Content-Type must be text/xml or application/xml\n";
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, problem).into_response()
            }
        }
    }
}

/// The fault body of WSO2 API Manager.
fn credentials(code: u32, message: &str) -> Response {
    let description = format!(
        "Access failure for API: {POPULATION_PATH}. Make sure you have provided the correct security credentials"
    );
    let body = json!({"fault": {"code": code, "message": message, "description": description}});
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    let realm = HeaderValue::from_static(r#"OAuth2 realm="WSO2 API Manager""#);
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}
