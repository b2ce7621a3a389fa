//! News of control: that deployments or callers changed, here or at another gateway on the same database.
//!
//! A change of control counts up a number in its own transaction. The gateway that made it knows at once; the others
//! look at the number again and again. Invariant: whoever sees the number change and then reads the tables sees at
//! least that change. The number says nothing else.

use crate::connection::Transaction;
use crate::database::{Database, Purpose};
use crate::error::{RegistryError, chain};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

/// How often a gateway looks for changes by others: well within the second in which they must have arrived.
pub(crate) const LOOK: Duration = Duration::from_millis(250);

/// Somebody who looks again after each change of control.
pub(crate) struct Watcher {
    database: Weak<Database>,
    changes: watch::Receiver<u64>,
}

impl Watcher {
    pub(crate) fn new(database: &Arc<Database>) -> Self {
        Self { database: Arc::downgrade(database), changes: database.changes() }
    }

    /// Wait for the next change; `false` when there is none to come, since the database is not in use any more.
    pub(crate) async fn changed(&mut self) -> bool {
        self.changes.changed().await.is_ok()
    }

    /// Begin to read; nothing when the database is not in use any more.
    pub(crate) async fn read(&self) -> Option<Result<Transaction, RegistryError>> {
        let database = self.database.upgrade().filter(|database| !database.is_closed())?;
        Some(database.begin(Purpose::Read).await)
    }
}

/// Look for changes by other gateways as long as the database is in use.
pub(crate) fn look_for(database: &Arc<Database>) {
    tokio::spawn(look_again(Arc::downgrade(database)));
}

async fn look_again(database: Weak<Database>) {
    let mut time = interval(LOOK);
    time.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lost = false;
    loop {
        time.tick().await;
        // Nothing of it is held while waiting: the folder is free when its last user is gone.
        let Some(database) = database.upgrade().filter(|database| !database.is_closed()) else {
            return;
        };
        match database.look().await {
            Ok(()) if lost => {
                lost = false;
                tracing::info!(database = %database.name(), "the registry's database is back");
            }
            Ok(()) => {}
            Err(error) if !lost && !database.is_closed() => {
                lost = true;
                tracing::error!(
                    database = %database.name(),
                    error = chain(&error),
                    "the registry's database cannot be reached; going on with what is known and trying again"
                );
            }
            Err(_) => {}
        }
    }
}
