//! A sealed segment as a whole, on its way to the archive.

use super::entry::{self, RawEntry};
use super::error::RecordError;
use super::header::Header;
use super::seal::Seal;
use super::segments;
use super::wrong::Wrong;
use memchr::{memchr, memchr_iter, memrchr};
use std::io::ErrorKind;
use std::path::Path;

/// A sealed segment. Its lines are as they are in the file and not checked: whoever verifies the record does that.
pub(crate) struct Sealed {
    pub(crate) segment: u64,
    pub(crate) header_line: Vec<u8>,
    pub(crate) seal: Seal,
    pub(crate) seal_line: Vec<u8>,
    /// The lines between the two, each with its newline. Nothing, if the segment was emptied.
    pub(crate) entries: Vec<u8>,
    /// The ids of the exchanges in it, 16 bytes each, one after the other.
    pub(crate) exchanges: Vec<u8>,
}

impl Sealed {
    /// Read a segment. Gives nothing if it is not there, or not sealed yet.
    pub(crate) fn read(folder: &Path, segment: u64) -> Result<Option<Self>, RecordError> {
        let file = segments::path(folder, segment);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RecordError::Io { path: file, source }),
        };
        let Some((header_line, entries, seal_line)) = parts(&bytes) else { return Ok(None) };
        let damaged = |line, wrong| RecordError::Damaged { file: file.clone(), line, wrong };
        let header = Header::parse(header_line).map_err(|wrong| damaged(1, wrong))?;
        if header.segment != segment {
            return Err(damaged(1, Wrong::FileName(header.segment)));
        }
        let Ok((_, json)) = entry::split(seal_line) else { return Ok(None) };
        if !Seal::is_meant(json) {
            return Ok(None);
        }
        let last = || memchr_iter(b'\n', &bytes).count() as u64;
        let seal = Seal::parse(json).map_err(|wrong| damaged(last(), wrong))?;
        let mut exchanges = Vec::new();
        for (line, number) in entries.split_inclusive(|byte| *byte == b'\n').zip(2..) {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let (_, json) = entry::split(line).map_err(|wrong| damaged(number, wrong))?;
            let raw = RawEntry::parse(json).map_err(|wrong| damaged(number, wrong))?;
            if let Some(id) = raw.exchange().map_err(|wrong| damaged(number, wrong))? {
                exchanges.extend_from_slice(id.uuid().as_bytes());
            }
        }
        Ok(Some(Self {
            segment,
            header_line: header_line.to_owned(),
            seal,
            seal_line: seal_line.to_owned(),
            entries: entries.to_owned(),
            exchanges,
        }))
    }
}

/// The first line, what is between, and the last line.
fn parts(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (header, rest) = bytes.split_at_checked(memchr(b'\n', bytes)?)?;
    let rest = rest.strip_prefix(b"\n")?.strip_suffix(b"\n")?;
    let (entries, last) = rest.split_at_checked(memrchr(b'\n', rest).map_or(0, |end| end + 1))?;
    Some((header, entries, last))
}
