//! Rolling back and retiring.

use super::client;
use super::world::{Core, World, name};
use crate::Actor;
use crate::wire::{AdapterDetails, AdapterState, Deployed, RefusedCode, Retired, Rollback};
use nhip_registry::{ActFilter, ActKind, DeploymentKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

async fn rollback(core: &Core, to: Option<&str>) -> Result<Deployed, Box<crate::wire::Refused>> {
    let to = to.map(|to| to.parse().unwrap());
    core.deployments.rollback(name("population"), to, Actor::admin()).await
}

#[tokio::test]
async fn a_rollback_is_a_pointer_swap_and_twice_returns_to_where_one_began() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    let first = Arc::clone(&world.spine.routes().service("population").unwrap().live);
    world.deployed("population", "1.1.0").await;
    let admissions = world.host.admissions.load(Ordering::SeqCst);

    let answer = client::post(world.address, "/api/adapters/population/rollback", &Rollback::default()).await;
    let back: Deployed = answer.ok();
    assert_eq!((back.version.as_str(), back.replaced.unwrap().version.as_str()), ("1.0.0", "1.1.0"));
    assert!(back.restores.is_some());
    assert_eq!(world.answers("population").await, "1.0.0");
    assert!(Arc::ptr_eq(&world.spine.routes().service("population").unwrap().live, &first));

    rollback(&world, None).await.unwrap();
    assert_eq!(world.answers("population").await, "1.1.0");
    assert_eq!(world.host.admissions.load(Ordering::SeqCst), admissions, "nothing was admitted again");
    let details: AdapterDetails = world.get("/api/adapters/population").await.ok();
    let kinds: Vec<DeploymentKind> = details.history.iter().map(|entry| entry.kind).collect();
    assert_eq!(
        kinds,
        [DeploymentKind::Rollback, DeploymentKind::Rollback, DeploymentKind::Deploy, DeploymentKind::Deploy]
    );
}

#[tokio::test]
async fn an_old_version_that_is_not_in_memory_is_admitted_again() {
    let world = World::start().await;
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] {
        world.deployed("population", version).await;
    }
    let details: AdapterDetails = world.get("/api/adapters/population").await.ok();
    assert_eq!(details.adapter.ready, ["1.2.0", "1.1.0"], "two are kept ready");
    let admissions = world.host.admissions.load(Ordering::SeqCst);
    rollback(&world, Some("1.0.0")).await.unwrap();
    assert_eq!(world.answers("population").await, "1.0.0");
    assert_eq!(world.host.admissions.load(Ordering::SeqCst), admissions + 1);

    // When it cannot be admitted any more, what is live stays.
    world.host.without_secret.lock().unwrap().insert("1.1.0".to_owned());
    let refused = rollback(&world, Some("1.1.0")).await.unwrap_err();
    assert_eq!(refused.code, RefusedCode::Admission);
    assert!(refused.detail.contains("the variable of the secret is not set"), "{}", refused.detail);
    assert_eq!(
        (world.answers("population").await, world.on_record("population").await.as_deref()),
        ("1.0.0".to_owned(), Some("1.0.0"))
    );
}

#[tokio::test]
async fn a_rollback_to_nothing_is_refused_and_on_record() {
    let world = World::start().await;
    let path = "/api/adapters/population/rollback";
    client::post(world.address, path, &Rollback::default()).await.problem(404, "not-found");
    world.deployed("population", "1.0.0").await;
    let problem = client::post(world.address, path, &Rollback::default()).await.problem(404, "not-found");
    assert!(problem.detail.contains("no earlier deployment"), "{problem:?}");
    let to = |to: &str| Rollback { to: Some(to.to_owned()) };
    client::post(world.address, path, &to("9.9.9")).await.problem(404, "not-found");
    client::post(world.address, path, &to("newest")).await.problem(400, "malformed");
    client::post(world.address, path, &serde_json::json!({ "too": "1.0.0" })).await.problem(400, "malformed");
    client::post(world.address, "/api/adapters/No_Name/rollback", &to("1.0.0")).await.problem(400, "malformed");
    let filter = ActFilter { kind: Some(ActKind::Rollback), refused: Some(true), ..ActFilter::default() };
    assert_eq!(world.registry.acts.list(&filter, 10).await.unwrap().len(), 4);
    assert_eq!(world.answers("population").await, "1.0.0");
}

#[tokio::test]
async fn a_retired_adapter_is_gone_and_a_rollback_brings_it_back() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    let retired: Retired = client::delete(world.address, "/api/adapters/population").await.ok();
    assert_eq!((retired.adapter.as_str(), retired.replaced.version.as_str()), ("population", "1.0.0"));
    assert_eq!(world.answers("population").await, "unknown-service");
    assert_eq!(world.on_record("population").await, None);
    let details: AdapterDetails = world.get("/api/adapters/population").await.ok();
    assert_eq!((details.adapter.state, details.live.is_none()), (AdapterState::Retired, true));

    let problem = client::delete(world.address, "/api/adapters/population").await.problem(404, "not-found");
    assert!(problem.detail.contains("is not in service"), "{problem:?}");
    let problem = client::delete(world.address, "/api/adapters/unheard-of").await.problem(404, "not-found");
    assert!(problem.detail.contains("was ever deployed"), "{problem:?}");

    let admissions = world.host.admissions.load(Ordering::SeqCst);
    rollback(&world, None).await.unwrap();
    assert_eq!(world.answers("population").await, "1.0.0");
    assert_eq!(world.host.admissions.load(Ordering::SeqCst), admissions);
}
