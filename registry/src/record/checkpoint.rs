//! A checkpoint: a signed line that says how far a record had come. Kept elsewhere, it shows later that nothing of the
//! record was cut off or replaced up to there.

use super::hex::ChainHash;
use super::key::{PublicKey, SigningKey};
use super::signed::Domain;
use super::wrong::Wrong;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How far a record had come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reached {
    /// The gateway whose record it is.
    pub gateway: String,
    /// The last sealed segment.
    pub segment: u64,
    /// The last entry in it.
    pub entry: u64,
    /// The hash of its last line.
    pub hash: ChainHash,
    /// When this was signed, in milliseconds since 1970.
    pub at_ms: u64,
    /// The last segment that retention had emptied.
    pub emptied_through: u64,
    /// Of the checkpoint that closes an export: the hash of the export's first line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<ChainHash>,
}

/// A signed statement of how far a record had come. Its text is one line of JSON.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    text: String,
    reached: Reached,
}

/// The text is not a checkpoint.
#[derive(Debug, thiserror::Error)]
#[error("this is not a checkpoint of a record: it is one line that begins with `{{\"checkpoint\":`")]
pub struct NotACheckpoint;

impl Checkpoint {
    /// Sign how far a record has come.
    pub(crate) fn sign(reached: Reached, key: &SigningKey) -> Self {
        // Texts and numbers: this cannot fail.
        let json = serde_json::to_string(&reached).unwrap_or_default();
        Self { text: Domain::checkpoint().sign(&json, key), reached }
    }

    /// What it says.
    #[must_use]
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// Whether a line is meant as a checkpoint, good or not.
    pub(crate) fn is_meant(line: &[u8]) -> bool {
        line.starts_with(b"{\"checkpoint\":")
    }

    /// Whether the key signed it.
    pub(crate) fn check(&self, key: &PublicKey) -> Result<(), Wrong> {
        let domain = Domain::checkpoint();
        let (inner, signature) = domain.split(self.text.as_bytes()).ok_or(Wrong::Signature)?;
        domain.check(inner, &signature, key)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Checkpoint {
    type Err = NotACheckpoint;

    fn from_str(text: &str) -> Result<Self, NotACheckpoint> {
        let (inner, _) = Domain::checkpoint().split(text.as_bytes()).ok_or(NotACheckpoint)?;
        let reached = serde_json::from_slice(inner).map_err(|_| NotACheckpoint)?;
        Ok(Self { text: text.to_owned(), reached })
    }
}
