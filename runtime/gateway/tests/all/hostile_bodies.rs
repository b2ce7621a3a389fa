//! Bodies that are too large, too slow, broken or never there.

use crate::raw::{Raw, ask, json_headers, post, request};
use crate::world::{KEY, World, short};
use std::time::Duration;

const ECHO: &str = "/services/register/echo";
/// What the policy of the tests allows.
const LIMIT: usize = 256 * 1024;

fn headers(rest: &str) -> String {
    format!("X-Api-Key: {KEY}\r\nContent-Type: application/json\r\n{rest}")
}

fn chunked() -> String {
    request("POST", ECHO, &headers("Transfer-Encoding: chunked\r\n"), "")
}

fn announced(length: usize) -> String {
    request("POST", ECHO, &headers(&format!("Content-Length: {length}\r\n")), "")
}

#[tokio::test]
async fn an_announced_body_over_the_limit_is_refused_before_it_comes() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(announced(LIMIT + 1)).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "too-large"));
    assert_eq!(reply.header("connection"), Some("close"));
    assert_eq!(world.record_of("too-large").await.request, None);

    let body = "1".repeat(LIMIT);
    let reply = ask(world.address, post("echo", &body)).await;
    assert_eq!((reply.status, reply.body.len()), (200, LIMIT));
    world.record_of("ok").await;
}

#[tokio::test]
async fn a_caller_that_is_refused_while_it_still_sends_can_read_why() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(announced(600_000)).await;
    // It sends on without looking whether it was answered, long after it was.
    raw.send("1".repeat(300_000)).await;
    world.record_of("too-large").await;
    for _ in 0..300 {
        raw.send("1".repeat(1_000)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(raw.reply().await.status, 413);
    raw.ended().await;

    // A small rest is read, and the connection goes on.
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("echo", &"1".repeat(1000)).replace(KEY, "wrong")).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.header("connection")), (401, None));
    raw.send(post("echo", "{}")).await;
    assert_eq!(raw.reply().await.status, 200);
    world.record_of("unauthenticated").await;
    world.record_of("ok").await;
}

#[tokio::test]
async fn a_body_that_grows_over_the_limit_is_cut() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(chunked()).await;
    let piece = format!("{:x}\r\n{}\r\n", 1000, "1".repeat(1000));
    for _ in 0..=LIMIT / 1000 {
        raw.send(&piece).await;
    }
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "too-large"));
    assert_eq!(reply.header("connection"), Some("close"));
    world.record_of("too-large").await;
}

#[tokio::test]
async fn an_endless_body_ends_the_connection() {
    let mut world = World::new().await;
    for request in [chunked(), chunked().replace(KEY, "wrong")] {
        let mut raw = Raw::connect(world.address).await;
        raw.send(request).await;
        let sent = raw.send_without_end(format!("{:x}\r\n{}\r\n", 10_000, "1".repeat(10_000)).as_bytes()).await;
        // What the limits allow, and what the buffers of two sockets hold.
        assert!(sent < 32 * 1024 * 1024, "{sent}");
    }
    let mut outcomes = [world.record().await.outcome, world.record().await.outcome];
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["too-large", "unauthenticated"]);
    world.until(|counts| counts.open == 0).await;
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let mut world = World::with_limits(short()).await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(announced(10)).await;
    raw.send("{").await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (408, "too-slow"));
    assert_eq!(reply.json()["retry"], "later");
    world.record_of("too-slow").await;
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_at_the_deadline() {
    let mut world = World::with(|_| {}, "500 ms").await;
    let mut raw = Raw::connect(world.address).await;
    raw.send(announced(1000)).await;
    let mut drops = tokio::time::interval(Duration::from_millis(20));
    let record = loop {
        tokio::select! {
            record = world.record_of("too-slow") => break record,
            _ = drops.tick() => raw.send("1").await,
        }
    };
    assert!(record.micros >= 500_000, "{record:?}");
    assert_eq!(raw.reply().await.status, 408);
}

#[tokio::test]
async fn a_body_that_ends_too_early_is_truncated() {
    let mut world = World::new().await;
    for request in [announced(10), chunked() + "a\r\n"] {
        let mut raw = Raw::connect(world.address).await;
        raw.send(&request).await;
        raw.send("{\"a\"").await;
        raw.half_close().await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "truncated"));
        world.record_of("truncated").await;

        let mut raw = Raw::connect(world.address).await;
        raw.send(&request).await;
        raw.send("{\"a\"").await;
        drop(raw);
        world.record_of("truncated").await;
    }
}

#[tokio::test]
async fn a_body_whose_framing_is_broken_is_malformed() {
    let mut world = World::new().await;
    for broken in ["zz\r\n", "5\r\n{}...nonsense", "ffffffffffffffffff\r\n"] {
        let reply = ask(world.address, chunked() + broken).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "malformed"), "{broken}");
        world.record_of("malformed").await;
    }
}

#[tokio::test]
async fn what_is_smuggled_behind_a_body_is_not_answered() {
    let mut world = World::new().await;
    let hidden = post("echo", "{\"smuggled\":true}");
    let both = format!("{}Transfer-Encoding: chunked\r\n", json_headers(&format!("2\r\n{{}}\r\n0\r\n\r\n{hidden}")));
    let mut raw = Raw::connect(world.address).await;
    raw.send(request("POST", ECHO, &both, "2\r\n{}\r\n0\r\n\r\n") + &hidden).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.body.as_slice()), (200, b"{}".as_slice()));
    assert_eq!(raw.closed().await, b"");
    world.record_of("ok").await;
    world.nothing_recorded();
}
