//! Verifying a record, with nothing but the public key: every entry follows from the one before it, every segment from
//! the one before it, and every seal is the key's.
//!
//! It reads line by line, in constant memory, and stops at the first thing that is wrong. What it cannot see is that
//! the *end* of a folder was cut off at a seal: for that it takes a checkpoint that was kept elsewhere. An export has a
//! checkpoint of its own at its end.

use super::checkpoint::{Checkpoint, Reached};
use super::error::RecordError;
use super::export::ExportHeader;
use super::hex::ChainHash;
use super::key::PublicKey;
use super::lines::{Line, Lines};
use super::report::{Fault, Report, UnsealedTail};
use super::segments;
use super::verifier::Verifier;
use super::wrong::Wrong;
use std::io::{self, BufRead};
use std::path::Path;

/// Verify an export.
///
/// # Errors
/// The input cannot be read. Whatever is wrong with what was read is in the report.
pub fn verify(input: impl BufRead, key: &PublicKey, checkpoint: Option<&Checkpoint>) -> io::Result<Report> {
    let mut lines = Lines::new(input);
    let mut verifier = Verifier::new(key);
    let mut closing = None;
    let found = match verifier.expect_checkpoint(checkpoint) {
        Ok(()) => export(&mut lines, &mut verifier, &mut closing)?,
        Err(wrong) => Err(wrong),
    };
    let number = lines.number;
    Ok(match found.and_then(|()| verifier.end(closing.as_ref())) {
        Ok(()) => Report { closing, ..verifier.into_report() },
        Err(wrong) => verifier.into_fault(wrong, number, None),
    })
}

/// An export, line by line.
fn export<R: BufRead>(
    lines: &mut Lines<R>,
    verifier: &mut Verifier<'_>,
    closing: &mut Option<Reached>,
) -> io::Result<Result<(), Wrong>> {
    let mut line = Vec::new();
    let mut header: Option<(ExportHeader, ChainHash)> = None;
    loop {
        let read = lines.next(&mut line)?;
        let step = match (read, &header) {
            (Line::Whole, None) => ExportHeader::parse(&line).map(|export| {
                verifier.start_at(export.from_segment);
                header = Some((export, ChainHash::of(&line)));
            }),
            (Line::Whole, Some(_)) if closing.is_some() => Err(Wrong::AfterEnd),
            (Line::Whole, Some(begun)) if Checkpoint::is_meant(&line) => {
                close(&line, begun, verifier).map(|reached| *closing = Some(reached))
            }
            (Line::Whole, Some(_)) => verifier.line(&line, lines.number),
            (Line::TooLong, _) => Err(Wrong::TooLong),
            (Line::End, None) => Err(Wrong::NotAnExport),
            (Line::End, Some(_)) if closing.is_some() => return Ok(Ok(())),
            (Line::Torn, _) if closing.is_some() => Err(Wrong::AfterEnd),
            (Line::End | Line::Torn, _) => Err(Wrong::Truncated),
        };
        if step.is_err() {
            return Ok(step);
        }
    }
}

/// The closing checkpoint: of this export, and of its last segment.
fn close(line: &[u8], begun: &(ExportHeader, ChainHash), verifier: &Verifier<'_>) -> Result<Reached, Wrong> {
    if verifier.is_inside() {
        return Err(Wrong::Unsealed);
    }
    let text = std::str::from_utf8(line).map_err(|_| Wrong::NotALine)?;
    let checkpoint: Checkpoint = text.parse().map_err(|_| Wrong::NotALine)?;
    checkpoint.check(verifier.key())?;
    let reached = checkpoint.reached();
    let (header, hash) = begun;
    if reached.export != Some(*hash) || header.to_segment != reached.segment {
        return Err(Wrong::ExportHeader);
    }
    match verifier.last_segment() {
        Some(last) if last == reached.segment => verifier.agrees(reached)?,
        _ => return Err(Wrong::CheckpointMissing(reached.segment)),
    }
    Ok(reached.clone())
}

