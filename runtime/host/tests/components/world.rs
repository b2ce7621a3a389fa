//! A host, a spine and what is deployed on them; the records that are left.

use crate::book::Book;
use async_trait::async_trait;
use bytes::Bytes;
use nhip_exchange::Slots;
use nhip_exchange::port::{Host, KeyValue, KeyValueError, Quota, Report};
use nhip_exchange::stats::Stats;
use nhip_exchange::{
    Arrival, Digest, Entry, Fault, Live, Origin, Outcome, Record, Reply, Routes, Service, Spine, SpineConfig,
    SystemClock, run,
};
use nhip_host::egress::{FileAndMap, Roots, SystemResolver};
use nhip_host::{HostConfig, PoolConfig, WasmHost};
use nhip_policies::Policy;
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Nothing here takes that long on the slowest machine; what does has failed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    host: WasmHost,
    pub(crate) spine: Arc<Spine>,
    pub(crate) book: Arc<Book>,
    records: tokio::sync::Mutex<mpsc::UnboundedReceiver<Record>>,
    live: Mutex<Vec<Arc<Service>>>,
    _cache: TempDir,
}

struct NoStore;

#[async_trait]
impl KeyValue for NoStore {
    async fn get(&self, _: &str, _: &str) -> Result<Option<Bytes>, KeyValueError> {
        Err(KeyValueError::Unavailable)
    }

    async fn set(&self, _: &str, _: &str, _: &[u8], _: Quota) -> Result<(), KeyValueError> {
        Err(KeyValueError::Unavailable)
    }

    async fn delete(&self, _: &str, _: &str) -> Result<(), KeyValueError> {
        Err(KeyValueError::Unavailable)
    }

    async fn keys(&self, _: &str, _: u64, _: u32) -> Result<Vec<String>, KeyValueError> {
        Err(KeyValueError::Unavailable)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let host = WasmHost::start(HostConfig {
            pool: PoolConfig { instances: 16, max_memory: 64 << 20 },
            cache: cache.path().to_owned(),
            secrets: Arc::new(FileAndMap::new(|_: &str| None)),
            resolver: Arc::new(SystemResolver),
            roots: Roots::none(),
            key_value: Arc::new(NoStore),
            clock: SystemClock::shared(),
        });
        let book = Arc::new(Book::default());
        let ledger = Arc::clone(&book) as Arc<dyn nhip_exchange::durable::Ledger>;
        let (spine, mut queue) = Spine::new(SpineConfig { pool: 16, records: 64 }, SystemClock::shared(), ledger);
        let (tell, records) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(Entry { record, written }) = queue.recv().await {
                let _ = tell.send(record);
                written.map(|written| written.send(()));
            }
        });
        Self {
            host: host.unwrap(),
            spine: Arc::new(spine),
            book,
            records: tokio::sync::Mutex::new(records),
            live: Mutex::default(),
            _cache: cache,
        }
    }

    /// What admission says of a component under a policy; it is served if nothing refuses it.
    pub(crate) async fn admit(&self, component: &[u8], policy: &str) -> Report {
        let policy = Arc::new(Policy::parse(policy).unwrap_or_else(|mistakes| panic!("{mistakes}\n{policy}")));
        let contracts: Vec<String> = policy.services.values().map(|contract| format!("\"{contract}\"")).collect();
        let manifest = format!(
            "name = \"{}\"\nversion = \"1.0.0\"\ndescription = \"Made for a test\"\ncontracts = [{}]\n",
            policy.adapter,
            contracts.join(", ")
        );
        let component = Bytes::copy_from_slice(component);
        let digest = Digest::of(&component);
        let routes = self.spine.routes();
        let (report, admitted) =
            self.host.admit(component, Some(&manifest), Arc::clone(&policy), &routes, &|_| {}).await;
        let Some(admitted) = admitted else { return report };
        let live = Arc::new(Live {
            adapter: policy.adapter.as_str().into(),
            version: "1.0.0".into(),
            component: digest,
            policy_digest: Digest::from_bytes(policy.digest()),
            slots: Slots::new(policy.limits.concurrency as usize),
            policy,
            handle: admitted.adapter,
            stats: Stats::default(),
        });
        let services = admitted.services.into_iter().map(|service| {
            Arc::new(Service {
                name: service.name.into(),
                contract: service.contract,
                functions: service.functions.into_iter().collect(),
                summary: service.summary,
                openapi: service.openapi,
                live: Arc::clone(&live),
            })
        });
        let mut all = self.live.lock().unwrap();
        all.extend(services);
        self.spine.set_routes(Routes::new(all.iter().cloned()));
        report
    }

    /// Serve a component; nothing refuses it.
    pub(crate) async fn deploy(&self, component: &[u8], policy: &str) -> Report {
        let report = self.admit(component, policy).await;
        assert!(!report.refuses(), "{:#?}", report.findings);
        report
    }

    /// An exchange of the caller `mot-cua`.
    pub(crate) async fn run(&self, service: &str, function: &str, body: &str) -> Outcome {
        run(&self.spine, arrival(service, function, body)).await
    }

    /// The answer of one that ends well.
    pub(crate) async fn answer(&self, service: &str, function: &str, body: &str) -> Value {
        match self.run(service, function, body).await.result {
            Ok(Reply::Answer(json)) => serde_json::from_slice(&json).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The fault of one that does not.
    pub(crate) async fn fault(&self, service: &str, function: &str, body: &str) -> Fault {
        self.run(service, function, body).await.result.unwrap_err()
    }

    /// The next record.
    pub(crate) async fn record(&self) -> Record {
        let mut records = self.records.lock().await;
        tokio::time::timeout(PATIENCE, records.recv()).await.expect("a record").expect("a record")
    }
}

pub(crate) fn arrival(service: &str, function: &str, body: &str) -> Arrival {
    Arrival {
        origin: Origin::Http,
        peer: None,
        caller: Ok("mot-cua".parse().unwrap()),
        service: service.into(),
        function: function.into(),
        purpose: Some("P-1".into()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        flaw: None,
        key: None,
        later: false,
        body: Box::new(Bytes::copy_from_slice(body.as_bytes())),
    }
}

/// The policy of an office that everybody may call.
pub(crate) const OFFICE: &str = "adapter = \"office\"\n[services]\noffice-inbox = \"test:office/inbox@1.0.0\"\n\
    [callers]\nany-authenticated = true\n";

/// The policy of the desk, with more lines.
pub(crate) fn desk_policy(imports: &str, extra: &str) -> String {
    format!(
        "adapter = \"front\"\n[services]\ndesk = \"test:front/desk@1.0.0\"\n[callers]\nallow = [\"mot-cua\"]\n\
         [imports]\n{imports}\n{extra}"
    )
}

/// The line that most of these tests give.
pub(crate) const DIRECT: &str = "\"test:office/inbox@1.0.0\" = \"office-inbox\"";
