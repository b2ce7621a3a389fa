//! The record of a gateway: every exchange, every control act and every start and stop, on one chain.
//!
//! The record is a folder of text files, `NNNNNNNNNN.seg`, that are only ever appended to. A stranger can check it with
//! `sha256sum`, a tool for Ed25519 and a script; [`verify()`] and [`verify_folder`] are that script.
//!
//! **A segment** is lines, each ending with a newline:
//! - the header: JSON with the format, the gateway's name, the number of the segment, when it was begun, the public
//!   key, the hash of the last line of the segment before (zeros in the first), the number of its first entry, and the
//!   numbers of the last control act and of the last emptied segment before it;
//! - one line for each entry: `HASH JSON`, where HASH is 64 hex digits: the SHA-256 of the 32 bytes of the hash of the
//!   line before, then the bytes of the JSON. The hash of the header is the SHA-256 of its line. The JSON is
//!   `{"n":…,"kind":"exchange"|"act"|"gateway","record":{…}}`; `n` counts all entries of the record, from 1;
//! - once it is complete, the seal, which is such a line too: `HASH {"seal":{…},"signature":"…"}`. It counts the
//!   entries, repeats the hash of the last, says what they have in common, and is signed: see `signed.rs`.
//!
//! **Filled** with zeros behind its last line may be the segment that is being written, and the last one after a kill. It
//! ends before its first zero byte: no line has one. See `tail.rs`. The fill is gone before another segment begins.
//!
//! **Sealed** is a segment when it is large or old enough, when the gateway stops, and for an export or a checkpoint.
//!
//! **Emptied** is an old segment that retention has left the header and the seal of. The chain goes through it.
//!
//! **Archived** are sealed segments where gateways share a database: they are in it, too, with an index of exchanges, so
//! that each gateway can search all of them, and none is lost with a disk.
//!
//! **On the disk** is an entry when whoever waits for it is told so; those that nobody waits for are at most
//! [`RELAXED_SYNC`] later. No database is on this path. Control acts have their truth in the registry's table, written
//! in the transaction of the change, and are brought to the chain in their order, each once, also after a kill.

mod archive;
mod archiver;
mod checkpoint;
mod disk;
mod entry;
mod error;
mod export;
mod header;
mod hex;
mod journal;
mod key;
mod lines;
mod pace;
mod pull;
mod recover;
mod report;
mod retain;
mod run;
mod seal;
mod sealed;
mod search;
mod segments;
mod signed;
mod tail;
mod tally;
#[cfg(test)]
pub(crate) mod tests;
mod verifier;
mod verify;
mod walk;
mod writer;
mod wrong;

pub(crate) use archive::Archive;
pub use archive::Archived;
pub use checkpoint::{Checkpoint, NotACheckpoint, Reached};
pub(crate) use disk::RealDisk;
pub use entry::{Body, ChainEntry, EntryKind, Event};
pub use error::RecordError;
pub use export::{ExportHeader, Exported};
pub use hex::ChainHash;
pub use journal::{Journal, JournalConfig};
pub use key::{NotAKey, PublicKey, public_key_of};
pub use report::{Fault, Report, UnsealedTail};
pub use retain::Retained;
pub use run::RELAXED_SYNC;
pub use search::{ExchangeFilter, Findings, Found, MOST_RECORDS, Reach};
pub use verify::{verify, verify_folder, verify_folder_telling};
pub use wrong::Wrong;
