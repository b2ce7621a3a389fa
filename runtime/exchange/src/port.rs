//! The ports: what the spine and the control plane need of the crates they do not know.

use crate::admit::Permit;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::id::ExchangeId;
use crate::onward::Onward;
use crate::route::Routes;
use crate::trace::TraceContext;
use crate::trail::Trail;
use async_trait::async_trait;
use bytes::Bytes;
use compact_str::CompactString;
use nhip_policies::Policy;
use serde::Serialize;
use std::any::Any;
use std::sync::Arc;
use tokio::time::Instant;

/// The host's number for a function of an admitted component.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FunctionId(pub usize);

/// One call of an adapter.
pub struct Call {
    /// The function.
    pub function: FunctionId,
    /// The parameters: a JSON object by name.
    pub body: Bytes,
    /// The exchange's id.
    pub id: ExchangeId,
    /// The service's public name.
    pub service: CompactString,
    /// The function's name.
    pub function_name: CompactString,
    /// The purpose the caller named.
    pub purpose: Option<CompactString>,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// The trace.
    pub trace: TraceContext,
    /// The moment it must be over; the spine enforces it.
    pub deadline: Instant,
    /// The same moment in milliseconds since 1970, for the guest.
    pub deadline_ms: u64,
    /// Where the host notes what it does outside the sandbox.
    pub trail: Arc<Trail>,
    /// The way to the services whose contracts the adapter imports; none where its policy names none.
    pub onward: Option<Box<Onward>>,
}

/// An admitted component, ready to be called. Each call runs in a fresh sandbox.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// Call a function. The permit is the proof that the caller may.
    ///
    /// # Errors
    /// Any [`Fault`] of the caller's values, the adapter, or what the adapter reported.
    async fn call(&self, permit: Permit, call: Call) -> Result<Bytes, Fault>;

    /// Look whether these parameters fit the function, without calling it: for exchanges that are done later.
    ///
    /// # Errors
    /// The [`Fault`] that a call would end with at once.
    fn check(&self, function: FunctionId, body: &Bytes) -> Result<(), Fault>;

    /// Whether its exchanges keep computing for long, by what was seen of the last ones.
    fn computes_long(&self) -> bool {
        false
    }

    /// The types of a contract that it serves, as the host that made it keeps them: for that host to compare them with
    /// what another component imports.
    fn types(&self, contract: &str) -> Option<&(dyn Any + Send + Sync)> {
        let _ = contract;
        None
    }
}

/// A step of a deployment, for progress reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Reading the component and comparing it with the policy.
    Verify,
    /// Compiling it, or loading it from the cache.
    Compile,
    /// Making the smoke calls.
    Smoke,
    /// Putting it in the place of the version before.
    Switch,
}

/// Told of each step as it begins.
pub type Progress<'a> = &'a (dyn Fn(Step) + Send + Sync);

/// One line of an admission report.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, serde::Deserialize)]
pub struct Finding {
    /// Whether this alone refuses the component.
    pub refuses: bool,
    /// What it is about: an import, an export, a limit, a line of the policy.
    pub subject: String,
    /// What was found, and the cure if there is something to cure.
    pub message: String,
}

/// What admission found: everything at once, for the operator.
#[derive(Clone, Debug, Default, Serialize, serde::Deserialize)]
pub struct Report {
    /// The adapter's name, by its own manifest.
    pub adapter: Option<String>,
    /// Its version, by its own manifest.
    pub version: Option<String>,
    /// Digest of the component.
    pub digest: Option<Digest>,
    /// Bytes of the component.
    pub size: u64,
    /// The contracts it exports.
    pub contracts: Vec<String>,
    /// Every import and what satisfies it.
    pub imports: Vec<(String, String)>,
    /// What the pool needs for one instance, in words.
    pub pool: Vec<String>,
    /// The limits it will run under, in words.
    pub limits: Vec<String>,
    /// Milliseconds of compiling; absent when it was not compiled.
    pub compile_ms: Option<u64>,
    /// Whether the compiled code came from the cache.
    pub cached: bool,
    /// Everything noteworthy, refusals first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether any finding refuses the component.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.findings.iter().any(|finding| finding.refuses)
    }

    /// Note a finding that refuses.
    pub fn refuse(&mut self, subject: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding { refuses: true, subject: subject.into(), message: message.into() });
    }

    /// Note a finding that does not.
    pub fn note(&mut self, subject: impl Into<String>, message: impl Into<String>) {
        self.findings.push(Finding { refuses: false, subject: subject.into(), message: message.into() });
    }
}

/// A service as the host would serve it.
#[derive(Debug)]
pub struct ServiceDescription {
    /// The public name.
    pub name: String,
    /// The contract, with its version.
    pub contract: String,
    /// The functions.
    pub functions: Vec<(String, FunctionId)>,
    /// The first line of the contract's documentation.
    pub summary: String,
    /// The OpenAPI 3.1 document, as JSON.
    pub openapi: Bytes,
}

/// A component that passed admission.
pub struct Admitted {
    /// The way in.
    pub adapter: Arc<dyn Adapter>,
    /// What it serves under the policy's names.
    pub services: Vec<ServiceDescription>,
}

/// The host: turns bytes and a policy into something that can be called.
#[async_trait]
pub trait Host: Send + Sync {
    /// Admit a component under a policy: verify, compile, prepare. Changes nothing that is live. `manifest` is the
    /// text of an `adapter.toml` given beside the component; without it the embedded one is used. `routes` are those of
    /// now, which may serve what the component imports.
    ///
    /// The report says everything that was found; the second part is there when nothing in it refuses.
    async fn admit(
        &self,
        component: Bytes,
        manifest: Option<&str>,
        policy: Arc<Policy>,
        routes: &Routes,
        progress: Progress<'_>,
    ) -> (Report, Option<Admitted>);
}

/// Why a key-value operation did not happen.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyValueError {
    /// The adapter's quota would be passed.
    #[error("the key-value quota of {} bytes and {} keys would be exceeded", .0.bytes, .0.keys)]
    Quota(Quota),
    /// The store cannot be reached now.
    #[error("the key-value store is not available")]
    Unavailable,
}

/// How much an adapter may keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Bytes of all its keys and values.
    pub bytes: u64,
    /// How many keys.
    pub keys: u32,
}

/// Durable values, apart for each adapter.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value of a key.
    async fn get(&self, adapter: &str, key: &str) -> Result<Option<Bytes>, KeyValueError>;
    /// Set a key, if the adapter then stays within its quota.
    async fn set(&self, adapter: &str, key: &str, value: &[u8], quota: Quota) -> Result<(), KeyValueError>;
    /// Remove a key, if it is there.
    async fn delete(&self, adapter: &str, key: &str) -> Result<(), KeyValueError>;
    /// At most `count` keys in order, after the first `skip` ones.
    async fn keys(&self, adapter: &str, skip: u64, count: u32) -> Result<Vec<String>, KeyValueError>;
}
