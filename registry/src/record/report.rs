//! What verifying a record found.

use super::checkpoint::Reached;
use super::wrong::Wrong;
use serde::{Serialize, Serializer};
use std::fmt;
use std::path::PathBuf;

/// What verifying found. The record is good when there is no fault.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Report {
    /// The gateway whose record it is.
    pub gateway: Option<String>,
    /// The first segment that was found good.
    pub first_segment: u64,
    /// The last segment that was found good, and is sealed.
    pub last_segment: u64,
    /// How many entries were found good, under a seal.
    pub entries: u64,
    /// How many entries are not there any more, because retention emptied their segments.
    pub emptied: u64,
    /// The last entry of the last good segment.
    pub last_entry: u64,
    /// Of a folder: what comes after the last seal, and is not signed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<UnsealedTail>,
    /// Of an export: its closing checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closing: Option<Reached>,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.fault.is_none()
    }
}

/// The end of a record that is being written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnsealedTail {
    /// Its segment.
    pub segment: u64,
    /// How many entries follow from each other there.
    pub entries: u64,
    /// How many bytes of an unfinished line come after them.
    pub torn_bytes: u64,
}

/// Where a record is wrong first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Fault {
    /// Of a folder: the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// The line in the file, or in the export, from 1.
    pub line: u64,
    /// The segment it is in, or should be.
    pub segment: u64,
    /// The first entry that is not proven: all before it are good.
    pub entry: u64,
    /// What is wrong.
    #[serde(serialize_with = "as_text")]
    pub wrong: Wrong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "`{}` ", file.display())?;
        }
        write!(f, "line {}, segment {}, from entry {} on: {}", self.line, self.segment, self.entry, self.wrong)
    }
}

fn as_text<S: Serializer>(wrong: &Wrong, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(wrong)
}
