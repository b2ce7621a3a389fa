//! Two gateways on one registry: what is changed at one is served at the other.

use super::fake_host::component;
use super::world::{Core, config, eventually, name, policy, state, version};
use crate::tests::client;
use crate::wire::{AdapterList, AdapterState, Ready};
use crate::{Actor, Admin, Stop};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;

/// Two gateways, the second following.
async fn pair() -> (TempDir, Core, Core) {
    let data = TempDir::new().unwrap();
    let here = Core::open(data.path(), Arc::default()).await;
    here.deployments.follow();
    let there = here.beside(Arc::default()).await;
    there.deployments.follow();
    (data, here, there)
}

async fn serves(core: &Core, service: &str, version: Option<&str>) {
    eventually(&format!("`{service}` is served as {version:?}"), || async {
        core.routed(service).as_deref() == version
    })
    .await;
}

#[tokio::test]
async fn what_is_deployed_rolled_back_and_retired_at_one_gateway_is_served_at_the_other() {
    let (_data, here, there) = pair().await;
    here.deployed("population", "1.0.0").await;
    serves(&there, "population", Some("1.0.0")).await;
    assert_eq!(there.answers("population").await, "1.0.0");
    there.deployed("population", "1.1.0").await;
    serves(&here, "population", Some("1.1.0")).await;
    here.deployments.rollback(name("population"), None, Actor::admin()).await.unwrap();
    serves(&there, "population", Some("1.0.0")).await;
    there.deployments.retire(name("population"), Actor::admin()).await.unwrap();
    serves(&here, "population", None).await;
    assert_eq!(here.answers("population").await, "unknown-service");

    // Each version was admitted once at each gateway: not again by the one that deployed it, nor for the rollback.
    for core in [&here, &there] {
        assert_eq!((core.host.tries(), core.host.admissions.load(Ordering::SeqCst)), (2, 2));
    }
}

#[tokio::test]
async fn what_was_changed_before_the_following_began_is_served_too() {
    let data = TempDir::new().unwrap();
    let here = Core::open(data.path(), Arc::default()).await;
    let there = here.beside(Arc::default()).await;
    here.deployed("population", "1.0.0").await;
    assert_eq!(there.routed("population"), None);
    there.deployments.follow();
    serves(&there, "population", Some("1.0.0")).await;
}

#[tokio::test]
async fn an_exchange_under_way_ends_on_its_version() {
    let (_data, here, there) = pair().await;
    here.deployed("population", "1.0.0").await;
    serves(&there, "population", Some("1.0.0")).await;
    let spine = Arc::clone(&there.spine);
    let under_way = tokio::spawn(async move { super::world::call(&spine, "population", "wait").await });
    eventually("the call is under way", || async { there.spine.free_slots() == 511 }).await;
    here.deployed("population", "1.1.0").await;
    serves(&there, "population", Some("1.1.0")).await;
    there.host.calls.add_permits(1);
    assert_eq!(version(under_way.await.unwrap().result.unwrap()), "1.0.0");
}

#[tokio::test]
async fn what_cannot_be_admitted_here_is_broken_here_and_told() {
    let (_data, here, there) = pair().await;
    here.deployed("population", "1.0.0").await;
    serves(&there, "population", Some("1.0.0")).await;
    there.host.without_secret.lock().unwrap().insert("1.1.0".to_owned());
    here.deployed("population", "1.1.0").await;
    eventually("it is broken", || async { there.deployments.broken() == [name("population")] }).await;
    assert_eq!(there.answers("population").await, "adapter-unavailable", "what is not live any more is not served");
    assert_eq!(here.answers("population").await, "1.1.0");

    let stop = Stop::default();
    let admin = Admin::bind(config(), state(&there, &stop)).await.unwrap();
    let address = admin.local_addr();
    tokio::spawn(admin.serve(async move { stop.stopped().await }));
    let listed: AdapterList = client::get(address, "/api/adapters").await.ok();
    assert_eq!(listed.adapters[0].state, AdapterState::Broken);
    let why = listed.adapters[0].broken.as_ref().unwrap();
    assert!(why.detail.contains("the variable of the secret is not set"), "{why:?}");

    // Every change is looked at, and what was refused is not admitted again and again for it.
    let tries = there.host.tries();
    here.deployed("documents", "1.0.0").await;
    serves(&there, "documents", Some("1.0.0")).await;
    assert_eq!(there.host.tries(), tries + 1);
    here.deployed("population", "1.2.0").await;
    serves(&there, "population", Some("1.2.0")).await;
    assert!(there.deployments.broken().is_empty());
}

