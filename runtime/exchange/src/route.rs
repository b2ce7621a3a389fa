//! The routes: which version serves each service now. An immutable snapshot, swapped whole.

use crate::arrival::Origin;
use crate::digest::Digest;
use crate::fault::{Fault, Kind};
use crate::port::{Adapter, FunctionId};
use crate::slot::Slots;
use crate::stats::Stats;
use bytes::Bytes;
use compact_str::CompactString;
use indexmap::IndexMap;
use nhip_policies::Policy;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A version of an adapter that serves.
pub struct Live {
    /// The adapter's name.
    pub adapter: CompactString,
    /// Its version.
    pub version: CompactString,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the policy it runs under.
    pub policy_digest: Digest,
    /// The policy it runs under.
    pub policy: Arc<Policy>,
    /// One for each exchange that the policy lets run at once.
    pub slots: Slots,
    /// The way in.
    pub handle: Arc<dyn Adapter>,
    /// Counts of its exchanges.
    pub stats: Stats,
}

/// A contract that is served under a public name.
pub struct Service {
    /// The public name.
    pub name: CompactString,
    /// The contract, with its version.
    pub contract: String,
    /// Its functions.
    pub functions: Functions,
    /// The first line of the contract's documentation.
    pub summary: String,
    /// The OpenAPI 3.1 document, as JSON.
    pub openapi: Bytes,
    /// The version that serves it.
    pub live: Arc<Live>,
}

/// The names of functions, as in the contract, and the host's numbers for them: in the order of the names and side by side, since with
/// a thousand services every step to another place is one to memory that no cache holds.
#[derive(Debug)]
pub struct Functions(Box<[(CompactString, FunctionId)]>);

impl<N: Into<CompactString>> FromIterator<(N, FunctionId)> for Functions {
    fn from_iter<I: IntoIterator<Item = (N, FunctionId)>>(functions: I) -> Self {
        let mut functions: Vec<_> = functions.into_iter().map(|(name, number)| (name.into(), number)).collect();
        functions.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Self(functions.into())
    }
}

impl Functions {
    /// The number of the function of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<FunctionId> {
        let place = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.0.get(place).map(|(_, number)| *number)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// All services, by public name: found by its hash, since in a tree of a thousand every step would be to memory that no cache holds, and
/// in the order of the names, so that every listing is.
#[derive(Default, Clone)]
pub struct Routes {
    services: IndexMap<CompactString, Arc<Service>>,
    /// Names that are deployed, and whose adapter cannot run.
    down: BTreeSet<String>,
}

impl Routes {
    /// Routes for these services. Of two with one name the later stays: the registry refuses such a deployment.
    pub fn new(services: impl IntoIterator<Item = Arc<Service>>) -> Self {
        let mut services: IndexMap<_, _> =
            services.into_iter().map(|service| (service.name.clone(), service)).collect();
        services.sort_unstable_keys();
        Self { services, down: BTreeSet::new() }
    }

    /// The same, with these names deployed though nothing can serve them now: their callers are told to come again,
    /// not that the service does not exist.
    #[must_use]
    pub fn with_down(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.down.extend(names);
        self
    }

    /// All services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The service of that name.
    #[must_use]
    pub fn service(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.get(name)
    }
}

/// Find what serves this function: the candidate of a smoke call, else the service of that name.
pub(crate) fn route(
    routes: &Routes,
    origin: &Origin,
    service: &str,
    function: &str,
) -> Result<(Arc<Service>, FunctionId), Fault> {
    let found = match origin {
        Origin::Smoke(candidate) => Some(candidate),
        Origin::Http | Origin::Delivery { .. } | Origin::Schedule(_) | Origin::Adapter { .. } => {
            routes.service(service)
        }
    };
    let service = found.ok_or_else(|| missing(routes, service))?;
    let number = service.functions.get(function).ok_or_else(|| {
        let known: Vec<&str> = service.functions.names().collect();
        Fault::new(
            Kind::UnknownFunction,
            format!("`{}` has no function of that name; it has: {}", service.name, known.join(", ")),
        )
    })?;
    Ok((Arc::clone(service), number))
}

fn missing(routes: &Routes, service: &str) -> Fault {
    if routes.down.contains(service) {
        return Fault::new(
            Kind::AdapterUnavailable,
            "the service is deployed and cannot be served now; try again later",
        )
        .inside("its adapter was refused when the gateway last took it up: `nhip adapters` tells why")
        .retry_after(30);
    }
    Fault::new(Kind::UnknownService, "no service of that name is deployed; `GET /services` lists those that are")
}
