//! The control plane: what is live and how that changes ([`Deployments`]), and the admin listener with the control
//! API, health and metrics ([`Admin`]).
//!
//! Invariants:
//! * Only [`deployments`] changes what is live; the registry is the truth and the routes follow it.
//! * Every address of the admin listener but `/healthz` demands the admin token; a route that forgets to cannot be
//!   written, because the door is before the router.
//! * Every control act, also a refused one, is on record with its actor.

pub mod actor;
mod api;
pub mod config;
pub mod deployments;
mod door;
pub mod error;
pub mod listener;
pub mod metrics;
pub mod retention;
pub mod state;
pub mod stop;
#[cfg(test)]
mod tests;
pub mod token;
pub mod wire;

pub use actor::Actor;
pub use config::AdminConfig;
pub use deployments::{DeployRequest, Deployments, Restored, Told};
pub use error::AdminError;
pub use listener::Admin;
pub use metrics::MetricsHook;
pub use retention::retain_daily;
pub use state::{About, AdminState};
pub use stop::Stop;
pub use token::AdminToken;
