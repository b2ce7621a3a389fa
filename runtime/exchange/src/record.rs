//! The record of one exchange: what must be known of it afterwards, and none of its content.

use crate::digest::Digest;
use crate::id::ExchangeId;
use crate::trace::TraceContext;
use crate::trail::UpstreamCalls;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// One exchange, as it ended. Bodies are not kept; their digests are.
///
/// Most of its texts are short, and a [`CompactString`] of up to 24 bytes lies in the record itself, as the first upstream call does: the
/// thread that writes the record has then nothing to free of what another has allocated, which costs both of them much. A longer one is
/// copied, not shared, so that no shard waits for another's count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The exchange's id.
    pub id: ExchangeId,
    /// When it was opened, in milliseconds since 1970.
    pub opened_ms: u64,
    /// From opening to the end, in microseconds.
    pub micros: u64,
    /// What started it: `http`, `smoke`, `delivery`, `schedule`, `adapter`.
    pub origin: CompactString,
    /// The peer's address, if it came over the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<CompactString>,
    /// The trace it belongs to (`traceparent`).
    pub trace: TraceContext,
    /// The proven caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<CompactString>,
    /// The purpose the caller named, cut to 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<CompactString>,
    /// The service asked for, cut to 128 characters.
    pub service: CompactString,
    /// The function asked for, cut to 128 characters.
    pub function: CompactString,
    /// The adapter that served it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adapter: Option<CompactString>,
    /// The adapter's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<CompactString>,
    /// Digest of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<Digest>,
    /// Digest of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
    /// Digest of the request's body, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Digest>,
    /// Digest of the answer's body, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Digest>,
    /// `ok`, `accepted` (to be done later), or the code of the fault.
    pub outcome: CompactString,
    /// Whose trouble it was, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<CompactString>,
    /// The status the caller was given.
    pub status: u16,
    /// Processor time in the sandbox, in microseconds.
    pub cpu_micros: u64,
    /// The requests to upstream systems, in order of their end.
    pub upstream: UpstreamCalls,
    /// Which attempt this was; the first where none is said.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// The earlier exchange whose answer was given again, by its idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<ExchangeId>,
    /// The exchange whose adapter called this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ExchangeId>,
    /// The schedule that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<CompactString>,
}

impl Record {
    /// The record of an exchange of which nothing is known yet.
    pub(crate) fn of(id: ExchangeId) -> Self {
        Self {
            id,
            opened_ms: 0,
            micros: 0,
            origin: CompactString::default(),
            peer: None,
            trace: TraceContext::of(None, id),
            caller: None,
            purpose: None,
            service: CompactString::default(),
            function: CompactString::default(),
            adapter: None,
            version: None,
            component: None,
            policy: None,
            request: None,
            response: None,
            outcome: CompactString::default(),
            blame: None,
            status: 0,
            cpu_micros: 0,
            upstream: UpstreamCalls::new(),
            attempt: first(),
            repeats: None,
            parent: None,
            schedule: None,
        }
    }
}

/// A record on its way to the disk.
#[derive(Debug)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Who waits until it is on the disk. Without anybody, it is there within a bounded time of its own. When this is
    /// dropped unanswered, the record could not be kept.
    pub written: Option<oneshot::Sender<()>>,
}

fn first() -> u32 {
    1
}

fn is_first(attempt: &u32) -> bool {
    *attempt == first()
}
