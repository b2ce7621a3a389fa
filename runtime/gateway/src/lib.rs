//! The data listener: JSON over HTTP in, exchanges out.
//!
//! A request to `POST /services/{service}/{function}` becomes an arrival, the spine runs it, and its outcome is
//! rendered. `GET /services` and `GET /services/{service}/openapi.json` answer from the routes of the moment. The way
//! of one request is the module `handler`; everything before it is in [`gateway`] and `connection`.
//!
//! Invariants:
//! * A request that asks for work, or that fails to prove who it is, leaves a record, also when it is refused here:
//!   the listener never answers it without the spine. What fails before there is a request (TLS, a head that is not
//!   HTTP or never ends) has nothing to record and is counted in [`GatewayStats`].
//! * Nothing of a request's body is read before its caller is admitted.
//! * Whatever a peer does or leaves undone has a bound in time and in bytes: see [`HttpLimits`].
//! * A credential never enters a log, an error or an answer.

mod accepted;
mod activity;
mod address;
mod answer;
mod body;
mod catalogue;
pub mod config;
mod connection;
mod credential;
mod demands;
pub mod error;
pub mod gateway;
mod handler;
mod head_time;
mod headers;
mod joined;
mod leftover;
mod problem;
mod quiet;
pub mod shards;
mod sidings;
mod spawner;
pub mod stats;
pub mod tls;
mod worker;

pub use config::{GatewayConfig, HttpLimits};
pub use credential::Prover;
pub use error::GatewayError;
pub use gateway::Gateway;
pub use shards::Shards;
pub use stats::{GatewayCounts, GatewayStats};
pub use tls::load_tls;
