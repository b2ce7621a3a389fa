//! Tries the egress against servers on this machine, friendly and hostile ones, under policies as an operator writes them.

mod address;
mod answer;
mod credential;
mod log;
mod oauth2;
mod pki;
mod placeholder;
mod pool;
mod request;
mod surroundings;
mod tls;
mod trail;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nhip_exchange::{Clock, Trail};
use nhip_policies::Policy;
use tokio::time::Instant;

use super::*;

/// 2024-06-21T01:30:00Z, half past eight in Vietnam.
pub(super) const NOW: u64 = 1_718_933_400_000;

pub(super) struct StoppedClock;

impl Clock for StoppedClock {
    fn unix_millis(&self) -> u64 {
        NOW
    }
}

/// Made-up secrets, by the name of their variable. `AWKWARD` has everything that some content type must escape.
pub(super) fn secret(name: &str) -> Option<String> {
    let value = match name {
        "API_KEY" => "planted-api-key-77f1",
        "PASSWORD" => "planted-password-31c9",
        "TOKEN" => "planted-static-token-5be2",
        "CLIENT_ID" => "made-up-client",
        "CLIENT_SECRET" => "planted client/secret+a90d",
        "VXP" => "planted-vxp-secret-e4d0",
        "AWKWARD" => "pl\"an\\t<e>d&'ß +1",
        "TWO_LINES" => "planted\r\nx-smuggled: yes",
        "SHORT" => "abc",
        _ => return None,
    };
    Some(value.to_owned())
}

/// All that is planted in a place where it could leak; the client's name is no secret.
pub(super) const PLANTED: [&str; 6] = [
    "planted-api-key-77f1",
    "planted-password-31c9",
    "planted-static-token-5be2",
    "planted client/secret+a90d",
    "planted-vxp-secret-e4d0",
    "planted-issued-token",
];

/// A policy with these sections, the endpoints among them.
pub(crate) fn policy(sections: &str) -> Policy {
    let head = "adapter = \"test\"\n[services]\npopulation = \"lgsp:population/register@1.0.0\"\n";
    Policy::parse(&format!("{head}{sections}")).unwrap_or_else(|mistakes| panic!("{mistakes}\nin\n{sections}"))
}

/// One endpoint `db` with every path below a URL, and more lines of its own.
pub(crate) fn endpoint(url: &str, more: &str) -> String {
    format!("[endpoints.db]\nurl = \"{url}\"\nmethods = [\"GET\", \"HEAD\", \"POST\"]\npaths = [\"/*\"]\n{more}\n")
}

/// The same, on this machine.
pub(super) fn inside(url: &str, more: &str) -> String {
    endpoint(url, &format!("private-network = true\n{more}"))
}

/// One exchange of an adapter.
pub(super) struct Exchange {
    pub(super) egress: Egress,
    pub(super) budget: Budget,
    pub(super) trail: Trail,
}

impl Exchange {
    pub(super) fn under(sections: &str) -> Self {
        Self::resolving(sections, Arc::new(SystemResolver))
    }

    pub(super) fn resolving(sections: &str, resolver: Arc<dyn Resolve>) -> Self {
        let policy = policy(sections);
        let egress = make(&policy, resolver).unwrap_or_else(|problems| panic!("{problems:?}"));
        Self {
            egress,
            budget: Budget::new(&policy.limits, Instant::now() + Duration::from_secs(60)),
            trail: Trail::default(),
        }
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, Failure> {
        self.egress.send("db", request, &self.budget, &self.trail).await
    }

    pub(super) async fn get(&self, path: &str) -> Result<Response, Failure> {
        self.send(get(path)).await
    }

    /// Sends what must fail.
    pub(super) async fn fail(&self, request: Request) -> Failure {
        self.send(request).await.expect_err("a failure")
    }

    /// What the trail holds, as text.
    pub(super) fn noted(&self) -> String {
        format!("{:?}", self.trail)
    }
}

pub(crate) fn make(policy: &Policy, resolver: Arc<dyn Resolve>) -> Result<Egress, Vec<EgressProblem>> {
    let surroundings = Surroundings {
        secrets: &FileAndMap::new(secret),
        roots: &Roots::none(),
        resolver,
        clock: Arc::new(StoppedClock),
    };
    Egress::new(&policy.endpoints, &surroundings)
}

pub(crate) fn get(path: &str) -> Request {
    Request { method: "GET".to_owned(), path: path.to_owned(), ..Request::default() }
}

pub(super) fn post(path: &str, content_type: &str, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body: Bytes::copy_from_slice(body.as_bytes()),
        timeout: None,
    }
}

pub(super) fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.to_owned()));
    request
}