/// Verify the folder of a record, of a gateway that runs or does not.
///
/// # Errors
/// The folder, or a file in it, cannot be read. Whatever is wrong with what was read is in the report.
pub fn verify_folder(folder: &Path, key: &PublicKey, checkpoint: Option<&Checkpoint>) -> Result<Report, RecordError> {
    verify_folder_telling(folder, key, checkpoint, &mut |_| {})
}

/// The same, telling of each file how many bytes it had.
///
/// # Errors
/// See [`verify_folder`].
pub fn verify_folder_telling(
    folder: &Path,
    key: &PublicKey,
    checkpoint: Option<&Checkpoint>,
    read: &mut dyn FnMut(u64),
) -> Result<Report, RecordError> {
    let mut verifier = Verifier::new(key);
    verifier.start_at(1);
    let mut unsealed = None;
    if let Err(wrong) = verifier.expect_checkpoint(checkpoint) {
        return Ok(verifier.into_fault(wrong, 0, None));
    }
    let numbers = segments::list(folder)?;
    for number in &numbers {
        let file = segments::path(folder, *number);
        let mut lines = segments::lines(folder, *number)?;
        let mut found = file_of(&mut lines, &mut verifier, *number).map_err(segments::io(&file))?;
        let (line, last) = (lines.number, Some(number) == numbers.last());
        if matches!(found, Ok(None)) && goes_on(folder, *number, lines.whole, last)? {
            found = Err(Wrong::AfterEnd);
        }
        read(lines.whole);
        match found {
            Ok(None) => {}
            Ok(tail) if last => unsealed = tail,
            Ok(Some(_)) => return Ok(verifier.into_fault(Wrong::Unsealed, line, Some(file))),
            Err(wrong) => return Ok(verifier.into_fault(wrong, line, Some(file))),
        }
    }
    Ok(match verifier.end(None) {
        Ok(()) => Report { unsealed, ..verifier.into_report() },
        Err(wrong) => {
            let fault: Report = verifier.into_fault(wrong, 0, None);
            let file = fault.fault.as_ref().map(|fault| segments::path(folder, fault.segment));
            Report { fault: fault.fault.map(|fault| Fault { file, ..fault }), ..fault }
        }
    })
}

/// Whether there is something after the seal. What the last segment was filled with may be there still, after a kill.
fn goes_on(folder: &Path, segment: u64, sealed: u64, last: bool) -> Result<bool, RecordError> {
    if last {
        return Ok(segments::written_after(folder, segment, sealed)? > 0);
    }
    let file = segments::path(folder, segment);
    // It is shorter, if retention has emptied it meanwhile.
    Ok(std::fs::metadata(&file).map_err(segments::io(&file))?.len() > sealed)
}

/// One segment's file. Gives what is not sealed of it.
fn file_of<R: BufRead>(
    lines: &mut Lines<R>,
    verifier: &mut Verifier<'_>,
    number: u64,
) -> io::Result<Result<Option<UnsealedTail>, Wrong>> {
    let mut line = Vec::new();
    loop {
        let read = lines.next(&mut line)?;
        let begun = lines.number > 1;
        let step = match read {
            Line::Whole if begun && !verifier.is_inside() => Err(Wrong::AfterEnd),
            Line::Whole if begun => verifier.line(&line, lines.number),
            Line::Whole => verifier.line(&line, lines.number).and_then(|()| verifier.is_at(number)),
            Line::TooLong => Err(Wrong::TooLong),
            Line::End if begun && !verifier.is_inside() => return Ok(Ok(None)),
            Line::Torn if begun && !verifier.is_inside() => Err(Wrong::AfterEnd),
            Line::End | Line::Torn => {
                let (entries, torn_bytes) = (verifier.inside(), line.len() as u64);
                return Ok(Ok(Some(UnsealedTail { segment: number, entries, torn_bytes })));
            }
        };
        if let Err(wrong) = step {
            return Ok(Err(wrong));
        }
    }
}
