//! A refusal at run time: what was asked for, why it is not granted, and what an operator could write to grant it.
//!
//! Invariant: what a guest or a caller wrote is escaped and cut before it enters a reason, so that a refusal cannot forge a log line.

use std::fmt;

use serde::{Serialize, Serializer};

/// Why something is refused, for machines. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DenialCode {
    /// No endpoint of that name is granted.
    EndpointNotGranted,
    /// The endpoint is granted, but not with this method.
    MethodNotGranted,
    /// The endpoint is granted, but not this path.
    PathNotGranted,
    /// The path or the query could mean different things to different readers.
    PathAmbiguous,
    /// The guest may not set this header.
    HeaderNotGranted,
    /// The header belongs to the host, whatever the policy says.
    HeaderOfHost,
    /// The address is inside, and the endpoint is not granted as one in a private network.
    AddressPrivate,
    /// The address is one that no endpoint may have.
    AddressForbidden,
    /// The caller is not allowed to call.
    CallerNotAllowed,
    /// The caller may call, but not this function.
    FunctionNotAllowed,
    /// The exchange says no purpose, and one is demanded.
    PurposeMissing,
    /// The purpose is not one of those allowed.
    PurposeNotAllowed,
    /// The exchange does not say the value that would put it into the order of its lane.
    LaneValue,
}

impl DenialCode {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndpointNotGranted => "endpoint-not-granted",
            Self::MethodNotGranted => "method-not-granted",
            Self::PathNotGranted => "path-not-granted",
            Self::PathAmbiguous => "path-ambiguous",
            Self::HeaderNotGranted => "header-not-granted",
            Self::HeaderOfHost => "header-of-host",
            Self::AddressPrivate => "address-private",
            Self::AddressForbidden => "address-forbidden",
            Self::CallerNotAllowed => "caller-not-allowed",
            Self::FunctionNotAllowed => "function-not-allowed",
            Self::PurposeMissing => "purpose-missing",
            Self::PurposeNotAllowed => "purpose-not-allowed",
            Self::LaneValue => "lane-value",
        }
    }
}

impl fmt::Display for DenialCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for DenialCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A refusal. The reason and the cure are for the inside: they name grants, which a caller need not learn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{reason}")]
pub struct Denial {
    /// Why, for machines.
    pub code: DenialCode,
    /// Why, in words.
    pub reason: String,
    /// What would have to change.
    pub cure: String,
}

impl Denial {
    pub(crate) fn new(code: DenialCode, reason: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), cure: cure.into() }
    }
}
