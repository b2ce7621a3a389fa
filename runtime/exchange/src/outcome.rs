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
    /// The answer's JSON, or why there is none.
    pub result: Result<Bytes, Fault>,
}
