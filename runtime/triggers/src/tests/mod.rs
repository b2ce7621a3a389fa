//! The tests of what starts exchanges. What they share: a spine with adapters made of closures, on a real registry.

mod delivery;
mod kill;
mod schedules;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use nhip_exchange::durable::{Claimed, Ledger, State, Status, Work};
use nhip_exchange::port::{Adapter, Call, FunctionId};
use nhip_exchange::stats::Stats;
use nhip_exchange::{
    Clock, Digest, Entry, ExchangeId, Fault, Live, Permit, Record, Routes, Service, Slots, Spine, SpineConfig,
    SystemClock,
};
use nhip_policies::{CallerName, Policy};
use nhip_registry::{Registry, RegistryError};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(60);
/// A policy that tries again soon.
const SOON: &str = "[delivery]\nfirst-pause = \"100 ms\"\nlongest-pause = \"200 ms\"\n";

type Does = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Bytes, Fault>> + Send + Sync>;

/// An adapter that does what a closure says.
struct Fake(Does);

#[async_trait]
impl Adapter for Fake {
    async fn call(&self, _: Permit, call: Call) -> Result<Bytes, Fault> {
        (self.0)(call).await
    }

    fn check(&self, _: FunctionId, _: &Bytes) -> Result<(), Fault> {
        Ok(())
    }
}

fn does<F: Future<Output = Result<Bytes, Fault>> + Send + 'static>(
    what: impl Fn(Call) -> F + Send + Sync + 'static,
) -> Does {
    Arc::new(move |call| Box::pin(what(call)))
}

/// A service of this name, of an adapter of this name, under a policy with these lines.
fn service(name: &str, policy: &str, what: Does) -> Arc<Service> {
    service_for("mot-cua", name, policy, what)
}

/// The same, which lets this caller in.
fn service_for(caller: &str, name: &str, policy: &str, what: Does) -> Arc<Service> {
    let text = format!(
        "adapter = \"{name}\"\n[services]\n{name} = \"test:made-up/contract@1.0.0\"\n\
         [callers]\nallow = [\"{caller}\"]\n{policy}"
    );
    let policy = Arc::new(Policy::parse(&text).unwrap());
    let live = Live {
        adapter: name.into(),
        version: "1.0.0".into(),
        component: Digest::of(b"c"),
        policy_digest: Digest::of(b"p"),
        slots: Slots::new(policy.limits.concurrency as usize),
        policy,
        handle: Arc::new(Fake(what)),
        stats: Stats::default(),
    };
    Arc::new(Service {
        name: name.into(),
        contract: "test:made-up/contract@1.0.0".to_owned(),
        functions: [("send", FunctionId(0))].into_iter().collect(),
        summary: String::new(),
        openapi: Bytes::new(),
        live: Arc::new(live),
    })
}

/// A gateway without listeners.
struct World {
    _folder: Option<TempDir>,
    registry: Registry,
    spine: Arc<Spine>,
    records: Arc<Mutex<Vec<Record>>>,
    stop: watch::Sender<bool>,
}

impl World {
    async fn new(services: impl IntoIterator<Item = Arc<Service>>) -> Self {
        Self::at(SystemClock::shared(), services).await
    }

    async fn at(clock: Arc<dyn Clock>, services: impl IntoIterator<Item = Arc<Service>>) -> Self {
        let folder = TempDir::new().unwrap();
        let world = Self::on(folder.path(), clock, services).await;
        Self { _folder: Some(folder), ..world }
    }

    async fn on(folder: &Path, clock: Arc<dyn Clock>, services: impl IntoIterator<Item = Arc<Service>>) -> Self {
        let registry = open(folder, &clock).await;
        let ledger: Arc<dyn Ledger> = Arc::new(registry.durables.clone());
        let (spine, mut queue) = Spine::new(SpineConfig { pool: 64, records: 256 }, clock, ledger);
        spine.set_routes(Routes::new(services));
        let records = Arc::<Mutex<Vec<Record>>>::default();
        let kept = Arc::clone(&records);
        // A disk that is quick.
        tokio::spawn(async move {
            while let Some(Entry { record, written }) = queue.recv().await {
                kept.lock().unwrap().push(record);
                written.map(|written| written.send(()));
            }
        });
        Self { _folder: None, registry, spine: Arc::new(spine), records, stop: watch::Sender::new(false) }
    }

    /// Accept an exchange, as the spine does.
    async fn accept(&self, service: &str, body: &str, lane: Option<&str>) -> ExchangeId {
        let id = ExchangeId::from(Uuid::now_v7());
        let told = self.registry.durables.accept(None, &work(service, body), id, lane).await.unwrap();
        assert!(matches!(told, Claimed::Mine { .. }), "{told:?}");
        id
    }

    async fn status(&self, id: ExchangeId) -> Status {
        self.registry.durables.status(&caller(), id).await.unwrap().unwrap()
    }

    /// Wait until it is in this state.
    async fn becomes(&self, id: ExchangeId, state: State) {
        eventually(&format!("`{id}` is {state:?}"), async || self.status(id).await.state == state).await;
    }

    fn records_of(&self, id: ExchangeId) -> Vec<Record> {
        self.records.lock().unwrap().iter().filter(|record| record.id == id).cloned().collect()
    }
}

/// Open a folder. Another test's process that is just being made may have it for a moment.
async fn open(folder: &Path, clock: &Arc<dyn Clock>) -> Registry {
    let until = Instant::now() + DEADLINE;
    loop {
        match Registry::open(folder, Arc::clone(clock)).await {
            Err(RegistryError::InUse { .. }) if Instant::now() < until => tokio::task::yield_now().await,
            other => return other.unwrap(),
        }
    }
}

fn caller() -> CallerName {
    "mot-cua".parse().unwrap()
}

fn work(service: &str, body: &str) -> Work {
    Work {
        caller: caller(),
        service: service.to_owned(),
        function: "send".to_owned(),
        purpose: Some("TTHC-1.004".to_owned()),
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        depth: 0,
        body: Bytes::from(body.to_owned()),
        request: Digest::of(body.as_bytes()),
    }
}

/// Wait until something holds.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < until, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
