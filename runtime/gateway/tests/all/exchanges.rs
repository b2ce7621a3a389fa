//! Exchanges that go as they should, and faults as the adapter tells them.

use crate::raw::{Raw, ask, json_headers, post, request};
use crate::world::{KEY, World};
use serde_json::json;

#[tokio::test]
async fn an_exchange_is_answered_and_recorded_and_the_connection_goes_on() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    for body in [r#"{"a":1}"#, r#"{"a":"hai"}"#] {
        raw.send(post("echo", body)).await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.body.as_slice()), (200, body.as_bytes()));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("connection"), None);

        let record = world.record_of("ok").await;
        assert_eq!(reply.header("x-exchange-id"), Some(record.id.to_string().as_str()));
        assert_eq!(reply.header("traceparent"), Some(record.trace.to_string().as_str()));
        assert_eq!((record.service.as_str(), record.function.as_str()), ("register", "echo"));
        assert_eq!(record.caller.as_deref(), Some("one-stop"));
        assert_eq!(record.adapter.as_deref(), Some("register"));
        assert!(record.peer.unwrap().starts_with("127.0.0.1:"));
        assert_eq!(record.origin, "http");
    }
    assert_eq!(world.counts().accepted, 1);
}

#[tokio::test]
async fn purpose_and_trace_reach_the_adapter_and_the_record() {
    let mut world = World::new().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let headers = format!(
        "Authorization: Bearer {KEY}\r\nX-Purpose:  tthc-ho-tich \r\nContent-Type: application/json; charset=utf-8\r\n\
         Prefer: wait=5\r\nTraceparent: 00-{trace}-00f067aa0ba902b7-01\r\nContent-Length: 2\r\n"
    );
    let reply = ask(world.address, request("POST", "/services/register/tell", &headers, "{}")).await;
    assert_eq!(reply.status, 200);
    let told = reply.json();
    assert_eq!((&told["service"], &told["function"]), (&json!("register"), &json!("tell")));
    assert_eq!(told["purpose"], "tthc-ho-tich");
    let record = world.record_of("ok").await;
    assert_eq!(record.purpose.as_deref(), Some("tthc-ho-tich"));
    let recorded = record.trace.to_string();
    assert!(recorded.starts_with(&format!("00-{trace}-")) && recorded.ends_with("-01"));
    assert_eq!(told["trace"], recorded);
}

#[tokio::test]
async fn a_request_without_a_body_is_an_exchange_too() {
    let mut world = World::new().await;
    let reply =
        ask(world.address, request("POST", "/services/register/tell", &format!("X-Api-Key: {KEY}\r\n"), "")).await;
    assert_eq!(reply.status, 200);
    world.record_of("ok").await;
}

#[tokio::test]
async fn faults_are_told_as_problems() {
    let mut world = World::new().await;
    let reply = ask(world.address, post("refuse", "{}")).await;
    let record = world.record_of("contract-fault").await;
    assert_eq!(reply.header("x-exchange-id"), Some(record.id.to_string().as_str()));
    let wanted = json!({
        "type": "urn:nhip:fault:contract-fault", "title": "the service refused", "status": 422,
        "detail": "the register refused", "exchange": record.id.to_string(), "blame": "caller", "retry": "never",
        "problems": [{"pointer": "/a", "message": "is too old"}], "fault": {"tag": "too-old", "val": 99},
        "upstreamCode": "E-99",
    });
    assert_eq!((reply.status, reply.json()), (422, wanted));

    let reply = ask(world.address, post("busy", "{}")).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
    assert_eq!(reply.code(), "busy");
    world.record_of("busy").await;
}

#[tokio::test]
async fn a_caller_that_asks_first_is_told_to_go_on_only_when_it_was_admitted() {
    let mut world = World::new().await;
    let wait = format!("{}Expect: 100-continue\r\n", json_headers("{\"a\":1}"));
    let mut raw = Raw::connect(world.address).await;
    raw.send(request("POST", "/services/register/echo", &wait, "")).await;
    assert_eq!(raw.reply().await.status, 100);
    raw.send("{\"a\":1}").await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"{\"a\":1}".as_slice()));
    world.record_of("ok").await;

    // On the same connection, which is then closed: whether the body still comes cannot be known.
    raw.send(request("POST", "/services/register/echo", &wait.replace(KEY, "wrong"), "")).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (401, Some("close")));
    assert_eq!(raw.closed().await, b"");
    world.record_of("unauthenticated").await;
}

#[tokio::test]
async fn a_body_in_many_pieces_arrives_whole() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    let whole: String = (0..20_000).map(|n| format!("{n},")).collect();
    let headers = format!("X-Api-Key: {KEY}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    raw.send(request("POST", "/services/register/echo", &headers, "")).await;
    for piece in whole.as_bytes().chunks(7_001) {
        raw.send(format!("{:x}\r\n", piece.len())).await;
        raw.send(piece).await;
        raw.send("\r\n").await;
    }
    raw.send("0\r\nX-Trailer: ignored\r\n\r\n").await;
    assert_eq!(raw.reply().await.body, whole.as_bytes());
    world.record_of("ok").await;

    raw.send(post("echo", &whole)).await;
    assert_eq!(raw.reply().await.body, whole.as_bytes());
    world.record_of("ok").await;
}
