//! The first line of a segment.

use super::hex::ChainHash;
use super::key::PublicKey;
use super::wrong::Wrong;
use serde::{Deserialize, Serialize};

/// The format that is written, and read.
pub(crate) const FORMAT: u32 = 1;

/// What a segment says of itself before its first entry.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The format of the segment.
    pub(crate) format: u32,
    /// The gateway whose record it is.
    pub(crate) gateway: String,
    /// The segment's number, from 1.
    pub(crate) segment: u64,
    /// When it was begun, in milliseconds since 1970.
    pub(crate) created_ms: u64,
    /// The key that its seal is signed with.
    pub(crate) key: PublicKey,
    /// The hash of the last line of the segment before; zeros in the first.
    pub(crate) previous: ChainHash,
    /// The number of its first entry.
    pub(crate) first: u64,
    /// The number of the last control act on the chain before it.
    pub(crate) acts_through: u64,
    /// The last segment that retention had emptied before it.
    pub(crate) emptied_through: u64,
}

impl Header {
    /// Read a header line.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Wrong> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }

        // The format first: the rest may have another form in another one.
        let Format { format } = serde_json::from_slice(line).map_err(|_| Wrong::NotAHeader)?;
        if format != FORMAT {
            return Err(Wrong::Format(format));
        }
        serde_json::from_slice(line).map_err(|_| Wrong::NotAHeader)
    }
}
