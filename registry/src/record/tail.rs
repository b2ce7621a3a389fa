//! The end of the segment that is being written: what is surely on the disk, and what is not yet.
//!
//! Invariant: bytes are kept in memory until a sync after their writing has succeeded. After any error the file is cut
//! back to what was surely there, and everything after it is written again: pages of a failed sync cannot be trusted.
//!
//! Where somebody waits for every sync, the file is longer than what is written: it is filled with zeros ahead. A sync
//! then writes nothing but the bytes; one that makes a file longer has the file system commit its journal, too, which
//! costs many times as much. No line has a zero byte in it, so readers know where the written part ends. The fill is
//! gone when the segment ends.

use super::disk::{Disk, SegmentFile};
use super::hex::ChainHash;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory that is kept from one group to the next.
const KEPT: usize = 4 << 20;
/// How much is filled at once: some thousand entries, and a millisecond of the disk's time.
const FILL: u64 = 1 << 20;
/// How little of it is left when more is filled: one large group.
const LEFT: u64 = 128 << 10;
/// What it is filled with.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The file that is being written.
pub(crate) struct Tail {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<Box<dyn SegmentFile>>,
    /// How long the file surely is.
    good: u64,
    /// What follows.
    pending: Vec<u8>,
    /// How much of that was written, though not synced.
    written: usize,
    /// Up to where the file surely is on the disk, zeros included; nothing, if that is less than `good`.
    filled: u64,
    /// Whether it is not to be filled (again): it ends, or the disk has refused.
    unfillable: bool,
    /// Whether there may be something else in the file after `good`.
    dirty: bool,
    /// Whether the folder may not know the file yet.
    unnamed: bool,
}

impl Tail {
    /// A new file. What a killed gateway left of one of that name goes.
    pub(crate) fn create(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { unnamed: true, ..Self::resume(disk, path, 0) }
    }

    /// A file that is good up to here, and to be cut there.
    pub(crate) fn resume(disk: Arc<dyn Disk>, path: PathBuf, good: u64) -> Self {
        // Whether the one who made the file came to naming it durably is not known.
        Self {
            disk,
            path,
            file: None,
            good,
            pending: Vec::new(),
            written: 0,
            filled: 0,
            unfillable: false,
            dirty: true,
            unnamed: true,
        }
    }

    /// Add a header to the end, in memory.
    pub(crate) fn push_header(&mut self, line: &[u8]) {
        self.pending.extend_from_slice(line);
        self.pending.push(b'\n');
    }

    /// Add `HASH JSON` to the end, in memory.
    pub(crate) fn push(&mut self, hash: &ChainHash, json: &[u8]) {
        hash.push_to(&mut self.pending);
        self.pending.push(b' ');
        self.pending.extend_from_slice(json);
        self.pending.push(b'\n');
    }

    /// How long the file gets.
    pub(crate) fn length(&self) -> u64 {
        self.good + self.pending.len() as u64
    }

    /// How much is not surely on the disk.
    pub(crate) fn unsynced(&self) -> usize {
        self.pending.len()
    }

    /// Give everything to the operating system: it is then safe from the end of this process, not of the machine.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        let done = self.try_write();
        self.after(done)
    }

    /// Put everything on the disk.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        let done = self.try_write().and_then(|()| self.try_sync());
        self.after(done)
    }

    /// Put everything on the disk, and nothing after it: nothing more comes.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.unfillable = true;
        let done = self.try_write().and_then(|()| self.cut()).and_then(|()| self.try_sync());
        self.after(done)
    }

    /// Fill what is written next, up to this length of the file, if little of it is left. A disk that refuses is not
    /// asked again: what is written then makes the file longer, as it does without a fill.
    pub(crate) fn fill(&mut self, most: u64) {
        let from = std::cmp::max(self.filled, self.good);
        let to = std::cmp::min(from + FILL, most);
        let unsynced = self.file.is_none() || self.dirty || !self.pending.is_empty();
        if unsynced || self.unfillable || from > self.good + LEFT || from >= to {
            return;
        }
        match self.try_fill(from, to) {
            Ok(()) => self.filled = to,
            Err(error) => {
                tracing::debug!(%error, "the next part of a segment cannot be prepared");
                self.unfillable = true;
                // What it took of a full disk is wanted elsewhere. If this fails, too, it is cut before the next writing.
                self.dirty = self.cut().is_err();
            }
        }
    }

    fn try_fill(&mut self, from: u64, to: u64) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut at = from;
        while at < to {
            let part = usize::try_from(to - at).map_or(&ZEROS[..], |rest| ZEROS.get(..rest).unwrap_or(&ZEROS));
            file.write_at(at, part)?;
            at += part.len() as u64;
        }
        file.sync()
    }

    /// Cut off what was filled.
    fn cut(&mut self) -> io::Result<()> {
        let length = self.length();
        if let Some(file) = &mut self.file {
            file.truncate(length)?;
        }
        self.filled = 0;
        Ok(())
    }

    fn try_write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.disk.open(&self.path)?),
        };
        if self.dirty {
            file.truncate(self.good)?;
            self.filled = 0;
            self.dirty = false;
        }
        let rest = self.pending.get(self.written..).unwrap_or_default();
        if !rest.is_empty() {
            file.write_at(self.good + self.written as u64, rest)?;
            self.written = self.pending.len();
        }
        Ok(())
    }

    fn try_sync(&mut self) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.sync()?;
        }
        if self.unnamed {
            self.disk.sync_folder(self.path.parent().unwrap_or(Path::new(".")))?;
            self.unnamed = false;
        }
        self.good = self.length();
        self.pending.clear();
        self.pending.shrink_to(KEPT);
        self.written = 0;
        Ok(())
    }

    fn after(&mut self, done: io::Result<()>) -> io::Result<()> {
        if done.is_err() {
            self.dirty = true;
            self.written = 0;
        }
        done
    }
}
