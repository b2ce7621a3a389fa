//! `[sandbox]`: how many exchanges a sandbox may serve, one after the other.
//!
//! ```toml
//! [sandbox]
//! exchanges = 1                         # the default: a fresh sandbox for every exchange
//! ```
//!
//! Invariant: where nothing is said, no exchange runs in a sandbox in which another one ran. What a guest keeps in its memory from one
//! exchange to the next, by mistake or on purpose, is then nothing at all.

use crate::reader::{Bounds, Table};

/// How long a sandbox lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sandbox {
    /// Exchanges that one sandbox serves at most, never two at one time. 1 by default, at most a million.
    pub exchanges: u32,
}

impl Sandbox {
    const EXCHANGES: Bounds<u32> = Bounds { default: 1, least: 1, most: 1_000_000 };

    /// Whether a sandbox may serve again.
    #[must_use]
    pub fn serves_again(self) -> bool {
        self.exchanges > 1
    }

    pub(crate) fn read(root: &Table<'_>) -> Self {
        let Some(table) = root.table("sandbox") else {
            return Self::default();
        };
        let exchanges = table.count("exchanges", &Self::EXCHANGES);
        table.finish();
        Self { exchanges }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { exchanges: Self::EXCHANGES.default }
    }
}
