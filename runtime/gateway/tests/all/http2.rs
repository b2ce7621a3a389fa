//! HTTP/2 with prior knowledge: the same exchanges, and what only its streams can do wrong.

use crate::world::{KEY, PATIENCE, World, short};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use nhip_gateway::HttpLimits;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

type Sender = SendRequest<Full<Bytes>>;

pub(crate) async fn connect(address: SocketAddr) -> (Sender, JoinHandle<Result<(), hyper::Error>>) {
    over(TcpStream::connect(address).await.unwrap()).await
}

async fn over(stream: TcpStream) -> (Sender, JoinHandle<Result<(), hyper::Error>>) {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

pub(crate) fn request(method: Method, path: &str, key: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("http://gateway.test{path}"))
        .header("x-api-key", key)
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

pub(crate) fn post(function: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    request(Method::POST, &format!("/services/register/{function}"), KEY, body)
}

pub(crate) async fn ask(sender: &mut Sender, request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
    let response = timeout(PATIENCE, sender.send_request(request)).await.unwrap().unwrap();
    let status = response.status();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn many_exchanges_share_a_connection() {
    let mut world = World::new().await;
    let (sender, _connection) = connect(world.address).await;
    let asked: Vec<_> = (0..100)
        .map(|n| {
            let mut sender = sender.clone();
            tokio::spawn(async move { (n, ask(&mut sender, post("echo", format!("{{\"n\":{n}}}"))).await) })
        })
        .collect();
    for reply in asked {
        let (n, (status, body)) = reply.await.unwrap();
        assert_eq!((status, body), (StatusCode::OK, Bytes::from(format!("{{\"n\":{n}}}"))));
        world.record_of("ok").await;
    }
    assert_eq!(world.counts().accepted, 1);
}

#[tokio::test]
async fn hostile_requests_are_refused_and_the_connection_goes_on() {
    let mut world = World::new().await;
    let (mut sender, _connection) = connect(world.address).await;
    let large = "1".repeat(256 * 1024 + 1);
    for (request, status, outcome) in [
        (request(Method::POST, "/services/register/echo", "wrong", large.clone()), 401, "unauthenticated"),
        (post("echo", large), 413, "too-large"),
        (request(Method::POST, "/services/other/echo", KEY, "{}"), 404, "unknown-service"),
        (request(Method::PUT, "/services/register/echo", KEY, "{}"), 405, "method-not-allowed"),
        (post("refuse", "{}"), 422, "contract-fault"),
        (post("echo", "{}"), 200, "ok"),
    ] {
        let (found, _) = ask(&mut sender, request).await;
        assert_eq!(found.as_u16(), status, "{outcome}");
        world.record_of(outcome).await;
    }
    let head = request(Method::HEAD, "/services", KEY, "");
    assert_eq!(ask(&mut sender, head).await, (StatusCode::OK, Bytes::new()));
    assert_eq!(world.counts().accepted, 1);
}

#[tokio::test]
async fn a_stream_that_is_reset_is_on_record_as_abandoned() {
    let mut world = World::new().await;
    let (mut sender, _connection) = connect(world.address).await;
    let waiting = tokio::spawn({
        let mut sender = sender.clone();
        async move { sender.send_request(post("wait", "{}")).await.map(drop) }
    });
    world.until_under_way(1).await;
    waiting.abort();
    world.record_of("abandoned").await;
    // The others are not touched.
    assert_eq!(ask(&mut sender, post("echo", "{}")).await.0, StatusCode::OK);
    world.record_of("ok").await;
}

#[tokio::test]
async fn every_exchange_of_a_broken_connection_is_on_record_as_abandoned() {
    let mut world = World::new().await;
    let stream = TcpStream::connect(world.address).await.unwrap().into_std().unwrap();
    let line = stream.try_clone().unwrap();
    let (sender, _connection) = over(TcpStream::from_std(stream).unwrap()).await;
    for _ in 0..10 {
        let mut sender = sender.clone();
        tokio::spawn(async move { sender.send_request(post("wait", "{}")).await.map(drop) });
    }
    world.until_under_way(10).await;
    line.shutdown(Shutdown::Both).unwrap();
    for _ in 0..10 {
        world.record_of("abandoned").await;
    }
    world.until_under_way(0).await;
    world.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn a_connection_that_opens_no_stream_is_closed() {
    let mut world = World::with_limits(short()).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("the listener to close");
    world.until(|counts| counts.timed_out == 1 && counts.open == 0).await;
    world.nothing_recorded();
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let idle_time = Duration::from_millis(100);
    let mut world = World::with_limits(HttpLimits { idle_time, ..short() }).await;
    let (mut sender, connection) = connect(world.address).await;
    let waiting = tokio::spawn(async move { ask(&mut sender, post("wait", "{}")).await });
    world.until_under_way(1).await;
    // Another connection comes and goes for idleness meanwhile, twice.
    for _ in 0..2 {
        let (mut sender, connection) = connect(world.address).await;
        assert_eq!(ask(&mut sender, post("echo", "{}")).await.0, StatusCode::OK);
        world.record_of("ok").await;
        timeout(PATIENCE, connection).await.expect("the listener to close").unwrap().unwrap();
    }
    world.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap().0, StatusCode::OK);
    world.record_of("ok").await;
    timeout(PATIENCE, connection).await.expect("the listener to close").unwrap().unwrap();
    world.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn a_flood_of_headers_is_refused() {
    let mut world = World::new().await;
    let (mut sender, _connection) = connect(world.address).await;
    let mut flood = post("echo", "{}");
    flood.headers_mut().insert("x-long", "a".repeat(15 * 1024).parse().unwrap());
    flood.headers_mut().insert("x-longer", "a".repeat(15 * 1024).parse().unwrap());
    // Either side may find it too large: the client knows the listener's setting.
    if let Ok(response) = timeout(PATIENCE, sender.send_request(flood)).await.unwrap() {
        assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    world.nothing_recorded();
}
