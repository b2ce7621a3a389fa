//! What a seal says of the entries before it, so that a search can pass a segment over without reading it.

use super::entry::Facts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most names that a seal lists of one kind.
const MOST_NAMES: usize = 32;

/// Some different names, or the word `many`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Names {
    /// All there are.
    Few(BTreeSet<String>),
    /// More than are listed.
    Many(Many),
}

/// The word in the place of the names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Many {
    /// `many`.
    Many,
}

impl Default for Names {
    fn default() -> Self {
        Self::Few(BTreeSet::new())
    }
}

impl Names {
    fn add(&mut self, name: Option<&str>) {
        if let (Self::Few(names), Some(name)) = (&mut *self, name) {
            if !names.contains(name) {
                names.insert(name.to_owned());
            }
            if names.len() > MOST_NAMES {
                *self = Self::Many(Many::Many);
            }
        }
    }

    /// Whether the name may be among them.
    pub(crate) fn may_have(&self, name: &str) -> bool {
        match self {
            Self::Few(names) => names.contains(name),
            Self::Many(_) => true,
        }
    }
}

/// What the entries of a segment have in common.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// The earliest and latest moment of an entry, in milliseconds since 1970.
    pub(crate) first_ms: u64,
    pub(crate) last_ms: u64,
    pub(crate) kinds: Names,
    pub(crate) services: Names,
    pub(crate) callers: Names,
    pub(crate) outcomes: Names,
    pub(crate) adapters: Names,
}

impl Tally {
    /// Count an entry in. `first` says that there was none before.
    pub(crate) fn add(&mut self, facts: &Facts<'_>, first: bool) {
        self.first_ms = if first { facts.at_ms } else { std::cmp::min(self.first_ms, facts.at_ms) };
        self.last_ms = std::cmp::max(self.last_ms, facts.at_ms);
        self.kinds.add(Some(facts.kind.word()));
        self.services.add(facts.service);
        self.callers.add(facts.caller);
        self.outcomes.add(facts.outcome);
        self.adapters.add(facts.adapter);
    }
}
