//! The adapter of the national document axis: edXML packets (QCVN 102:2016/BTTTT) over the HTTP API of the VXP agent, as its
//! SDK 2.0 speaks it. No specification of that API is published.
//!
//! Invariants: a second try of an exchange sends the same bytes; what is fetched is handed on byte for byte or read with every oddity
//! told; the system id, the secret and the signature are the host's and are never seen here.

mod agent;
mod answer;
mod axis;
#[expect(missing_docs, reason = "generated code")]
mod bindings;
mod codes;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "exports by name and the manifest's link section; all of it is generated")]
mod component;
mod lists;
mod outgoing;
mod reading;
mod settings;
#[cfg(test)]
mod tests;
mod upload;
mod writing;

pub use axis::Axis;
pub use bindings::exports::lgsp::documents::axis as contract;
pub use bindings::lgsp::documents::packets;
pub use settings::Settings;
