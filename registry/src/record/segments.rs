//! The files of a record's folder.

use super::error::RecordError;
use super::header::Header;
use super::lines::LONGEST_LINE;
use super::seal::Seal;
use super::wrong::Wrong;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const EXTENSION: &str = ".seg";
/// A seal is shorter than this: five lists of 32 names of 128 bytes, six bytes for each at worst.
const LONGEST_SEAL: u64 = 256 << 10;

/// The file of a segment.
pub(crate) fn path(folder: &Path, segment: u64) -> PathBuf {
    folder.join(format!("{segment:010}{EXTENSION}"))
}

/// The numbers of the segments that are there, in order. Other files do not matter.
pub(crate) fn list(folder: &Path) -> Result<Vec<u64>, RecordError> {
    let read = || {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name();
            let digits = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
            let number = digits.filter(|digits| digits.len() >= 10).and_then(|digits| digits.parse().ok());
            // Only the name that the writer gives: `+000000001` is a number, too.
            numbers.extend(number.filter(|number| path(folder, *number).file_name() == Some(&name)));
        }
        numbers.sort_unstable();
        Ok(numbers)
    };
    read().map_err(io(folder))
}

/// Open a segment to read it.
pub(crate) fn open(folder: &Path, segment: u64) -> Result<BufReader<File>, RecordError> {
    let path = path(folder, segment);
    match File::open(&path) {
        Ok(file) => Ok(BufReader::with_capacity(128 << 10, file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(RecordError::Missing { folder: folder.to_owned(), segment })
        }
        Err(source) => Err(RecordError::Io { path, source }),
    }
}

/// Turns an error of the file system into ours, naming the path.
pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> RecordError {
    move |source| RecordError::Io { path: path.to_owned(), source }
}

/// The first and the last line of a segment, read without what is between them, and not checked.
pub(crate) struct Ends {
    pub(crate) header: Header,
    pub(crate) header_line: Vec<u8>,
    /// The seal and its line, if the segment has one.
    pub(crate) seal: Option<(Seal, Vec<u8>)>,
    /// Whether nothing is between them.
    pub(crate) husk: bool,
}

/// Read the ends of a segment. A segment that was only just begun has none.
pub(crate) fn ends(folder: &Path, segment: u64) -> Result<Option<Ends>, RecordError> {
    let path = path(folder, segment);
    let mut reader = open(folder, segment)?;
    let mut header_line = Vec::new();
    reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut header_line).map_err(io(&path))?;
    if header_line.pop() != Some(b'\n') {
        return Ok(None);
    }
    let damaged = |line, wrong| RecordError::Damaged { file: path.clone(), line, wrong };
    let header = Header::parse(&header_line).map_err(|wrong| damaged(1, wrong))?;
    if header.segment != segment {
        return Err(damaged(1, Wrong::FileName(header.segment)));
    }
    let mut file = reader.into_inner();
    let length = file.seek(SeekFrom::End(0)).map_err(io(&path))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_SEAL))).map_err(io(&path))?;
    let mut end = Vec::new();
    file.take(LONGEST_SEAL).read_to_end(&mut end).map_err(io(&path))?;
    let seal = end.strip_suffix(b"\n").and_then(|end| {
        let line = end.rsplit(|byte| *byte == b'\n').next()?;
        let (_, json) = super::entry::split(line).ok()?;
        Some((Seal::parse(json).ok()?, line.to_owned()))
    });
    let husk = seal.as_ref().is_some_and(|(_, line)| length == (header_line.len() + line.len() + 2) as u64);
    Ok(Some(Ends { header, header_line, seal, husk }))
}
