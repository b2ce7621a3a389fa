//! Connections that say nothing, nonsense, too much, or go away.

use crate::raw::{Raw, ask, json_headers, post, request};
use crate::world::{KEY, World, short};
use nhip_gateway::HttpLimits;
use std::time::Duration;

#[tokio::test]
async fn a_caller_that_goes_away_is_on_record_as_that() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("wait", "{}")).await;
    world.until_under_way(1).await;
    drop(raw);
    let record = world.record_of("abandoned").await;
    assert_eq!((record.status, record.caller.as_deref()), (499, Some("one-stop")));
    assert_eq!(record.function, "wait");
    world.until_under_way(0).await;
    world.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let mut world = World::with_limits(short()).await;
    let mut silent = Raw::connect(world.address).await;
    let mut half = Raw::connect(world.address).await;
    half.send("PRI * HTTP/2.0\r\n").await;
    assert_eq!(silent.closed().await, b"");
    assert_eq!(half.closed().await, b"");
    world.until(|counts| counts.timed_out == 2 && counts.open == 0).await;
    world.nothing_recorded();
}

#[tokio::test]
async fn a_head_that_does_not_end_in_time_is_cut() {
    let mut world = World::with_limits(short()).await;
    let mut slow = Raw::connect(world.address).await;
    slow.send("POST /services/register/echo HTTP/1.1\r\nHost: gateway.test\r\n").await;
    let mut dripping = Raw::connect(world.address).await;
    dripping.send("POST /services/register/echo HTTP/1.1\r\nX-").await;
    dripping.send_without_end(b"a").await;
    assert_eq!(slow.closed().await, b"");
    world.until(|counts| counts.timed_out + counts.malformed == 2 && counts.open == 0).await;
    world.nothing_recorded();

    // Also when it is not the first.
    let mut later = Raw::connect(world.address).await;
    later.send(post("echo", "{}")).await;
    assert_eq!(later.reply().await.status, 200);
    world.record_of("ok").await;
    later.send("POST /services/register/echo HTTP/1.1\r\n").await;
    assert_eq!(later.closed().await, b"");
    world.nothing_recorded();
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let mut world = World::with_limits(short()).await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("echo", "{}")).await;
    assert_eq!(raw.reply().await.status, 200);
    assert_eq!(raw.closed().await, b"");
    world.record_of("ok").await;
    world.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn nonsense_is_refused_and_counted() {
    let mut world = World::new().await;
    let bad_path = [b"GET /services/".as_slice(), b"\xff\xfe", b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let bad_name = b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n".to_vec();
    let bad_value = b"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n".to_vec();
    let bad_version = b"GET / HTTP/9.9\r\n\r\n".to_vec();
    let bad_lengths = request("POST", "/", "Content-Length: 1\r\nContent-Length: 2\r\n", "").into_bytes();
    let bad_length = request("POST", "/", "Content-Length: +1\r\n", "").into_bytes();
    let bad_encoding = request("POST", "/", "Transfer-Encoding: chunked, gzip\r\n", "").into_bytes();
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    let all = [bad_path, bad_name, bad_value, bad_version, bad_lengths, bad_length, bad_encoding, tls];
    for (number, nonsense) in (1u64..).zip(all) {
        let mut raw = Raw::connect(world.address).await;
        raw.send(&nonsense).await;
        let answer = raw.closed().await;
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{nonsense:?}: {:?}", String::from_utf8_lossy(&answer));
        world.until(|counts| counts.malformed == number).await;
    }
    world.nothing_recorded();
    assert_eq!(ask(world.address, post("echo", "{}")).await.status, 200);
}

#[tokio::test]
async fn a_flood_of_headers_is_refused_and_counted() {
    let mut world = World::new().await;
    let many: String = (0..200).map(|n| format!("X-{n}: a\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "a".repeat(17 * 1024));
    for (number, headers) in (1u64..).zip([many, long]) {
        let mut raw = Raw::connect(world.address).await;
        raw.send(request("GET", "/services", &headers, "")).await;
        let answer = raw.closed().await;
        assert!(answer.starts_with(b"HTTP/1.1 431 "), "{:?}", String::from_utf8_lossy(&answer));
        world.until(|counts| counts.malformed == number).await;
    }
    let mut endless = Raw::connect(world.address).await;
    endless.send("GET / HTTP/1.1\r\n").await;
    let sent = endless.send_without_end(b"X-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await;
    assert!(sent < 16 * 1024 * 1024, "{sent}");
    world.until(|counts| counts.malformed == 3).await;
    world.nothing_recorded();

    // What fits is taken.
    let fits = format!("{}X-Long: {}\r\n", json_headers("{}"), "a".repeat(12 * 1024));
    let reply = ask(world.address, request("POST", "/services/register/echo", &fits, "{}")).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_their_turn() {
    let mut world = World::with_limits(HttpLimits { max_connections: 3, ..short() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(Raw::connect(world.address).await);
    }
    world.until(|counts| counts.open == 3 && counts.full == 1).await;
    // Answered once the silent ones are closed, never beside them.
    let reply = ask(world.address, post("echo", "{}")).await;
    assert_eq!(reply.status, 200);
    world.record_of("ok").await;
    assert!(world.counts().timed_out >= 1);

    let flood = (0..60).map(|_| tokio::spawn(ask(world.address, post("echo", "{}"))));
    for reply in flood.collect::<Vec<_>>() {
        assert_eq!(reply.await.unwrap().status, 200);
        world.record_of("ok").await;
        assert!(world.counts().open <= 3);
    }
}

#[tokio::test]
async fn a_peer_that_does_not_take_its_answer_is_cut() {
    let idle_time = Duration::from_millis(200);
    let mut world = World::with_limits(HttpLimits { idle_time, ..short() }).await;
    let mut raw = Raw::connect(world.address).await;
    // Sent ahead without ever reading, until nothing more fits anywhere.
    raw.send_without_end(post("echo", &"1".repeat(200 * 1024)).as_bytes()).await;
    world.until(|counts| counts.open == 0 && counts.cut == 1).await;
    world.record_of("ok").await;
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    let bodies: Vec<String> = (0..20).map(|n| format!("{{\"n\":{n}}}")).collect();
    raw.send(bodies.iter().map(|body| post("echo", body)).collect::<String>()).await;
    for body in &bodies {
        assert_eq!(raw.reply().await.body, body.as_bytes());
        world.record_of("ok").await;
    }
    raw.send(request("POST", "/services/register/echo", &format!("X-Api-Key: {KEY}\r\nConnection: close\r\n"), ""))
        .await;
    assert_eq!(raw.reply().await.status, 200);
    assert_eq!(raw.closed().await, b"");
}
