//! The spine of the gateway, and the words everything else speaks.
//!
//! Every exchange, whatever started it, goes through [`run::run`]: open → route → admit → body → once → slot → call → judge
//! → close, each step in the file of its name. This crate knows neither wasmtime nor axum: the host and the registry
//! are reached through the ports in [`port`], so that the spine is tested without either.
//!
//! Invariant: an exchange that was opened leaves exactly one [`record::Record`], even when its future is dropped.

pub mod admit;
pub mod arrival;
mod behind;
pub mod body;
mod call;
pub mod chain;
pub mod clock;
mod close;
pub mod digest;
pub mod durable;
pub mod fault;
mod hex;
pub mod id;
mod judge;
pub mod lull;
mod once;
pub mod onward;
mod open;
pub mod outcome;
pub mod port;
pub mod record;
pub mod route;
pub mod run;
pub mod shard;
mod slot;
pub mod spine;
pub mod stats;
pub mod trace;
pub mod trail;
pub mod until;

// The ledger of the tests is read by those of other crates, too.
#[cfg(test)]
extern crate self as nhip_exchange;
#[cfg(test)]
mod tests;

pub use admit::Permit;
pub use arrival::{Arrival, BodySource, Origin};
pub use clock::{Clock, SystemClock};
pub use digest::Digest;
pub use fault::{Blame, Fault, Kind, Problem, Retry};
pub use id::ExchangeId;
pub use onward::{Ask, Onward};
pub use outcome::{Outcome, Reply};
pub use record::{Entry, Record};
pub use route::{Live, Routes, Service};
pub use run::run;
pub use slot::{Slot, Slots};
pub use spine::{Spine, SpineConfig};
pub use trail::{Trail, UpstreamCall, UpstreamCalls};
