//! Opening the record of a gateway that was stopped, or killed.
//!
//! Only the last segment is looked at: the ones before it are sealed. An unsealed one is gone on with. What a killed
//! gateway was writing when it died is a last line without its newline: that is cut off, when the writing begins. Where
//! the file was filled ahead, a power cut may have left holes in the last group: it ends before the first of them. A line
//! that is whole and wrong was not left by either, so nothing is written after it.

use super::disk::Disk;
use super::error::RecordError;
use super::journal::JournalConfig;
use super::key::SigningKey;
use super::lines::{Line, Lines};
use super::segments;
use super::tail::Tail;
use super::tally::Tally;
use super::walk::Walk;
use super::writer::{End, Unsealed, Writer};
use super::wrong::Wrong;
use nhip_exchange::Clock;
use std::path::Path;
use std::sync::Arc;

/// The last segment, as it was found.
enum Found {
    /// There is not even a header, only these bytes.
    Begun(u64),
    /// It is sealed, in so many bytes.
    Sealed(Box<Walk>, u64),
    /// It is not sealed: good up to a length, and bytes after it.
    Unsealed { walk: Box<Walk>, tally: Box<Tally>, good: u64, torn: u64 },
}

/// Find where the chain in the folder ends.
pub(crate) fn recover(
    folder: &Path,
    config: JournalConfig,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
) -> Result<Writer, RecordError> {
    let segments = segments::list(folder)?;
    let key = Arc::new(SigningKey::keep(folder, segments.is_empty())?);
    let mut writer = Writer {
        config,
        folder: folder.to_owned(),
        disk,
        key,
        clock,
        end: End::default(),
        sealed: End::default(),
        unsealed: None,
        cut: None,
        line: Vec::new(),
    };
    for (later, segment) in segments.iter().rev().enumerate() {
        match scan(&writer, *segment)? {
            // Between two segments a kill leaves at most one that was only begun.
            Found::Begun(bytes) if later == 0 => writer.cut = Some(bytes),
            Found::Begun(_) => return Err(damaged(folder, *segment, 1, Wrong::NotAHeader)),
            Found::Sealed(walk, length) => {
                end_after_seal(&writer, *segment, length)?;
                writer.end = end(&walk);
                writer.sealed = writer.end.clone();
                return Ok(writer);
            }
            Found::Unsealed { .. } if later > 0 => return Err(damaged(folder, *segment, 1, Wrong::Unsealed)),
            Found::Unsealed { walk, tally, good, torn } => {
                resume(&mut writer, *walk, *tally, good);
                writer.cut = Some(torn);
                return Ok(writer);
            }
        }
    }
    Ok(writer)
}

/// A gateway that was killed as it sealed may have left what the segment was filled with.
fn end_after_seal(writer: &Writer, segment: u64, length: u64) -> Result<(), RecordError> {
    let path = segments::path(&writer.folder, segment);
    let cut = || {
        if std::fs::metadata(&path)?.len() > length {
            let mut file = writer.disk.open(&path)?;
            file.truncate(length)?;
            file.sync()?;
        }
        Ok(())
    };
    cut().map_err(segments::io(&path))
}

fn damaged(folder: &Path, segment: u64, line: u64, wrong: Wrong) -> RecordError {
    RecordError::Damaged { file: segments::path(folder, segment), line, wrong }
}

/// Where the chain stands after a walk.
fn end(walk: &Walk) -> End {
    let emptied = walk.seal.as_ref().map_or(0, |seal| seal.emptied_through);
    End {
        segment: walk.header.segment,
        entry: walk.seal.as_ref().map_or(walk.next.saturating_sub(1), |seal| seal.last),
        hash: walk.hash,
        acts_through: walk.acts_through,
        emptied_through: std::cmp::max(emptied, walk.header.emptied_through),
    }
}

/// Go on with an unsealed segment.
fn resume(writer: &mut Writer, walk: Walk, tally: Tally, good: u64) {
    writer.end = end(&walk);
    writer.sealed = End {
        segment: walk.header.segment.saturating_sub(1),
        entry: walk.header.first.saturating_sub(1),
        hash: walk.header.previous,
        acts_through: walk.header.acts_through,
        emptied_through: walk.header.emptied_through,
    };
    let path = segments::path(&writer.folder, walk.header.segment);
    let tail = Tail::resume(Arc::clone(&writer.disk), path, good);
    writer.unsealed = Some(Unsealed { header: walk.header, header_line: walk.header_line, tail, tally });
}

/// Read a segment from its first line to its last.
fn scan(writer: &Writer, segment: u64) -> Result<Found, RecordError> {
    let path = segments::path(&writer.folder, segment);
    let mut lines = segments::lines(&writer.folder, segment)?;
    let mut line = Vec::new();
    let mut walk: Option<Walk> = None;
    let mut tally = Tally::default();
    loop {
        let wrong = |lines: &Lines<_>, wrong| damaged(&writer.folder, segment, lines.number, wrong);
        match lines.next(&mut line).map_err(segments::io(&path))? {
            Line::End | Line::Torn => break,
            Line::TooLong => return Err(wrong(&lines, Wrong::TooLong)),
            Line::Whole => {}
        }
        match &mut walk {
            None => walk = Some(begin(writer, segment, &line)?),
            Some(walk) => {
                let first = walk.seen() == 0;
                if let Some(entry) = walk.line(&line).map_err(|why| wrong(&lines, why))? {
                    let body = entry.body().map_err(|why| wrong(&lines, why))?;
                    tally.add(&body.facts(), first);
                }
            }
        }
    }
    let torn = segments::written_after(&writer.folder, segment, lines.whole)?;
    match walk {
        None => Ok(Found::Begun(torn)),
        Some(walk) if walk.seal.is_some() && torn == 0 => Ok(Found::Sealed(Box::new(walk), lines.whole)),
        Some(walk) if walk.seal.is_some() => Err(damaged(&writer.folder, segment, lines.number, Wrong::AfterEnd)),
        Some(walk) => Ok(Found::Unsealed { walk: Box::new(walk), tally: Box::new(tally), good: lines.whole, torn }),
    }
}

/// The header of the segment, which must be this gateway's.
fn begin(writer: &Writer, segment: u64, line: &[u8]) -> Result<Walk, RecordError> {
    let ours = writer.key.public();
    let walk = Walk::begin(line, &ours).map_err(|wrong| match wrong {
        Wrong::OtherKey(found) => RecordError::OtherKey { file: segments::path(&writer.folder, segment), found, ours },
        wrong => damaged(&writer.folder, segment, 1, wrong),
    })?;
    if walk.header.segment != segment {
        return Err(damaged(&writer.folder, segment, 1, Wrong::FileName(walk.header.segment)));
    }
    if walk.header.gateway != writer.config.gateway {
        return Err(RecordError::OtherGateway {
            folder: writer.folder.clone(),
            found: walk.header.gateway,
            ours: writer.config.gateway.clone(),
        });
    }
    Ok(walk)
}
