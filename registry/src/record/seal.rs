//! The last line of a segment that is complete.

use super::hex::ChainHash;
use super::signed::Domain;
use super::tally::Tally;
use super::wrong::Wrong;
use serde::{Deserialize, Serialize};

/// What is signed of a segment, beside its header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Seal {
    /// When it was sealed, in milliseconds since 1970.
    pub(crate) sealed_ms: u64,
    /// How many entries there are.
    pub(crate) count: u64,
    /// The numbers of the first and last.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The hash of the last.
    pub(crate) last_hash: ChainHash,
    /// The number of the last control act on the chain.
    pub(crate) acts_through: u64,
    /// The last segment that retention had emptied, or was about to empty.
    pub(crate) emptied_through: u64,
    /// What the entries have in common.
    #[serde(flatten)]
    pub(crate) tally: Tally,
}

impl Seal {
    /// Whether a line's JSON is that of a seal, good or not.
    pub(crate) fn is_meant(json: &[u8]) -> bool {
        json.starts_with(b"{\"seal\":")
    }

    /// Read a seal's JSON. The signature is not checked.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, Wrong> {
        let (inner, _) = Domain::seal(b"").split(json).ok_or(Wrong::Seal)?;
        serde_json::from_slice(inner).map_err(|_| Wrong::Seal)
    }
}
