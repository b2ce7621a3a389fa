//! Requests that are wrong from their head on: each gets the right status and leaves a record that says why.

use crate::raw::{Raw, ask, json_headers, post, request};
use crate::world::{KEY, OTHER_KEY, World};

const ECHO: &str = "/services/register/echo";

/// What it is, the request, and the status, code and caller that are to be on record.
type Case<'a> = (&'a str, Vec<u8>, u16, &'a str, Option<&'a str>);

async fn refused(cases: &[Case<'_>]) {
    let mut world = World::new().await;
    for (what, request, status, code, caller) in cases {
        let reply = ask(world.address, request).await;
        assert_eq!((reply.status, reply.code().as_str()), (*status, *code), "{what}: {reply:?}");
        let text = String::from_utf8_lossy(&reply.body);
        assert!(!text.contains("made-up-key") && !text.contains("secret"), "{what}: {text}");
        let record = world.record_of(code).await;
        assert_eq!((record.status, record.caller.as_deref()), (*status, *caller), "{what}");
        assert_eq!(reply.json()["exchange"], record.id.to_string(), "{what}");
        assert_eq!(record.request, None, "{what}: nothing of the body was read");
    }
    world.nothing_recorded();
    // And the listener is as good as before.
    assert_eq!(ask(world.address, post("echo", "{}")).await.status, 200);
}

fn with(headers: &str) -> Vec<u8> {
    request("POST", ECHO, &format!("{}{headers}", json_headers("{}")), "{}").into_bytes()
}

fn with_key_line(line: &str) -> Vec<u8> {
    String::from_utf8(with("")).unwrap().replace(&format!("X-Api-Key: {KEY}\r\n"), line).into_bytes()
}

fn with_type_line(line: &str) -> Vec<u8> {
    String::from_utf8(with("")).unwrap().replace("Content-Type: application/json\r\n", line).into_bytes()
}

#[tokio::test]
async fn who_does_not_prove_itself_is_refused_first_of_all() {
    let wrong = |what, line: &str| (what, with_key_line(line), 401, "unauthenticated", None);
    refused(&[
        wrong("no key", ""),
        wrong("a wrong key", "X-Api-Key: secret\r\n"),
        wrong("an empty key", "X-Api-Key: \r\n"),
        wrong("a huge key", &format!("X-Api-Key: {}\r\n", "secret".repeat(1000))),
        wrong("another scheme", "Authorization: Basic c2VjcmV0Og==\r\n"),
        wrong("no scheme", &format!("Authorization: {KEY}\r\n")),
        wrong("a wrong key and a wrong type", "X-Api-Key: secret\r\nContent-Encoding: gzip\r\n"),
        ("two keys", with_key_line(&format!("X-Api-Key: {KEY}\r\nX-Api-Key: {KEY}\r\n")), 400, "malformed", None),
        (
            "different keys",
            with_key_line(&format!("X-Api-Key: {KEY}\r\nAuthorization: Bearer secret\r\n")),
            400,
            "malformed",
            None,
        ),
        (
            "an unknown address without a key",
            request("POST", "/wp-login.php", "", "").into_bytes(),
            401,
            "unauthenticated",
            None,
        ),
        (
            "a known caller that may not",
            with_key_line(&format!("X-Api-Key: {OTHER_KEY}\r\n")),
            403,
            "forbidden",
            Some("archive"),
        ),
    ])
    .await;
}

#[tokio::test]
async fn addresses_that_are_none_are_refused() {
    let key = format!("X-Api-Key: {KEY}\r\n");
    let post = |path: &str| request("POST", path, &key, "").into_bytes();
    refused(&[
        ("an unknown service", post("/services/other/echo"), 404, "unknown-service", Some("one-stop")),
        ("an unknown function", post("/services/register/other"), 404, "unknown-function", Some("one-stop")),
        ("an unknown path", post("/services"), 405, "method-not-allowed", Some("one-stop")),
        ("a path below", post("/services/register/echo/"), 404, "unknown-service", Some("one-stop")),
        ("a longer path", post("/services/register/echo/x"), 404, "unknown-service", Some("one-stop")),
        ("a traversal", post("/services/../admin"), 404, "unknown-service", Some("one-stop")),
        ("bad UTF-8", post("/services/register/%ff%fe"), 400, "malformed", Some("one-stop")),
        ("a line break", post("/services/register/a%0d%0ab"), 400, "malformed", Some("one-stop")),
        ("a null", post("/services/%00/echo"), 400, "malformed", Some("one-stop")),
        ("a query", post("/services/register/echo?number=1"), 400, "malformed", Some("one-stop")),
    ])
    .await;
}

#[tokio::test]
async fn methods_that_an_address_does_not_take_are_refused() {
    let mut world = World::new().await;
    let key = format!("X-Api-Key: {KEY}\r\n");
    for (method, path, allow) in [
        ("GET", ECHO, "POST, OPTIONS"),
        ("PUT", ECHO, "POST, OPTIONS"),
        ("TRACE", ECHO, "POST, OPTIONS"),
        ("MADEUP", ECHO, "POST, OPTIONS"),
        ("DELETE", "/services", "GET, HEAD, OPTIONS"),
        ("POST", "/services/register/openapi.json", "GET, HEAD, OPTIONS"),
    ] {
        let reply = ask(world.address, request(method, path, &key, "")).await;
        assert_eq!((reply.status, reply.code().as_str()), (405, "method-not-allowed"), "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        world.record_of("method-not-allowed").await;
    }
    let mut raw = Raw::connect(world.address).await;
    raw.send(request("HEAD", ECHO, &key, "")).await;
    assert_eq!(raw.reply_without_content().await.status, 405);
    world.record_of("method-not-allowed").await;
}

#[tokio::test]
async fn bodies_that_are_not_json_by_their_headers_are_refused() {
    let wrong = |what, request| (what, request, 415, "unsupported-media-type", Some("one-stop"));
    refused(&[
        wrong("another type", with_type_line("Content-Type: text/xml\r\n")),
        wrong("no type", with_type_line("")),
        wrong("another charset", with_type_line("Content-Type: application/json; charset=iso-8859-1\r\n")),
        wrong("compressed", with("Content-Encoding: gzip\r\n")),
    ])
    .await;
}

#[tokio::test]
async fn headers_that_could_be_read_in_two_ways_are_refused() {
    let bytes = |line: &[u8]| {
        let mut request = format!("POST {ECHO} HTTP/1.1\r\nHost: gateway.test\r\n{}", json_headers("{}")).into_bytes();
        request.extend_from_slice(line);
        request.extend_from_slice(b"\r\n{}");
        request
    };
    let wrong = |what, request| (what, request, 400, "malformed", Some("one-stop"));
    let without_host = String::from_utf8(with("")).unwrap().replace("Host: gateway.test\r\n", "");
    refused(&[
        wrong("two types", with("Content-Type: application/json\r\n")),
        wrong("two encodings", with("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n")),
        wrong("two purposes", with("X-Purpose: a\r\nX-Purpose: b\r\n")),
        wrong("two hosts", with("Host: other.test\r\n")),
        wrong("no host", without_host.into_bytes()),
        wrong("bad UTF-8 in the purpose", bytes(b"X-Purpose: \xff\xfe\r\n")),
        wrong("a blank in the purpose", with("X-Purpose: a b\r\n")),
        wrong("an empty purpose", with("X-Purpose: \r\n")),
        wrong("a long purpose", with(&format!("X-Purpose: {}\r\n", "a".repeat(129)))),
        wrong("an idempotency key with a blank", with("Idempotency-Key: a b\r\n")),
        wrong("two idempotency keys", with("Idempotency-Key: 1\r\nIdempotency-Key: 2\r\n")),
        wrong("a long idempotency key", with(&format!("Idempotency-Key: {}\r\n", "k".repeat(256)))),
    ])
    .await;
}

#[tokio::test]
async fn a_trace_that_is_not_one_begins_a_new_one() {
    let mut world = World::new().await;
    for line in ["Traceparent: nonsense\r\n", "Traceparent: 00-a-b-01\r\nTraceparent: 00-c-d-01\r\n"] {
        let reply = ask(world.address, with(line)).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("traceparent"), Some(world.record_of("ok").await.trace.to_string().as_str()));
    }
}
