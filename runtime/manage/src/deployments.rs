//! Deployments: the only place that changes what is live.
//!
//! The registry is the truth, the routes follow it. Every change is: decide → commit in the registry → swap the
//! routes, in this order, one at a time, in a task of its own that a client who hangs up cannot end. Nothing between
//! the commit and the swap can fail; a process that dies there serves the committed state when it starts again.
//!
//! Invariant: after every change the routes are exactly those of the registry's live deployments, less those that
//! cannot be admitted here; or the gateway says that it does not know (`unsettled`), refuses to be ready, and asks the
//! registry until it does. Of changes by other gateways the same holds as soon as it heard of them: see `follow.rs`.

mod candidate;
mod change;
mod conflicts;
mod deploy;
mod follow;
#[cfg(test)]
pub(crate) mod hook;
mod ledger;
mod refusal;
mod restore;
mod retire;
mod rollback;
mod smoke;
mod state;

pub use deploy::{DeployRequest, LARGEST_COMPONENT, LARGEST_MANIFEST, LARGEST_POLICY};
pub(crate) use ledger::{Ledger, Totals};
pub(crate) use refusal::{chain, of_registry};
pub use restore::Restored;
pub(crate) use state::{Serving, State};

use crate::actor::Actor;
use crate::wire::{Deployed, Refused, Retired};
use arc_swap::ArcSwap;
use nhip_exchange::Spine;
use nhip_exchange::port::{Host, Step};
use nhip_policies::AdapterName;
use nhip_registry::{Registry, RegistryError};
use restore::Again;
use semver::Version;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Mutex;

/// Told of each step of a deployment as it begins.
pub type Told = Arc<dyn Fn(Step) + Send + Sync>;

/// What is live, and the changes of it. Cheap to clone.
#[derive(Clone)]
pub struct Deployments(Arc<Inner>);

struct Inner {
    registry: Registry,
    host: Arc<dyn Host>,
    spine: Arc<Spine>,
    state: ArcSwap<State>,
    ledger: Ledger,
    /// One change at a time. Exchanges never wait for it.
    turn: Mutex<()>,
    /// Whether a commit may have happened that the routes do not know of.
    unsettled: AtomicBool,
    #[cfg(test)]
    hook: hook::Hook,
}

impl Deployments {
    /// Nothing is live until [`Deployments::restore`] was called.
    #[must_use]
    pub fn new(registry: Registry, host: Arc<dyn Host>, spine: Arc<Spine>) -> Self {
        Self(Arc::new(Inner {
            registry,
            host,
            spine,
            state: ArcSwap::default(),
            ledger: Ledger::default(),
            turn: Mutex::new(()),
            unsettled: AtomicBool::new(false),
            #[cfg(test)]
            hook: hook::Hook::default(),
        }))
    }

    /// Serve what the registry says is live. For the start; the same after a crash as after a normal end. An adapter
    /// that cannot be admitted does not keep the others from serving.
    ///
    /// # Errors
    /// When the registry cannot be read. Nothing is served then.
    pub async fn restore(&self) -> Result<Restored, RegistryError> {
        let inner = Arc::clone(&self.0);
        let restored = tokio::spawn(async move {
            let _turn = inner.turn.lock().await;
            inner.settle(Again::All).await
        });
        restored.await.unwrap_or(Err(RegistryError::Stopping))
    }

    /// Put a component in service, in the place of the adapter's version before. A client who stops waiting does not
    /// stop it.
    ///
    /// # Errors
    /// [`Refused`] says everything that is wrong; then nothing has changed, and that it was tried is on record.
    pub async fn deploy(&self, request: DeployRequest, told: Told) -> Result<Deployed, Box<Refused>> {
        let inner = Arc::clone(&self.0);
        self.to_the_end(async move { inner.deploy(request, told).await }).await
    }

    /// Put an earlier deployment in service again: the previous one, or the newest earlier one of the version `to`.
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed, and that it was tried is on record.
    pub async fn rollback(
        &self,
        adapter: AdapterName,
        to: Option<Version>,
        actor: Actor,
    ) -> Result<Deployed, Box<Refused>> {
        let inner = Arc::clone(&self.0);
        self.to_the_end(async move { inner.rollback(&adapter, to.as_ref(), &actor).await }).await
    }

    /// Take an adapter out of service. Exchanges under way end on it.
    ///
    /// # Errors
    /// [`Refused`]; then nothing has changed, and that it was tried is on record.
    pub async fn retire(&self, adapter: AdapterName, actor: Actor) -> Result<Retired, Box<Refused>> {
        let inner = Arc::clone(&self.0);
        self.to_the_end(async move { inner.retire(&adapter, &actor).await }).await
    }

    /// Whether [`Deployments::restore`] has run.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        self.state().restored
    }

    /// Whether the registry may have something live that is not served yet: its answer to a commit was lost.
    #[must_use]
    pub fn is_unsettled(&self) -> bool {
        self.0.unsettled.load(Ordering::Relaxed)
    }

    /// The adapters that should serve and do not.
    #[must_use]
    pub fn broken(&self) -> Vec<AdapterName> {
        self.state().broken.keys().cloned().collect()
    }

    /// The adapters whose live deployment is not served yet, because its component cannot be read now.
    #[must_use]
    pub fn late(&self) -> Vec<AdapterName> {
        self.state().late.iter().cloned().collect()
    }

    pub(crate) fn state(&self) -> Arc<State> {
        self.0.state.load_full()
    }

    pub(crate) fn totals(&self) -> Vec<Totals> {
        self.0.ledger.totals()
    }

    /// Run a change to its end even when whoever asked stops waiting.
    async fn to_the_end<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, Box<Refused>>> + Send + 'static,
    ) -> Result<T, Box<Refused>> {
        match tokio::spawn(change).await {
            Ok(result) => result,
            Err(end) => {
                // A defect somewhere in the change: whether it had committed is not known here.
                tracing::error!(error = chain(&end), "a control act broke off");
                self.0.settle_later();
                Err(refusal::defect("the change broke off"))
            }
        }
    }
}
