//! Finding entries. The truth is the segments themselves: they are read, newest first, and a sealed one is passed over
//! when its seal says that nothing in it can match.
//!
//! This gateway's own are read from its folder, up to the last line; those of the gateways that share its database, from
//! the archive, up to what each has sealed.

use super::archive::{Archive, Archived};
use super::entry::{self, Body, ChainEntry, EntryKind, RawEntry};
use super::error::RecordError;
use super::journal::Journal;
use super::lines::{Line, Lines};
use super::seal::Seal;
use super::segments;
use super::wrong::Wrong;
use crate::blobs::blocking;
use crate::error::{RegistryError, chain};
use memchr::memmem::Finder;
use nhip_exchange::{ExchangeId, Record};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

/// The most entries of one listing.
pub const MOST_RECORDS: u32 = 1000;

/// How far the machine's clock may have been set back, in milliseconds, for an exchange still to be found by its id.
const CLOCK_SLACK: u64 = 24 * 60 * 60 * 1000;
/// How many seals are asked of the archive at once.
const SEALS: u32 = 256;

/// Which entries to list. The default is the newest 100.
///
/// Whatever is asked of an exchange (all but `kind` and the moments) is found of exchanges only.
#[derive(Clone, Debug)]
pub struct ExchangeFilter {
    /// Those on the record of this gateway.
    pub gateway: Option<String>,
    /// Those of this id: an exchange has one entry for each attempt.
    pub id: Option<ExchangeId>,
    /// Those that are about this.
    pub kind: Option<EntryKind>,
    /// Those of this service.
    pub service: Option<String>,
    /// Those of this caller.
    pub caller: Option<String>,
    /// Those that ended so: `ok` or the code of a fault.
    pub outcome: Option<String>,
    /// Those that this adapter served.
    pub adapter: Option<String>,
    /// Those with this text in an id that an upstream system gave.
    pub upstream: Option<String>,
    /// Those opened since this moment, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Those opened until this moment, in milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// How many at most; never more than [`MOST_RECORDS`].
    pub limit: u32,
}

impl Default for ExchangeFilter {
    fn default() -> Self {
        Self {
            gateway: None,
            id: None,
            kind: None,
            service: None,
            caller: None,
            outcome: None,
            adapter: None,
            upstream: None,
            since_ms: None,
            until_ms: None,
            limit: 100,
        }
    }
}

/// An entry, and whose record it is on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The gateway's name.
    pub gateway: String,
    /// The entry.
    #[serde(flatten)]
    pub entry: ChainEntry,
}

/// How far a search went beyond this gateway's own record.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Reach {
    /// The other gateways on the same database: what they sealed was searched, and nothing later.
    pub others: Vec<Archived>,
    /// Why only this gateway's own record was searched, although there may be others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreached: Option<String>,
}

impl Reach {
    /// Whether there is nothing but this gateway's own record.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        self.others.is_empty() && self.unreached.is_none()
    }
}

/// What was found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Findings {
    /// The entries, the newest first; those of one gateway by their place on its chain.
    pub entries: Vec<Found>,
    /// Where it was looked for them.
    pub reach: Reach,
}

impl Journal {
    /// The entries that match, on this gateway's record and on those that are archived.
    ///
    /// A database that does not answer is told in the reach, and is no error: the gateway's own record needs none.
    ///
    /// # Errors
    /// `Record`: a segment cannot be read or understood.
    pub async fn search(&self, filter: &ExchangeFilter) -> Result<Findings, RegistryError> {
        let search = Arc::new(Search::new(filter.clone()));
        let own_name = &self.inner.gateway;
        let mut own = Vec::new();
        if search.is_meant(own_name) {
            let searching = Arc::clone(&search);
            own = self.reading(move |inner| searching.run(&inner.folder)).await?;
        }
        let mut lists = vec![(own_name.clone(), own)];
        let mut reach = Reach::default();
        if let Some(archive) = &self.inner.archive {
            match search.run_archived(archive).await {
                Ok((others, found)) => {
                    reach.others = others;
                    lists.extend(found);
                }
                Err(error) if error.is_unavailable() => reach.unreached = Some(chain(&error)),
                Err(error) => return Err(error),
            }
        }
        Ok(Findings { entries: merged(lists, search.limit()), reach })
    }

    /// The records of the exchanges that match, the newest first, and where it was looked for them.
    ///
    /// # Errors
    /// See [`Journal::search`].
    pub async fn recent(&self, filter: &ExchangeFilter) -> Result<(Vec<Record>, Reach), RegistryError> {
        let exchanges = ExchangeFilter { kind: Some(EntryKind::Exchange), ..filter.clone() };
        let record = |found: Found| match found.entry.body {
            Body::Exchange(record) => Some(*record),
            Body::Act(_) | Body::Gateway(_) => None,
        };
        let Findings { entries, reach } = self.search(&exchanges).await?;
        Ok((entries.into_iter().filter_map(record).collect(), reach))
    }

