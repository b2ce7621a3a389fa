//! What is live, in memory: an immutable snapshot, replaced whole by each change.
//!
//! Invariant: an adapter is serving, broken or neither, never two of them; at most [`READY`] earlier versions of each
//! are kept ready for a rollback, the newest first, none of them with the content of the live one.

use super::candidate::{Candidate, Content};
use crate::wire::Broken;
use nhip_exchange::Routes;
use nhip_policies::AdapterName;
use nhip_registry::{Deployment, DeploymentId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many earlier versions of an adapter stay compiled: a rollback to them is a pointer swap.
pub(crate) const READY: usize = 2;

/// The snapshot.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) serving: BTreeMap<AdapterName, Serving>,
    /// Those that should serve and do not, and why.
    pub(crate) broken: BTreeMap<AdapterName, Down>,
    /// Those whose live deployment is not served yet, because its component cannot be read now. An earlier version may
    /// serve meanwhile.
    pub(crate) late: BTreeSet<AdapterName>,
    ready: BTreeMap<AdapterName, Vec<Arc<Candidate>>>,
    /// Whether the registry's live deployments were taken over.
    pub(crate) restored: bool,
}

/// An adapter that serves.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) deployment: DeploymentId,
    pub(crate) candidate: Arc<Candidate>,
}

/// An adapter that should serve and does not.
#[derive(Clone)]
pub(crate) struct Down {
    pub(crate) deployment: DeploymentId,
    pub(crate) why: Broken,
    /// The public names that it should serve.
    pub(crate) services: Vec<String>,
}

impl State {
    /// The same, with a deployment in service.
    pub(crate) fn with(&self, deployment: &Deployment, candidate: Arc<Candidate>) -> Self {
        let mut next = self.without(&deployment.adapter);
        if let Some(ready) = next.ready.get_mut(&deployment.adapter) {
            ready.retain(|earlier| earlier.content != candidate.content);
        }
        let serving = Serving { deployment: deployment.id, candidate };
        next.serving.insert(deployment.adapter.clone(), serving);
        next
    }

    /// The same, with an adapter out of service; it stays ready.
    pub(crate) fn without(&self, adapter: &AdapterName) -> Self {
        let mut next = self.clone();
        next.broken.remove(adapter);
        next.late.remove(adapter);
        if let Some(before) = next.serving.remove(adapter) {
            let ready = next.ready.entry(adapter.clone()).or_default();
            ready.retain(|earlier| earlier.content != before.candidate.content);
            ready.insert(0, before.candidate);
            ready.truncate(READY);
        }
        next
    }

    /// The same, with an adapter that should serve and does not.
    pub(crate) fn with_broken(&self, deployment: &Deployment, why: Broken) -> Self {
        let mut next = self.without(&deployment.adapter);
        let services = deployment.services.keys().map(ToString::to_string).collect();
        next.broken.insert(deployment.adapter.clone(), Down { deployment: deployment.id, why, services });
        next
    }

    /// A version of this content, if it is in memory.
    pub(crate) fn find(&self, adapter: &AdapterName, content: &Content) -> Option<Arc<Candidate>> {
        let live = self.serving.get(adapter).map(|serving| &serving.candidate);
        live.into_iter().chain(self.ready(adapter)).find(|candidate| candidate.content == *content).cloned()
    }

    /// The earlier versions of an adapter that are ready, newest first.
    pub(crate) fn ready(&self, adapter: &AdapterName) -> &[Arc<Candidate>] {
        self.ready.get(adapter).map_or(&[], Vec::as_slice)
    }

    /// What callers are to find.
    pub(crate) fn routes(&self) -> Routes {
        Routes::new(self.serving.values().flat_map(|serving| serving.candidate.services.iter().cloned()))
            .with_down(self.broken.values().flat_map(|down| down.services.iter().cloned()))
    }
}
