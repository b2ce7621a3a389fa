//! The native contender: axum with the logic inside, or in plugins, without any sandbox, record or policy; and with a journal.

use crate::args;
use crate::journal::Journal;
use crate::plugins::Plugins;
use crate::screen;
use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::{Listener, ListenerExt};
use bench_logic::{Receipt, Trouble, json};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

/// The largest request, in bytes: that of the page of growth, with room.
const LARGEST: usize = 32 << 20;

/// The way to the register.
struct Register {
    client: Client<HttpConnector, Empty<Bytes>>,
    address: Option<String>,
}

/// Serve until killed.
pub(crate) async fn serve(with: &args::Native) -> anyhow::Result<()> {
    let plugins = Arc::new(with.plugins.as_deref().map(Plugins::load).transpose()?.unwrap_or_default());
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    let mut routes = Router::new()
        .route("/convert", post(convert))
        .route("/summarize", post(summarize))
        .route("/consult", post(consult))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(Arc::new(Register { client, address: with.register.clone() }))
        .route("/plugins/{name}/convert", post(plugged).with_state(plugins));
    if let Some(file) = &with.journal {
        routes = routes.route("/kept/convert", post(kept).with_state(Arc::new(Journal::start(file)?)));
    }
    let listener = listener().await?;
    announce(&listener)?;
    axum::serve(listener, routes).await?;
    Ok(())
}

/// A free port of the loopback, answers sent at once.
pub(crate) async fn listener() -> anyhow::Result<impl Listener<Io = TcpStream, Addr = SocketAddr>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no port is free")?;
    // It can only fail on a connection that is gone.
    Ok(listener.tap_io(|stream| drop(stream.set_nodelay(true))))
}

/// Say where we listen, as the gateway says it.
pub(crate) fn announce(listener: &impl Listener<Addr = SocketAddr>) -> anyhow::Result<()> {
    let address = listener.local_addr().context("the listener has no address")?;
    screen::show(&format!(
        "{}\n{}\n",
        serde_json::json!({ "listening": "data", "address": address }),
        r#"{"ready":true}"#
    ));
    Ok(())
}

async fn convert(body: Bytes) -> Response {
    answer(json::dossier(&body).and_then(bench_logic::convert))
}

/// The same, when the request is in the journal.
async fn kept(State(journal): State<Arc<Journal>>, body: Bytes) -> Response {
    let answer = convert(body.clone()).await;
    if journal.keep(body).await { answer } else { StatusCode::INTERNAL_SERVER_ERROR.into_response() }
}

async fn plugged(State(plugins): State<Arc<Plugins>>, Path(name): Path<String>, body: Bytes) -> Response {
    match plugins.convert(&name, &body) {
        Some(Ok(json)) => in_json(json),
        Some(Err(wrong)) => (StatusCode::BAD_REQUEST, wrong).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn summarize(body: Bytes) -> Response {
    answer(json::summarize(&body))
}

async fn consult(State(register): State<Arc<Register>>, body: Bytes) -> Response {
    answer(ask(&register, &body).await)
}

async fn ask(register: &Register, body: &[u8]) -> Result<Receipt, Trouble> {
    let receipt = json::dossier(body).and_then(bench_logic::convert)?;
    let trouble = |what: &str| Trouble::Register(what.to_owned());
    let address = register.address.as_deref().ok_or_else(|| trouble("there is no register"))?;
    let uri = format!("http://{address}{}", json::path(&receipt.agency));
    let request = Request::get(uri).body(Empty::new()).map_err(|_| trouble("the request is wrong"))?;
    let response = register.client.request(request).await.map_err(|_| trouble("the register does not answer"))?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|_| trouble("half an answer"))?.to_bytes();
    json::named(receipt, status, &body)
}

fn in_json(bytes: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
}

fn answer(result: Result<impl Serialize, Trouble>) -> Response {
    let text = |status: StatusCode, trouble: Trouble| (status, trouble.message()).into_response();
    match result {
        Ok(value) => match serde_json::to_vec(&value) {
            Ok(bytes) => in_json(bytes),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        },
        Err(trouble @ Trouble::Invalid(_)) => text(StatusCode::BAD_REQUEST, trouble),
        Err(trouble @ Trouble::Register(_)) => text(StatusCode::BAD_GATEWAY, trouble),
    }
}
