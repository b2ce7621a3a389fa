//! Emptying old segments of their entries.
//!
//! What is left of such a segment is its header and its seal: the chain goes through it as before, because the seal
//! carries the hash of the last entry, and it says how many entries there were. The chain says, under a seal, that
//! segments are emptied *before* they are; a segment emptied by somebody else is told from that.
//!
//! Invariant: the segments that are emptied are the first ones of the record, and never the last that is sealed.

use super::error::RecordError;
use super::journal::Journal;
use super::key::PublicKey;
use super::lines::{Line, Lines};
use super::run::Order;
use super::segments::{self, Ends};
use super::walk::Walk;
use super::wrong::Wrong;
use crate::error::RegistryError;
use crate::folder::{private, sync};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// What was emptied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Retained {
    /// How many segments.
    pub segments: u64,
    /// How many entries were in them.
    pub entries: u64,
}

/// A segment that is old enough.
struct Old {
    segment: u64,
    entries: u64,
    header_line: Vec<u8>,
    seal_line: Vec<u8>,
}

impl Journal {
    /// Empty the sealed segments whose newest entry is older than `age`.
    ///
    /// # Errors
    /// `Record`: nobody writes the record, or a file cannot be read, understood or written. What was emptied by then
    /// stays so, and the next call goes on.
    pub async fn retain(&self, age: Duration) -> Result<Retained, RegistryError> {
        let _turn = self.inner.retaining.lock().await;
        let before = self.inner.clock.unix_millis().saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let old = self.reading(move |inner| old_segments(&inner.folder, before, &inner.key.public())).await?;
        let Some(through) = old.last().map(|old| old.segment) else { return Ok(Retained::default()) };
        let retained = Retained { segments: old.len() as u64, entries: old.iter().map(|old| old.entries).sum() };
        let Retained { segments, entries } = retained;
        self.order(|done| Order::Emptied { through, segments, entries, done }).await?;
        let emptied = self.reading(move |inner| old.iter().try_for_each(|old| empty(&inner.folder, old))).await;
        // Also after an error: what was emptied here until then is emptied there.
        self.inner.to_archive.notify_one();
        emptied.map(|()| retained)
    }
}

/// The segments to empty: from the first that is not empty up to the first that is too young.
fn old_segments(folder: &Path, before: u64, key: &PublicKey) -> Result<Vec<Old>, RecordError> {
    let mut old = Vec::new();
    let mut sealed = Vec::new();
    for segment in segments::list(folder)? {
        let Some(Ends { header_line, seal: Some((seal, seal_line)), husk, .. }) = segments::ends(folder, segment)?
        else {
            break;
        };
        sealed.push(segment);
        if husk {
            continue;
        }
        if seal.tally.last_ms >= before {
            break;
        }
        holds_together(folder, segment, key)?;
        old.push(Old { segment, entries: seal.count, header_line, seal_line });
    }
    // Which one is the last that is sealed is known only when another one follows.
    if old.last().is_some_and(|old| Some(&old.segment) == sealed.last()) {
        old.pop();
    }
    Ok(old)
}

/// Read a segment through. One that does not hold together is left as it is: it is evidence.
fn holds_together(folder: &Path, segment: u64, key: &PublicKey) -> Result<(), RecordError> {
    let file = segments::path(folder, segment);
    let mut lines = Lines::new(segments::open(folder, segment)?);
    let (mut line, mut walk) = (Vec::new(), None);
    loop {
        let read = lines.next(&mut line).map_err(segments::io(&file))?;
        let step = match (&mut walk, read) {
            (None, Line::Whole) => Walk::begin(&line, key).map(|begun| walk = Some(begun)),
            (Some(walk), Line::Whole) => walk.line(&line).map(|_| ()),
            (Some(Walk { seal: Some(_), .. }), Line::End) => return Ok(()),
            _ => Err(Wrong::Unsealed),
        };
        step.map_err(|wrong| RecordError::Damaged { file: file.clone(), line: lines.number, wrong })?;
    }
}

/// Put a husk in the place of a segment.
fn empty(folder: &Path, old: &Old) -> Result<(), RecordError> {
    let file = segments::path(folder, old.segment);
    let unnamed = file.with_extension("tmp");
    let replace = || {
        let mut out = private(OpenOptions::new().create(true).truncate(true).write(true)).open(&unnamed)?;
        for line in [&old.header_line, &old.seal_line] {
            out.write_all(line)?;
            out.write_all(b"\n")?;
        }
        out.sync_all()?;
        std::fs::rename(&unnamed, &file)?;
        sync(folder)
    };
    replace().map_err(segments::io(&file))
}
