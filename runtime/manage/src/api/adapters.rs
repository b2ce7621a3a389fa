//! Adapters: what is in service, what was, and under which policy.

use super::extract::Name;
use super::{Context, Refusal};
use crate::deployments::State as Live;
use crate::wire::{
    Adapter, AdapterDetails, AdapterList, AdapterState, Broken, HistoryEntry, LiveVersion, Served, Version,
};
use axum::Json;
use axum::extract::State;
use nhip_policies::{AdapterName, Policy};
use nhip_registry::{AdapterVersion, Deployment, RegistryError};
use std::sync::Arc;

/// How many deployments the history of an adapter shows.
const HISTORY: u32 = 100;

/// `GET /api/adapters`.
pub(crate) async fn list(State(context): State<Arc<Context>>) -> Result<Json<AdapterList>, Refusal> {
    let deployments = context.registry.deployments.adapters().await?;
    let live = context.deployments.state();
    let adapters = deployments.into_iter().map(|(newest, in_service)| adapter(&live, &newest, in_service)).collect();
    Ok(Json(AdapterList { adapters }))
}

/// `GET /api/adapters/{name}`.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Name(name): Name<AdapterName>,
) -> Result<Json<AdapterDetails>, Refusal> {
    let history = context.registry.deployments.history(&name, HISTORY).await?;
    let in_service = context.registry.deployments.live_of(&name).await?.is_some();
    let versions = context.registry.versions.of(&name).await?;
    let newest = history.first().ok_or(RegistryError::UnknownAdapter { adapter: name })?;
    let live = context.deployments.state();
    let policy_words = match Policy::parse(&newest.policy_text) {
        Ok(policy) => policy.explain(),
        Err(mistakes) => format!("this gateway cannot read the policy:\n{mistakes}\n"),
    };
    Ok(Json(AdapterDetails {
        adapter: adapter(&live, newest, in_service),
        live: live.serving.get(&newest.adapter).map(|serving| {
            let version = &serving.candidate.live;
            LiveVersion {
                deployment: serving.deployment,
                report: serving.candidate.report.clone(),
                free_slots: version.slots.free(),
                slots: usize::try_from(version.policy.limits.concurrency).unwrap_or(usize::MAX),
            }
        }),
        policy_text: newest.policy_text.clone(),
        policy_words,
        versions: versions.into_iter().map(version).collect(),
        history: history.into_iter().map(entry).collect(),
    }))
}

/// What the registry and the memory know of an adapter, in one.
fn adapter(live: &Live, newest: &Deployment, in_service: bool) -> Adapter {
    let serving = live.serving.get(&newest.adapter);
    let broken = live.broken.get(&newest.adapter).map(|down| down.why.clone());
    let (state, broken) = match (in_service, serving, broken) {
        (false, ..) => (AdapterState::Retired, None),
        (true, Some(_), _) => (AdapterState::Live, None),
        (true, None, broken) => (AdapterState::Broken, Some(broken.unwrap_or_else(not_yet))),
    };
    let services = newest.services.iter();
    Adapter {
        name: newest.adapter.to_string(),
        state,
        deployment: newest.id,
        version: newest.version.to_string(),
        component: newest.component,
        policy: newest.policy,
        services: services
            .map(|(name, contract)| Served { service: name.to_string(), contract: contract.to_string() })
            .collect(),
        since_ms: newest.created_ms,
        actor: newest.actor.clone(),
        in_flight: serving.map_or(0, |serving| serving.candidate.live.stats.snapshot().in_flight),
        ready: live.ready(&newest.adapter).iter().map(|candidate| candidate.live.version.to_string()).collect(),
        broken,
    }
}

/// In service by the registry, and this process has not come to it.
fn not_yet() -> Broken {
    Broken {
        detail: "the gateway has not taken it over from the registry yet".to_owned(),
        cure: "`/readyz` says what the gateway waits for".to_owned(),
        report: None,
    }
}

fn version(version: AdapterVersion) -> Version {
    Version {
        version: version.version.to_string(),
        component: version.component,
        size: version.size,
        contracts: version.contracts,
        first_seen_ms: version.first_seen_ms,
    }
}

fn entry(deployment: Deployment) -> HistoryEntry {
    HistoryEntry {
        deployment: deployment.id,
        kind: deployment.kind,
        version: deployment.version.to_string(),
        component: deployment.component,
        policy: deployment.policy,
        restores: deployment.restores,
        actor: deployment.actor,
        at_ms: deployment.created_ms,
    }
}
