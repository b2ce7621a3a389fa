//! Who calls: from a presented key to a caller's name, in memory.
//!
//! Invariant: the snapshot is the table's keys that are not revoked, as of the last change that was committed. It is
//! swapped whole, so proving takes neither a lock nor the database. What is compared are SHA-256 digests, so the time
//! that it takes tells nothing of a key. Where gateways share the table, each follows what the others change; while the
//! database is away, the last known keys stay good.

use crate::changes::{LOOK, Watcher};
use crate::error::{RegistryError, cannot, chain, corrupt};
use crate::store::Connection;
use arc_swap::ArcSwap;
use nhip_exchange::Digest;
use nhip_policies::CallerName;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Digests of keys, and whose they are.
pub(crate) type Snapshot = HashMap<Digest, CallerName>;

/// The keys that are good now.
#[derive(Default)]
pub struct Directory {
    keys: ArcSwap<Snapshot>,
}

impl Directory {
    /// The caller that a presented key proves.
    #[must_use]
    pub fn prove(&self, presented: &str) -> Option<CallerName> {
        self.keys.load().get(&Digest::of(presented.as_bytes())).cloned()
    }

    /// Put another snapshot in place.
    pub(crate) fn set(&self, keys: Snapshot) {
        self.keys.store(keys.into());
    }
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Directory({} keys)", self.keys.load().len())
    }
}

/// Keep the directory as the table is, until the store is not in use any more.
pub(crate) async fn follow(mut watcher: Watcher, directory: Arc<Directory>, turn: Arc<Mutex<()>>) {
    while watcher.changed().await {
        while let Some(Err(error)) = refresh(&watcher, &directory, &turn).await {
            tracing::warn!(error = chain(&error), "the callers changed and cannot be read; trying again");
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Read the directory anew; nothing when the store is not in use any more.
async fn refresh(watcher: &Watcher, directory: &Directory, turn: &Mutex<()>) -> Option<Result<(), RegistryError>> {
    let _turn = turn.lock().await;
    let keys = match watcher.read().await? {
        Ok(mut reading) => snapshot(&mut reading).await,
        Err(error) => Err(error),
    };
    Some(keys.map(|keys| directory.set(keys)))
}

/// The keys that are good, as the table has them.
pub(crate) async fn snapshot(reading: &mut Connection) -> Result<Snapshot, RegistryError> {
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as("SELECT hash, caller FROM caller_keys WHERE revoked_ms IS NULL")
        .fetch_all(reading)
        .await
        .map_err(cannot("be read"))?;
    let read = |(hash, caller): (Vec<u8>, String)| {
        let digest = digest(&hash, &caller)?;
        Ok((digest, caller.parse().map_err(corrupt(format!("the caller `{caller}`")))?))
    };
    rows.into_iter().map(read).collect()
}

/// A key's digest, as the table has it.
pub(crate) fn digest(hash: &[u8], caller: &str) -> Result<Digest, RegistryError> {
    hash.try_into().map(Digest::from_bytes).map_err(corrupt(format!("a key of the caller `{caller}`")))
}
