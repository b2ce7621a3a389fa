//! Simulators of the systems an LGSP speaks to, on real sockets: one copy serves the demo and the acceptance tests.
//!
//! [`Ngsp`] is the OAuth2 gateway of the national platform with the population register behind it; [`Vxp`] is the agent
//! of the national document axis; [`Qlvb`] is an office's own document system. All speak real HTTP/1.1 (TLS on request) on
//! a free loopback port, check what the real systems check, and break on demand through [`Faults`].
//!
//! Invariant: a simulator never accepts what the real system is known to refuse. Where the real behaviour is not
//! published, the item's documentation says "our own proposal (the real one is not published)".
//! All people, organisations, keys and documents in here are made up.

pub mod faults;
pub mod ngsp;
pub mod qlvb;
pub mod samples;
mod server;
pub mod vxp;
mod xml;

pub use faults::{Fault, Faults, Mode};
pub use ngsp::{Citizen, Ngsp, NgspConfig, NgspRequest};
pub use qlvb::{Qlvb, QlvbConfig, QlvbRequest, StoredDocument};
pub use vxp::{MessageType, Organisation, TransportState, Vxp, VxpConfig, VxpRequest, VxpSystem};
