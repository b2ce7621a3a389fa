//! Which thread serves what.

use crate::http2;
use crate::raw::{Raw, post};
use crate::world::{SHARDS, World};
use http::StatusCode;
use std::sync::atomic::Ordering;

/// The thread that runs an exchange of this request.
async fn thread(raw: &mut Raw, request: impl AsRef<[u8]>) -> String {
    raw.send(request).await;
    let reply = raw.reply().await;
    assert_eq!(reply.status, 200);
    reply.json().as_str().unwrap_or_default().to_owned()
}

/// The shard that serves this connection.
async fn shard(raw: &mut Raw) -> Option<u64> {
    thread(raw, post("thread", "{}")).await.strip_prefix("nhip-shard-")?.parse().ok()
}

#[tokio::test]
async fn a_connection_stays_on_the_shard_with_the_fewest() {
    let world = World::new().await;
    let mut all = Vec::new();
    for number in 0..4 * SHARDS {
        let mut raw = Raw::connect(world.address).await;
        let shard = shard(&mut raw).await.unwrap();
        assert_eq!(shard, (number % SHARDS) as u64);
        all.push((shard, raw));
    }
    for (first, raw) in &mut all {
        for _ in 0..3 {
            assert_eq!(shard(raw).await, Some(*first));
        }
    }
    // One shard becomes free, and gets all that come then.
    all.retain(|(shard, _)| *shard != 1);
    world.until(|counts| counts.open == all.len()).await;
    for _ in 0..4 {
        let mut raw = Raw::connect(world.address).await;
        assert_eq!(shard(&mut raw).await, Some(1));
        all.push((1, raw));
    }
}

/// With an idempotency key, another in each round.
fn with_key(round: usize) -> String {
    post("thread", "{}").replacen("\r\n", &format!("\r\nIdempotency-Key: {round}\r\n"), 1)
}

#[tokio::test]
async fn the_exchanges_of_an_adapter_that_computes_for_long_are_on_a_siding_whatever_they_come_with() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    let (mut sender, _connection) = http2::connect(world.address).await;
    for (round, long) in [false, true, false].into_iter().enumerate() {
        world.computes_long.store(long, Ordering::Relaxed);
        let plain = thread(&mut raw, post("thread", "{}")).await;
        assert!(plain.starts_with(if long { "nhip-siding-" } else { "nhip-shard-" }), "{plain}");
        let kept = thread(&mut raw, with_key(round)).await;
        let (status, body) = http2::ask(&mut sender, http2::post("thread", "{}")).await;
        assert_eq!(status, StatusCode::OK);
        let shared: String = serde_json::from_slice(&body).unwrap();
        for name in [kept, shared] {
            assert_eq!(name.starts_with("nhip-siding-"), long, "{name}");
            assert!(!name.starts_with("nhip-shard-"), "{name}");
        }
        for _ in 0..3 {
            world.record_of("ok").await;
        }
    }
}

#[tokio::test]
async fn a_body_in_many_pieces_reaches_an_adapter_that_computes_for_long_up_to_its_limit() {
    let mut world = World::new().await;
    world.computes_long.store(true, Ordering::Relaxed);
    let body = |bytes: usize| format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes));
    let (right, large) = (body(200 << 10), body(300 << 10));
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("echo", &right)).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.body), (200, right.into_bytes()));
    world.record_of("ok").await;
    raw.send(post("echo", &large)).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "too-large"));
    world.record_of("too-large").await;
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_an_exchange_that_computes_for_long() {
    let mut world = World::new().await;
    world.computes_long.store(true, Ordering::Relaxed);
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("wait", "{}")).await;
    world.until_under_way(1).await;
    drop(raw);
    world.record_of("abandoned").await;
    world.until_under_way(0).await;
}

#[tokio::test]
async fn without_shards_the_runtime_of_the_listener_serves() {
    let world = World::with(|config| config.shards = None, "20 s").await;
    let mut raw = Raw::connect(world.address).await;
    world.computes_long.store(true, Ordering::Relaxed);
    let name = thread(&mut raw, post("thread", "{}")).await;
    assert!(!name.starts_with("nhip-"), "{name}");
}