#[tokio::test]
async fn a_deployment_under_way_here_and_one_from_there_both_come_to_be_served() {
    let (_data, here, there) = pair().await;
    // Admissions here wait.
    let gate = there.host.gate.available_permits();
    there.host.gate.forget_permits(gate);
    let own = {
        let (deployments, component, policy) =
            (there.deployments.clone(), component("documents", "1.0.0"), policy("documents"));
        tokio::spawn(async move {
            let request = crate::DeployRequest { component, policy, manifest: None, actor: Actor::admin() };
            deployments.deploy(request, Arc::new(|_| {})).await
        })
    };
    eventually("it is under way", || async { there.deployments.is_changing() }).await;
    here.deployed("population", "1.0.0").await;
    assert!(!own.is_finished());
    there.host.gate.add_permits(2);
    own.await.unwrap().unwrap();
    serves(&there, "population", Some("1.0.0")).await;
    assert_eq!(there.routed("documents").as_deref(), Some("1.0.0"));
    serves(&here, "documents", Some("1.0.0")).await;
    // With two permits there were two admissions: its own was not admitted a second time.
    assert_eq!(there.host.gate.available_permits(), 0);
}

#[tokio::test]
async fn of_two_deployments_decided_on_the_same_state_both_gateways_serve_the_one_that_won() {
    let (_data, here, there) = pair().await;
    let policy = policy("population");
    let (one, other) = tokio::join!(
        here.deploy(component("population", "1.0.0"), &policy),
        there.deploy(component("population", "2.0.0"), &policy),
    );
    assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
    let live = here.on_record("population").await;
    serves(&here, "population", live.as_deref()).await;
    serves(&there, "population", live.as_deref()).await;
}

#[tokio::test]
async fn a_component_that_cannot_be_read_now_leaves_the_version_before_and_is_tried_again() {
    let data = TempDir::new().unwrap();
    let here = Core::open(data.path(), Arc::default()).await;
    let there = here.beside(Arc::default()).await;
    here.deployed("population", "1.0.0").await;
    there.deployments.restore().await.unwrap();
    let hex = here.deployed("population", "1.1.0").await.component.hex();
    let file = data.path().join("blobs/sha256").join(&hex[..2]).join(&hex);
    let aside = data.path().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    std::fs::create_dir(&file).unwrap();

    there.deployments.follow();
    eventually("it is late", || async { there.deployments.late() == [name("population")] }).await;
    assert_eq!(there.answers("population").await, "1.0.0");
    assert!(there.deployments.broken().is_empty());
    let stop = Stop::default();
    let admin = Admin::bind(config(), state(&there, &stop)).await.unwrap();
    let address = admin.local_addr();
    tokio::spawn(admin.serve(async move { stop.stopped().await }));
    let ready: Ready = client::get(address, "/readyz").await.json();
    let reason = "the live version of population is not served yet: its component cannot be read";
    assert_eq!((ready.ready, ready.reasons.as_slice()), (false, &[reason.to_owned()][..]));

    std::fs::remove_dir(&file).unwrap();
    std::fs::rename(&aside, &file).unwrap();
    serves(&there, "population", Some("1.1.0")).await;
    assert!(there.deployments.late().is_empty());
}

#[tokio::test]
async fn following_holds_nothing_once_the_gateway_is_gone() {
    let (_data, here, there) = pair().await;
    here.deployed("population", "1.0.0").await;
    serves(&there, "population", Some("1.0.0")).await;
    let Core { spine, deployments, .. } = there;
    drop(deployments);
    eventually("nobody else holds the spine", || async { Arc::strong_count(&spine) == 1 }).await;
    here.deployed("population", "1.1.0").await;
}

#[tokio::test]
async fn a_defect_in_admitting_one_component_does_not_end_the_following() {
    let (_data, here, there) = pair().await;
    there.host.panics.store(true, Ordering::SeqCst);
    let tries = there.host.tries();
    here.deployed("population", "1.0.0").await;
    eventually("it was tried", || async { there.host.tries() > tries }).await;
    assert_eq!(there.routed("population"), None);
    there.host.panics.store(false, Ordering::SeqCst);
    serves(&there, "population", Some("1.0.0")).await;
}
