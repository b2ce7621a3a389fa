//! `[delivery]`: how an exchange that was accepted to be done later is tried, and until when.
//!
//! ```toml
//! [delivery]                            # all have safe defaults
//! attempts = 20
//! age = "3 days"
//! first-pause = "5 s"                   # doubles from one attempt to the next
//! longest-pause = "1 h"
//! ```
//!
//! After the last attempt, or at its age, an exchange is a dead letter. Invariant: the first pause is not longer than the longest, and
//! no pause is, whatever an upstream system asks for.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::chance::within;
use crate::denial::Denial;
use crate::lane::{self, Lane};
use crate::mistakes::Invalid;
use crate::names::ServiceName;
use crate::reader::{Bounds, Table};
use crate::units::show_duration;

/// How an exchange is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Attempts in all. 20 by default, at most 1000.
    pub attempts: u32,
    /// Time since it was accepted, after which there is no further attempt. 3 days by default, at most 90 days.
    pub age: Duration,
    /// The pause after the first attempt. 5 s by default, 100 ms to 1 h.
    pub first_pause: Duration,
    /// The most that the pauses grow to. 1 h by default, at most 24 h.
    pub longest_pause: Duration,
    /// What keeps its order, sorted.
    pub lanes: Vec<Lane>,
}

impl Delivery {
    const HOUR: u64 = 3600;
    const ATTEMPTS: Bounds<u32> = Bounds { default: 20, least: 1, most: 1000 };
    const AGE: Bounds<Duration> = Bounds {
        default: Duration::from_secs(3 * 24 * Self::HOUR),
        least: Duration::from_secs(1),
        most: Duration::from_secs(90 * 24 * Self::HOUR),
    };
    const FIRST_PAUSE: Bounds<Duration> = Bounds {
        default: Duration::from_secs(5),
        least: Duration::from_millis(100),
        most: Duration::from_secs(Self::HOUR),
    };
    const LONGEST_PAUSE: Bounds<Duration> = Bounds {
        default: Duration::from_secs(Self::HOUR),
        least: Self::FIRST_PAUSE.least,
        most: Duration::from_secs(24 * Self::HOUR),
    };

    /// How long to wait after an attempt that failed.
    ///
    /// The pause doubles with each attempt up to the longest one; by chance it is between half of that and the whole, so that what failed
    /// together does not come back together. `retry_after` is what the upstream system asked for: the pause is not shorter, but a system
    /// cannot ask for more than the longest pause. `attempt` is the number of the attempt that failed, from 1; `seed` is the chance.
    pub fn pause(&self, attempt: u32, retry_after: Option<Duration>, seed: u64) -> Duration {
        let doubled = 1u32.checked_shl(attempt.saturating_sub(1)).and_then(|times| self.first_pause.checked_mul(times));
        let whole = doubled.unwrap_or(self.longest_pause).min(self.longest_pause);
        let half = whole / 2;
        let asked = retry_after.unwrap_or_default().min(self.longest_pause);
        (half + within(whole - half, seed)).max(asked)
    }

    /// The lane of an exchange, as a key: the name of a function and at most 256 bytes. Exchanges of one key are delivered one at a time,
    /// in the order in which they were accepted. `None`: the exchange is on its own. `parameters` is the JSON object of the call.
    ///
    /// # Errors
    /// The value that puts the exchange into order is missing, null, not a single value, or not fit for a key.
    pub fn lane(&self, service: &str, function: &str, parameters: &Value) -> Result<Option<String>, Denial> {
        self.lanes.iter().find_map(|lane| lane.key(service, function, parameters)).transpose()
    }

    /// Reads `[delivery]`; the services are those of the same policy.
    pub(crate) fn read(root: &Table<'_>, services: &BTreeSet<ServiceName>) -> Self {
        let Some(table) = root.table("delivery") else {
            return Self::default();
        };
        let first_pause = table.duration("first-pause", &Self::FIRST_PAUSE);
        let longest_pause = table.duration("longest-pause", &Self::LONGEST_PAUSE);
        if let Some(node) = table.get("longest-pause").filter(|_| longest_pause < first_pause) {
            node.wrong(Invalid::new(
                format!("`{}` is shorter than the first pause", show_duration(longest_pause)),
                format!("at least `{}`", show_duration(first_pause)),
            ));
        }
        let delivery = Self {
            attempts: table.count("attempts", &Self::ATTEMPTS),
            age: table.duration("age", &Self::AGE),
            first_pause,
            longest_pause,
            lanes: lane::read_all(&table, services),
        };
        table.finish();
        delivery
    }
}

impl Default for Delivery {
    fn default() -> Self {
        Self {
            attempts: Self::ATTEMPTS.default,
            age: Self::AGE.default,
            first_pause: Self::FIRST_PAUSE.default,
            longest_pause: Self::LONGEST_PAUSE.default,
            lanes: Vec::new(),
        }
    }
}
