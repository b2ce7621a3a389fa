//! What a gateway is started with. Every default is the one of `nhip serve`, but for the addresses: two free ports of
//! the loopback, so that several gateways can live in one process.

use crate::env;
use nhip_exchange::{Clock, SystemClock};
use nhip_gateway::HttpLimits;
use nhip_host::PoolConfig;
use nhip_host::egress::{Resolve, Roots, SystemResolver};
use nhip_registry::JournalConfig;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the value of an environment variable comes from, for `env:` secrets in policies.
pub type Variable = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a gateway is started with.
pub struct Options {
    /// The folder of all state.
    pub data: PathBuf,
    /// URL of a PostgreSQL that several gateways share; without it, SQLite in the data folder. It may hold a password.
    pub database: Option<Zeroizing<String>>,
    /// What the gateway is called; may be left out where it shares its database with nobody.
    pub gateway: Option<String>,
    /// A segment of the record is sealed when its first entry has this age.
    pub segment_age: Duration,
    /// Entries of the record are dropped when they are older than this; without it, they are kept for ever.
    pub record_retention: Option<Duration>,
    /// Address of the data listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of the admin listener; port 0 takes a free one.
    pub admin: SocketAddr,
    /// Whether the admin listener may be reached from other machines: only where TLS is in front of it.
    pub admin_remote: bool,
    /// Names by which the admin listener may be addressed, besides IP addresses and `localhost`.
    pub admin_hosts: Vec<String>,
    /// Certificate and key of the data listener; plain HTTP without.
    pub tls: Option<TlsFiles>,
    /// What a peer on the data listener may use up.
    pub limits: HttpLimits,
    /// The pool of sandboxes.
    pub pool: PoolConfig,
    /// How long a stop waits for exchanges under way.
    pub grace: Duration,
    /// Who is trusted to certify upstream systems, where a policy names no authority of its own.
    pub roots: Roots,
    /// How names of upstream systems become addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Where `env:` secrets come from.
    pub variable: Variable,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
}

/// The files that make a TLS server.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

impl Options {
    /// A gateway on a data folder, with this machine's clock, names, authorities and environment, on two free ports
    /// of the loopback.
    #[must_use]
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            data: data.into(),
            database: None,
            gateway: None,
            segment_age: JournalConfig::default().segment_age,
            record_retention: None,
            listen: free,
            admin: free,
            admin_remote: false,
            admin_hosts: Vec::new(),
            tls: None,
            limits: HttpLimits::default(),
            pool: PoolConfig::default(),
            grace: Duration::from_secs(60),
            roots: Roots::system(),
            resolver: Arc::new(SystemResolver),
            variable: Arc::new(env::variable),
            clock: SystemClock::shared(),
        }
    }
}
