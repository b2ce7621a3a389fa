//! How the gateway is: for people and for supervisors.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// `GET /api`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AddressList {
    /// Every address of the admin listener.
    pub addresses: Vec<Address>,
}

/// An address of the admin listener.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The method.
    pub method: String,
    /// The path, with its parameters in braces.
    pub path: String,
}

/// `GET /api/status`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The gateway's version.
    pub version: String,
    /// What the gateway is called.
    pub gateway: String,
    /// Where its registry is: `sqlite`, its own, or `postgresql`, which gateways share.
    pub database: String,
    /// The engine that runs the adapters, in words.
    pub engine: String,
    /// Where callers call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_listener: Option<SocketAddr>,
    /// Where this API listens.
    pub admin_listener: SocketAddr,
    /// When it started.
    pub started_ms: u64,
    /// How long it runs.
    pub uptime_ms: u64,
    /// Adapters that serve.
    pub live: usize,
    /// Adapters that should serve and do not.
    pub broken: Vec<String>,
    /// Free slots of the instance pool.
    pub free_slots: usize,
    /// The exchanges that were accepted to be done later and are not done; absent where the database did not tell in
    /// time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durable: Option<Durable>,
    /// Whether it takes no new exchanges any more.
    pub stopping: bool,
}

/// Exchanges that were accepted to be done later and are not done, of all gateways that share the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Durable {
    /// Those that wait for their next try.
    pub waiting: u64,
    /// Those that are being tried.
    pub trying: u64,
    /// Those that are not tried any more, unless an operator says so: dead letters.
    pub dead: u64,
}

/// `GET /readyz`, with status 200 when ready and 503 when not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// What the gateway is called.
    pub gateway: String,
    /// Where its registry is: `sqlite`, its own, or `postgresql`, which gateways share.
    pub database: String,
    /// Whether callers can be sent here.
    pub ready: bool,
    /// Why not, each in a sentence.
    pub reasons: Vec<String>,
    /// Adapters that should serve and do not. They alone do not make the gateway unready: the others serve.
    pub broken: Vec<String>,
}

/// The answer to `POST /api/stop`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stopping {
    /// Always true: no new exchanges are taken, those under way end, then the process does.
    pub stopping: bool,
}
