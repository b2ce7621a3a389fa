//! Serving what the registry says is live: at the start, when it is not known, and when another gateway changed it.
//!
//! Idempotent: what is served already stays as it is, with its counters; nothing is admitted twice.

use super::Inner;
use crate::wire::{Broken, Refused, RefusedCode};
use nhip_policies::AdapterName;
use nhip_registry::{Deployment, RegistryError};
use std::sync::atomic::Ordering;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// The adapters that serve.
    pub serving: Vec<AdapterName>,
    /// Those that should and could not be admitted; why is in the log and in the listing of adapters.
    pub broken: Vec<AdapterName>,
}

/// Which of those that could not be admitted are tried again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// All of them.
    All,
    /// Those that were deployed anew since, and those whose component could not be read.
    Changed,
}

impl Inner {
    /// Do it, in the order in which the deployments were made, each served as soon as it is admitted. The caller has
    /// the turn.
    pub(super) async fn settle(&self, again: Again) -> Result<Restored, RegistryError> {
        let mut live = self.registry.deployments.live().await?;
        live.sort_by_key(|deployment| deployment.id);
        self.drop_all_but(&live);
        for deployment in &live {
            if !self.is_settled(deployment, again) {
                self.take_up(deployment).await;
            }
        }
        let mut state = (**self.state.load()).clone();
        state.restored = true;
        let restored = Restored {
            serving: state.serving.keys().cloned().collect(),
            broken: state.broken.keys().cloned().collect(),
        };
        self.apply(state);
        self.unsettled.store(false, Ordering::Relaxed);
        Ok(restored)
    }

    /// Take out of service what is not live any more.
    fn drop_all_but(&self, live: &[Deployment]) {
        let before = self.state.load();
        let is_live = |adapter: &AdapterName| live.iter().any(|deployment| deployment.adapter == *adapter);
        let gone: Vec<&AdapterName> =
            before.serving.keys().chain(before.broken.keys()).filter(|adapter| !is_live(adapter)).collect();
        if gone.is_empty() {
            return;
        }
        let mut state = (**before).clone();
        for adapter in gone {
            tracing::info!(%adapter, "out of service");
            state = state.without(adapter);
        }
        self.apply(state);
    }

    /// Whether nothing is to be done for a live deployment.
    fn is_settled(&self, deployment: &Deployment, again: Again) -> bool {
        let (state, adapter) = (self.state.load(), &deployment.adapter);
        let serves = state.serving.get(adapter).is_some_and(|serving| serving.deployment == deployment.id);
        let broken = state.broken.get(adapter).is_some_and(|down| down.deployment == deployment.id);
        serves || (broken && again == Again::Changed && !state.late.contains(adapter))
    }

    async fn take_up(&self, deployment: &Deployment) {
        match self.ready(deployment).await {
            Ok(candidate) => {
                self.switch(deployment, &candidate);
                tracing::info!(adapter = %deployment.adapter, version = %deployment.version,
                    deployment = %deployment.id, "in service");
            }
            Err(refused) => self.cannot_serve(deployment, *refused),
        }
    }

    /// A deployment that is live cannot be served. What only cannot be read now is tried again by whoever follows, and
    /// does not take the version before out of service.
    fn cannot_serve(&self, deployment: &Deployment, refused: Refused) {
        let state = self.state.load();
        let passing = refused.code == RefusedCode::Unavailable;
        tracing::error!(adapter = %deployment.adapter, version = %deployment.version, passing, why = refused.detail,
            findings = ?refused.report.as_ref().map(|report| &report.findings),
            "an adapter that should serve cannot be admitted; the others serve");
        let mut next = if passing && state.serving.contains_key(&deployment.adapter) {
            (**state).clone()
        } else {
            let why = Broken { detail: refused.detail, cure: refused.cure, report: refused.report };
            state.with_broken(deployment, why)
        };
        if passing {
            next.late.insert(deployment.adapter.clone());
        }
        self.apply(next);
    }
}
