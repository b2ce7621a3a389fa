//! Starting and stopping: what cannot be listened on is told, and a stop leaves no exchange unanswered.

use crate::http2::{connect, request};
use crate::raw::{Raw, post};
use crate::world::{KEY, World};
use http::Method;
use nhip_exchange::{Spine, SpineConfig, SystemClock};
use nhip_gateway::{Gateway, GatewayConfig};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

#[tokio::test]
async fn exchanges_under_way_are_answered_and_new_ones_are_refused() {
    let mut world = World::new().await;
    let mut under_way = Vec::new();
    for _ in 0..50 {
        let mut raw = Raw::connect(world.address).await;
        raw.send(post("wait", "{}")).await;
        under_way.push(raw);
    }
    let mut idle = Raw::connect(world.address).await;
    idle.send(post("echo", "{}")).await;
    assert_eq!(idle.reply().await.status, 200);
    world.record_of("ok").await;
    world.until_under_way(50).await;

    world.stop();
    // An idle connection is closed at once, and no new one is taken.
    assert_eq!(idle.closed().await, b"");
    assert!(TcpStream::connect(world.address).await.is_err());

    world.gate.add_permits(50);
    for mut raw in under_way {
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.header("connection")), (200, Some("close")));
        assert_eq!(raw.closed().await, b"");
    }
    assert_eq!(world.stopped().await, 0);
    for _ in 0..50 {
        world.record_of("ok").await;
    }
    world.nothing_recorded();
}

#[tokio::test]
async fn a_request_that_comes_while_the_gateway_stops_is_told_so() {
    let mut world = World::new().await;
    world.spine.stop();
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("echo", "{}")).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.code().as_str(), reply.header("retry-after")), (503, "stopping", Some("1")));
    world.record_of("stopping").await;
}

#[tokio::test]
async fn what_outlasts_the_grace_period_is_cut_and_recorded() {
    let mut world = World::with(|config| config.grace = Duration::from_millis(100), "20 s").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::connect(world.address).await;
        raw.send(post("wait", "{}")).await;
        held.push(raw);
    }
    // One more connection, whose exchanges run in tasks of their own.
    let (sender, _connection) = connect(world.address).await;
    for _ in 0..100 {
        let mut sender = sender.clone();
        let request = request(Method::POST, "/services/register/wait", KEY, "{}");
        tokio::spawn(async move { sender.send_request(request).await.map(drop) });
    }
    world.until_under_way(103).await;
    world.stop();
    assert_eq!(world.stopped().await, 4);
    // They are there when the stop has ended, not some time later.
    for _ in 0..103 {
        assert_eq!(world.recorded().outcome, "abandoned");
    }
    assert_eq!((world.counts().open, world.counts().cut), (0, 4));
    for mut raw in held {
        assert_eq!(raw.closed().await, b"");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let world = World::new().await;
    let book = Arc::new(crate::book::Book::default());
    let (spine, _records) = Spine::new(SpineConfig { pool: 1, records: 1 }, SystemClock::shared(), book);
    let config = GatewayConfig::new(world.address);
    let error = Gateway::bind(config, Arc::new(spine), Arc::new(|_| None)).await.err().unwrap().to_string();
    assert!(error.contains(&world.address.to_string()) && error.contains("another program"), "{error}");
}
