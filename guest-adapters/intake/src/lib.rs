//! The adapter that takes in what waits on the document axis: it lists, fetches, hands over to the office's own system and acknowledges.
//!
//! Both systems are services that other adapters serve: nothing is reached from here, and no credential is granted. Invariants: a packet
//! is acknowledged as `done` only after the office's system, or the gateway for it, has it; as `fail` only when its very bytes are no
//! document; and one that was handed over is not handed over again because its acknowledgement failed.

#[expect(missing_docs, reason = "generated code")]
mod bindings;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "exports by name and the manifest's link section; all of it is generated")]
mod component;
mod entry;
mod poll;
mod surroundings;
#[cfg(test)]
mod tests;

pub use bindings::exports::lgsp::documents::intake as contract;
pub use bindings::lgsp::documents::{axis, packets};
pub use bindings::lgsp::office::inbox;
pub use poll::poll;
pub use surroundings::{Forgetful, Surroundings};
