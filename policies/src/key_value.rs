//! `[key-value]`: a durable store of an adapter's own, shared with no other.
//!
//! Absent: no store. Invariant: one value fits into the whole.

use crate::mistakes::Invalid;
use crate::reader::{Bounds, Table};
use crate::units::show_size;

const KIB: u64 = 1 << 10;

/// How much an adapter may keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValueGrant {
    /// Bytes of all keys and values. 1 MiB by default, at most 1 GiB.
    pub quota: u64,
    /// Number of keys. 1000 by default, at most 1 000 000.
    pub keys: u32,
    /// Bytes of one value. 64 KiB by default, or the quota where that is smaller; at most 16 MiB.
    pub value: u64,
}

impl KeyValueGrant {
    pub(crate) const QUOTA: Bounds<u64> = Bounds { default: 1 << 20, least: KIB, most: 1 << 30 };
    const KEYS: Bounds<u32> = Bounds { default: 1000, least: 1, most: 1_000_000 };
    const VALUE: Bounds<u64> = Bounds { default: 64 * KIB, least: 1, most: 16 << 20 };

    /// The grant of a policy that says nothing but its quota.
    pub(crate) fn defaults(quota: u64) -> Self {
        Self { quota, keys: Self::KEYS.default, value: Self::VALUE.default.min(quota) }
    }

    pub(crate) fn read(root: &Table<'_>) -> Option<Self> {
        let table = root.table("key-value")?;
        let quota = table.size("quota", &Self::QUOTA);
        let bounds = Bounds { default: Self::defaults(quota).value, ..Self::VALUE };
        let value = table.size("value", &bounds);
        if let Some(node) = table.get("value").filter(|_| value > quota) {
            let message = format!("one value of `{}` is larger than all together may be", show_size(value));
            node.wrong(Invalid::new(message, format!("at most the quota, `{}`", show_size(quota))));
        }
        let keys = table.count("keys", &Self::KEYS);
        table.finish();
        Some(Self { quota, keys, value })
    }
}

impl Default for KeyValueGrant {
    fn default() -> Self {
        Self::defaults(Self::QUOTA.default)
    }
}
