//! A listener on a free port, an adapter that does what its functions' names say, and the records that are left.

use crate::book::Book;
use async_trait::async_trait;
use bytes::Bytes;
use nhip_exchange::Slots;
use nhip_exchange::port::{Adapter, Call, FunctionId};
use nhip_exchange::stats::Stats;
use nhip_exchange::{
    Digest, Entry, Fault, Kind, Live, Permit, Problem, Record, Routes, Service, Spine, SpineConfig, SystemClock,
};
use nhip_gateway::{Gateway, GatewayConfig, GatewayCounts, GatewayStats, HttpLimits, Prover, Shards};
use nhip_policies::Policy;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Nothing here takes that long; what does has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// As many shards has the listener, as it has them in a gateway.
pub(crate) const SHARDS: usize = 2;
/// The key of `one-stop`, which may call.
pub(crate) const KEY: &str = "made-up-key-of-one-stop";
/// The key of `archive`, which may not.
pub(crate) const OTHER_KEY: &str = "made-up-key-of-archive";

const POLICY: &str = r#"
adapter = "register"
[services]
register = "test:register/api@1.0.0"
[limits]
deadline = "DEADLINE"
concurrency = 512
request = "256 KiB"
[callers]
allow = ["one-stop"]
"#;

const FUNCTIONS: [&str; 6] = ["echo", "wait", "refuse", "busy", "tell", "thread"];

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) spine: Arc<Spine>,
    records: mpsc::UnboundedReceiver<Record>,
    /// What the spine has accepted, and what was done with a key.
    pub(crate) book: Arc<Book>,
    stats: Arc<GatewayStats>,
    /// One permit lets one call of `wait` go on.
    pub(crate) gate: Arc<Semaphore>,
    /// Whether the adapter says of itself that it computes for long.
    pub(crate) computes_long: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<usize>,
}

#[derive(Clone)]
struct Fake {
    gate: Arc<Semaphore>,
    computes_long: Arc<AtomicBool>,
}

#[async_trait]
impl Adapter for Fake {
    async fn call(&self, _: Permit, call: Call) -> Result<Bytes, Fault> {
        match FUNCTIONS[call.function.0] {
            "echo" => Ok(call.body),
            "wait" => {
                self.gate.acquire().await.unwrap().forget();
                Ok(Bytes::from_static(b"{}"))
            }
            "refuse" => {
                let mut fault = Fault::new(Kind::ContractFault, "the register refused").inside("inside-text");
                fault.value = Some(Bytes::from_static(br#"{"tag":"too-old","val":99}"#));
                fault.problems = vec![Problem { pointer: "/a".to_owned(), message: "is too old".to_owned() }];
                fault.upstream_code = Some("E-99".to_owned());
                Err(fault)
            }
            "thread" => Ok(Bytes::from(serde_json::to_vec(&std::thread::current().name()).unwrap())),
            "busy" => Err(Fault::new(Kind::Busy, "later").retry_after(7)),
            _ => Ok(Bytes::from(format!(
                r#"{{"service":{:?},"function":{:?},"purpose":{:?},"trace":{:?}}}"#,
                call.service,
                call.function_name,
                call.purpose.unwrap_or_default(),
                call.trace.to_string()
            ))),
        }
    }

    fn computes_long(&self) -> bool {
        self.computes_long.load(Ordering::Relaxed)
    }

    fn check(&self, _: FunctionId, body: &Bytes) -> Result<(), Fault> {
        match serde_json::from_slice(body) {
            Ok(serde_json::Value::Object(_)) => Ok(()),
            _ => Err(Fault::new(Kind::InvalidParameters, "that is no object")),
        }
    }
}

/// Limits under which a test of patience takes no time.
pub(crate) fn short() -> HttpLimits {
    HttpLimits {
        header_time: Duration::from_millis(300),
        tls_time: Duration::from_millis(300),
        body_progress: Duration::from_millis(300),
        ..HttpLimits::default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}, "20 s").await
    }

