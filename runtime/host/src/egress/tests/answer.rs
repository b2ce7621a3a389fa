//! Hostile and broken answers: endless, slow, cut off, no HTTP at all, or full of what a guest must not see.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::upstream::{Upstream, answer, raw};
use super::*;

fn under(address: SocketAddr) -> Exchange {
    Exchange::under(&format!("[limits]\nupstream-response = \"64 KiB\"\n{}", inside(&format!("http://{address}"), "")))
}

/// Writes a text, then keeps the connection open and silent.
async fn say_and_wait(mut stream: TcpStream, text: String) {
    let _ = stream.write_all(text.as_bytes()).await;
    std::future::pending::<()>().await;
}

async fn says_and_waits(text: &str) -> SocketAddr {
    let text = text.to_owned();
    raw(move |stream| say_and_wait(stream, text.clone())).await
}

async fn says_and_closes(text: &str) -> SocketAddr {
    let text = text.to_owned();
    raw(move |mut stream| {
        let text = text.clone();
        async move {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

async fn fails(exchange: &Exchange, code: FailureCode) {
    let failure = exchange.fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (code, true), "{failure}");
    assert!(!failure.message.contains("127.0"), "{failure}");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_cap() {
    let address = raw(|mut stream| async move {
        let mut more = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
        while more.is_ok() {
            more = stream.write_all(b"400\r\n").await;
            more = more.and(stream.write_all(&[b'x'; 0x400]).await).and(stream.write_all(b"\r\n").await);
        }
    })
    .await;
    let exchange = under(address);
    fails(&exchange, FailureCode::TooLarge).await;
    assert!(exchange.noted().contains("failure: Some(\"too-large\")"), "{}", exchange.noted());
}

#[tokio::test]
async fn an_announced_giant_is_not_waited_for() {
    let address = says_and_waits("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;
    fails(&under(address), FailureCode::TooLarge).await;
}

#[tokio::test]
async fn a_body_at_the_cap_is_an_answer() {
    let body = "x".repeat(64 * 1024);
    let upstream = Upstream::start(move |_| answer(200, &body)).await;
    let response = under(upstream.address).get("/x").await.expect("an answer");
    assert_eq!(response.body.len(), 64 * 1024);
    assert!(response.body.iter().all(|b| *b == b'x'));
}

#[tokio::test]
async fn a_slow_body_ends_at_the_guests_timeout() {
    let address = says_and_waits("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc").await;
    let request = Request { timeout: Some(Duration::from_millis(50)), ..get("/x") };
    let failure = under(address).fail(request).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Timeout, true), "{failure}");
}

#[tokio::test]
async fn a_silent_server_ends_at_the_endpoints_and_the_exchanges_timeout() {
    let address = says_and_waits("").await;
    let url = format!("http://{address}");
    fails(
        &Exchange::under(&inside(&url, "timeouts = { connect = \"40 ms\", total = \"40 ms\" }")),
        FailureCode::Timeout,
    )
    .await;

    let mut exchange = Exchange::under(&inside(&url, ""));
    exchange.budget = Budget::new(&Default::default(), Instant::now() + Duration::from_millis(40));
    let started = Instant::now();
    fails(&exchange, FailureCode::Timeout).await;
    assert!(started.elapsed() < Duration::from_secs(8), "it was the endpoint's timeout");
}

#[tokio::test]
async fn after_the_deadline_nothing_is_sent() {
    let upstream = Upstream::start(upstream::ok).await;
    let mut exchange = under(upstream.address);
    exchange.budget = Budget::new(&Default::default(), Instant::now());
    let failure = exchange.fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Timeout, false), "{failure}");
}

#[tokio::test]
async fn broken_answers_are_told_apart() {
    let long = "x".repeat(200 * 1024);
    let many = "x: y\r\n".repeat(1000);
    let cases = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc".to_owned(), FailureCode::Unreachable),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab".to_owned(), FailureCode::Unreachable),
        ("HTTP/1.1 200".to_owned(), FailureCode::Unreachable),
        (String::new(), FailureCode::Unreachable),
        ("SSH-2.0-made-up\r\n\r\n".to_owned(), FailureCode::Protocol),
        ("HTTP/1.1 200 OK\r\nbad header\r\n\r\n".to_owned(), FailureCode::Protocol),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(), FailureCode::Unreachable),
        ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(), FailureCode::Protocol),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_owned(),
            FailureCode::Protocol,
        ),
        (format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\n\r\n"), FailureCode::TooLarge),
        (format!("HTTP/1.1 200 OK\r\n{many}\r\n"), FailureCode::TooLarge),
    ];
    for (said, code) in cases {
        let failure = under(says_and_closes(&said).await).fail(get("/x")).await;
        let start: String = said.chars().take(60).collect();
        assert_eq!((failure.code, failure.sent), (code, true), "{failure} after {start:?}");
    }
}

#[tokio::test]
async fn every_status_is_an_answer_and_a_head_has_no_body() {
    let upstream =
        Upstream::start(|seen| answer(seen.target.trim_start_matches('/').parse().expect("a status"), "text")).await;
    let exchange = under(upstream.address);
    for status in [200, 201, 400, 401, 403, 404, 429, 500, 503] {
        let response = exchange.get(&format!("/{status}")).await.expect("an answer");
        assert_eq!((response.status, &response.body[..]), (status, &b"text"[..]));
    }
    let address = says_and_waits("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;
    let head = Request { method: "HEAD".to_owned(), ..get("/x") };
    let response = under(address).send(head).await.expect("an answer");
    assert_eq!((response.status, response.body.len()), (200, 0));
}

#[tokio::test]
async fn headers_of_the_connection_stay_with_the_host() {
    let said = "HTTP/1.1 200 OK\r\nconnection: close, X-Hop\r\nkeep-alive: timeout=5\r\nx-hop: 1\r\nproxy-authenticate: Basic\r\n\
                upgrade: h2c\r\nX-Kept: a\r\nx-kept: b\r\nx-latin: caf\u{e9}\r\ncontent-length: 2\r\n\r\nok";
    // Written as ISO 8859-1, as some systems do.
    let bytes: Vec<u8> = said.chars().map(|c| u8::try_from(u32::from(c)).expect("one byte")).collect();
    let address = raw(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.write_all(&bytes).await;
        }
    })
    .await;
    let response = under(address).get("/x").await.expect("an answer");
    let headers: Vec<(&str, &str)> =
        response.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("x-kept", "a"), ("x-kept", "b"), ("x-latin", "café"), ("content-length", "2")]);
}

#[tokio::test]
async fn a_compressed_body_is_passed_on_as_it_is() {
    let upstream = Upstream::start(|_| {
        let mut answer = answer(200, "\u{1f}not really gzip");
        answer.headers_mut().insert("content-encoding", "gzip".parse().expect("a value"));
        answer
    })
    .await;
    let response = under(upstream.address).get("/x").await.expect("an answer");
    assert_eq!(&response.body[..], "\u{1f}not really gzip".as_bytes());
    assert!(response.headers.contains(&("content-encoding".to_owned(), "gzip".to_owned())));
}
