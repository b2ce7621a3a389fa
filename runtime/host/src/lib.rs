//! The host: turns a vendor's component and an operator's policy into something the spine can call.
//!
//! [`WasmHost::admit`] verifies, compiles and prepares, off the request path; the adapter it returns answers each call in
//! a fresh sandbox that can touch what the policy grants and nothing else. Every power a guest can have is one file in
//! `capabilities/`, listed in one table.
//!
//! Vendor code is hostile by assumption. Invariants: a guest never sees a credential or an address; whatever it does
//! ends in an answer or a fault of its own exchange; nothing on the path of a call looks anything up by name in the
//! component, compiles, or takes a lock shared with other exchanges.

mod adapter;
mod admit;
mod bindings;
mod cache;
mod capabilities;
mod clock;
mod contracts;
pub mod egress;
mod engine;
mod errand;
mod fit;
mod gaps;
mod heavy;
mod host;
mod idle;
mod imports;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod large_code;
mod limits;
mod manifest;
mod meter;
mod sandbox;
#[cfg(target_os = "linux")]
mod slice;
mod state;
mod text;
mod trap;

pub use engine::{EngineError, PoolConfig};
pub use host::{HostConfig, WasmHost};
pub use manifest::{ManifestError, embed as embed_manifest};
