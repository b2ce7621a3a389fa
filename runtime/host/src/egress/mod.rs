//! The one way out: requests of an adapter to the upstream systems it was granted.
//!
//! [`Egress::send`] is the picture, each step in the file of its name: spend a call of the exchange's `budget`, ask the policy
//! (`request`), take a slot of the endpoint (`route`), put secrets in the place of placeholders and add the `credential`, then
//! `resolve` → vet every address → `connect` → `tls` → send (`client`) → read the `answer` → `guard` it → `note` it.
//!
//! It knows no wasmtime: `nhip:adapter/endpoints` and `wasi:http/outgoing-handler` both end here, under the same policy.
//!
//! Invariants: nothing is sent that the policy did not grant, and to no address it did not allow; a guest learns no URL, address or
//! secret, neither from an answer nor from a failure; every call leaves one line in the trail of its exchange, also when it is dropped.

mod answer;
mod budget;
mod client;
mod connect;
mod credential;
mod failure;
mod guard;
mod handed;
mod note;
mod problem;
mod request;
mod resolve;
mod route;
mod secret;
mod tls;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::fmt;

use nhip_exchange::Trail;
use nhip_policies::Endpoint;
use tokio::time::{Instant, timeout_at};

pub use answer::Response;
pub use budget::Budget;
pub use failure::{Failure, FailureCode};
pub use problem::EgressProblem;
pub use request::{MOST_HEADER_BYTES, MOST_HEADERS, Request};
pub use resolve::{Lookup, Resolve, SystemResolver};
pub use route::Surroundings;
pub use secret::{FileAndMap, Secret, SecretError, SecretSource};
pub use tls::Roots;

use budget::Spend;
use note::Note;
use problem::Problems;
use request::Draft;
use route::Route;

/// The endpoints of one adapter, made ready. Shared by all its exchanges.
pub struct Egress {
    routes: BTreeMap<String, Route>,
}

impl Egress {
    /// Makes the endpoints of a policy ready: reads secrets and certificates, but connects to nothing.
    ///
    /// # Errors
    /// Everything that is missing or unusable, of all endpoints.
    pub fn new(
        endpoints: &BTreeMap<String, Endpoint>,
        surroundings: &Surroundings<'_>,
    ) -> Result<Self, Vec<EgressProblem>> {
        let mut routes = BTreeMap::new();
        let mut found = Vec::new();
        for (name, endpoint) in endpoints {
            let mut problems = Problems::of(name);
            let route = Route::prepare(endpoint, surroundings, &mut problems);
            routes.extend(route.map(|route| (name.clone(), route)));
            found.extend(problems.into_found());
        }
        if found.is_empty() { Ok(Self { routes }) } else { Err(found) }
    }

    /// Sends one request to the endpoint of that name and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// There is no answer that the adapter may have; the failure says why, and whether the upstream system may have got the request.
    pub async fn send(
        &self,
        endpoint: &str,
        request: Request,
        budget: &Budget,
        trail: &Trail,
    ) -> Result<Response, Failure> {
        let spend = budget.spend();
        let overdrawn = || Failure::unsent(FailureCode::Busy, endpoint, "the exchange has used up its calls");
        if spend == Spend::Over {
            return Err(overdrawn());
        }
        let mut note = Note::open(trail, endpoint, &request.method, request.body.len());
        let outcome = match spend {
            Spend::Granted => self.deliver(endpoint, request, budget, &mut note).await,
            Spend::JustOver | Spend::Over => Err(overdrawn()),
        };
        if let Err(failure) = &outcome {
            let (code, sent) = (failure.code.as_str(), failure.sent);
            tracing::debug!(code, sent, reason = failure.message, "no answer for the adapter");
        }
        note.close(&outcome);
        outcome
    }

    async fn deliver(
        &self,
        name: &str,
        request: Request,
        budget: &Budget,
        note: &mut Note<'_>,
    ) -> Result<Response, Failure> {
        let route = self.route(name)?;
        let deadline = deadline(&route.endpoint, &request, budget);
        let mut draft = Draft::admit(&route.endpoint, request, budget.max_request())?;
        let _slot = route.slot()?;
        let filled = route.fill(&mut draft)?;
        note.body(draft.body.len());
        let late = |sent| Failure::new(FailureCode::Timeout, name, "no complete answer in time", sent);
        if deadline <= Instant::now() {
            return Err(late(false));
        }
        let answered = timeout_at(deadline, route.converse(&draft, &filled, budget, note)).await;
        answered.unwrap_or_else(|_| Err(late(note.may_have_effect())))
    }

    fn route(&self, name: &str) -> Result<&Route, Failure> {
        self.routes.get(name).ok_or_else(|| {
            let what = "no endpoint of this name is granted to the adapter";
            Failure::unsent(FailureCode::Denied, name, what)
        })
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes.keys()).finish()
    }
}

/// The earliest of the three ends: the guest's, the endpoint's, the exchange's.
fn deadline(endpoint: &Endpoint, request: &Request, budget: &Budget) -> Instant {
    let total = endpoint.timeouts.total;
    let allowed = request.timeout.map_or(total, |timeout| timeout.min(total));
    (Instant::now() + allowed).min(budget.deadline())
}
