//! `POST /token`: OAuth2 client credentials (RFC 6749 section 4.4), both ways of client authentication (section 2.3.1).
//!
//! Invariant: a token is live from its issue until its lifetime is over or all are revoked, and at no other time.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
};
use percent_encoding::percent_decode;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::Site;
use crate::faults::apply::Injected;

/// The tokens that are live.
#[derive(Default)]
pub(super) struct Tokens {
    expiry: Mutex<HashMap<String, Instant>>,
    asked: AtomicU64,
}

impl Tokens {
    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    pub(super) fn revoke(&self) {
        self.lock().clear();
    }

    pub(super) fn is_live(&self, token: &str) -> bool {
        let expiry = self.lock().get(token).copied();
        expiry.is_some_and(|expiry| Instant::now() < expiry)
    }

    fn issue(&self, lifetime: Duration) -> String {
        let token = Uuid::now_v7().simple().to_string();
        let now = Instant::now();
        let mut tokens = self.lock();
        tokens.retain(|_, expiry| now < *expiry);
        tokens.insert(token.clone(), now + lifetime);
        token
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.expiry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The handler of `POST /token`.
pub(super) async fn issue(
    State(site): State<Arc<Site>>,
    injected: Option<Extension<Injected>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    site.tokens.asked.fetch_add(1, Ordering::Relaxed);
    let wrong_key = injected.is_some_and(|Extension(fault)| fault == Injected::WrongKey);
    match grant(&site, &headers, &body, wrong_key) {
        Ok(token) => {
            let told = json!({
                "access_token": token,
                "token_type": "Bearer",
                "scope": site.config.scope,
                "expires_in": site.config.token_lifetime.as_secs(),
            });
            ([(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")], Json(told)).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn grant(site: &Site, headers: &HeaderMap, body: &[u8], wrong_key: bool) -> Result<String, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).map(|v| v.as_bytes());
    if !content_type.is_some_and(is_form) {
        return Err(Refusal::invalid("The body must be application/x-www-form-urlencoded"));
    }
    let form = Form::parse(body)?;
    let known = client(headers, &form)?.is(&site.config.client_id, &site.config.client_secret);
    if wrong_key || !known {
        return Err(Refusal::client("Client Authentication failed."));
    }
    match form.get("grant_type") {
        Some("client_credentials") => Ok(site.tokens.issue(site.config.token_lifetime)),
        Some(other) => Err(Refusal {
            status: StatusCode::BAD_REQUEST,
            error: "unsupported_grant_type",
            description: format!("Unsupported grant_type value {other}"),
        }),
        None => Err(Refusal::invalid("Missing grant_type parameter value")),
    }
}

/// What a caller says it is.
struct Client {
    id: String,
    secret: String,
}

impl Client {
    /// RFC 6749 section 2.3.1 form-encodes both parts of a Basic header first, most clients of WSO2 do not: both are taken.
    fn is(&self, id: &str, secret: &str) -> bool {
        let fits =
            |given: &str, known: &str| given == known || decoded(given.as_bytes()).is_ok_and(|given| given == known);
        fits(&self.id, id) && fits(&self.secret, secret)
    }
}

/// The client, from the header or from the form, never from both (RFC 6749 section 2.3).
fn client(headers: &HeaderMap, form: &Form) -> Result<Client, Refusal> {
    let in_form = form.get("client_id").zip(form.get("client_secret"));
    match (headers.get(AUTHORIZATION), in_form) {
        (Some(_), Some(_)) => Err(Refusal::invalid("The client MUST NOT use more than one authentication method")),
        (Some(header), None) => {
            basic(header.as_bytes()).ok_or_else(|| Refusal::client("The Basic header cannot be read."))
        }
        (None, Some((id, secret))) => Ok(Client { id: id.to_owned(), secret: secret.to_owned() }),
        (None, None) => Err(Refusal::client("Client credentials are missing.")),
    }
}

fn basic(header: &[u8]) -> Option<Client> {
    let (scheme, encoded) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim_ascii()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some(Client { id: id.to_owned(), secret: secret.to_owned() })
}

fn is_form(content_type: &[u8]) -> bool {
    let essence = content_type.split(|b| *b == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

struct Form(Vec<(String, String)>);

impl Form {
    fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in body.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
            let mut halves = pair.splitn(2, |b| *b == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            let value = decoded(halves.next().unwrap_or_default())?;
            if fields.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::invalid("A parameter is repeated"));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn decoded(part: &[u8]) -> Result<String, Refusal> {
    let spaced: Vec<u8> = part.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let text = percent_decode(&spaced).decode_utf8();
    text.map(|text| text.into_owned()).map_err(|_| Refusal::invalid("The form is not UTF-8"))
}

/// RFC 6749 section 5.2, in the words of WSO2.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Refusal {
    fn invalid(description: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", description: description.into() }
    }

    fn client(description: &str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description: description.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = http::HeaderValue::from_static(r#"Basic realm="WSO2 API Manager""#);
            response.headers_mut().insert(WWW_AUTHENTICATE, realm);
        }
        response
    }
}