    /// Everything on record of one exchange, the oldest first: one entry for each attempt.
    ///
    /// # Errors
    /// `Record`: a segment cannot be read or understood.
    pub async fn show(&self, id: ExchangeId) -> Result<Findings, RegistryError> {
        let filter = ExchangeFilter { id: Some(id), limit: MOST_RECORDS, ..ExchangeFilter::default() };
        let mut found = self.search(&filter).await?;
        found.entries.reverse();
        Ok(found)
    }
}

/// The newest entries of several lists, each of them the newest first.
fn merged(lists: Vec<(String, Vec<ChainEntry>)>, most: usize) -> Vec<Found> {
    let mut merged = Vec::new();
    let queue = |(gateway, entries): (String, Vec<ChainEntry>)| (gateway, VecDeque::from(entries));
    let mut lists: Vec<_> = lists.into_iter().map(queue).collect();
    while merged.len() < most {
        let newest = lists.iter_mut().filter_map(|(gateway, entries)| {
            let at_ms = entries.front()?.body.facts().at_ms;
            Some((Reverse(at_ms), gateway, entries))
        });
        // Of one moment, by name.
        let Some((_, gateway, entries)) = newest.min_by(|one, other| (one.0, &*one.1).cmp(&(other.0, &*other.1)))
        else {
            break;
        };
        merged.extend(entries.pop_front().map(|entry| Found { gateway: gateway.clone(), entry }));
    }
    merged
}

/// A filter, made ready.
struct Search {
    filter: ExchangeFilter,
    /// Texts that the JSON of every match has in it.
    needles: Vec<Finder<'static>>,
}

impl Search {
    fn new(filter: ExchangeFilter) -> Self {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let whole = [&filter.service, &filter.caller, &filter.outcome, &filter.adapter];
        let mut needles: Vec<String> = whole.into_iter().flatten().map(|text| quoted(text)).collect();
        needles.extend(filter.id.map(|id| quoted(&id.to_string())));
        let inner = |text: &String| quoted(text).trim_matches('"').to_owned();
        // Of a text that itself begins or ends with a quote, the rest is enough.
        needles.extend(filter.upstream.as_ref().map(inner));
        let finder = |needle: String| Finder::new(needle.as_bytes()).into_owned();
        Self { needles: needles.into_iter().map(finder).collect(), filter }
    }

    fn limit(&self) -> usize {
        usize::try_from(std::cmp::min(self.filter.limit, MOST_RECORDS)).unwrap_or(usize::MAX)
    }

    /// Whether the record of this gateway is to be searched.
    fn is_meant(&self, gateway: &str) -> bool {
        self.filter.gateway.as_deref().is_none_or(|meant| meant == gateway)
    }

    /// Search the records of the other gateways in the archive. Gives which those are, and what was found on each, the
    /// newest first.
    async fn run_archived(
        self: &Arc<Self>,
        archive: &Archive,
    ) -> Result<(Vec<Archived>, Vec<(String, Vec<ChainEntry>)>), RegistryError> {
        let mut others = archive.gateways().await?;
        others.retain(|other| other.gateway != archive.gateway() && self.is_meant(&other.gateway));
        let mut lists = Vec::new();
        for Archived { gateway, .. } in &others {
            let found = match self.filter.id {
                Some(id) => self.of_archived(archive, gateway, archive.with(gateway, id).await?).await?,
                None => self.of_all_archived(archive, gateway).await?,
            };
            lists.push((gateway.clone(), found));
        }
        Ok((others, lists))
    }

    /// The newest matches on the record of a gateway in the archive, the newest first.
    async fn of_all_archived(
        self: &Arc<Self>,
        archive: &Archive,
        gateway: &str,
    ) -> Result<Vec<ChainEntry>, RegistryError> {
        let (mut found, mut before) = (Vec::new(), u64::MAX);
        while found.len() < self.limit() {
            let seals = archive.before(gateway, before, SEALS).await?;
            let Some((oldest, _)) = seals.last() else { break };
            before = *oldest;
            let candidates = seals.iter().filter(|(_, seal)| self.may_be_under(seal)).map(|(segment, _)| *segment);
            for segment in candidates {
                if found.len() >= self.limit() {
                    break;
                }
                found.extend(self.of_archived(archive, gateway, vec![segment]).await?);
            }
        }
        found.truncate(self.limit());
        Ok(found)
    }

    /// The newest matches in segments of a gateway, given the newest first, and found the newest first.
    async fn of_archived(
        self: &Arc<Self>,
        archive: &Archive,
        gateway: &str,
        segments: Vec<u64>,
    ) -> Result<Vec<ChainEntry>, RegistryError> {
        let mut found = Vec::new();
        for segment in segments {
            // One that was emptied meanwhile has nothing in it.
            let Some(bytes) = archive.segment(gateway, segment).await? else { continue };
            let (search, whose) = (Arc::clone(self), gateway.to_owned());
            let read = move || {
                let damaged =
                    |line, wrong| RecordError::ArchiveDamaged { gateway: whose.clone(), segment, line, wrong };
                // Reading from memory does not fail.
                let unread = |_| damaged(0, Wrong::NotALine);
                Ok(search.of_lines(&mut Lines::new(&*bytes), search.limit(), unread, damaged)?)
            };
            found.extend(blocking(read).await?.into_iter().rev());
        }
        found.truncate(self.limit());
        Ok(found)
    }

