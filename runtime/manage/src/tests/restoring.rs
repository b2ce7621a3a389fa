//! Starting: the same after a normal end and after a crash.

use super::client;
use super::fake_host::{FakeHost, component};
use super::world::{Core, World, config, name, policy, state};
use crate::wire::{AdapterList, AdapterState, Ready};
use crate::{Actor, Admin, Stop};
use std::sync::Arc;
use tempfile::TempDir;

/// The world of the folder, started again by a process of its own.
async fn again(data: &TempDir, core: Core, host: Arc<FakeHost>) -> Core {
    let registry = core.registry.clone();
    drop(core);
    registry.close().await;
    reopen(data, host).await
}

/// Open it when whoever had it has let go of it.
async fn reopen(data: &TempDir, host: Arc<FakeHost>) -> Core {
    super::world::eventually("the folder is free", || async {
        nhip_registry::Registry::open(data.path(), nhip_exchange::SystemClock::shared()).await.is_ok()
    })
    .await;
    Core::open(data.path(), host).await
}

#[tokio::test]
async fn what_was_live_is_live_again() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::default()).await;
    core.deployed("population", "1.0.0").await;
    core.deployed("population", "1.1.0").await;
    core.deployed("documents", "3.0.0").await;
    core.deployed("retired", "1.0.0").await;
    core.deployments.retire(name("retired"), Actor::admin()).await.unwrap();
    let before = core.registry.deployments.live().await.unwrap();

    let core = again(&data, core, Arc::default()).await;
    assert_eq!(core.registry.deployments.live().await.unwrap(), before);
    assert_eq!(
        (core.answers("population").await.as_str(), core.answers("documents").await.as_str()),
        ("1.1.0", "3.0.0")
    );
    assert_eq!(core.answers("retired").await, "unknown-service");
    core.deployments.rollback(name("population"), None, Actor::admin()).await.unwrap();
    assert_eq!(core.answers("population").await, "1.0.0", "a rollback works across a restart");
}

#[tokio::test]
async fn an_adapter_that_cannot_be_admitted_does_not_keep_the_others_from_serving() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::default()).await;
    core.deployed("population", "1.0.0").await;
    core.deployed("documents", "3.0.0").await;
    let host = Arc::new(FakeHost::default());
    host.without_secret.lock().unwrap().insert("3.0.0".to_owned());
    let core = again(&data, core, Arc::clone(&host)).await;
    assert_eq!(core.deployments.broken(), [name("documents")]);
    assert_eq!(
        (core.answers("population").await.as_str(), core.answers("documents").await.as_str()),
        ("1.0.0", "adapter-unavailable")
    );

    let stop = Stop::default();
    let admin = Admin::bind(config(), state(&core, &stop)).await.unwrap();
    let address = admin.local_addr();
    tokio::spawn(admin.serve(async move { stop.stopped().await }));
    let listed: AdapterList = client::get(address, "/api/adapters").await.ok();
    let broken = &listed.adapters[0];
    assert_eq!(
        (broken.name.as_str(), broken.state, listed.adapters[1].state),
        ("documents", AdapterState::Broken, AdapterState::Live)
    );
    let why = broken.broken.as_ref().unwrap();
    assert!(
        why.detail.contains("the variable of the secret is not set") && why.report.as_ref().unwrap().refuses(),
        "{why:?}"
    );
    let ready: Ready = client::get(address, "/readyz").await.ok();
    assert_eq!((ready.ready, ready.broken.as_slice()), (true, &["documents".to_owned()][..]));

    // Its names stay its own: nobody takes them while the operator mends it.
    let refused = core.deploy(component("thief", "1.0.0"), &super::world::serving("thief", &["documents"])).await;
    assert_eq!(refused.unwrap_err().conflicts.len(), 1);
    // Mended from outside, the next look serves it; so does deploying it again.
    core.deploy(component("documents", "3.1.0"), &policy("documents")).await.unwrap();
    assert!(core.deployments.broken().is_empty());
    assert_eq!(core.answers("documents").await, "3.1.0");
}

#[tokio::test]
async fn a_broken_adapter_is_tried_again_at_the_next_restore() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::default()).await;
    core.deployed("documents", "3.0.0").await;
    let host = Arc::new(FakeHost::default());
    host.without_secret.lock().unwrap().insert("3.0.0".to_owned());
    let core = again(&data, core, Arc::clone(&host)).await;
    assert_eq!(core.routed("documents"), None);
    host.without_secret.lock().unwrap().clear();
    let restored = core.deployments.restore().await.unwrap();
    assert_eq!((restored.serving, restored.broken), (vec![name("documents")], vec![]));
    assert_eq!(core.answers("documents").await, "3.0.0");
}

#[tokio::test]
async fn a_component_that_was_damaged_on_disk_is_not_served() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::default()).await;
    let deployed = core.deployed("population", "1.0.0").await;
    let hex = deployed.component.hex();
    std::fs::write(data.path().join("blobs/sha256").join(&hex[..2]).join(&hex), component("population", "6.6.6"))
        .unwrap();
    let core = again(&data, core, Arc::default()).await;
    assert_eq!(core.deployments.broken(), [name("population")]);
    assert_eq!(core.answers("population").await, "adapter-unavailable");
}

#[tokio::test]
async fn the_gateway_is_not_ready_before_it_was_restored() {
    let world = World::start().await;
    let fresh =
        crate::Deployments::new(world.registry.clone(), Arc::<FakeHost>::clone(&world.host), Arc::clone(&world.spine));
    assert!(!fresh.is_restored());
    let mut state = state(&world, &world.stop);
    state.deployments = fresh;
    let admin = Admin::bind(config(), state).await.unwrap();
    let address = admin.local_addr();
    tokio::spawn(admin.serve(std::future::pending()));
    let answer = client::get(address, "/readyz").await;
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(answer.json::<Ready>().reasons, ["the deployments on record are not served yet"]);
}
