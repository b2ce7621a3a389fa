//! The files of a record's folder.

use super::error::RecordError;
use super::header::Header;
use super::lines::{LONGEST_LINE, Lines};
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

/// The lines of a segment. In one that is not sealed by now, what it is filled with is no part of them.
pub(crate) fn lines(folder: &Path, segment: u64) -> Result<Lines<BufReader<File>>, RecordError> {
    // In this order: one that is sealed stays as it is, so whatever has a zero byte in it was changed.
    let (_, seal) = seal_of(open(folder, segment)?.into_inner()).map_err(io(&path(folder, segment)))?;
    let file = open(folder, segment)?;
    Ok(if seal.is_some() { Lines::new(file) } else { Lines::unsealed(file) })
}

/// How many bytes there are from an offset to the last one that is not zero.
pub(crate) fn written_after(folder: &Path, segment: u64, offset: u64) -> Result<u64, RecordError> {
    let read = |mut file: BufReader<File>| {
        file.seek(SeekFrom::Start(offset))?;
        let (mut at, mut written) = (0, 0);
        loop {
            let read = file.fill_buf()?;
            if read.is_empty() {
                return Ok(written);
            }
            if let Some(last) = read.iter().rposition(|byte| *byte != 0) {
                written = at + last as u64 + 1;
            }
            let length = read.len();
            at += length as u64;
            file.consume(length);
        }
    };
    read(open(folder, segment)?).map_err(io(&path(folder, segment)))
}

/// Turns an error of the file system into ours, naming the path.
pub(crate) fn io(path: &Path) -> impl Fn(std::io::Error) -> RecordError {
    move |source| RecordError::Io { path: path.to_owned(), source }
}

/// A seal and its line.
type SealLine = (Seal, Vec<u8>);

/// The first and the last line of a segment, read without what is between them, and not checked.
pub(crate) struct Ends {
    pub(crate) header: Header,
    pub(crate) header_line: Vec<u8>,
    /// The seal and its line, if the segment has one.
    pub(crate) seal: Option<SealLine>,
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
    let (length, seal) = seal_of(reader.into_inner()).map_err(io(&path))?;
    let husk = seal.as_ref().is_some_and(|(_, line)| length == (header_line.len() + line.len() + 2) as u64);
    Ok(Some(Ends { header, header_line, seal, husk }))
}

/// The length of a segment's file, and the seal at its end with its line, if it has one.
fn seal_of(mut file: File) -> std::io::Result<(u64, Option<SealLine>)> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_SEAL)))?;
    let mut end = Vec::new();
    file.take(LONGEST_SEAL).read_to_end(&mut end)?;
    let seal = end.strip_suffix(b"\n").and_then(|end| {
        let line = end.rsplit(|byte| *byte == b'\n').next()?;
        let (_, json) = super::entry::split(line).ok()?;
        Some((Seal::parse(json).ok()?, line.to_owned()))
    });
    Ok((length, seal))
}
