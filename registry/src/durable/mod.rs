//! Durable exchanges: those that are accepted to be done later, and those that are done once by their idempotency key.
//!
//! One row for each, under the id of the exchange that was first, so that every try of it carries one id. A row is
//!
//! ```text
//! claimed   somebody who waits for the answer does it now         -> done | free
//! free      its last try may be made again, by the next repeat    -> claimed | waiting
//! waiting   it is done later                                      -> trying
//! trying    a gateway tries it, under a lease                     -> done | waiting | dead
//! done      it has its answer, or a fault for good
//! dead      a dead letter: nobody tries it until somebody says so -> waiting | discarded
//! discarded somebody gave it up
//! ```
//!
//! Invariants: what was accepted is there until it is done or somebody discards it. Of one lane only the earliest that
//! waits is tried. Of two gateways one works a row: who lost it, by its number of attempts and the boot that holds it,
//! changes nothing any more. What waits and what lies dead is counted in the transaction that changes it.
//!
//! Locks are taken in one order: the turn of control or of a key, the row of the counts, the exchange.

mod accept;
mod claim;
mod config;
mod counts;
mod dead;
mod finish;
mod kept;
mod lane;
pub(crate) mod lease;
mod ledger;
mod revive;
mod status;
mod story;
mod sweep;
mod take;

#[cfg(test)]
pub(crate) use claim::digest_of;
pub use config::{Amount, DurableConfig, KEPT};
pub use counts::{Counts, InState};
pub use dead::{DeadFilter, DeadLetter, MOST_DEAD_LETTERS};
pub use revive::Which;
pub use story::{LONGEST_STORY, Line, Story};
pub use take::{Job, Room, Taken};

use crate::acts::Bell;
use crate::error::{RegistryError, cannot};
use crate::store::Store;
use nhip_exchange::ExchangeId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, broadcast};

/// Ends of exchanges that are told to those who wait for them, before the slowest of these looks for itself.
const TOLD: usize = 1024;

/// The durable exchanges. Cheap to clone.
#[derive(Clone)]
pub struct Durables {
    store: Store,
    bell: Bell,
    config: DurableConfig,
    shared: Arc<Shared>,
}

/// What all clones share.
struct Shared {
    /// This run of this gateway, apart from all others.
    boot: String,
    /// Claimed exchanges that ended or were given back here.
    ended: broadcast::Sender<ExchangeId>,
    /// Rung when there may be something to take.
    accepted: Notify,
    /// What is being worked here.
    working: Mutex<HashSet<ExchangeId>>,
}

impl Shared {
    fn working(&self) -> MutexGuard<'_, HashSet<ExchangeId>> {
        // Nothing that holds it can panic in the middle of a change.
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Durables {
    /// Take up the durable exchanges. What an earlier run of this gateway held is free at once.
    pub(crate) async fn open(store: Store, bell: Bell) -> Result<Self, RegistryError> {
        let boot = lease::new_boot()?;
        let shared =
            Shared { boot, ended: broadcast::Sender::new(TOLD), accepted: Notify::new(), working: Mutex::default() };
        let durables = Self { store, bell, config: DurableConfig::default(), shared: Arc::new(shared) };
        durables.end_earlier_boots().await?;
        Ok(durables)
    }

    /// The same, with other bounds.
    #[must_use]
    pub fn with_config(self, config: DurableConfig) -> Self {
        Self { config, ..self }
    }

    /// How it is bounded.
    #[must_use]
    pub fn config(&self) -> DurableConfig {
        self.config
    }

    /// Resolves when something may have come to be taken here, once for all that came since the last time. What other
    /// gateways accept is not told.
    pub async fn more(&self) {
        self.shared.accepted.notified().await;
    }

    /// This run of this gateway.
    pub(crate) fn boot(&self) -> String {
        self.shared.boot.clone()
    }

    async fn end_earlier_boots(&self) -> Result<(), RegistryError> {
        let mut change = self.store.begin_beside().await?;
        let ended = lease::end_earlier_boots(&self.store, &mut change, &self.shared.boot).await?;
        change.commit().await.map_err(cannot("take up the durable exchanges"))?;
        if ended > 0 {
            tracing::info!(exchanges = ended, "durable exchanges of an earlier run of this gateway are taken up again");
        }
        Ok(())
    }
}

/// Names and states of the exchange of a row that cannot be understood, for its error.
fn what(id: &str) -> String {
    format!("the durable exchange `{id}`")
}
