//! The few things that the writer of the record asks of a disk: a seam, so that its tests can have a bad one.

use crate::folder::{private, sync};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A place for segments.
pub(crate) trait Disk: Send + Sync {
    /// Open a file, made empty if it is not there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>>;
    /// Make durable which files a folder holds.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A file that is being written.
pub(crate) trait SegmentFile: Send {
    /// Write all bytes from this offset on. After an error any part of them may be there.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cut the file to this length.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Make durable what was written. After an error none of it can be trusted to be there.
    fn sync(&mut self) -> io::Result<()>;
}

/// The machine's disk.
pub(crate) struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let file = private(OpenOptions::new().create(true).truncate(false).write(true)).open(path)?;
        Ok(Box::new(file))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        sync(folder)
    }
}

impl SegmentFile for File {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