    pub(crate) async fn with_limits(limits: HttpLimits) -> Self {
        Self::with(|config| config.limits = limits, "20 s").await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut GatewayConfig), deadline: &str) -> Self {
        let config = SpineConfig { pool: 512, records: 1024 };
        let book = Arc::new(Book::default());
        let (spine, mut queue) = Spine::new(config, SystemClock::shared(), book.clone());
        let gate = Arc::new(Semaphore::new(0));
        let computes_long = Arc::<AtomicBool>::default();
        let fake = Fake { gate: gate.clone(), computes_long: computes_long.clone() };
        spine.set_routes(Routes::new([service(fake, deadline)]));
        let spine = Arc::new(spine);
        // A disk that is quick: what is on the queue is on it.
        let (kept, records) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Entry { record, written }) = queue.recv().await {
                let _ = kept.send(record);
                written.map(|written| written.send(()));
            }
        });

        let prover: Prover = Arc::new(|key| match key {
            KEY => Some("one-stop".parse().unwrap()),
            OTHER_KEY => Some("archive".parse().unwrap()),
            _ => None,
        });
        let mut config = GatewayConfig::new("127.0.0.1:0".parse().unwrap());
        config.shards = Some(Arc::new(Shards::start(SHARDS, || {}).unwrap()));
        change(&mut config);
        let gateway = Gateway::bind(config, Arc::clone(&spine), prover).await.unwrap();
        let (address, stats) = (gateway.local_addr(), gateway.stats());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(gateway.serve(async {
            let _ = stopped.await;
        }));
        Self { address, spine, records, book, stats, gate, computes_long, stop: Some(stop), serving }
    }

    /// The next record.
    pub(crate) async fn record(&mut self) -> Record {
        timeout(PATIENCE, self.records.recv()).await.expect("a record in time").expect("a record")
    }

    /// The next record, of an exchange that ended so.
    pub(crate) async fn record_of(&mut self, outcome: &str) -> Record {
        let record = self.record().await;
        assert_eq!(record.outcome, outcome, "{record:?}");
        record
    }

    /// The next record, which must be there already.
    pub(crate) fn recorded(&mut self) -> Record {
        self.records.try_recv().expect("a record")
    }

    /// That there is no record more.
    pub(crate) fn nothing_recorded(&mut self) {
        assert!(self.records.try_recv().is_err());
    }

    pub(crate) fn counts(&self) -> GatewayCounts {
        self.stats.counts()
    }

    /// Wait until the counts are so.
    pub(crate) async fn until(&self, wanted: impl Fn(&GatewayCounts) -> bool) {
        eventually(|| wanted(&self.counts())).await;
    }

    /// Wait until so many exchanges are with the adapter.
    pub(crate) async fn until_under_way(&self, count: usize) {
        eventually(|| self.spine.free_slots() == 512 - count).await;
    }

    /// Begin to stop.
    pub(crate) fn stop(&mut self) {
        self.spine.stop();
        drop(self.stop.take());
    }

    /// How many connections the stop cut.
    pub(crate) async fn stopped(&mut self) -> usize {
        timeout(PATIENCE, &mut self.serving).await.expect("a stop in time").unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Wait until it is so.
pub(crate) async fn eventually(so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < until, "it did not become so in time");
        sleep(Duration::from_millis(2)).await;
    }
}

fn service(fake: Fake, deadline: &str) -> Arc<Service> {
    let policy = Policy::parse(&POLICY.replace("DEADLINE", deadline)).unwrap();
    let live = Live {
        adapter: "register".into(),
        version: "1.2.3".into(),
        component: Digest::of(b"component"),
        policy_digest: Digest::of(b"policy"),
        slots: Slots::new(policy.limits.concurrency as usize),
        policy: Arc::new(policy),
        handle: Arc::new(fake),
        stats: Stats::default(),
    };
    Arc::new(Service {
        name: "register".into(),
        contract: "test:register/api@1.0.0".to_owned(),
        functions: FUNCTIONS.iter().enumerate().map(|(n, name)| (*name, FunctionId(n))).collect(),
        summary: "A register for tests.".to_owned(),
        openapi: Bytes::from_static(br#"{"openapi":"3.1.0"}"#),
        live: Arc::new(live),
    })
}