    fn run(&self, folder: &Path) -> Result<Vec<ChainEntry>, RecordError> {
        let limit = self.limit();
        let mut found = Vec::new();
        for segment in segments::list(folder)?.into_iter().rev() {
            if found.len() >= limit {
                break;
            }
            let Some(ends) = segments::ends(folder, segment)? else { continue };
            if !ends.husk && ends.seal.is_none_or(|(seal, _)| self.may_be_under(&seal)) {
                found.extend(self.of_segment(folder, segment, limit - found.len())?.into_iter().rev());
            }
        }
        Ok(found)
    }

    /// Whether a segment with this seal can have a match.
    fn may_be_under(&self, seal: &Seal) -> bool {
        let (filter, tally) = (&self.filter, &seal.tally);
        let opened = filter.id.and_then(|id| id.uuid().get_timestamp()).map(|stamp| {
            let (seconds, nanos) = stamp.to_unix();
            seconds.saturating_mul(1000).saturating_add(u64::from(nanos / 1_000_000))
        });
        filter.since_ms.is_none_or(|since| tally.last_ms >= since)
            && filter.until_ms.is_none_or(|until| tally.first_ms <= until)
            && opened.is_none_or(|opened| tally.last_ms.saturating_add(CLOCK_SLACK) >= opened)
            && filter.kind.is_none_or(|kind| tally.kinds.may_have(kind.word()))
            && filter.service.as_ref().is_none_or(|name| tally.services.may_have(name))
            && filter.caller.as_ref().is_none_or(|name| tally.callers.may_have(name))
            && filter.outcome.as_ref().is_none_or(|name| tally.outcomes.may_have(name))
            && filter.adapter.as_ref().is_none_or(|name| tally.adapters.may_have(name))
    }

    /// The newest matches of a segment, at most so many, the oldest first.
    fn of_segment(&self, folder: &Path, segment: u64, most: usize) -> Result<VecDeque<ChainEntry>, RecordError> {
        let file = segments::path(folder, segment);
        let damaged = |line, wrong| RecordError::Damaged { file: file.clone(), line, wrong };
        let mut lines = segments::lines(folder, segment)?;
        self.of_lines(&mut lines, most, segments::io(&file), damaged)
    }

    fn of_lines(
        &self,
        lines: &mut Lines<impl BufRead>,
        most: usize,
        unread: impl Fn(std::io::Error) -> RecordError,
        damaged: impl Fn(u64, Wrong) -> RecordError,
    ) -> Result<VecDeque<ChainEntry>, RecordError> {
        let (mut line, mut found) = (Vec::new(), VecDeque::new());
        // A line that is cut off is one that is just being written.
        while lines.next(&mut line).map_err(&unread)? == Line::Whole {
            let damaged = |wrong| damaged(lines.number, wrong);
            if lines.number == 1 {
                continue;
            }
            let (_, json) = entry::split(&line).map_err(damaged)?;
            if Seal::is_meant(json) || !self.needles.iter().all(|needle| needle.find(json).is_some()) {
                continue;
            }
            let raw = RawEntry::parse(json).map_err(damaged)?;
            let entry = ChainEntry { n: raw.n, body: raw.body().map_err(damaged)? };
            if self.matches(&entry.body) {
                found.push_back(entry);
            }
            if found.len() > most {
                found.pop_front();
            }
        }
        Ok(found)
    }

    fn matches(&self, body: &Body) -> bool {
        let (filter, facts) = (&self.filter, body.facts());
        let is = |wanted: &Option<String>, text: Option<&str>| wanted.is_none() || wanted.as_deref() == text;
        filter.kind.is_none_or(|kind| kind == facts.kind)
            && filter.since_ms.is_none_or(|since| facts.at_ms >= since)
            && filter.until_ms.is_none_or(|until| facts.at_ms <= until)
            && is(&filter.service, facts.service)
            && is(&filter.caller, facts.caller)
            && is(&filter.outcome, facts.outcome)
            && is(&filter.adapter, facts.adapter)
            && match body {
                Body::Exchange(record) => self.matches_exchange(record),
                Body::Act(_) | Body::Gateway(_) => filter.id.is_none() && filter.upstream.is_none(),
            }
    }

    fn matches_exchange(&self, record: &Record) -> bool {
        let has =
            |text: &String| record.upstream.iter().any(|call| call.id.as_ref().is_some_and(|id| id.contains(text)));
        self.filter.id.is_none_or(|id| id == record.id) && self.filter.upstream.as_ref().is_none_or(has)
    }
}
