//! The adapter of the national population register (SOAP, requests in `http://dancuquocgia.bca`, answers in
//! `http://www.mic.gov.vn/dancu/1.0` of QCVN 109:2017/BTTTT).
//!
//! Invariants: no request leaves without officer and purpose; no log line and no fault holds personal data; `verify` gives out verdicts and
//! nothing else. One source makes two versions: 1.1.0 (feature `v1-1`) also fills `display-name`.

mod answer;
#[expect(missing_docs, reason = "generated code")]
mod bindings;
mod citizen;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "exports by name and the manifest's link section; all of it is generated")]
mod component;
mod name;
mod register;
mod request;
mod settings;
#[cfg(test)]
mod tests;
mod verify;

pub use bindings::exports::lgsp::population::register as contract;
pub use register::Register;
pub use settings::Settings;
