//! Why a request brought no answer: the `failure` of `nhip:adapter/endpoints`, for the guest's eyes.
//!
//! Invariant: a message names the endpoint and what the guest itself wrote, escaped and cut; never an address, a URL or a secret. What
//! an operator needs beyond that goes to the log at the place where it is known.

use std::fmt;

/// The kind of a failure. The words are those of the WIT interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// The operator's policy does not grant this endpoint, method, path, header or secret.
    Denied,
    /// The request is not well formed.
    InvalidRequest,
    /// The name did not resolve, nothing listens, or the connection broke.
    Unreachable,
    /// A certificate was not accepted, by us or by the upstream system.
    Tls,
    /// No complete answer in time.
    Timeout,
    /// The answer is larger than the policy allows.
    TooLarge,
    /// What came back is not HTTP.
    Protocol,
    /// The host could not obtain or place the credential.
    Credential,
    /// The endpoint's or the exchange's allowance of calls is used up.
    Busy,
}

impl FailureCode {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::InvalidRequest => "invalid-request",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::TooLarge => "too-large",
            Self::Protocol => "protocol",
            Self::Credential => "credential",
            Self::Busy => "busy",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why there is no answer, and what that means for another try.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The kind.
    pub code: FailureCode,
    /// One sentence for a log.
    pub message: String,
    /// Whether the upstream system may have received the request, so that it may have had its effect.
    pub sent: bool,
}

impl Failure {
    /// A failure of `endpoint` before anything was handed to a connection.
    pub(super) fn unsent(code: FailureCode, endpoint: &str, what: impl fmt::Display) -> Self {
        Self::new(code, endpoint, what, false)
    }

    /// A failure of `endpoint`; `what` says in words what happened.
    pub(super) fn new(code: FailureCode, endpoint: &str, what: impl fmt::Display, sent: bool) -> Self {
        Self { code, message: format!("endpoint {}: {what}", quoted(endpoint)), sent }
    }
}

/// A text of the guest's inside a message: in backticks, control characters escaped, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 63;
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}
