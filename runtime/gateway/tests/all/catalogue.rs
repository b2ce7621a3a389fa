//! The catalogue, and the addresses that are no exchange.

use crate::raw::{Raw, ask, request};
use crate::world::{KEY, World};
use serde_json::json;

fn key() -> String {
    format!("X-Api-Key: {KEY}\r\n")
}

#[tokio::test]
async fn a_proven_caller_reads_what_is_deployed() {
    let mut world = World::new().await;
    let reply = ask(world.address, request("GET", "/services", &key(), "")).await;
    let wanted = json!({"services": [{
        "name": "register", "contract": "test:register/api@1.0.0", "summary": "A register for tests.",
        "adapter": "register", "version": "1.2.3", "functions": ["busy", "echo", "refuse", "tell", "thread", "wait"],
        "openapi": "/services/register/openapi.json",
    }]});
    assert_eq!((reply.status, reply.json()), (200, wanted));
    assert_eq!(reply.header("cache-control"), Some("no-store"));

    let reply = ask(world.address, request("GET", "/services/register/openapi.json", &key(), "")).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"openapi": "3.1.0"})));
    let reply = ask(world.address, request("GET", "/services/nothing/openapi.json", &key(), "")).await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "unknown-service"));
    world.nothing_recorded();
    assert_eq!(world.counts().other_requests, 3);
}

#[tokio::test]
async fn who_proves_nothing_reads_nothing_and_is_on_record() {
    let mut world = World::new().await;
    for (path, headers) in [
        ("/services", ""),
        ("/services", "X-Api-Key: wrong\r\n"),
        ("/services/register/openapi.json", "Authorization: Basic d3Jvbmc6\r\n"),
    ] {
        let reply = ask(world.address, request("GET", path, headers, "")).await;
        assert_eq!((reply.status, reply.code().as_str()), (401, "unauthenticated"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"nhip\""));
        let record = world.record_of("unauthenticated").await;
        assert_eq!((record.service.as_str(), record.caller), (path, None));
    }
}

#[tokio::test]
async fn head_and_options_are_answered_without_content() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(request("HEAD", "/services/register/openapi.json", &key(), "")).await;
    let reply = raw.reply_without_content().await;
    assert_eq!((reply.status, reply.header("content-length")), (200, Some("19")));

    for (path, methods) in [
        ("/services", "GET, HEAD, OPTIONS"),
        ("/services/a/openapi.json", "GET, HEAD, OPTIONS"),
        ("/services/a/b", "POST, OPTIONS"),
    ] {
        raw.send(request("OPTIONS", path, "", "")).await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.header("allow")), (204, Some(methods)));
    }
    raw.send(request("GET", "/favicon.ico", "", "")).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (404, "unknown-service"));
    assert_eq!(reply.header("x-exchange-id"), None);
    world.nothing_recorded();
}
