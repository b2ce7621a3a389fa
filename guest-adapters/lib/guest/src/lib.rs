//! What the adapters of this workspace share: the host behind a trait, settings, and one table from trouble to faults.
//!
//! The host stands behind [`Host`], so that an adapter's logic is tested natively. Invariant: no message made here holds a value of a
//! request or of an answer; an upstream system's own text reaches neither the caller nor the log.

#[expect(missing_docs, reason = "generated code")]
mod bindings;
#[cfg(feature = "fake")]
pub mod fake;
mod fault;
mod host;
mod settings;
mod upstream;

pub use bindings::lgsp::types::{attachments, dates, faults, organs};
pub use bindings::nhip::adapter::{endpoints, exchange};
pub use bindings::wasi::clocks::wall_clock;
pub use bindings::wasi::config::store;
pub use bindings::wasi::logging::logging;

pub use fault::{code_name, fault, upstream_code};
pub use host::{Clock, Host, Unreadable, Wasi};
pub use settings::Settings;
pub use upstream::{Repeat, Upstream};

/// Put the adapter's manifest into the component, as the custom section `nhip:adapter` where the host looks for it.
/// The file is named relative to the caller's.
#[macro_export]
macro_rules! manifest {
    ($file:literal) => {
        #[used]
        #[unsafe(link_section = "nhip:adapter")]
        static MANIFEST: [u8; include_bytes!($file).len()] = *include_bytes!($file);
    };
}
