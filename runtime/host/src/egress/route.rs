//! One endpoint made ready: its connections, its credential, its secrets, its slots.
//!
//! Invariant: a route is made only where everything it needs is there; nothing is first looked for when a request is on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use nhip_exchange::{Clock, Slot, Slots};
use nhip_policies::{Credential, Endpoint};
use rustls::ClientConfig;
use url::Url;

use super::answer::Response;
use super::budget::Budget;
use super::client::{Client, head_failure};
use super::connect::Connector;
use super::credential::{Placed, Placer, placeholder};
use super::failure::{Failure, FailureCode};
use super::guard;
use super::note::Note;
use super::problem::Problems;
use super::request::Draft;
use super::resolve::{Resolve, Target};
use super::secret::{Secret, SecretSource};
use super::tls::{self, Roots};

/// What an adapter's endpoints are made ready with.
#[derive(Clone)]
pub struct Surroundings<'a> {
    /// Where secrets come from.
    pub secrets: &'a dyn SecretSource,
    /// Whom this machine trusts.
    pub roots: &'a Roots,
    /// How names are looked up.
    pub resolver: Arc<dyn Resolve>,
    /// The time of day, for signatures that carry it.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("roots", self.roots).finish_non_exhaustive()
    }
}

/// What the parts of one endpoint are made from.
pub(super) struct Workshop<'a> {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) surroundings: &'a Surroundings<'a>,
    tls: Arc<ClientConfig>,
}

impl Workshop<'_> {
    /// A pooled client for a URL, under the rules of the endpoint.
    pub(super) fn client(&self, url: &Url, idle: usize, problems: &mut Problems<'_>) -> Option<Client> {
        let target = Target::new(url, Arc::clone(&self.endpoint), Arc::clone(&self.surroundings.resolver));
        if target.is_none() {
            problems.add("its URL names no host", "write scheme, host and path");
        }
        let connector = Connector::new(target?, Arc::clone(&self.tls), self.endpoint.timeouts.connect);
        Some(Client::new(&connector, idle))
    }
}

/// An endpoint, ready to be called.
pub(super) struct Route {
    pub(super) endpoint: Arc<Endpoint>,
    client: Client,
    placer: Placer,
    placeholders: BTreeMap<String, Secret>,
    /// What must not come back, besides what belongs to one call.
    guarded: Vec<Secret>,
    slots: Slots,
}

impl Route {
    /// Makes an endpoint ready, or notes everything that is missing.
    pub(super) fn prepare(
        endpoint: &Endpoint,
        surroundings: &Surroundings<'_>,
        problems: &mut Problems<'_>,
    ) -> Option<Self> {
        let mut placeholders = BTreeMap::new();
        for (name, secret) in &endpoint.secrets {
            let cure =
                format!("it is what `{{{{secret:{name}}}}}` stands for: provide it, or take it out of `secrets`");
            if let Some(secret) = problems.keep(surroundings.secrets.resolve(secret), cure) {
                placeholders.insert(name.clone(), secret);
            }
        }
        let tls = tls::configure(endpoint, speaks_tls(endpoint), surroundings.roots, surroundings.secrets, problems);
        let endpoint = Arc::new(endpoint.clone());
        let mut guarded: Vec<Secret> = placeholders.values().cloned().collect();
        let placer = Placer::prepare(&endpoint, surroundings, &mut guarded, problems);
        let workshop = Workshop { endpoint: Arc::clone(&endpoint), surroundings, tls: tls? };
        let idle = usize::try_from(endpoint.concurrency).unwrap_or(usize::MAX);
        let client = workshop.client(&endpoint.url, idle, problems);
        let placer = placer?.connect(&workshop, problems);
        Some(Self { client: client?, placer: placer?, placeholders, guarded, slots: Slots::new(idle), endpoint })
    }

    /// A place among the endpoint's concurrent calls, or a refusal at once.
    pub(super) fn slot(&self) -> Result<Slot<'_>, Failure> {
        self.slots.take().ok_or_else(|| {
            let what = "all its concurrent calls are in use";
            Failure::unsent(FailureCode::Busy, &self.endpoint.name, what)
        })
    }

    /// Puts secrets in the place of placeholders. Gives what was put in, to be watched for in the answer.
    pub(super) fn fill(&self, draft: &mut Draft) -> Result<Vec<Secret>, Failure> {
        placeholder::fill(&self.endpoint.name, &self.placeholders, draft)
    }

    /// Sends a request with the credential, and once more with a fresh token where the upstream system did not accept the one it had.
    pub(super) async fn converse(
        &self,
        draft: &Draft,
        filled: &[Secret],
        budget: &Budget,
        note: &mut Note<'_>,
    ) -> Result<Response, Failure> {
        let placed = self.placer.place(&self.endpoint.name, draft).await?;
        let response = self.attempt(draft, &placed, budget, note).await?;
        if response.status != 401 {
            return self.guard(response, filled, &placed);
        }
        // The gateway in front of the system did not let the request in, so it had no effect and may be sent again.
        note.turned_away();
        let Some(fresh) = self.placer.replace(&self.endpoint.name, &placed).await else {
            return self.guard(response, filled, &placed);
        };
        let fresh = fresh?;
        let response = self.attempt(draft, &fresh, budget, note).await?;
        if response.status == 401 {
            self.placer.replacement_was_in_vain();
        }
        self.guard(response, filled, &fresh)
    }

    /// One request, one answer.
    async fn attempt(
        &self,
        draft: &Draft,
        placed: &Placed,
        budget: &Budget,
        note: &mut Note<'_>,
    ) -> Result<Response, Failure> {
        let (handed, answer) = self.client.start(draft.assemble(&placed.headers));
        note.begin(handed);
        let answer = answer.await.map_err(|error| head_failure(&self.endpoint.name, &error, note.may_have_effect()))?;
        Response::read(&self.endpoint.name, answer, budget.max_response(), note).await
    }

    fn guard(&self, response: Response, filled: &[Secret], placed: &Placed) -> Result<Response, Failure> {
        if guard::repeats(&response, self.guarded.iter().chain(filled).chain(&placed.secrets)) {
            tracing::warn!(
                endpoint = self.endpoint.name,
                "the answer repeats a secret and is withheld from the adapter"
            );
            let what = "the answer repeats a credential, so it is withheld";
            return Err(Failure::new(FailureCode::Denied, &self.endpoint.name, what, true));
        }
        Ok(response)
    }
}

fn speaks_tls(endpoint: &Endpoint) -> bool {
    let tokens = match &endpoint.credential {
        Some(Credential::OAuth2 { token_url, .. }) => token_url.scheme() == "https",
        _ => false,
    };
    tokens || endpoint.url.scheme() == "https"
}
