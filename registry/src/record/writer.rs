//! The chain that is being written: gives every entry its number and hash, begins segments and seals them.
//!
//! Invariant: an entry gets the next number and follows the line before it, and it stays in the memory of its [`Tail`]
//! until it is on the disk. Nothing here waits; how often the disk is asked is the business of [`super::run`].

use super::checkpoint::{Checkpoint, Reached};
use super::disk::Disk;
use super::entry::{Event, Facts};
use super::header::{FORMAT, Header};
use super::hex::ChainHash;
use super::journal::JournalConfig;
use super::key::SigningKey;
use super::lines::LONGEST_LINE;
use super::seal::Seal;
use super::segments;
use super::signed::Domain;
use super::tail::Tail;
use super::tally::Tally;
use nhip_exchange::Clock;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a chain stands between two segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    /// The last segment, or 0.
    pub(crate) segment: u64,
    /// The last entry, or 0.
    pub(crate) entry: u64,
    /// The hash of the last line.
    pub(crate) hash: ChainHash,
    /// The last control act on the chain, or 0.
    pub(crate) acts_through: u64,
    /// The last segment that retention has emptied, or 0.
    pub(crate) emptied_through: u64,
}

/// A segment that is not sealed yet.
pub(crate) struct Unsealed {
    pub(crate) header: Header,
    pub(crate) header_line: Vec<u8>,
    pub(crate) tail: Tail,
    pub(crate) tally: Tally,
}

/// Who writes the chain.
pub(crate) struct Writer {
    pub(crate) config: JournalConfig,
    pub(crate) folder: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where the chain stands, unsealed entries included.
    pub(crate) end: End,
    /// Where the last seal is.
    pub(crate) sealed: End,
    pub(crate) unsealed: Option<Unsealed>,
    /// How many bytes were cut off, when the gateway before was killed.
    pub(crate) cut: Option<u64>,
    /// The line that is being made; kept for its memory.
    pub(crate) line: Vec<u8>,
}

impl Writer {
    pub(crate) fn now_ms(&self) -> u64 {
        self.clock.unix_millis()
    }

    /// Note what happened to the gateway.
    pub(crate) fn note(&mut self, event: &Event) -> io::Result<()> {
        self.append(event, &Facts::of_event(event))
    }

    /// Put an entry on the chain, in memory. An error is the entry's own, and changes nothing.
    pub(crate) fn append(&mut self, record: &impl Serialize, facts: &Facts<'_>) -> io::Result<()> {
        #[derive(Serialize)]
        struct Entry<'a, R> {
            n: u64,
            kind: super::entry::EntryKind,
            record: &'a R,
        }

        let n = self.end.entry + 1;
        self.line.clear();
        serde_json::to_writer(&mut self.line, &Entry { n, kind: facts.kind, record })?;
        if self.line.len() + 65 > LONGEST_LINE {
            return Err(io::Error::other("it is longer than a line of the record may be"));
        }
        let mut unsealed = match self.unsealed.take() {
            Some(unsealed) => unsealed,
            None => self.begin()?,
        };
        let hash = self.end.hash.then(&self.line);
        unsealed.tail.push(&hash, &self.line);
        unsealed.tally.add(facts, n == unsealed.header.first);
        (self.end.hash, self.end.entry) = (hash, n);
        self.unsealed = Some(unsealed);
        Ok(())
    }

    /// Begin a segment, in memory.
    fn begin(&mut self) -> io::Result<Unsealed> {
        let header = Header {
            format: FORMAT,
            gateway: self.config.gateway.clone(),
            segment: self.sealed.segment + 1,
            created_ms: self.now_ms(),
            key: self.key.public(),
            previous: self.end.hash,
            first: self.end.entry + 1,
            acts_through: self.end.acts_through,
            emptied_through: self.end.emptied_through,
        };
        let header_line = serde_json::to_vec(&header)?;
        let mut tail = Tail::create(Arc::clone(&self.disk), segments::path(&self.folder, header.segment));
        tail.push_header(&header_line);
        (self.end.hash, self.end.segment) = (ChainHash::of(&header_line), header.segment);
        Ok(Unsealed { header, header_line, tail, tally: Tally::default() })
    }

    /// Whether the segment has entries that are not sealed.
    pub(crate) fn is_unsealed(&self) -> bool {
        self.unsealed.as_ref().is_some_and(|unsealed| unsealed.header.first <= self.end.entry)
    }

    /// Whether the segment has reached its size.
    pub(crate) fn is_full(&self) -> bool {
        self.is_unsealed()
            && self.unsealed.as_ref().is_some_and(|unsealed| unsealed.tail.length() >= self.config.segment_bytes)
    }

    /// Put the seal after the entries, in memory. It counts only when the tail is on the disk: see [`Self::close`]. The
    /// entries are there before: whoever finds the seal of a segment can trust that no power cut took any of them.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        let sealed_ms = self.now_ms();
        let Some(unsealed) = &mut self.unsealed else { return Ok(()) };
        let seal = Seal {
            sealed_ms,
            count: self.end.entry + 1 - unsealed.header.first,
            first: unsealed.header.first,
            last: self.end.entry,
            last_hash: self.end.hash,
            acts_through: self.end.acts_through,
            emptied_through: self.end.emptied_through,
            tally: unsealed.tally.clone(),
        };
        let json = Domain::seal(&unsealed.header_line).sign(&serde_json::to_string(&seal)?, &self.key);
        self.end.hash = self.end.hash.then(json.as_bytes());
        unsealed.tail.push(&self.end.hash, json.as_bytes());
        Ok(())
    }

    /// The sealed segment is on the disk: the next entry begins another one.
    pub(crate) fn close(&mut self) {
        self.unsealed = None;
        self.sealed = self.end.clone();
    }

    /// How far the record has come, as of the last seal.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        let End { segment, entry, hash, emptied_through, .. } = self.sealed;
        let gateway = self.config.gateway.clone();
        let reached = Reached { gateway, segment, entry, hash, at_ms: self.now_ms(), emptied_through, export: None };
        (segment > 0).then(|| Checkpoint::sign(reached, &self.key))
    }
}
