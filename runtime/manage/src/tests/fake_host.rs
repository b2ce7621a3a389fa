//! A host whose components are JSON texts: `{"adapter": …, "version": …}`, with `refuse`, a list of findings.
//!
//! Every service has the functions `find` (answers the version), `miss` (the adapter's own fault `not-found`), and
//! `trap` (a fault that no adapter answers).

use async_trait::async_trait;
use bytes::Bytes;
use nhip_exchange::port::{Adapter, Admitted, Call, FunctionId, Host, Progress, Report, ServiceDescription, Step};
use nhip_exchange::{Digest, Fault, Kind, Permit};
use nhip_policies::Policy;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// A citizen number that the adapter puts into everything it says: it must not get out of a smoke call.
pub(crate) const PLANTED: &str = "012345678901";

pub(crate) struct FakeHost {
    /// How often a component was admitted.
    pub(crate) admissions: AtomicUsize,
    /// Versions that are not admitted, as if a secret were missing.
    pub(crate) without_secret: Mutex<BTreeSet<String>>,
    /// A permit for each admission that may go on.
    pub(crate) gate: Semaphore,
    /// How often somebody tried to have one admitted.
    tries: AtomicUsize,
    /// Whether admitting is a defect now.
    pub(crate) panics: AtomicBool,
    /// A permit for each call of `wait` that may end.
    pub(crate) calls: Arc<Semaphore>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self {
            admissions: AtomicUsize::default(),
            without_secret: Mutex::default(),
            gate: Semaphore::new(1_000_000),
            tries: AtomicUsize::default(),
            panics: AtomicBool::default(),
            calls: Arc::new(Semaphore::new(0)),
        }
    }
}

impl FakeHost {
    /// How often somebody tried to have a component admitted.
    pub(crate) fn tries(&self) -> usize {
        self.tries.load(Ordering::SeqCst)
    }
}

pub(crate) fn component(adapter: &str, version: &str) -> Bytes {
    json!({ "adapter": adapter, "version": version }).to_string().into()
}

#[async_trait]
impl Host for FakeHost {
    async fn admit(
        &self,
        component: Bytes,
        manifest: Option<&str>,
        policy: Arc<Policy>,
        progress: Progress<'_>,
    ) -> (Report, Option<Admitted>) {
        progress(Step::Verify);
        self.tries.fetch_add(1, Ordering::SeqCst);
        assert!(!self.panics.load(Ordering::SeqCst), "a defect made by the test");
        self.gate.acquire().await.unwrap().forget();
        let mut report =
            Report { digest: Some(Digest::of(&component)), size: component.len() as u64, ..Report::default() };
        let Ok(read) = serde_json::from_slice::<Value>(&component) else {
            report.refuse("component", "is not a component");
            return (report, None);
        };
        let text = |member: &str| read[member].as_str().map(ToOwned::to_owned);
        report.adapter = text("adapter");
        report.version = manifest.map_or_else(|| text("version"), |manifest| Some(manifest.to_owned()));
        report.contracts = policy.services.values().map(ToString::to_string).collect();
        for finding in read["refuse"].as_array().into_iter().flatten() {
            report.refuse("import", finding.as_str().unwrap());
        }
        let version = report.version.clone().unwrap_or_default();
        if self.without_secret.lock().unwrap().contains(&version) {
            report.refuse("endpoints.db.credential", "the variable of the secret is not set");
        }
        if report.refuses() {
            return (report, None);
        }
        progress(Step::Compile);
        self.admissions.fetch_add(1, Ordering::SeqCst);
        let functions = ["find", "miss", "trap", "wait"];
        let functions: Vec<_> =
            functions.iter().enumerate().map(|(n, name)| ((*name).to_owned(), FunctionId(n))).collect();
        let services = policy.services.iter().map(|(name, contract)| ServiceDescription {
            name: name.to_string(),
            contract: contract.to_string(),
            functions: functions.clone(),
            summary: "A register.".to_owned(),
            openapi: Bytes::from_static(b"{}"),
        });
        let services = services.collect();
        (
            report,
            Some(Admitted { adapter: Arc::new(FakeAdapter { version, calls: Arc::clone(&self.calls) }), services }),
        )
    }
}

struct FakeAdapter {
    version: String,
    calls: Arc<Semaphore>,
}

#[async_trait]
impl Adapter for FakeAdapter {
    async fn call(&self, _: Permit, call: Call) -> Result<Bytes, Fault> {
        match call.function.0 {
            0 => Ok(json!({ "version": self.version, "citizen": PLANTED }).to_string().into()),
            1 => Err(Fault::new(Kind::NotFound, format!("no citizen {PLANTED}"))),
            2 => Err(Fault::new(Kind::AdapterTrapped, "the adapter failed").inside(PLANTED)),
            _ => {
                self.calls.acquire().await.unwrap().forget();
                Ok(json!({ "version": self.version }).to_string().into())
            }
        }
    }

    fn check(&self, _: FunctionId, _: &Bytes) -> Result<(), Fault> {
        Ok(())
    }
}
