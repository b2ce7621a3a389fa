//! For tests only: a place after each step of a change at which the test can do harm.

use super::Deployments;
use crate::wire::Refused;
use nhip_policies::AdapterName;
use nhip_registry::{Deployment, DeploymentId, RegistryError};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

/// Between which steps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Point {
    Begun,
    Admitted,
    Smoked,
    Stored,
    Committed,
    Switched,
}

impl Point {
    pub(crate) const ALL: [Self; 6] =
        [Self::Begun, Self::Admitted, Self::Smoked, Self::Stored, Self::Committed, Self::Switched];
}

type Harm = Arc<dyn Fn(Point) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What the test does.
#[derive(Default)]
pub(crate) struct Hook(Mutex<Option<Harm>>);

impl Hook {
    /// Do this at every point from now on.
    pub(crate) fn set<F: Future<Output = ()> + Send + 'static>(
        &self,
        harm: impl Fn(Point) -> F + Send + Sync + 'static,
    ) {
        *self.0.lock().unwrap() = Some(Arc::new(move |point| Box::pin(harm(point))));
    }

    /// Do no more harm.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap() = None;
    }

    pub(crate) async fn reach(&self, point: Point) {
        let harm = self.0.lock().unwrap().clone();
        if let Some(harm) = harm {
            harm(point).await;
        }
    }
}

impl Deployments {
    pub(crate) fn hook(&self) -> &Hook {
        &self.0.hook
    }

    /// Whether a change is under way.
    pub(crate) fn is_changing(&self) -> bool {
        self.0.turn.try_lock().is_err()
    }

    /// As after a commit whose answer was lost.
    pub(crate) fn doubt(&self) {
        self.0.settle_later();
    }

    /// What is made of a commit that failed.
    pub(crate) async fn after_failed_commit(
        &self,
        error: RegistryError,
        adapter: &AdapterName,
        before: Option<DeploymentId>,
    ) -> Result<Option<Deployment>, Box<Refused>> {
        self.0.after_failed_commit(error, adapter, before).await
    }
}
