//! What a guest may not send: each attempt is refused before anything is connected to.

use super::upstream::{Upstream, ok};
use super::*;

async fn refused(exchange: &Exchange, request: Request, code: FailureCode) -> String {
    let failure = exchange.fail(request).await;
    assert_eq!((failure.code, failure.sent), (code, false), "{failure}");
    assert!(failure.message.bytes().all(|b| b != b'\r' && b != b'\n'), "{failure}");
    failure.message
}

async fn ground() -> (Upstream, Exchange) {
    let upstream = Upstream::start(ok).await;
    let more = "headers = [\"X-Note\"]\ncredential = { header = { name = \"X-Api-Key\", value = \"env:API_KEY\" } }";
    let sections =
        format!("[limits]\nupstream-calls = 1000\nupstream-request = \"1 KiB\"\n{}", inside(&upstream.url(), more));
    let exchange = Exchange::under(&sections.replace("\"/*\"", "\"/api/*\""));
    (upstream, exchange)
}

#[tokio::test]
async fn headers_of_the_host_are_denied() {
    let (upstream, exchange) = ground().await;
    let names = [
        "Host",
        "transfer-encoding",
        "Content-Length",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
        "Authorization",
        "proxy-authorization",
        "X-Forwarded-For",
        "forwarded",
        "x-api-key",
        "X-API-KEY",
        "cookie",
        "x-unknown",
    ];
    for name in names {
        refused(&exchange, with(get("/api/x"), name, "1"), FailureCode::Denied).await;
    }
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn malformed_headers_are_invalid() {
    let (upstream, exchange) = ground().await;
    let values = ["a\r\nx-evil: 1", "a\nb", "a\rb", "a\0b", "a\r\n folded", "tên", "\u{7f}", "a\u{b}b"];
    for value in values {
        refused(&exchange, with(get("/api/x"), "X-Note", value), FailureCode::InvalidRequest).await;
    }
    for name in ["", "x note", "x-note:", "x-note\r\nx-evil", "x-nöte", "x-note\0"] {
        refused(&exchange, with(get("/api/x"), name, "1"), FailureCode::InvalidRequest).await;
    }
    let twice = with(post("/api/x", "application/json", "{}"), "content-type", "text/plain");
    refused(&exchange, twice, FailureCode::InvalidRequest).await;
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let (upstream, exchange) = ground().await;
    let mut many = get("/api/x");
    many.headers = vec![("X-Note".to_owned(), "1".to_owned()); MOST_HEADERS + 1];
    refused(&exchange, many.clone(), FailureCode::InvalidRequest).await;
    refused(&exchange, with(get("/api/x"), "X-Note", &"1".repeat(MOST_HEADER_BYTES)), FailureCode::InvalidRequest)
        .await;
    assert_eq!(upstream.accepted(), 0);
    many.headers.pop();
    exchange.send(many).await.expect("an answer");
    exchange.send(with(get("/api/x"), "X-Note", &"1".repeat(MOST_HEADER_BYTES - 6))).await.expect("an answer");
}

#[tokio::test]
async fn methods_and_paths_are_the_granted_ones() {
    let (upstream, exchange) = ground().await;
    let method = |method: &str| Request { method: method.to_owned(), ..get("/api/x") };
    for (text, code) in [
        ("DELETE", FailureCode::Denied),
        ("get", FailureCode::Denied),
        ("CONNECT", FailureCode::Denied),
        ("", FailureCode::InvalidRequest),
        ("GE T", FailureCode::InvalidRequest),
        ("GET /api/y HTTP/1.1\r\nx: y\r\n\r\n", FailureCode::InvalidRequest),
    ] {
        refused(&exchange, method(text), code).await;
    }
    refused(&exchange, method(&"A".repeat(1000)), FailureCode::InvalidRequest).await;
    for (path, code) in [
        ("/other", FailureCode::Denied),
        ("/apix", FailureCode::Denied),
        ("/api/../other", FailureCode::InvalidRequest),
        ("/api/%2e%2e/other", FailureCode::InvalidRequest),
        ("/api/..;/other", FailureCode::InvalidRequest),
        ("/api//x", FailureCode::InvalidRequest),
        ("//evil.test/api/x", FailureCode::InvalidRequest),
        ("http://evil.test/api/x", FailureCode::InvalidRequest),
        ("/api/x\r\nhost: evil.test", FailureCode::InvalidRequest),
        ("/api/x y", FailureCode::InvalidRequest),
        ("/api/x#y", FailureCode::InvalidRequest),
        ("@evil.test/api/x", FailureCode::InvalidRequest),
        ("", FailureCode::InvalidRequest),
    ] {
        refused(&exchange, get(path), code).await;
    }
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn a_body_beyond_the_policy_is_denied() {
    let (upstream, exchange) = ground().await;
    refused(&exchange, post("/api/x", "text/plain", &"x".repeat(1025)), FailureCode::Denied).await;
    assert_eq!(upstream.accepted(), 0);
    exchange.send(post("/api/x", "text/plain", &"x".repeat(1024))).await.expect("an answer");
}

#[tokio::test]
async fn an_endpoint_that_is_not_granted_is_denied_by_its_name() {
    let (_upstream, exchange) = ground().await;
    let send = |name: &'static str| exchange.egress.send(name, get("/api/x"), &exchange.budget, &exchange.trail);
    let failure = send("other-db").await.expect_err("refused");
    assert_eq!((failure.code, failure.sent), (FailureCode::Denied, false));
    assert_eq!(failure.message, "endpoint `other-db`: no endpoint of this name is granted to the adapter");
    let failure = send("a\nWARN forged").await.expect_err("refused");
    assert!(!failure.message.contains('\n'), "{failure}");
    assert!(!exchange.noted().contains("\\n"), "{}", exchange.noted());
}
