//! Durable exchanges: what the spine asks of the ledger that keeps them.
//!
//! Two promises to a caller live here. An exchange that was *accepted* is done later, however often the gateway dies
//! meanwhile. An exchange with an *idempotency key* is done once: every repeat gets the first answer. Both are rows of
//! one ledger, under the id of the exchange that was first, which the adapter sees at every try and can make its
//! upstream calls idempotent by.

use crate::digest::Digest;
use crate::fault::{Fault, Kind, Problem};
use crate::id::ExchangeId;
use async_trait::async_trait;
use bytes::Bytes;
use nhip_policies::CallerName;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// What an exchange asks for: enough to run it, and to run it again.
#[derive(Clone, Debug)]
pub struct Work {
    /// Who asks.
    pub caller: CallerName,
    /// The public name of the service.
    pub service: String,
    /// The function.
    pub function: String,
    /// Why the caller asks.
    pub purpose: Option<String>,
    /// The trace that every try belongs to (`traceparent`).
    pub trace: String,
    /// How many exchanges stand above it. It is kept, so that adapters cannot hand something on to one another for ever.
    pub depth: u32,
    /// The parameters: a JSON object by name.
    pub body: Bytes,
    /// Digest of the body.
    pub request: Digest,
}

/// How an exchange ended for good, as it is told to every repeat.
#[derive(Clone, Debug)]
pub struct End {
    /// The answer's JSON, or the fault.
    pub result: Result<Bytes, Fault>,
}

/// What the ledger says to a claim.
#[derive(Clone, Debug)]
pub enum Claimed {
    /// Nobody has done it: do it, under this id, as this try.
    Mine {
        /// The id of the exchange that was first with this key.
        id: ExchangeId,
        /// Which try this is, from 1.
        attempt: u32,
    },
    /// It was done.
    Ended {
        /// The id of the exchange that was first with this key.
        id: ExchangeId,
        /// How it ended.
        end: End,
    },
    /// It was accepted and is done later, under this id.
    Accepted(ExchangeId),
    /// It is being done, and was not over in time.
    UnderWay(ExchangeId),
    /// The key belongs to another request of this caller.
    OtherRequest,
}

/// Why the ledger cannot say anything.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// As many exchanges wait to be done as may wait.
    #[error("{0}")]
    Full(String),
    /// The database cannot be reached or cannot write.
    #[error("{0}")]
    Unavailable(String),
}

/// Where durable exchanges are kept.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Claim an idempotency key for an exchange about to be done. Where it is being done already, waits for its end,
    /// at most until `deadline`. Whoever gets [`Claimed::Mine`] has until `deadline`, and some seconds, to say how it
    /// ended; after that the next repeat may try again.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn claim(&self, key: &str, work: &Work, id: ExchangeId, deadline: Instant) -> Result<Claimed, LedgerError>;

    /// Keep how a claimed exchange ended; on disk when this returns.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn end(&self, id: ExchangeId, attempt: u32, end: &End) -> Result<(), LedgerError>;

    /// Give a claim back: the try ended in a way after which the same request may be tried again. Never waits, and
    /// is good enough as a best effort: a claim that is not given back ends by itself.
    fn release(&self, id: ExchangeId, attempt: u32);

    /// Accept an exchange to be done later, in its lane if it has one; on disk when this returns. Gives `Mine` (attempt
    /// 0) when it is newly accepted, else what became of the request that had the key first.
    ///
    /// # Errors
    /// `Full`, `Unavailable`.
    async fn accept(
        &self,
        key: Option<&str>,
        work: &Work,
        id: ExchangeId,
        lane: Option<&str>,
    ) -> Result<Claimed, LedgerError>;

    /// What there is to know of an exchange, for the caller that owns it; nothing for anybody else.
    ///
    /// # Errors
    /// `Unavailable`.
    async fn status(&self, caller: &CallerName, id: ExchangeId) -> Result<Option<Status>, LedgerError>;
}

/// Where a durable exchange is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for its next try.
    Waiting,
    /// It is being tried.
    Trying,
    /// It was done.
    Done,
    /// It could not be done and is not tried any more, unless an operator says so: a dead letter.
    Dead,
    /// An operator gave it up.
    Discarded,
}

/// What there is to know of a durable exchange.
#[derive(Clone, Debug)]
pub struct Status {
    /// Its id.
    pub id: ExchangeId,
    /// The service.
    pub service: String,
    /// The function.
    pub function: String,
    /// Where it is.
    pub state: State,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted_ms: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, in milliseconds since 1970; of a waiting one.
    pub next_ms: Option<u64>,
    /// The answer of one that was done; the last fault of one that was not.
    pub result: Option<Result<Bytes, Fault>>,
}

/// A fault as it is kept, to be told again word by word. What was said to the inside is not kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KeptFault {
    /// The code of its kind.
    pub code: String,
    /// The sentence for the caller.
    pub detail: String,
    /// What is wrong with the caller's values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The contract's own error value, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The upstream system's own error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_code: Option<String>,
    /// Seconds to wait before another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl From<&Fault> for KeptFault {
    fn from(fault: &Fault) -> Self {
        Self {
            code: fault.kind.row().code.to_owned(),
            detail: fault.outside.clone().into_owned(),
            problems: fault.problems.clone(),
            // It was written by the contract crate, as JSON.
            value: fault.value.as_deref().map(|value| String::from_utf8_lossy(value).into_owned()),
            upstream_code: fault.upstream_code.clone(),
            retry_after: fault.retry_after,
        }
    }
}

impl KeptFault {
    /// The fault again. A code that this gateway does not know (an older or a newer one wrote it) becomes a defect of
    /// the gateway.
    #[must_use]
    pub fn fault(self) -> Fault {
        let kind = Kind::of_code(&self.code).unwrap_or(Kind::GatewayInternal);
        Fault {
            problems: self.problems,
            value: self.value.map(Bytes::from),
            upstream_code: self.upstream_code,
            retry_after: self.retry_after,
            ..Fault::new(kind, self.detail)
        }
    }
}
