//! What the listener is told at its start. Every number has a default that is safe on a small machine, and its reason.

use crate::shards::Shards;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How the data listener listens.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The certificate and key to serve TLS with (see [`crate::load_tls`]); without it, plain HTTP.
    pub tls: Option<Arc<ServerConfig>>,
    /// What a peer may use up.
    pub limits: HttpLimits,
    /// How long a stop waits for exchanges under way. Above the longest deadline a policy should grant, so that a
    /// stop cuts nothing; below the minute and a half after which service managers kill.
    pub grace: Duration,
    /// The threads that serve the connections; without them, the runtime that [`crate::Gateway::serve`] runs on.
    pub shards: Option<Arc<Shards>>,
}

impl GatewayConfig {
    /// Plain HTTP at an address, with all defaults.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self { listen, tls: None, limits: HttpLimits::default(), grace: Duration::from_secs(60), shards: None }
    }
}

/// What a peer may use up before it is cut off. The size and the time of a whole exchange are the policy's.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// Connections at once. Further ones wait in the system's own queue, unaccepted. The default leaves a quarter of
    /// the 1024 file descriptors that systems commonly grant to upstream connections and files.
    pub max_connections: usize,
    /// Bytes of a request's head, request line included; at least 8 KiB. Twice what common servers take: tokens in
    /// `Authorization` have grown. Larger heads get 431.
    pub header_bytes: usize,
    /// For a request's head to arrive, and for an idle HTTP/1.1 connection to begin the next one. On HTTP/1.1 it is looked at four
    /// times as often, so it may be passed by a quarter.
    pub header_time: Duration,
    /// For the TLS handshake.
    pub tls_time: Duration,
    /// For a connection on which nothing is under way; also the time in which an answer must be taken.
    pub idle_time: Duration,
    /// For the next bytes of a request's body. A caller that sends less than one frame in this time is not slow but gone.
    pub body_progress: Duration,
    /// HTTP/2 streams at once on one connection: enough for a busy caller, and no way to do with one connection what
    /// `max_connections` refuses.
    pub max_streams: u32,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            max_connections: 768,
            header_bytes: 16 * 1024,
            header_time: Duration::from_secs(10),
            tls_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            body_progress: Duration::from_secs(5),
            max_streams: 128,
        }
    }
}
