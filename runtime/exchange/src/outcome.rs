//! What the spine hands back to the listener: the answer or the fault, and the id that is always told.

use crate::fault::Fault;
use crate::id::ExchangeId;
use crate::trace::TraceContext;
use bytes::Bytes;

/// The end of an exchange.
#[derive(Debug)]
pub struct Outcome {
    /// The exchange's id, for `X-Exchange-Id`.
    pub id: ExchangeId,
    /// The trace, for `traceparent`.
    pub trace: TraceContext,
    /// The reply, or why there is none.
    pub result: Result<Reply, Fault>,
    /// The exchange that was first with the idempotency key, where this is its reply again.
    pub repeats: Option<ExchangeId>,
}

/// How an exchange ends well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The answer's JSON.
    Answer(Bytes),
    /// It is on disk, under this id, and will be done.
    Accepted(ExchangeId),
}

impl Reply {
    /// The answer's JSON; nothing of one that was only accepted.
    #[must_use]
    pub fn answer(self) -> Option<Bytes> {
        match self {
            Self::Answer(answer) => Some(answer),
            Self::Accepted(_) => None,
        }
    }
}
