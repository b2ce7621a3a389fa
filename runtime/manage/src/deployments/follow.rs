//! Following: what other gateways on the same database put in service, roll back or retire is served here, too.
//!
//! It is told by [`nhip_registry::Registry::changes`], takes its turn like any other change, and then does what a start
//! does. A change made here has swapped the routes before its turn ends, so nothing is left to do for it. Invariant:
//! whatever goes wrong, it is tried again, and the gateway goes on with what it serves.

use super::{Deployments, Inner, chain};
use crate::deployments::restore::Again;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// How soon it is tried again, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Deployments {
    /// Follow, from now on, as long as anybody holds these deployments. To be called once, after
    /// [`Deployments::restore`], inside a tokio runtime.
    pub fn follow(&self) {
        let mut changes = self.0.registry.changes();
        // What changed since the restore is looked for, too.
        changes.mark_changed();
        tokio::spawn(follow(Arc::downgrade(&self.0), changes));
    }
}

/// Holds nothing of the gateway while it waits.
async fn follow(deployments: Weak<Inner>, mut changes: watch::Receiver<u64>) {
    let mut pause = None;
    loop {
        let more = match pause {
            None => changes.changed().await,
            // A change is a reason to try again at once.
            Some(pause) => timeout(pause, changes.changed()).await.unwrap_or(Ok(())),
        };
        let (Ok(()), Some(inner)) = (more, deployments.upgrade()) else { return };
        // A task of its own: a defect in admitting one component must not end the following.
        let caught_up = tokio::spawn(async move { inner.catch_up().await }).await;
        pause = match caught_up {
            Ok(true) => None,
            Ok(false) => Some(longer(pause)),
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "what another gateway changed could not be taken over; trying again"
                );
                Some(longer(pause))
            }
        };
    }
}

fn longer(pause: Option<Duration>) -> Duration {
    pause.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE))
}

impl Inner {
    /// Whether everything that is live is served, or known to be refused here.
    async fn catch_up(&self) -> bool {
        let _turn = self.turn.lock().await;
        match self.settle(Again::Changed).await {
            Ok(_) => self.state.load().late.is_empty(),
            Err(error) => {
                tracing::warn!(error = chain(&error), "cannot see what is live; going on with what is known");
                false
            }
        }
    }
}
