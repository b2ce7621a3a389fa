//! Smoke calls: exchanges like any other, on a version that is not routed yet.
//!
//! Invariant: what the adapter answered never leaves here, only how the call ended: the answer may be anybody's data.

use super::candidate::Candidate;
use crate::wire::SmokeFailure;
use bytes::Bytes;
use nhip_exchange::{Arrival, Fault, Kind, Origin, Outcome, Service, Spine};
use nhip_policies::{CallerName, Expect, Smoke};
use std::sync::Arc;

/// Who makes the calls, as the adapter and the record see it.
const CALLER: &str = "nhip-smoke";

/// Make all smoke calls of the candidate's policy, in their order, and give those that failed.
pub(crate) async fn run(spine: &Arc<Spine>, candidate: &Candidate) -> Vec<SmokeFailure> {
    let mut failures = Vec::new();
    for (index, smoke) in candidate.live.policy.smoke.iter().enumerate() {
        // A policy names its own services only, and a candidate serves all of them.
        let Some(service) = candidate.service(&smoke.service) else { continue };
        let outcome = nhip_exchange::run(spine, arrival(smoke, service)).await;
        failures.extend(judge(index + 1, smoke, &outcome));
    }
    failures
}

fn arrival(smoke: &Smoke, service: &Arc<Service>) -> Arrival {
    let caller = CALLER.parse::<CallerName>().map_err(|invalid| {
        Fault::new(Kind::GatewayInternal, "the smoke call has no caller").inside(invalid.to_string())
    });
    Arrival {
        origin: Origin::Smoke(Arc::clone(service)),
        peer: None,
        caller,
        service: (&smoke.service).into(),
        function: (&smoke.function).into(),
        purpose: smoke.purpose.as_ref().map(Into::into),
        traceparent: None,
        flaw: None,
        key: None,
        later: false,
        body: Box::new(Bytes::from(serde_json::Value::Object(smoke.body.clone()).to_string())),
    }
}

fn judge(number: usize, smoke: &Smoke, outcome: &Outcome) -> Option<SmokeFailure> {
    let fault = outcome.result.as_ref().err();
    let as_expected = match (smoke.expect, fault) {
        (Expect::Ok, fault) => fault.is_none(),
        (Expect::Fault, Some(fault)) => answered_by_adapter(fault.kind),
        (Expect::Fault, None) => false,
    };
    if as_expected {
        return None;
    }
    Some(SmokeFailure {
        number,
        service: smoke.service.to_string(),
        function: smoke.function.to_string(),
        expected: smoke.expect.as_str().to_owned(),
        came: fault.map_or("ok", |fault| fault.kind.row().code).to_owned(),
        status: fault.map_or(200, |fault| fault.kind.row().status),
        message: fault.map_or_else(|| "the call succeeded".to_owned(), words),
        exchange: outcome.id.to_string(),
    })
}

/// A fault that the adapter itself answers; a trap or a broken limit is none.
fn answered_by_adapter(kind: Kind) -> bool {
    kind == Kind::ContractFault || Kind::of_shared_fault(kind.row().code).is_some()
}

/// The kind's own words, never the adapter's; and what is wrong with the parameters, which the policy wrote.
fn words(fault: &Fault) -> String {
    let mut words = fault.kind.row().title.to_owned();
    for problem in &fault.problems {
        let place = if problem.pointer.is_empty() { "the body" } else { &problem.pointer };
        words.push_str(&format!("; `{place}`: {}", problem.message));
    }
    words
}
