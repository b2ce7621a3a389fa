//! From an endpoint's host to addresses that may be connected to.
//!
//! Every address a name resolves to is put before the policy, each time a connection is made. Invariant: what comes out of
//! [`Target::vetted`] is allowed, and is what is connected to: the name is not looked up a second time. A name that resolves to allowed
//! and refused addresses together is refused as a whole: an attacker who controls one record of a name must gain nothing by it, and a
//! name that leads inside and outside at once is an operator's mistake that should be seen.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use nhip_policies::{Denial, Endpoint};
use url::{Host, Url};

/// Most addresses of one name that are considered; all real names have fewer.
const MOST_ADDRESSES: usize = 64;

/// A look-up on its way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Finds the addresses of a name.
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, each with `port`.
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a>;
}

/// The resolver of the machine (`/etc/hosts`, DNS).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn lookup<'a>(&'a self, host: &'a str, port: u16) -> Lookup<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// Why a name leads to no address that may be connected to. For the log: it names addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("the name cannot be looked up")]
    Lookup(#[source] io::Error),
    #[error("the name has no address")]
    NoAddress,
    #[error("the name has more than {MOST_ADDRESSES} addresses")]
    TooMany,
    #[error("the address is refused")]
    Refused(#[source] Denial),
}

/// Where an endpoint, or its token service, is, and who says whether an address is allowed.
#[derive(Clone)]
pub(super) struct Target {
    host: Host<String>,
    port: u16,
    endpoint: Arc<Endpoint>,
    resolver: Arc<dyn Resolve>,
}

impl Target {
    /// The host and port of a URL, reached under the rules of `endpoint`. `None` for a URL without a host.
    pub(super) fn new(url: &Url, endpoint: Arc<Endpoint>, resolver: Arc<dyn Resolve>) -> Option<Self> {
        Some(Self { host: url.host()?.to_owned(), port: url.port_or_known_default()?, endpoint, resolver })
    }

    /// The endpoint's name, for log lines.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint.name
    }

    /// The addresses to connect to, all of them allowed, in the order to try them.
    pub(super) async fn vetted(&self) -> Result<Vec<SocketAddr>, Unresolved> {
        let found = match &self.host {
            Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(*address), self.port)],
            Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(*address), self.port)],
            Host::Domain(name) => self.resolver.lookup(name, self.port).await.map_err(Unresolved::Lookup)?,
        };
        if found.len() > MOST_ADDRESSES {
            return Err(Unresolved::TooMany);
        }
        let mut vetted = Vec::with_capacity(found.len());
        for address in found {
            // An IPv4 address in IPv6 clothes is taken for what it is, by the policy and by the connection.
            let address = SocketAddr::new(address.ip().to_canonical(), self.port);
            self.endpoint.address_allowed(address.ip()).map_err(Unresolved::Refused)?;
            if !vetted.contains(&address) {
                vetted.push(address);
            }
        }
        if vetted.is_empty() {
            return Err(Unresolved::NoAddress);
        }
        Ok(vetted)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("endpoint", &self.endpoint.name).finish_non_exhaustive()
    }
}
