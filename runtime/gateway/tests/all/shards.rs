//! Which thread serves what.

use crate::http2;
use crate::raw::{Raw, post};
use crate::world::{SHARDS, World};
use http::StatusCode;
use std::sync::atomic::Ordering;

/// The shard that serves this connection.
async fn shard(raw: &mut Raw) -> Option<u64> {
    raw.send(post("shard", "{}")).await;
    let reply = raw.reply().await;
    assert_eq!(reply.status, 200);
    reply.json().as_u64()
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

#[tokio::test]
async fn an_adapter_that_computes_for_long_holds_no_shard_up() {
    let mut world = World::new().await;
    let mut raw = Raw::connect(world.address).await;
    for (long, served) in [(false, Some(0)), (true, None), (false, Some(0))] {
        world.computes_long.store(long, Ordering::Relaxed);
        assert_eq!(shard(&mut raw).await, served);
        world.record_of("ok").await;
    }
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
async fn the_exchanges_of_one_http2_connection_are_on_no_shard() {
    let mut world = World::new().await;
    let (mut sender, _connection) = http2::connect(world.address).await;
    let (status, body) = http2::ask(&mut sender, http2::post("shard", "{}")).await;
    assert_eq!((status, body.as_ref()), (StatusCode::OK, b"null".as_slice()));
    world.record_of("ok").await;
}

#[tokio::test]
async fn without_shards_the_runtime_of_the_listener_serves() {
    let world = World::with(|config| config.shards = None, "20 s").await;
    let mut raw = Raw::connect(world.address).await;
    assert_eq!(shard(&mut raw).await, None);
}
