//! Grammar and decisions of grants and callers: what an operator lets an adapter touch, who may call it, and when and how often it is tried.
//!
//! Two files are read here: an operator's policy ([`Policy`]) and a vendor's manifest (([`Manifest`]), which says what an adapter needs
//! and grants nothing. The rest are decisions, plain functions of a policy and a question. Nothing here reads a file, the environment
//! or a clock, and nothing here ever holds the value of a secret.
//!
//! Invariants: what a policy does not grant is denied; a key or a word nobody knows is a mistake with its place; all mistakes of a file
//! are told at once; there is no wildcard without a word of its own.

pub mod address;
pub mod callers;
mod chance;
pub mod compare;
pub mod contract_ref;
pub mod credential;
pub mod cron;
pub mod delivery;
pub mod denial;
mod digest;
mod egress;
pub mod endpoint;
mod explain;
pub mod files;
pub mod header;
pub mod imports;
pub mod key_value;
pub mod lane;
pub mod limits;
pub mod logging;
pub mod manifest;
pub mod mistakes;
pub mod names;
pub mod path_rule;
pub mod policy;
mod print;
mod reader;
pub mod record;
mod report;
pub mod sandbox;
pub mod schedule;
pub mod secret_ref;
pub mod smoke;
pub mod time_zone;
pub mod timeouts;
pub mod tls;
mod units;
mod url_text;

pub use address::{AddressClass, classify};
pub use callers::{Callers, FunctionRef};
pub use compare::{Mismatch, Severity};
pub use contract_ref::ContractRef;
pub use credential::{ClientAuthentication, ClientCertificate, Credential};
pub use cron::Cron;
pub use delivery::Delivery;
pub use denial::{Denial, DenialCode};
pub use endpoint::Endpoint;
pub use files::{FileGrant, FileMode};
pub use header::{HeaderName, Method, SAFE_HEADERS};
pub use imports::{Import, ImportDelivery};
pub use key_value::KeyValueGrant;
pub use lane::{Lane, Pointer};
pub use limits::Limits;
pub use logging::{LogGrant, LogLevel};
pub use manifest::{ConfigNeed, EndpointNeed, FileNeed, KeyValueNeed, LimitsNeed, Manifest, Needs};
pub use mistakes::{Invalid, Mistake, Mistakes};
pub use names::{AdapterName, CallerName, FunctionName, Purpose, ScheduleName, ServiceName};
pub use path_rule::PathRule;
pub use policy::Policy;
pub use record::RecordMode;
pub use sandbox::Sandbox;
pub use schedule::{Due, Missed, Schedule};
pub use secret_ref::{Identity, SecretRef};
pub use smoke::{Expect, Smoke};
pub use time_zone::TimeZone;
pub use timeouts::Timeouts;
pub use tls::{Tls, TlsVersion};
