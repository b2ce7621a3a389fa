//! What is wrong with a line of the record.

use super::key::PublicKey;

/// How the record shows that somebody, or a disk, changed it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Wrong {
    /// The line is not `HASH JSON` with an entry or a seal.
    #[error("this is not a line of a record")]
    NotALine,
    /// The line has no end.
    #[error("the last line is cut off")]
    Torn,
    /// No line of a record is that long.
    #[error("the line is longer than any of a record")]
    TooLong,
    /// The entry cannot be read, though it is as it was written.
    #[error("entry {0} is in a form that this gateway does not know; a newer one wrote it")]
    NotUnderstood(u64),
    /// A segment does not begin with its header.
    #[error("this is not the header of a segment")]
    NotAHeader,
    /// The segment is of a format that this gateway does not know.
    #[error("the segment has format {0}, which this gateway does not know; a newer one wrote it")]
    Format(u32),
    /// The segment is another gateway's.
    #[error("the segment is of the gateway `{found}`, not of `{expected}`")]
    OtherGateway {
        /// Whose the record was up to here.
        expected: String,
        /// Whose the segment is.
        found: String,
    },
    /// Another key than the one to verify with.
    #[error("signed by another key: `{0}`")]
    OtherKey(PublicKey),
    /// The signature is not that of the key over what is here.
    #[error("the signature is not the key's: what it covers was changed, or signed by another key")]
    Signature,
    /// The entry's hash is not that of its text and the line before.
    #[error("entry {0} was changed, or does not follow the line before it")]
    Hash(u64),
    /// The hash of the first entry does not fit: that entry or the header was changed.
    #[error("entry {0} or the header before it was changed")]
    FirstHash(u64),
    /// Entries are missing, added or moved.
    #[error("entry {expected} must be here, and it is {found}: entries were removed, inserted or moved")]
    Number {
        /// The entry that follows.
        expected: u64,
        /// The entry that is there.
        found: u64,
    },
    /// Segments are missing, added or moved.
    #[error("segment {expected} must be here, and it is {found}: segments were removed, inserted or moved")]
    Segment {
        /// The segment that follows.
        expected: u64,
        /// The segment that is there.
        found: u64,
    },
    /// The segment was not written after the one before it.
    #[error("the segment does not follow the one before it: one of the two was replaced")]
    Previous,
    /// The segment goes on elsewhere than the one before it ended.
    #[error("the segment's header does not fit the end of the segment before it")]
    Continuation,
    /// The seal does not fit the entries before it.
    #[error("the seal does not fit the entries before it: entries were removed, inserted or changed")]
    Seal,
    /// The control acts are not in their order.
    #[error("control act {found} follows control act {after}")]
    Acts {
        /// The act before.
        after: u64,
        /// The act that is there.
        found: u64,
    },
    /// Something follows the seal of a segment, or the end of an export.
    #[error("something follows the end of the record")]
    AfterEnd,
    /// A segment has no seal, though it is not the newest.
    #[error("the segment has no seal: its end was removed")]
    Unsealed,
    /// A segment was emptied, and no signed entry says so.
    #[error("segment {0} was emptied of its entries, and nothing signed says that it was to be")]
    Emptied(u64),
    /// The file's name is not that of the segment in it.
    #[error("the file is named for another segment than the {0} in it")]
    FileName(u64),
    /// The input does not begin as an export.
    #[error("this is not an export of a record")]
    NotAnExport,
    /// The export's header is not the one that was exported.
    #[error("the export's header was changed")]
    ExportHeader,
    /// The export has no closing checkpoint.
    #[error("the export ends without its closing checkpoint: it was truncated")]
    Truncated,
    /// A checkpoint says something else than the record.
    #[error("the record's segment {0} is not the one that the checkpoint was made of")]
    Checkpoint(u64),
    /// A checkpoint lies outside what was verified.
    #[error(
        "the checkpoint is of segment {0}, which is not here: the record was truncated, or other segments are needed"
    )]
    CheckpointMissing(u64),
}
