//! Durable exchanges: claims, the queue and its dead letters. What the tests share: a queue with a clock that is set by
//! hand, and the oracle [`whole`].

mod accepting;
mod claims;
mod letters;
mod model;
mod schedules;
mod shared;
mod trying;

use super::{DEADLINE, config};
use crate::database::Kind;
use crate::{Config, DurableConfig, Durables, Job, Registry, RegistryError, Room};
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, Ledger, State, Work};
use nhip_exchange::{Clock, Digest, ExchangeId};
use nhip_postgres::Scratch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use uuid::Uuid;

/// The first moment of the tests' clock.
const START: u64 = 1_800_000_000_000;

/// A clock that is set by hand.
struct HandClock(AtomicU64);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(START)))
    }

    fn forward(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }

    fn back(&self, millis: u64) {
        self.0.fetch_sub(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A registry whose clock is set by hand.
struct Queue {
    folder: TempDir,
    scratch: Option<Scratch>,
    clock: Arc<HandClock>,
    registry: Registry,
}

impl Queue {
    async fn new(kind: Kind) -> Self {
        let scratch = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Scratch::shared().await),
        };
        let (folder, clock) = (TempDir::new().unwrap(), HandClock::new());
        let registry = open(&config(folder.path(), scratch.as_ref()), &clock).await;
        Self { folder, scratch, clock, registry }
    }

    /// As after a kill: what is under way here is never heard of again.
    async fn restarted(self) -> Self {
        self.registry.close().await;
        let registry = open(&config(self.folder.path(), self.scratch.as_ref()), &self.clock).await;
        Self { registry, ..self }
    }

    fn durables(&self) -> Durables {
        self.registry.durables.clone()
    }

    /// With bounds of its own.
    fn bounded(&self, change: impl FnOnce(&mut DurableConfig)) -> Durables {
        let mut config = DurableConfig::default();
        change(&mut config);
        self.durables().with_config(config)
    }

    /// Accept something that is new.
    async fn accept(&self, body: &str, lane: Option<&str>) -> ExchangeId {
        let id = new_id();
        let accepted = self.registry.durables.accept(None, &work(body), id, lane).await.unwrap();
        assert!(matches!(accepted, Claimed::Mine { id: mine, attempt: 0 } if mine == id), "{accepted:?}");
        id
    }

    async fn take(&self, most: usize) -> Vec<Job> {
        self.registry.durables.take(|_| room(most)).await.unwrap().jobs
    }

    async fn state(&self, id: ExchangeId) -> State {
        self.registry.durables.status(&work("").caller, id).await.unwrap().unwrap().state
    }
}

async fn open(config: &Config, clock: &Arc<HandClock>) -> Registry {
    let until = Instant::now() + DEADLINE;
    loop {
        let its_clock: Arc<dyn Clock> = Arc::<HandClock>::clone(clock);
        match Registry::open_with(config.clone(), its_clock).await {
            Err(RegistryError::InUse { .. }) if Instant::now() < until => tokio::task::yield_now().await,
            other => return other.unwrap(),
        }
    }
}

fn room(jobs: usize) -> Room {
    Room { jobs, longest_pause: Duration::from_secs(3600) }
}

fn new_id() -> ExchangeId {
    ExchangeId::from(Uuid::now_v7())
}

fn work(body: &str) -> Work {
    of("population", body)
}

fn of(service: &str, body: &str) -> Work {
    Work {
        caller: super::caller("mot-cua"),
        service: service.to_owned(),
        function: "report".to_owned(),
        purpose: Some("TTHC-1.004".to_owned()),
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        depth: 3,
        body: Bytes::from(body.to_owned()),
        request: Digest::of(body.as_bytes()),
    }
}

fn ids(jobs: &[Job]) -> Vec<ExchangeId> {
    jobs.iter().map(|job| job.id).collect()
}

/// The oracle: what must hold of the queue at any time.
async fn whole(registry: &Registry) {
    let mut reading = registry.store.read().await.unwrap();
    let wrong: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT id, number, ready FROM durable d WHERE state IN ('waiting', 'trying') AND ready <> \
         (CASE WHEN lane IS NULL OR NOT EXISTS (SELECT 1 FROM durable e WHERE e.lane = d.lane \
          AND e.state IN ('waiting', 'trying') AND e.number < d.number) THEN 1 ELSE 0 END)",
    )
    .fetch_all(&mut *reading)
    .await
    .unwrap();
    assert!(wrong.is_empty(), "not the first of its lane, or the first and not ready: {wrong:?}");
    let out_of_turn: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM durable WHERE state = 'trying' AND ready = 0")
        .fetch_one(&mut *reading)
        .await
        .unwrap();
    assert_eq!(out_of_turn, 0, "tried before its turn");
    let kept: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM durable WHERE body IS NOT NULL AND state NOT IN ('waiting', 'trying', 'dead')",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(kept, 0, "bodies that nobody needs");
    let counted: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT COALESCE(SUM(CASE WHEN state <> 'dead' THEN 1 ELSE 0 END), 0), \
         COALESCE(SUM(CASE WHEN state <> 'dead' THEN LENGTH(body) ELSE 0 END), 0), \
         COALESCE(SUM(CASE WHEN state = 'dead' THEN 1 ELSE 0 END), 0), \
         COALESCE(SUM(CASE WHEN state = 'dead' THEN LENGTH(body) ELSE 0 END), 0) \
         FROM durable WHERE state IN ('waiting', 'trying', 'dead')",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    let usage: (i64, i64, i64, i64) =
        sqlx::query_as("SELECT waiting, waiting_bytes, dead, dead_bytes FROM durable_usage")
            .fetch_one(&mut *reading)
            .await
            .unwrap();
    assert_eq!(usage, counted, "the counts are not those of the exchanges");
}
