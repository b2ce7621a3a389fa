//! The record's tests. What they share: a gateway that writes one, and a reader of its own for what is in the files.

mod chain;
mod faults;
mod fill;
mod kill;
mod pace;
mod recovery;
mod retention;
mod search;
mod tamper;

use super::{Body, ChainEntry, JournalConfig, verify_folder};
use crate::{Config, Registry, RegistryError};
use nhip_exchange::record::Entry;
use nhip_exchange::trace::TraceContext;
use nhip_exchange::{Clock, Digest, ExchangeId, Record, UpstreamCall, UpstreamCalls};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(60);
/// The first moment of the tests' clock.
pub(crate) const DAY_ONE: u64 = 1_800_000_000_000;
const DAY: u64 = 24 * 60 * 60 * 1000;

/// A clock that is set by hand.
struct HandClock(AtomicU64);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(DAY_ONE)))
    }

    fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Open a data folder whose record is written like this.
async fn opened(folder: &Path, journal: JournalConfig, clock: Arc<dyn Clock>) -> Result<Registry, RegistryError> {
    let gateway = journal.gateway.clone();
    Registry::open_with(Config { data: folder.to_owned(), database: None, gateway, journal }, clock).await
}

/// A gateway that writes its record.
struct Gateway {
    folder: TempDir,
    clock: Arc<HandClock>,
    config: JournalConfig,
    registry: Registry,
    queue: mpsc::Sender<Entry>,
    writing: JoinHandle<()>,
}

impl Gateway {
    /// With segments of about this size.
    async fn start(segment_bytes: u64) -> Self {
        let config = JournalConfig { segment_bytes, gateway: "bridge-1".to_owned(), ..JournalConfig::default() };
        Self::on(TempDir::new().unwrap(), HandClock::new(), config).await
    }

    async fn on(folder: TempDir, clock: Arc<HandClock>, config: JournalConfig) -> Self {
        let its_clock: Arc<dyn Clock> = Arc::<HandClock>::clone(&clock);
        let registry = opened(folder.path(), config.clone(), its_clock).await.unwrap();
        let (queue, records) = mpsc::channel(4096);
        let writing = tokio::spawn(registry.journal.clone().write(records));
        Self { folder, clock, config, registry, queue, writing }
    }

    /// Hand a record over and wait until it is on the disk.
    async fn keep(&self, record: Record) {
        self.hand_over(record).await.await.unwrap();
    }

    /// Hand a record over. Resolves when it is on the disk.
    async fn hand_over(&self, record: Record) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        self.queue.send(Entry { record, written: Some(written) }).await.unwrap();
        done
    }

    /// Stop as a gateway does.
    async fn stop(self) -> (TempDir, Arc<HandClock>, JournalConfig) {
        drop(self.queue);
        self.writing.await.unwrap();
        self.registry.close().await;
        (self.folder, self.clock, self.config)
    }

    async fn restarted(self) -> Self {
        let (folder, clock, config) = self.stop().await;
        Self::on(folder, clock, config).await
    }

    fn record_folder(&self) -> PathBuf {
        self.folder.path().join("record")
    }

    /// That the record is good as it stands.
    fn verified(&self) -> super::Report {
        good(&self.record_folder(), &self.registry.journal.public_key())
    }
}

fn good(folder: &Path, key: &super::PublicKey) -> super::Report {
    let report = verify_folder(folder, key, None).unwrap();
    assert!(report.is_good(), "{}", report.fault.unwrap());
    report
}

/// The id of the exchange that was opened so many seconds after the first moment.
fn id(at: u64) -> ExchangeId {
    let millis = DAY_ONE + at * 1000;
    ExchangeId::from(uuid::Builder::from_unix_timestamp_millis(millis, &[7; 10]).into_uuid())
}

/// A record whose every member says something.
pub(crate) fn record(at: u64) -> Record {
    Record {
        id: id(at),
        opened_ms: DAY_ONE + at * 1000,
        micros: 1234,
        origin: "http".into(),
        peer: Some("127.0.0.1:5".into()),
        trace: TraceContext::of(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), id(at)),
        caller: (!at.is_multiple_of(3)).then(|| format!("caller-{}", at % 3).into()),
        purpose: Some("a 'quoted' \"purpose\"; --\u{7}\n".into()),
        service: format!("service-{}", at % 2).into(),
        function: "find".into(),
        adapter: Some(format!("adapter-{}", at % 4).into()),
        version: Some("1.0.0".into()),
        component: Some(Digest::of(b"component")),
        policy: Some(Digest::of(b"policy")),
        request: Some(Digest::of(b"request")),
        response: None,
        outcome: if at.is_multiple_of(5) { "saturated" } else { "ok" }.into(),
        blame: Some("gateway".into()),
        status: 503,
        cpu_micros: 77,
        upstream: UpstreamCalls::from([UpstreamCall {
            endpoint: "population-db".into(),
            method: "POST".into(),
            status: Some(200),
            failure: None,
            sent: 10,
            received: 20,
            micros: 30,
            id: at.is_multiple_of(7).then(|| format!("VN/GOV/\"{at}\"")),
        }]),
        attempt: 1 + u32::from(at.is_multiple_of(11)),
        repeats: at.is_multiple_of(13).then(|| ExchangeId::from(Uuid::from_u64_pair(1, at))),
        parent: at.is_multiple_of(17).then(|| ExchangeId::from(Uuid::from_u64_pair(2, at))),
        schedule: at.is_multiple_of(19).then(|| "poll".into()),
    }
}

/// The lines of all segments that are in the folder, in order. One that is cut off is none.
fn lines(folder: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "seg"));
    files.sort();
    let text = |file: &PathBuf| String::from_utf8(std::fs::read(file).unwrap()).unwrap();
    let whole = |text: String| {
        text.split_inclusive('\n').filter_map(|line| Some(line.strip_suffix('\n')?.to_owned())).collect()
    };
    files.iter().flat_map(|file| -> Vec<String> { whole(text(file)) }).collect()
}

/// The entries in these lines.
fn entries(lines: &[String]) -> Vec<ChainEntry> {
    let json = lines.iter().filter_map(|line| line.split_at_checked(65)).map(|(_, json)| json);
    json.filter(|json| json.starts_with("{\"n\":")).map(|json| serde_json::from_str(json).unwrap()).collect()
}

/// The exchanges in the folder, by seconds after the first moment, in order.
fn exchanges(folder: &Path) -> Vec<u64> {
    let at = |entry: &ChainEntry| match &entry.body {
        Body::Exchange(record) => Some((record.opened_ms - DAY_ONE) / 1000),
        _ => None,
    };
    entries(&lines(folder)).iter().filter_map(at).collect()
}

/// The control acts in the folder, by their number, in order.
fn acts(folder: &Path) -> Vec<u64> {
    let number = |entry: &ChainEntry| match &entry.body {
        Body::Act(act) => Some(act.id),
        _ => None,
    };
    entries(&lines(folder)).iter().filter_map(number).collect()
}

/// What happened to the gateway, in words, in order.
fn events(folder: &Path) -> Vec<String> {
    let word = |entry: &ChainEntry| match &entry.body {
        Body::Gateway(event) => Some(serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned()),
        _ => None,
    };
    entries(&lines(folder)).iter().filter_map(word).collect()
}

/// Wait until something holds.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < until, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
