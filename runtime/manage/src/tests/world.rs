//! A whole control plane over a temporary data folder.

use super::book::Book;
use super::client;
use super::fake_host::{FakeHost, component};
use crate::wire::{Deployed, Refused};
use crate::{About, Actor, Admin, AdminConfig, AdminState, AdminToken, DeployRequest, Deployments, Stop};
use bytes::Bytes;
use nhip_exchange::{Arrival, Origin, Outcome, Reply, Spine, SpineConfig, SystemClock};
use nhip_policies::AdapterName;
use nhip_registry::{Registry, RegistryError};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const TOKEN: &str = "made-up-admin-token";
const CONTRACT: &str = "lgsp:population/register@1.0.0";

/// The policy of an adapter that serves a service of its own name.
pub(crate) fn policy(adapter: &str) -> String {
    serving(adapter, &[adapter])
}

/// The policy of an adapter that serves these services.
pub(crate) fn serving(adapter: &str, services: &[&str]) -> String {
    let services: String = services.iter().map(|service| format!("{service} = \"{CONTRACT}\"\n")).collect();
    format!("adapter = \"{adapter}\"\n[services]\n{services}[callers]\nallow = [\"mot-cua\"]\n")
}

/// One more smoke call of a policy.
pub(crate) fn smoke(service: &str, function: &str, expect: &str) -> String {
    format!(
        "[[smoke]]\nservice = \"{service}\"\nfunction = \"{function}\"\nbody = {{ id = \"1\" }}\nexpect = \"{expect}\"\n"
    )
}

pub(crate) fn name(adapter: &str) -> AdapterName {
    adapter.parse().unwrap()
}

/// Everything but the listener.
pub(crate) struct Core {
    pub(crate) registry: Registry,
    pub(crate) host: Arc<FakeHost>,
    pub(crate) spine: Arc<Spine>,
    pub(crate) deployments: Deployments,
}

/// Open the folder. Whoever had it a moment ago may still be writing the last of its record.
async fn open(data: &Path) -> Registry {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        match Registry::open(data, SystemClock::shared()).await {
            Err(RegistryError::InUse { .. }) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            opened => return opened.unwrap(),
        }
    }
}

impl Core {
    /// Open the folder, and serve what is live there.
    pub(crate) async fn open(data: &Path, host: Arc<FakeHost>) -> Self {
        let registry = open(data).await;
        let (spine, queue) =
            Spine::new(SpineConfig { pool: 512, records: 4096 }, SystemClock::shared(), Arc::<Book>::default());
        tokio::spawn(registry.journal.clone().write(queue));
        let spine = Arc::new(spine);
        let deployments = Deployments::new(registry.clone(), Arc::<FakeHost>::clone(&host), Arc::clone(&spine));
        deployments.restore().await.unwrap();
        Self { registry, host, spine, deployments }
    }

    /// Another gateway on the same registry, as several share one database. Its own records are kept nowhere.
    pub(crate) async fn beside(&self, host: Arc<FakeHost>) -> Self {
        let registry = self.registry.clone();
        let (spine, mut queue) =
            Spine::new(SpineConfig { pool: 512, records: 4096 }, SystemClock::shared(), Arc::<Book>::default());
        tokio::spawn(async move {
            while let Some(entry) = queue.recv().await {
                entry.written.map(|written| written.send(()));
            }
        });
        let spine = Arc::new(spine);
        let deployments = Deployments::new(registry.clone(), Arc::<FakeHost>::clone(&host), Arc::clone(&spine));
        deployments.restore().await.unwrap();
        Self { registry, host, spine, deployments }
    }

    pub(crate) async fn deploy(&self, component: Bytes, policy: &str) -> Result<Deployed, Box<Refused>> {
        let request = DeployRequest { component, policy: policy.to_owned(), manifest: None, actor: Actor::admin() };
        self.deployments.deploy(request, Arc::new(|_| {})).await
    }

    /// Deploy a version under the plain policy.
    #[track_caller]
    pub(crate) fn deployed(&self, adapter: &str, version: &str) -> impl Future<Output = Deployed> {
        let (component, policy) = (component(adapter, version), policy(adapter));
        async move { self.deploy(component, &policy).await.unwrap() }
    }

