//! Serving what the registry says is live: at the start, and whenever it is not known.
//!
//! Idempotent: what is served already stays as it is, with its counters; what could not be admitted is tried again.

use super::Inner;
use crate::wire::Broken;
use nhip_policies::AdapterName;
use nhip_registry::RegistryError;
use std::sync::atomic::Ordering;

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Restored {
    /// The adapters that serve.
    pub serving: Vec<AdapterName>,
    /// Those that should and could not be admitted; why is in the log and in the listing of adapters.
    pub broken: Vec<AdapterName>,
}

impl Inner {
    /// Do it. The caller has the turn.
    pub(super) async fn settle(&self) -> Result<Restored, RegistryError> {
        let live = self.registry.deployments.live().await?;
        let mut state = (**self.state.load()).clone();
        let gone: Vec<AdapterName> = state
            .serving
            .keys()
            .chain(state.broken.keys())
            .filter(|adapter| !live.iter().any(|deployment| deployment.adapter == **adapter))
            .cloned()
            .collect();
        for adapter in gone {
            state = state.without(&adapter);
        }
        for deployment in &live {
            if state.serving.get(&deployment.adapter).is_some_and(|serving| serving.deployment == deployment.id) {
                continue;
            }
            match self.ready(deployment).await {
                Ok(candidate) => {
                    self.ledger.add(&candidate.live);
                    state = state.with(deployment, candidate);
                }
                Err(refused) => {
                    tracing::error!(adapter = %deployment.adapter, version = %deployment.version, why = refused.detail,
                        findings = ?refused.report.as_ref().map(|report| &report.findings),
                        "an adapter that should serve cannot be admitted; the others serve");
                    let why = Broken { detail: refused.detail, cure: refused.cure, report: refused.report };
                    state = state.with_broken(deployment, why);
                }
            }
        }
        state.restored = true;
        let restored = Restored {
            serving: state.serving.keys().cloned().collect(),
            broken: state.broken.keys().cloned().collect(),
        };
        self.apply(state);
        self.unsettled.store(false, Ordering::Relaxed);
        Ok(restored)
    }
}
