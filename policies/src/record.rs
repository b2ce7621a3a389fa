//! `[record]`: whether the answer of an exchange waits for its record.
//!
//! ```toml
//! [record]
//! mode = "durable"                      # the default, or "relaxed"
//! ```
//!
//! Invariant: where nothing is said, no answer leaves before its record is on disk.

use std::time::Duration;

use crate::reader::Table;

/// What an answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordMode {
    /// The record of the exchange is on disk.
    #[default]
    Durable,
    /// Nothing; the record is on disk within [`RecordMode::RELAXED_WITHIN`]. What a crash in that time takes with it is not on record.
    Relaxed,
}

impl RecordMode {
    /// The longest that a record may be behind the answer.
    pub const RELAXED_WITHIN: Duration = Duration::from_millis(200);

    const WORDS: [(&'static str, Self); 2] = [("durable", Self::Durable), ("relaxed", Self::Relaxed)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Relaxed => "relaxed",
        }
    }

    pub(crate) fn read(root: &Table<'_>) -> Self {
        let Some(table) = root.table("record") else {
            return Self::default();
        };
        let mode = table.get("mode").and_then(|node| node.choice(&Self::WORDS));
        table.finish();
        mode.unwrap_or_default()
    }
}
