//! What the control API works on: the parts of the running gateway, given by whoever composes it.

use crate::deployments::Deployments;
use crate::metrics::MetricsHook;
use crate::stop::Stop;
use crate::token::AdminToken;
use nhip_exchange::Spine;
use nhip_registry::Registry;
use std::net::SocketAddr;
use std::sync::Arc;

/// The parts of the running gateway.
pub struct AdminState {
    /// Its durable state.
    pub registry: Registry,
    /// What is live.
    pub deployments: Deployments,
    /// Its spine.
    pub spine: Arc<Spine>,
    /// What opens the control API.
    pub token: AdminToken,
    /// What it is, in words.
    pub about: About,
    /// What else is to be found under `/metrics`: each is called at every scrape.
    pub metrics: Vec<MetricsHook>,
    /// Told when somebody asks for a stop.
    pub stop: Stop,
}

/// What the gateway is, for `GET /api/status` and the metrics.
#[derive(Clone, Debug)]
pub struct About {
    /// Its version.
    pub version: String,
    /// The engine that runs the adapters, in words.
    pub engine: String,
    /// Where callers call.
    pub data_listener: Option<SocketAddr>,
    /// When it started, in milliseconds since 1970.
    pub started_ms: u64,
}
