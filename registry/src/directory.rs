//! Who calls: from a presented key to a caller's name, in memory.
//!
//! Invariant: the snapshot is the table's keys that are not revoked, as of the last change that was committed. It is
//! swapped whole, so proving takes neither a lock nor the database. What is compared are SHA-256 digests, so the time
//! that it takes tells nothing of a key.

use arc_swap::ArcSwap;
use nhip_exchange::Digest;
use nhip_policies::CallerName;
use std::collections::HashMap;

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
