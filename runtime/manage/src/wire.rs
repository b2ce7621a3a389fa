//! What the control API speaks: every request and answer as a type, shared by the listener and by the command line.
//!
//! JSON, members in snake_case; times are milliseconds since 1970. Invariant: both sides use these types and no
//! others, so what one writes the other reads. One file per noun.

mod acts;
mod adapters;
mod audit;
mod callers;
mod dead_letters;
mod deployments;
mod exchanges;
mod problem;
mod services;
mod status;

pub use acts::{Act, ActList, ActQuery};
pub use adapters::{Adapter, AdapterDetails, AdapterList, AdapterState, Broken, HistoryEntry, LiveVersion, Version};
pub use audit::{AuditKey, EntryList, EntryQuery, ExportQuery, GatewayList, Retain, Retained};
pub use callers::{Caller, CallerKey, CallerList, IssuedKey, NewCaller, RevokeQuery, Revoked};
pub use dead_letters::{
    DeadLetter, DeadLetterChoice, DeadLetterDetails, DeadLetterList, DeadLetterQuery, Discarded, Retried,
};
pub use deployments::{
    Conflict, Deployed, Line, PolicyMistake, Refused, RefusedCode, Replaced, Retired, Rollback, Served, SmokeFailure,
    Step,
};
pub use exchanges::{ExchangeList, ExchangeQuery};
pub use problem::{Problem, TYPE_PREFIX};
pub use services::{Service, ServiceList};
pub use status::{Address, AddressList, Durable, Ready, Status, Stopping};

/// The header in which a person behind the admin token may say who they are, for the acts: 1 to 64 of
/// `A-Z a-z 0-9 . _ @ -`. It proves nothing; the token does.
pub const OPERATOR_HEADER: &str = "x-nhip-operator";
