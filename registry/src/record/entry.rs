//! The entries of the chain: an exchange, a control act, or what happened to the record itself.

use super::hex::ChainHash;
use super::wrong::Wrong;
use crate::acts::Act;
use nhip_exchange::{ExchangeId, Record};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What an entry is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// An exchange that ended, or an attempt of one.
    Exchange,
    /// A control act.
    Act,
    /// What happened to the gateway and its record.
    Gateway,
}

impl EntryKind {
    /// The word on the chain.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Exchange => "exchange",
            Self::Act => "act",
            Self::Gateway => "gateway",
        }
    }
}

/// What happened to the gateway and its record.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// The gateway started, after it had been stopped or for the first time.
    Started {
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// The gateway's version.
        version: String,
    },
    /// The gateway started after it had been killed.
    Recovered {
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// The gateway's version.
        version: String,
        /// How many bytes of an unfinished line were cut from the end of the record.
        cut_bytes: u64,
    },
    /// The gateway was stopped.
    Stopped {
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Old segments are emptied of their entries, from the first of the record through this one.
    Retention {
        /// When, in milliseconds since 1970.
        at_ms: u64,
        /// The last of them.
        through_segment: u64,
        /// How many are emptied now.
        segments: u64,
        /// How many entries are in them.
        entries: u64,
    },
}

/// An entry, as it is found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ChainEntry {
    /// Its number on the chain.
    pub n: u64,
    /// What it is about.
    #[serde(flatten)]
    pub body: Body,
}

/// What an entry says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "record", rename_all = "lowercase")]
pub enum Body {
    /// An exchange that ended, or an attempt of one.
    Exchange(Box<Record>),
    /// A control act.
    Act(Box<Act>),
    /// What happened to the gateway and its record.
    Gateway(Event),
}

impl Body {
    pub(crate) fn facts(&self) -> Facts<'_> {
        match self {
            Self::Exchange(record) => Facts::of_exchange(record),
            Self::Act(act) => Facts::new(EntryKind::Act, act.at_ms),
            Self::Gateway(event) => Facts::of_event(event),
        }
    }
}

/// What of an entry can be searched for.
pub(crate) struct Facts<'a> {
    pub(crate) kind: EntryKind,
    pub(crate) at_ms: u64,
    pub(crate) service: Option<&'a str>,
    pub(crate) caller: Option<&'a str>,
    pub(crate) outcome: Option<&'a str>,
    pub(crate) adapter: Option<&'a str>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(kind: EntryKind, at_ms: u64) -> Self {
        Self { kind, at_ms, service: None, caller: None, outcome: None, adapter: None }
    }

    pub(crate) fn of_exchange(record: &'a Record) -> Self {
        Self {
            kind: EntryKind::Exchange,
            at_ms: record.opened_ms,
            service: Some(&record.service),
            caller: record.caller.as_deref(),
            outcome: Some(&record.outcome),
            adapter: record.adapter.as_deref(),
        }
    }

    pub(crate) fn of_event(event: &Event) -> Self {
        let (Event::Started { at_ms, .. }
        | Event::Recovered { at_ms, .. }
        | Event::Stopped { at_ms }
        | Event::Retention { at_ms, .. }) = event;
        Self::new(EntryKind::Gateway, *at_ms)
    }
}

/// An entry's JSON, as far as the chain needs it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEntry<'a> {
    pub(crate) n: u64,
    pub(crate) kind: EntryKind,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl<'a> RawEntry<'a> {
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, Wrong> {
        serde_json::from_slice(json).map_err(|_| Wrong::NotALine)
    }

    /// Read what it says.
    pub(crate) fn body(&self) -> Result<Body, Wrong> {
        let text = self.record.get();
        match self.kind {
            EntryKind::Exchange => serde_json::from_str(text).map(Body::Exchange),
            EntryKind::Act => serde_json::from_str(text).map(Body::Act),
            EntryKind::Gateway => serde_json::from_str(text).map(Body::Gateway),
        }
        .map_err(|_| Wrong::NotUnderstood(self.n))
    }

    /// The exchange it is about, if it is about one.
    pub(crate) fn exchange(&self) -> Result<Option<ExchangeId>, Wrong> {
        self.id_of(EntryKind::Exchange)
    }

    /// The number of the control act it is about, if it is about one.
    pub(crate) fn act(&self) -> Result<Option<u64>, Wrong> {
        self.id_of(EntryKind::Act)
    }

    /// The `id` in its record, if it is of this kind.
    fn id_of<T: DeserializeOwned>(&self, kind: EntryKind) -> Result<Option<T>, Wrong> {
        #[derive(Deserialize)]
        struct Id<T> {
            id: T,
        }

        if self.kind != kind {
            return Ok(None);
        }
        let Id { id } = serde_json::from_str(self.record.get()).map_err(|_| Wrong::NotUnderstood(self.n))?;
        Ok(Some(id))
    }
}

/// The hash and the JSON of a line, unchecked.
pub(crate) fn split(line: &[u8]) -> Result<(ChainHash, &[u8]), Wrong> {
    let (hash, json) = line.split_at_checked(64).ok_or(Wrong::NotALine)?;
    let json = json.strip_prefix(b" ").ok_or(Wrong::NotALine)?;
    Ok((ChainHash::parse(hash).ok_or(Wrong::NotALine)?, json))
}
