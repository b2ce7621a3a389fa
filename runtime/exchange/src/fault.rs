//! Faults: every way an exchange can end badly, in one table.
//!
//! A [`Fault`] has two faces: what the caller may read (`outside`) and what the operator's log needs (`inside`). The
//! kind decides status, blame and retry verdict by [`TABLE`], the only place that maps faults to answers.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

mod shared;

/// Whose trouble it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// The calling system must change its request.
    Caller,
    /// The adapter's code is at fault.
    Adapter,
    /// The system behind the adapter is at fault.
    Upstream,
    /// The gateway or its configuration is at fault.
    Gateway,
}

impl Blame {
    /// The word used on the wire and in metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Adapter => "adapter",
            Self::Upstream => "upstream",
            Self::Gateway => "gateway",
        }
    }
}

/// Whether the same request may succeed later.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// It had no effect and may succeed later.
    Later,
    /// Its effect is unknown: repeat it only if repeating is harmless.
    IfIdempotent,
}

impl Retry {
    /// The word used on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Later => "later",
            Self::IfIdempotent => "if-idempotent",
        }
    }
}

/// One row of [`TABLE`]: what a kind of fault means for the caller.
#[derive(Debug)]
pub struct Row {
    /// The kind this row is of.
    pub kind: Kind,
    /// The stable code, also the tail of the problem's `type`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Whose trouble it is.
    pub blame: Blame,
    /// Whether to try again.
    pub retry: Retry,
    /// The problem's `title`: the same for every fault of the kind.
    pub title: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $code:literal $status:literal $blame:ident $retry:ident $title:literal;)*) => {
        /// The kinds of fault. See [`TABLE`] for what each means to the caller.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Kind { $($(#[$doc])* $kind,)* }

        /// The one table from faults to answers, in the order of the kinds.
        pub const TABLE: &[Row] = &[
            $(Row { kind: Kind::$kind, code: $code, status: $status, blame: Blame::$blame, retry: Retry::$retry, title: $title },)*
        ];

        impl Kind {
            /// This kind's row of the table.
            #[must_use]
            pub fn row(self) -> &'static Row {
                match self {
                    $(Self::$kind => const {
                        &Row { kind: Kind::$kind, code: $code, status: $status, blame: Blame::$blame, retry: Retry::$retry, title: $title }
                    },)*
                }
            }
        }
    };
}

