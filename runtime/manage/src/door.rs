//! The door before every route: which name the listener is addressed by, where a browser's request comes from, and
//! the admin token.
//!
//! Invariant: everything but [`OPEN`] needs the token, also addresses that do not exist. No answer carries a CORS
//! header, so no other site's script can read one.

use crate::api::{Context, Refusal};
use crate::listener::Peer;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, HOST, ORIGIN, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use std::net::IpAddr;
use std::sync::Arc;

/// The addresses that need no token: they tell nothing but that the process is alive.
pub(crate) const OPEN: &[&str] = &["/healthz"];

/// Let a request in, or say why not.
pub(crate) async fn guard(State(context): State<Arc<Context>>, request: Request, next: Next) -> Response {
    let mut response = match check(&context, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
            context.refused(peer, refusal.0.code());
            refusal.into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"nhip-admin\""));
    }
    response
}

fn check(context: &Context, request: &Request) -> Result<(), Refusal> {
    let host = addressed(request).ok_or_else(|| {
        Refusal::new(
            StatusCode::BAD_REQUEST,
            "no-host",
            "the request names no host, or more than one",
            "send one `Host` header",
        )
    })?;
    if !known(host.host(), &context.hosts) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign-host",
            "the control API is not addressed by that name",
            "use the machine's IP address or `localhost`, or start the gateway with the name as an admin host",
        ));
    }
    if !same_site(request.headers(), &host) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "foreign-origin",
            "the request comes from another site's page",
            "call the control API from the command line, or from a page that it served itself",
        ));
    }
    if OPEN.contains(&request.uri().path()) || presented(request.headers()).is_some_and(|text| context.token.is(text)) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNAUTHORIZED,
        "unauthenticated",
        "the admin token is missing or wrong",
        "send `Authorization: Bearer TOKEN`; the token is in `admin-token` in the data folder",
    ))
}

/// The one authority that the request is addressed to.
fn addressed(request: &Request) -> Option<Authority> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let host: Authority = hosts.next()?.to_str().ok()?.parse().ok()?;
    let alone = hosts.next().is_none() && !host.as_str().contains('@');
    let agrees = request.uri().authority().is_none_or(|target| target == &host);
    (alone && agrees).then_some(host)
}

fn known(host: &str, names: &[String]) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok()
        || bare.eq_ignore_ascii_case("localhost")
        || names.iter().any(|name| name.eq_ignore_ascii_case(bare))
}

/// Browsers say where a request comes from; nobody else does.
fn same_site(headers: &HeaderMap, host: &Authority) -> bool {
    headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().ok();
        let authority =
            origin.and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()))
    })
}

/// The token as it was presented.
fn presented(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.as_bytes();
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}
