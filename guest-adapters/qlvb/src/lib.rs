//! The adapter of an office's document-management system (phần mềm quản lý văn bản và điều hành, QLVB), for a REST port of this project's
//! own proposal: the interfaces of the products are not published. A product with another interface gets an adapter of its own, for
//! the same contract.
//!
//! Invariants: a document counts as stored only when the system names its digest; every try sends the same bytes under the same
//! `Idempotency-Key`, the id of the exchange.

#[expect(missing_docs, reason = "generated code")]
mod bindings;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "exports by name and the manifest's link section; all of it is generated")]
mod component;
mod push;
#[cfg(test)]
mod tests;

pub use bindings::exports::lgsp::office::inbox as contract;
pub use push::receive;
