//! `GET /exchanges/{id}`: how an exchange that was accepted to be done later goes, for the caller that owns it.
//!
//! Invariant: for anybody else there is no such exchange.

use crate::answer::{self, Answer};
use crate::problem;
use bytes::Bytes;
use jiff::Timestamp;
use nhip_exchange::durable::{Ledger, State, Status};
use nhip_exchange::{ExchangeId, Fault, Kind};
use nhip_policies::CallerName;
use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    exchange: ExchangeId,
    service: &'a str,
    function: &'a str,
    state: State,
    accepted_at: Option<String>,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    /// The answer, as the service gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    /// The last fault, as `application/problem+json` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Box<RawValue>>,
}

/// What this caller may know of it.
pub(crate) async fn show(ledger: &dyn Ledger, caller: &CallerName, id: &str) -> Answer {
    let Ok(uuid) = Uuid::try_parse(id) else { return unknown() };
    match ledger.status(caller, ExchangeId::from(uuid)).await {
        Ok(Some(status)) => answer::document(document(&status)),
        Ok(None) => unknown(),
        Err(error) => answer::fault(
            &Fault::new(Kind::LedgerUnavailable, "the gateway cannot look the exchange up now; try again in a moment")
                .inside(error.to_string())
                .retry_after(5),
        ),
    }
}

fn unknown() -> Answer {
    answer::fault(&Fault::new(Kind::UnknownExchange, "this caller has no exchange of that id that is done later"))
}

fn document(status: &Status) -> Bytes {
    let raw = |json: &[u8]| serde_json::from_slice(json).ok();
    let (result, problem) = match &status.result {
        Some(Ok(answer)) => (raw(answer), None),
        Some(Err(fault)) => (None, raw(&problem::document(fault, Some(status.id)))),
        None => (None, None),
    };
    let document = Document {
        exchange: status.id,
        service: &status.service,
        function: &status.function,
        state: status.state,
        accepted_at: time(status.accepted_ms),
        attempts: status.attempts,
        next_attempt_at: status.next_ms.and_then(time),
        result,
        problem,
    };
    // What is in it was written as JSON before.
    serde_json::to_vec(&document).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

/// RFC 3339, in UTC.
fn time(ms: u64) -> Option<String> {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).map(|time| time.to_string())
}