    pub(crate) async fn call(&self, service: &str, function: &str) -> Outcome {
        call(&self.spine, service, function).await
    }

    /// The version that answers, or the code of the fault.
    pub(crate) async fn answers(&self, service: &str) -> String {
        match self.call(service, "find").await.result {
            Ok(reply) => version(reply),
            Err(fault) => fault.kind.row().code.to_owned(),
        }
    }

    /// The version that is live by the registry.
    pub(crate) async fn on_record(&self, adapter: &str) -> Option<String> {
        let live = self.registry.deployments.live_of(&name(adapter)).await.unwrap();
        live.map(|live| live.version.to_string())
    }

    /// The version that is routed.
    pub(crate) fn routed(&self, service: &str) -> Option<String> {
        self.spine.routes().service(service).map(|service| service.live.version.to_string())
    }
}

/// The version that an answer tells.
pub(crate) fn version(reply: Reply) -> String {
    let body = reply.answer().expect("an answer");
    serde_json::from_slice::<serde_json::Value>(&body).unwrap()["version"].as_str().unwrap().to_owned()
}

pub(crate) async fn call(spine: &Arc<Spine>, service: &str, function: &str) -> Outcome {
    let arrival = Arrival {
        origin: Origin::Http,
        peer: None,
        caller: Ok("mot-cua".parse().unwrap()),
        service: service.into(),
        function: function.into(),
        purpose: None,
        traceparent: None,
        flaw: None,
        key: None,
        later: false,
        body: Box::new(Bytes::from_static(b"{}")),
    };
    nhip_exchange::run(spine, arrival).await
}

/// The same with the admin listener.
pub(crate) struct World {
    pub(crate) core: Core,
    pub(crate) address: SocketAddr,
    pub(crate) stop: Stop,
    pub(crate) served: tokio::task::JoinHandle<()>,
    _data: TempDir,
}

impl std::ops::Deref for World {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.core
    }
}

pub(crate) fn config() -> AdminConfig {
    AdminConfig::new((Ipv4Addr::LOCALHOST, 0).into())
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: AdminConfig) -> Self {
        let data = TempDir::new().unwrap();
        let core = Core::open(data.path(), Arc::default()).await;
        let stop = Stop::default();
        let admin = Admin::bind(config, state(&core, &stop)).await.unwrap();
        let address = admin.local_addr();
        let stopped = stop.clone();
        let served = tokio::spawn(admin.serve(async move { stopped.stopped().await }));
        Self { core, address, stop, served, _data: data }
    }

    pub(crate) async fn get(&self, path: &str) -> client::Answer {
        client::get(self.address, path).await
    }

    pub(crate) async fn upload(&self, component: &[u8], policy: &str) -> client::Answer {
        let parts: [(&str, &[u8]); 2] = [("component", component), ("policy", policy.as_bytes())];
        client::send(self.address, client::upload(self.address, &parts)).await
    }
}

pub(crate) fn state(core: &Core, stop: &Stop) -> AdminState {
    let hook = |registry: &mut prometheus_client::registry::Registry| {
        let gauge = prometheus_client::metrics::gauge::ConstGauge::new(7_u64);
        registry.register("nhip_connections_open", "Connections open now", gauge);
    };
    AdminState {
        registry: core.registry.clone(),
        deployments: core.deployments.clone(),
        spine: Arc::clone(&core.spine),
        token: AdminToken::of(TOKEN),
        about: About {
            version: "0.1.0".to_owned(),
            engine: "stand-in".to_owned(),
            data_listener: Some("127.0.0.1:8080".parse().unwrap()),
            started_ms: 1_790_000_000_000,
        },
        metrics: vec![Box::new(hook)],
        stop: stop.clone(),
    }
}

/// Wait until something holds, ten seconds at most.
#[track_caller]
pub(crate) fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let until = Instant::now() + Duration::from_secs(10);
        while !holds().await {
            assert!(Instant::now() < until, "{place}: never came true: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
