//! What the admin listener is told at its start. Every number has a default and its reason.

use std::net::SocketAddr;
use std::time::Duration;

/// How the admin listener listens.
#[derive(Clone, Debug)]
pub struct AdminConfig {
    /// Where; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Take an address that other machines can reach. Off by default, and then such an address is refused: the
    /// listener speaks plain HTTP, so the admin token and new caller keys would cross the network in the clear. Whoever
    /// turns it on puts a TLS proxy, a VPN or a container's own network in between.
    pub allow_remote: bool,
    /// Names by which clients may address the listener, besides IP addresses and `localhost`. Any other `Host` is
    /// refused, so that a web page cannot reach it through a name of its own (DNS rebinding).
    pub hosts: Vec<String>,
    /// What a client may use up.
    pub limits: AdminLimits,
    /// How long a stop waits for requests under way. A deployment that takes longer goes on by itself; if the process
    /// ends before its commit, nothing has changed.
    pub grace: Duration,
}

impl AdminConfig {
    /// At an address of this machine alone, with all defaults.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            allow_remote: false,
            hosts: Vec::new(),
            limits: AdminLimits::default(),
            grace: Duration::from_secs(30),
        }
    }
}

/// What a client may use up before it is cut off.
#[derive(Clone, Copy, Debug)]
pub struct AdminLimits {
    /// Connections at once: some operators, a metrics scraper, a supervisor. Further ones wait in the system's queue.
    pub connections: usize,
    /// Uploads of components at once; each may hold as much memory as the largest component. Further ones wait.
    pub uploads: usize,
    /// For a request's head to arrive, and for an idle connection to begin the next one.
    pub head_time: Duration,
    /// For the body of a request that is not an upload.
    pub body_time: Duration,
    /// For an upload to arrive whole.
    pub upload_time: Duration,
    /// Bytes of a request's body that is not an upload.
    pub body: usize,
}

impl Default for AdminLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            uploads: 2,
            head_time: Duration::from_secs(15),
            body_time: Duration::from_secs(10),
            upload_time: Duration::from_secs(300),
            body: 64 * 1024,
        }
    }
}
