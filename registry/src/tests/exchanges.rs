//! The records of exchanges: none is lost, none is written twice, each is found.

use super::{Bench, eventually};
use crate::ExchangeFilter;
use crate::database::Kind;
use nhip_exchange::{Digest, ExchangeId, Record, UpstreamCall};
use tokio::sync::mpsc;
use uuid::Uuid;

on_both! {
    records_come_back_whole_and_by_what_is_asked_for,
    a_listing_is_bounded,
    a_record_that_comes_twice_is_kept_once,
}

/// A record whose every member says something.
fn record(at: u64) -> Record {
    Record {
        id: ExchangeId::from(Uuid::from_u64_pair(at, at)),
        opened_ms: 1_800_000_000_000 + at,
        micros: 1234,
        origin: "http".to_owned(),
        peer: Some("127.0.0.1:5".to_owned()),
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        caller: (!at.is_multiple_of(3)).then(|| format!("caller-{}", at % 3)),
        purpose: Some("a 'quoted' purpose; --".to_owned()),
        service: format!("service-{}", at % 2),
        function: "find".to_owned(),
        adapter: Some("population".to_owned()),
        version: Some("1.0.0".to_owned()),
        component: Some(Digest::of(b"component")),
        policy: Some(Digest::of(b"policy")),
        request: Some(Digest::of(b"request")),
        response: None,
        outcome: if at.is_multiple_of(5) { "saturated" } else { "ok" }.to_owned(),
        blame: Some("gateway".to_owned()),
        status: 503,
        cpu_micros: 77,
        upstream: vec![UpstreamCall {
            endpoint: "population-db".to_owned(),
            method: "POST".to_owned(),
            status: Some(200),
            failure: None,
            sent: 10,
            received: 20,
            micros: 30,
        }],
    }
}

async fn found(bench: &Bench, filter: ExchangeFilter) -> Vec<u64> {
    let records = bench.registry.exchanges.recent(&filter).await.unwrap();
    records.iter().map(|record| record.opened_ms - 1_800_000_000_000).collect()
}

fn all() -> ExchangeFilter {
    ExchangeFilter { limit: 1000, ..ExchangeFilter::default() }
}

async fn records_come_back_whole_and_by_what_is_asked_for(kind: Kind) {
    let bench = Bench::new(kind).await;
    let (sender, queue) = mpsc::channel(64);
    for at in 0..30 {
        sender.send(record(at)).await.unwrap();
    }
    drop(sender);
    bench.registry.exchanges.clone().write(queue).await;
    let records = bench.registry.exchanges.recent(&all()).await.unwrap();
    assert_eq!(records, (0..30).rev().map(record).collect::<Vec<_>>());
    let asked = [
        (ExchangeFilter { id: Some(record(7).id), ..all() }, vec![7]),
        (ExchangeFilter { id: Some(record(700).id), ..all() }, vec![]),
        (ExchangeFilter { limit: 2, ..all() }, vec![29, 28]),
        (ExchangeFilter { limit: 0, ..all() }, vec![]),
        (ExchangeFilter { service: Some("service-1".to_owned()), limit: 2, ..all() }, vec![29, 27]),
        (ExchangeFilter { service: Some("' OR 1 = 1 --".to_owned()), ..all() }, vec![]),
        (
            ExchangeFilter { caller: Some("caller-2".to_owned()), since_ms: Some(1_800_000_000_020), ..all() },
            vec![29, 26, 23, 20],
        ),
        (ExchangeFilter { outcome: Some("saturated".to_owned()), ..all() }, vec![25, 20, 15, 10, 5, 0]),
    ];
    for (filter, expected) in asked {
        assert_eq!(found(&bench, filter.clone()).await, expected, "{filter:?}");
    }
}

async fn a_listing_is_bounded(kind: Kind) {
    let bench = Bench::new(kind).await;
    let (sender, queue) = mpsc::channel(2000);
    for at in 0..1500 {
        sender.send(record(at)).await.unwrap();
    }
    drop(sender);
    bench.registry.exchanges.clone().write(queue).await;
    assert_eq!(found(&bench, ExchangeFilter { limit: u32::MAX, ..all() }).await.len(), 1000);
    assert_eq!(found(&bench, ExchangeFilter::default()).await.len(), 100);
}

async fn a_record_that_comes_twice_is_kept_once(kind: Kind) {
    let bench = Bench::new(kind).await;
    for _ in 0..2 {
        let (sender, queue) = mpsc::channel(4);
        sender.send(record(1)).await.unwrap();
        drop(sender);
        bench.registry.exchanges.clone().write(queue).await;
    }
    assert_eq!(found(&bench, all()).await, [1]);
}

#[tokio::test]
async fn nothing_is_lost_while_the_disk_is_full() {
    let bench = Bench::new(Kind::Sqlite).await;
    let exchanges = &bench.registry.exchanges;
    // SQLite then says what it says of a full disk.
    bench.sql("PRAGMA max_page_count = 1").await.unwrap();
    let (sender, queue) = mpsc::channel(64);
    let writing = tokio::spawn(exchanges.clone().write(queue));
    let sending = tokio::spawn(async move {
        for at in 0..900 {
            sender.send(record(at)).await.unwrap();
        }
    });
    eventually("the group is tried again and again", async || exchanges.refusals() > 3).await;
    assert!(exchanges.is_stalled());
    assert!(!writing.is_finished() && !sending.is_finished(), "the queue must hold back who fills it");
    let before = found(&bench, all()).await.len();
    assert!(before < 900, "the disk was not full");
    bench.sql("PRAGMA max_page_count = 1000000").await.unwrap();
    sending.await.unwrap();
    writing.await.unwrap();
    assert!(!exchanges.is_stalled());
    assert_eq!(found(&bench, all()).await, (0..900).rev().collect::<Vec<_>>());
}