kinds! {
    // ---- the caller
    /// No credential, or one that proves nothing.
    Unauthenticated "unauthenticated" 401 Caller Never "the caller did not prove who it is";
    /// The policy does not let this caller, or this purpose, in.
    Forbidden "forbidden" 403 Caller Never "the caller may not call this";
    /// No such service, or the address is none.
    UnknownService "unknown-service" 404 Caller Never "no such service";
    /// The caller has no accepted exchange of that id.
    UnknownExchange "unknown-exchange" 404 Caller Never "no such exchange";
    /// The service has no such function.
    UnknownFunction "unknown-function" 404 Caller Never "no such function";
    /// Another method than the address takes.
    MethodNotAllowed "method-not-allowed" 405 Caller Never "the address takes another method";
    /// A body that is not JSON by its content type.
    UnsupportedMediaType "unsupported-media-type" 415 Caller Never "the body must be JSON";
    /// The request breaks HTTP or JSON.
    Malformed "malformed" 400 Caller Never "the request is not well formed";
    /// Well-formed JSON that does not fit the function's parameters.
    InvalidParameters "invalid-parameters" 400 Caller Never "the parameters do not fit the contract";
    /// The body is larger than the policy allows.
    TooLarge "too-large" 413 Caller Never "the request is too large";
    /// The caller sent its body too slowly.
    TooSlow "too-slow" 408 Caller Later "the request did not arrive in time";
    /// The body ended before its announced length, or the connection broke while it was sent.
    Truncated "truncated" 400 Caller Later "the request ended too early";
    /// The idempotency key was used for another request before.
    KeyReused "key-reused" 422 Caller Never "the idempotency key belongs to another request";
    /// The same request, by its idempotency key, is still being done.
    UnderWay "under-way" 409 Caller Later "the same request is still being done";
    /// The caller went away before the answer. Nobody reads this status: it stands in the record.
    Abandoned "abandoned" 499 Caller IfIdempotent "the caller went away before the answer";

    // ---- the gateway
    /// Every slot of the adapter or of the pool is taken.
    Saturated "saturated" 503 Gateway Later "the gateway is at its limit";
    /// The gateway is shutting down.
    Stopping "stopping" 503 Gateway Later "the gateway is stopping";
    /// What should serve it cannot be run: its component or its policy was refused when the gateway last started.
    AdapterUnavailable "adapter-unavailable" 503 Gateway Later "the service cannot be served now";
    /// The exchange cannot be put on record.
    RecordUnavailable "record-unavailable" 503 Gateway Later "the exchange cannot be recorded";
    /// It was done, and the record of it is not on disk: the answer must not leave.
    RecordUnwritten "record-unwritten" 503 Gateway IfIdempotent "the exchange was done and is not on record yet";
    /// As many exchanges wait to be done later as may wait.
    QueueFull "queue-full" 503 Gateway Later "no more exchanges are accepted to be done later";
    /// The database that keeps idempotency keys and accepted exchanges does not answer.
    LedgerUnavailable "ledger-unavailable" 503 Gateway Later "the gateway cannot keep the exchange";
    /// An adapter's import cannot be served as its policy says: a circle, too deep, or another contract.
    ImportRefused "import-refused" 502 Gateway Never "the adapter's import cannot be served";
    /// A defect of the gateway.
    GatewayInternal "gateway-internal" 500 Gateway IfIdempotent "the gateway met a defect of its own";

    // ---- the adapter
    /// The component trapped.
    AdapterTrapped "adapter-trapped" 500 Adapter IfIdempotent "the adapter failed";
    /// It used more processor time than the policy grants.
    CpuExceeded "cpu-exceeded" 500 Adapter IfIdempotent "the adapter used up its processor time";
    /// It asked for more memory than the policy grants.
    MemoryExceeded "memory-exceeded" 500 Adapter IfIdempotent "the adapter used up its memory";
    /// The exchange's wall-clock deadline passed.
    DeadlineExceeded "deadline-exceeded" 504 Adapter IfIdempotent "the exchange took too long";
    /// Its answer is larger than the policy allows, or cannot be written as JSON.
    AnswerTooLarge "answer-too-large" 500 Adapter IfIdempotent "the adapter's answer is too large";

    // ---- the contract's own error value
    /// The function answered with an error of its contract's own type; it stands in the problem's `fault` member.
    ContractFault "contract-fault" 422 Caller Never "the service refused";

    // ---- lgsp:types/faults, the fault type that contracts share
    /// Shared fault `invalid-input`.
    InvalidInput "invalid-input" 400 Caller Never "the values do not make sense to the system";
    /// Shared fault `not-found`.
    NotFound "not-found" 404 Caller Never "what was asked for does not exist";
    /// Shared fault `denied`.
    Denied "denied" 403 Upstream Never "the system refuses this caller, officer or purpose";
    /// Shared fault `conflict`.
    Conflict "conflict" 409 Caller Never "it exists already, or its state does not allow this";
    /// Shared fault `unsupported`.
    Unsupported "unsupported" 501 Upstream Never "the system cannot do this";
    /// Shared fault `busy`.
    Busy "busy" 503 Upstream Later "the system asks for fewer requests";
    /// Shared fault `upstream-unavailable`.
    UpstreamUnavailable "upstream-unavailable" 502 Upstream Later "the system cannot be reached";
    /// Shared fault `upstream-timeout`.
    UpstreamTimeout "upstream-timeout" 504 Upstream IfIdempotent "the system gave no answer in time";
    /// Shared fault `upstream-refused`.
    UpstreamRefused "upstream-refused" 502 Gateway Never "the system refused the gateway's credential";
    /// Shared fault `upstream-invalid`.
    UpstreamInvalid "upstream-invalid" 502 Upstream Never "the system answered what its protocol does not allow";
    /// Shared fault `internal`.
    AdapterInternal "internal" 500 Adapter IfIdempotent "the adapter met something unexpected";
}

impl Kind {
    /// The kind of this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.code == code).map(|row| row.kind)
    }

    /// The kind's place in [`TABLE`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One thing that is wrong with the caller's values.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Where: a JSON pointer (RFC 6901) into the request body.
    pub pointer: String,
    /// What, and the cure. Never holds the caller's value.
    pub message: String,
}

/// How an exchange ended badly.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{outside}")]
pub struct Fault {
    /// The kind: status, blame and retry follow from it.
    pub kind: Kind,
    /// One sentence for the caller: nothing of the inside, no personal data.
    pub outside: Cow<'static, str>,
    /// What the operator's log needs: the backtrace, the cause. Never a secret or a body.
    pub inside: Option<String>,
    /// What is wrong with the caller's values, each by its place.
    pub problems: Vec<Problem>,
    /// The contract's own error value, as JSON.
    pub value: Option<Bytes>,
    /// The upstream system's own error code.
    pub upstream_code: Option<String>,
    /// Seconds to wait before another try.
    pub retry_after: Option<u32>,
}

impl Fault {
    /// A fault with a sentence for the caller.
    pub fn new(kind: Kind, outside: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            outside: outside.into(),
            inside: None,
            problems: Vec::new(),
            value: None,
            upstream_code: None,
            retry_after: None,
        }
    }

    /// The same, with what the operator's log needs.
    #[must_use]
    pub fn inside(mut self, inside: impl Into<String>) -> Self {
        self.inside = Some(inside.into());
        self
    }

    /// The same, with seconds to wait before another try.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_row_and_code() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind.index(), index);
            assert_eq!(row.kind.row().code, row.code);
            assert_eq!(TABLE.iter().filter(|other| other.code == row.code).count(), 1, "{}", row.code);
            assert!((400..600).contains(&row.status), "{}", row.code);
        }
    }

    #[test]
    fn the_codes_callers_rely_on_do_not_change_by_accident() {
        let rows: Vec<String> = TABLE
            .iter()
            .map(|row| format!("{} {} {} {}", row.code, row.status, row.blame.word(), row.retry.word()))
            .collect();
        assert_eq!(rows.join("\n"), include_str!("../golden/fault-codes.txt").trim_end());
    }
}
