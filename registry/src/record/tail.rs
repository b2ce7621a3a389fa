//! The end of the segment that is being written: what is surely on the disk, and what is not yet.
//!
//! Invariant: bytes are kept in memory until a sync after their writing has succeeded. After any error the file is cut
//! back to what was surely there, and everything after it is written again: pages of a failed sync cannot be trusted.

use super::disk::{Disk, SegmentFile};
use super::hex::ChainHash;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory that is kept from one group to the next.
const KEPT: usize = 4 << 20;

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
        Self { disk, path, file: None, good, pending: Vec::new(), written: 0, dirty: true, unnamed: true }
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

    fn try_write(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.disk.open(&self.path)?),
        };
        if self.dirty {
            file.truncate(self.good)?;
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
