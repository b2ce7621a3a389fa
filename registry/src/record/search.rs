//! Finding entries. The truth is the segments themselves: they are read, newest first, and a sealed one is passed over
//! when its seal says that nothing in it can match.

use super::entry::{self, Body, ChainEntry, EntryKind, RawEntry};
use super::error::RecordError;
use super::journal::Journal;
use super::lines::{Line, Lines};
use super::seal::Seal;
use super::segments;
use crate::error::RegistryError;
use memchr::memmem::Finder;
use nhip_exchange::{ExchangeId, Record};
use std::collections::VecDeque;
use std::path::Path;

/// The most entries of one listing.
pub const MOST_RECORDS: u32 = 1000;

/// How far the machine's clock may have been set back, in milliseconds, for an exchange still to be found by its id.
const CLOCK_SLACK: u64 = 24 * 60 * 60 * 1000;

/// Which entries to list. The default is the newest 100.
///
/// Whatever is asked of an exchange (all but `kind` and the moments) is found of exchanges only.
#[derive(Clone, Debug)]
pub struct ExchangeFilter {
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

impl Journal {
    /// The entries that match, the newest first, by their place on the chain.
    ///
    /// # Errors
    /// `Record`: a segment cannot be read or understood.
    pub async fn search(&self, filter: &ExchangeFilter) -> Result<Vec<ChainEntry>, RegistryError> {
        let search = Search::new(filter.clone());
        self.reading(move |inner| search.run(&inner.folder)).await
    }

    /// The records of the exchanges that match, the newest first.
    ///
    /// # Errors
    /// `Record`: a segment cannot be read or understood.
    pub async fn recent(&self, filter: &ExchangeFilter) -> Result<Vec<Record>, RegistryError> {
        let exchanges = ExchangeFilter { kind: Some(EntryKind::Exchange), ..filter.clone() };
        let record = |entry: ChainEntry| match entry.body {
            Body::Exchange(record) => Some(*record),
            Body::Act(_) | Body::Gateway(_) => None,
        };
        Ok(self.search(&exchanges).await?.into_iter().filter_map(record).collect())
    }

    /// Everything on record of one exchange, the oldest first: one entry for each attempt.
    ///
    /// # Errors
    /// `Record`: a segment cannot be read or understood.
    pub async fn show(&self, id: ExchangeId) -> Result<Vec<ChainEntry>, RegistryError> {
        let filter = ExchangeFilter { id: Some(id), limit: MOST_RECORDS, ..ExchangeFilter::default() };
        let mut entries = self.search(&filter).await?;
        entries.reverse();
        Ok(entries)
    }
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

    fn run(&self, folder: &Path) -> Result<Vec<ChainEntry>, RecordError> {
        let limit = usize::try_from(std::cmp::min(self.filter.limit, MOST_RECORDS)).unwrap_or(usize::MAX);
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
        let mut lines = Lines::new(segments::open(folder, segment)?);
        let (mut line, mut found) = (Vec::new(), VecDeque::new());
        // A line that is cut off is one that is just being written.
        while lines.next(&mut line).map_err(segments::io(&file))? == Line::Whole {
            let damaged = |wrong| RecordError::Damaged { file: file.clone(), line: lines.number, wrong };
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
