//! Dead letters: exchanges that were accepted to be done later, could not be done, and are not tried any more.
//!
//! Invariant: nothing here holds what an exchange carries or was answered. Of its lane only the function is told, for
//! the rest of it was read from the body; of its fault the contract's own error value is left out.

use nhip_exchange::{Digest, ExchangeId, Problem};
use nhip_registry::{DeadFilter, Story};
use serde::{Deserialize, Serialize};

/// The query of `GET /api/dead-letters`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterQuery {
    /// Those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Those of this function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Those of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Those whose last fault has this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Those that died at this moment or later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those that died before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// How many at most, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// The body of `POST /api/dead-letters/retry` and of `POST /api/dead-letters/discard`: one by its id, or those that a
/// filter lets through, or all. What is said in two ways, or not at all, is refused.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetterChoice {
    /// The one of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Every one there is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Those of this function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Those of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Those whose last fault has this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Those that died at this moment or later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those that died before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
}

/// `GET /api/dead-letters`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeadLetterList {
    /// Those that match, the ones that died last first.
    pub dead_letters: Vec<DeadLetter>,
}

/// A dead letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id.
    pub id: ExchangeId,
    /// Who had it accepted.
    pub caller: String,
    /// The service.
    pub service: String,
    /// The function.
    pub function: String,
    /// Why the caller asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The function that its lane is known by, if it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Digest of its body.
    pub request: Digest,
    /// Bytes of its body.
    pub bytes: u64,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted_ms: u64,
    /// When it died, in milliseconds since 1970.
    pub died_ms: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// The code of its last fault.
    pub outcome: String,
    /// The sentence of its last fault, as its caller is told it.
    pub detail: String,
    /// What is wrong with the caller's values, by place and without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The upstream system's own error code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_code: Option<String>,
}

/// `GET /api/dead-letters/{id}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeadLetterDetails {
    /// The dead letter.
    pub dead_letter: DeadLetter,
    /// What became of its tries.
    pub story: Story,
}

/// The answer to `POST /api/dead-letters/retry`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retried {
    /// How many are tried again.
    pub retried: u64,
}

/// The answer to `POST /api/dead-letters/discard`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Discarded {
    /// How many were given up.
    pub discarded: u64,
}

impl From<DeadLetterQuery> for DeadFilter {
    fn from(query: DeadLetterQuery) -> Self {
        let DeadLetterQuery { service, function, caller, outcome, since, until, limit: _ } = query;
        Self { service, function, caller, code: outcome, since_ms: since, until_ms: until }
    }
}

impl From<nhip_registry::DeadLetter> for DeadLetter {
    fn from(letter: nhip_registry::DeadLetter) -> Self {
        Self {
            id: letter.id,
            caller: letter.caller,
            service: letter.service,
            function: letter.function,
            purpose: letter.purpose,
            // A lane is called by a function and a value of the body, with a blank between.
            lane: letter.lane.and_then(|lane| lane.split_once(' ').map(|(function, _)| function.to_owned())),
            request: letter.request,
            bytes: letter.bytes,
            accepted_ms: letter.accepted_ms,
            died_ms: letter.died_ms,
            attempts: letter.attempts,
            outcome: letter.fault.code,
            detail: letter.fault.detail,
            problems: letter.fault.problems,
            upstream_code: letter.fault.upstream_code,
        }
    }
}
