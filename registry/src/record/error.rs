//! What can go wrong with the record itself.

use super::key::PublicKey;
use super::wrong::Wrong;
use std::path::PathBuf;

/// Why the record cannot be opened, read or sealed.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file of the record cannot be read or written.
    #[error("`{}` cannot be used", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A segment is not as it was written.
    #[error(
        "the record `{}` is damaged at line {line}: {wrong}; restore the file from a backup, or keep the folder as evidence and move it away to begin a new record",
        file.display()
    )]
    Damaged {
        /// The segment's file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// A segment between others is not there.
    #[error("segment {segment} is missing from the record `{}`; verify the folder to see what is there", folder.display())]
    Missing {
        /// The record's folder.
        folder: PathBuf,
        /// The segment's number.
        segment: u64,
    },
    /// There are segments, and no key.
    #[error(
        "the key `{}` is gone, and there are segments signed with it; restore it from a backup, or move the folder away to begin a new record",
        file.display()
    )]
    KeyMissing {
        /// Where it should be.
        file: PathBuf,
    },
    /// The key's file holds something else.
    #[error("`{}` is no Ed25519 key in PKCS#8; restore it from a backup", file.display())]
    KeyUnusable {
        /// The file.
        file: PathBuf,
    },
    /// The record was begun with another key.
    #[error("`{}` was begun with the key `{found}`, and the key beside it is `{ours}`; restore the former key", file.display())]
    OtherKey {
        /// The newest segment.
        file: PathBuf,
        /// The key it names.
        found: PublicKey,
        /// The key in the folder.
        ours: PublicKey,
    },
    /// The record is another gateway's.
    #[error(
        "the record `{}` is that of the gateway `{found}`, and this one is `{ours}`; start it under that name, or give it a data folder of its own",
        folder.display()
    )]
    OtherGateway {
        /// The record's folder.
        folder: PathBuf,
        /// Whose it is.
        found: String,
        /// The name of the gateway that was to go on with it.
        ours: String,
    },
    /// The registry lacks control acts that the record has: an older database was put in its place.
    #[error(
        "the database is older than the record `{}`: it has control acts up to {registry}, the record up to {record}; restore the database that belongs to it, or move the folder away to begin a new record",
        folder.display()
    )]
    ActsBehind {
        /// The record's folder.
        folder: PathBuf,
        /// The last act in the registry.
        registry: u64,
        /// The last act on the chain.
        record: u64,
    },
    /// The database has another record under this gateway's name.
    #[error(
        "the name `{gateway}` is that of a record with the key `{found}`, and the key here is `{ours}`; put the `signing.key` of that record and its segments (`nhip audit fetch` at another gateway) into this data folder, or give this gateway another name"
    )]
    NameTaken {
        /// The gateway's name.
        gateway: String,
        /// The key of the record in the database.
        found: PublicKey,
        /// The key in the folder.
        ours: PublicKey,
    },
    /// The folder lacks sealed segments that the database has: it is new, or an older copy.
    #[error(
        "the database has the record of `{gateway}` up to segment {archived}, and `{}` only up to {sealed}; keep `signing.key`, move the segments away, and fetch all of them: `nhip audit fetch` at another gateway",
        folder.display()
    )]
    Behind {
        /// The gateway's name.
        gateway: String,
        /// The last segment in the database.
        archived: u64,
        /// The record's folder.
        folder: PathBuf,
        /// The last sealed segment in the folder.
        sealed: u64,
    },
    /// A segment here is not the one that the database has: two gateways went on with one record.
    #[error(
        "segment {segment} of the record of `{gateway}` in the database is not the one in `{}`: another gateway uses this name and a copy of this folder; stop it, verify both, and keep the other one as evidence",
        folder.display()
    )]
    Forked {
        /// The gateway's name.
        gateway: String,
        /// The first segment that is known to differ.
        segment: u64,
        /// The record's folder.
        folder: PathBuf,
    },
    /// A segment in the database is not as it was written.
    #[error(
        "segment {segment} of the record of `{gateway}` is damaged in the database at line {line}: {wrong}; its gateway's own folder has it, too"
    )]
    ArchiveDamaged {
        /// The gateway whose record it is.
        gateway: String,
        /// The segment's number.
        segment: u64,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        wrong: Wrong,
    },
    /// The machine has no random numbers for a key.
    #[error("the machine gave no random numbers for the record's key")]
    Random,
    /// Nobody writes the record now, so it cannot be sealed.
    #[error("the record is not being written; start the gateway")]
    NotRunning,
    /// The disk refuses the record.
    #[error("the record cannot be written now; free space on its disk")]
    Stalled,
    /// Nothing on record lies in the range asked for.
    #[error("nothing is on record between these moments; ask for a longer range")]
    Nothing,
}

impl RecordError {
    /// Whether it may be otherwise in a moment.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Random | Self::NotRunning | Self::Stalled)
    }
}
