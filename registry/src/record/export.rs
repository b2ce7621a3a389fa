//! Exporting a part of the record: one file, which can be verified anywhere with nothing but the public key.
//!
//! The export is JSON lines: a line that says what it is, the segments as they are on the disk, and a signed checkpoint
//! of its end. The checkpoint covers the first line, too, so a part that is cut from either end is missed.

use super::checkpoint::{Checkpoint, Reached};
use super::entry;
use super::error::RecordError;
use super::hex::ChainHash;
use super::journal::{Inner, Journal};
use super::key::PublicKey;
use super::run::Order;
use super::segments::{self, Ends};
use super::wrong::Wrong;
use crate::error::RegistryError;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// The first line of an export.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportHeader {
    /// The gateway whose record it is.
    pub gateway: String,
    /// The key to verify it with. Take it from the gateway, not from here.
    pub key: PublicKey,
    /// The first and last segment in it.
    pub from_segment: u64,
    /// The last.
    pub to_segment: u64,
    /// When it was made, in milliseconds since 1970.
    pub made_ms: u64,
}

/// The first line, as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    export: ExportHeader,
}

impl ExportHeader {
    /// Read the first line of an export.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Wrong> {
        let FirstLine { export } = serde_json::from_slice(line).map_err(|_| Wrong::NotAnExport)?;
        Ok(export)
    }
}

/// What was exported.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// The first line.
    pub header: ExportHeader,
    /// The last line.
    pub checkpoint: Checkpoint,
}

impl Journal {
    /// Write the segments with entries between two moments, in milliseconds since 1970, to `out`; all of them where
    /// none is said. Segments are exported whole, so there may be more than was asked for. What is not sealed is sealed
    /// first. Gives `out` back.
    ///
    /// # Errors
    /// `Record`: nothing lies between these moments, nobody writes the record, or a file cannot be read or written.
    pub async fn export<W: Write + Send + 'static>(
        &self,
        from_ms: Option<u64>,
        to_ms: Option<u64>,
        mut out: W,
    ) -> Result<(W, Exported), RegistryError> {
        // Nothing is emptied meanwhile, so the checkpoint knows of all that is.
        let _still = self.inner.retaining.lock().await;
        let end = self.order(Order::Seal).await?;
        self.reading(move |inner| {
            let exported = export(inner, end.reached(), from_ms.unwrap_or(0), to_ms.unwrap_or(u64::MAX), &mut out)?;
            Ok((out, exported))
        })
        .await
    }
}

fn export(inner: &Inner, end: &Reached, from: u64, to: u64, out: &mut impl Write) -> Result<Exported, RecordError> {
    let folder = &inner.folder;
    let (first, last, reached) = range(folder, end.segment, from, to)?;
    let made_ms = inner.clock.unix_millis();
    let header = ExportHeader {
        gateway: end.gateway.clone(),
        key: inner.key.public(),
        from_segment: first,
        to_segment: last,
        made_ms,
    };
    let not_written = |source| RecordError::Io { path: "the export".into(), source };
    let first_line = serde_json::to_vec(&FirstLine { export: header.clone() }).map_err(std::io::Error::from);
    let first_line = first_line.map_err(not_written)?;
    out.write_all(&first_line).and_then(|()| out.write_all(b"\n")).map_err(not_written)?;
    for segment in first..=last {
        let mut file = segments::open(folder, segment)?;
        std::io::copy(&mut file, out).map_err(not_written)?;
    }
    let export = Some(ChainHash::of(&first_line));
    let reached = Reached { at_ms: made_ms, emptied_through: end.emptied_through, export, ..reached };
    let checkpoint = Checkpoint::sign(reached, &inner.key);
    writeln!(out, "{checkpoint}").and_then(|()| out.flush()).map_err(not_written)?;
    Ok(Exported { header, checkpoint })
}

/// The first and last segment with entries between two moments, and the end of the last.
fn range(folder: &Path, through: u64, from: u64, to: u64) -> Result<(u64, u64, Reached), RecordError> {
    let mut range: Option<(u64, u64, Reached)> = None;
    for segment in segments::list(folder)?.into_iter().filter(|segment| *segment <= through) {
        let damaged = |wrong| RecordError::Damaged { file: segments::path(folder, segment), line: 1, wrong };
        let Some(Ends { header, seal: Some((seal, line)), .. }) = segments::ends(folder, segment)? else {
            return Err(damaged(Wrong::Unsealed));
        };
        if seal.tally.last_ms < from || seal.tally.first_ms > to {
            continue;
        }
        let (hash, _) = entry::split(&line).map_err(damaged)?;
        let reached = Reached {
            gateway: header.gateway,
            segment,
            entry: seal.last,
            hash,
            at_ms: 0,
            emptied_through: 0,
            export: None,
        };
        range = Some((range.map_or(segment, |(first, ..)| first), segment, reached));
    }
    range.ok_or(RecordError::Nothing)
}
