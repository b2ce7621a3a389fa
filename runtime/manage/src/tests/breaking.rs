//! Every step of a change fails in turn. Afterwards registry and routes are both as before or both as after, and a
//! restart serves the same.

use super::fake_host::{FakeHost, component};
use super::world::{Core, eventually, name, policy, smoke};
use crate::Actor;
use crate::deployments::hook::Point;
use crate::wire::RefusedCode;
use nhip_registry::RegistryError;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::Notify;

/// Run a process's life. Its end is as sudden as in a crash: what is under way is dropped where it stands.
fn life<T>(work: impl Future<Output = T>) -> T {
    let runtime = Runtime::new().unwrap();
    let end = runtime.block_on(work);
    drop(runtime);
    end
}

/// What a process that starts on the folder serves.
fn served_after_restart(data: &Path) -> String {
    life(async {
        let core = Core::open(data, Arc::default()).await;
        let (served, on_record) = (core.answers("population").await, core.on_record("population").await);
        assert_eq!(Some(served.clone()), on_record, "routes and registry disagree after a restart");
        served
    })
}

fn new_policy() -> String {
    policy("population") + &smoke("population", "find", "ok")
}

#[test]
fn a_process_that_dies_at_any_step_of_a_deployment_serves_the_last_committed_state() {
    for point in Point::ALL {
        let data = TempDir::new().unwrap();
        life(async {
            let core = Core::open(data.path(), Arc::default()).await;
            core.deployed("population", "1.0.0").await;
            let reached = Arc::new(Notify::new());
            let told = Arc::clone(&reached);
            core.deployments.hook().set(move |here| {
                let told = Arc::clone(&told);
                async move {
                    if here == point {
                        told.notify_one();
                        std::future::pending::<()>().await;
                    }
                }
            });
            let policy = new_policy();
            tokio::select! {
                end = core.deploy(component("population", "1.1.0"), &policy) => panic!("it went past {point:?}: {end:?}"),
                () = reached.notified() => {}
            }
        });
        let wanted = if matches!(point, Point::Committed | Point::Switched) { "1.1.0" } else { "1.0.0" };
        assert_eq!(served_after_restart(data.path()), wanted, "{point:?}");
    }
}

#[test]
fn a_process_that_dies_at_any_step_of_a_rollback_serves_the_last_committed_state() {
    for point in [Point::Begun, Point::Admitted, Point::Committed, Point::Switched] {
        let data = TempDir::new().unwrap();
        life(async {
            let core = Core::open(data.path(), Arc::default()).await;
            core.deployed("population", "1.0.0").await;
            core.deployed("population", "1.1.0").await;
            let reached = Arc::new(Notify::new());
            let told = Arc::clone(&reached);
            core.deployments.hook().set(move |here| {
                let told = Arc::clone(&told);
                async move {
                    if here == point {
                        told.notify_one();
                        std::future::pending::<()>().await;
                    }
                }
            });
            tokio::select! {
                end = core.deployments.rollback(name("population"), None, Actor::admin()) => panic!("it went past {point:?}: {end:?}"),
                () = reached.notified() => {}
            }
        });
        let wanted = if matches!(point, Point::Committed | Point::Switched) { "1.0.0" } else { "1.1.0" };
        assert_eq!(served_after_restart(data.path()), wanted, "{point:?}");
    }
}

#[test]
fn a_database_that_is_lost_at_any_step_leaves_before_or_after() {
    for point in Point::ALL {
        let data = TempDir::new().unwrap();
        let served = life(async {
            let core = Core::open(data.path(), Arc::default()).await;
            core.deployed("population", "1.0.0").await;
            let registry = core.registry.clone();
            core.deployments.hook().set(move |here| {
                let registry = registry.clone();
                async move {
                    if here == point {
                        registry.close().await;
                    }
                }
            });
            let end = core.deploy(component("population", "1.1.0"), &new_policy()).await;
            let routed = core.routed("population").unwrap();
            match end {
                Ok(deployed) => assert_eq!(routed, deployed.version, "{point:?}"),
                Err(refused) => {
                    assert_eq!((refused.code, routed.as_str()), (RefusedCode::Unavailable, "1.0.0"), "{point:?}");
                    // A commit that was tried leaves a doubt as long as nobody can be asked, and it is not hidden.
                    assert_eq!(core.deployments.is_unsettled(), point != Point::Begun, "{point:?}");
                }
            }
            routed
        });
        let wanted = if matches!(point, Point::Committed | Point::Switched) { "1.1.0" } else { "1.0.0" };
        assert_eq!(served, wanted, "{point:?}");
        assert_eq!(served_after_restart(data.path()), served, "{point:?}");
    }
}

#[tokio::test]
async fn a_change_that_panics_is_reported_and_the_truth_is_served() {
    for point in Point::ALL {
        let data = TempDir::new().unwrap();
        let core = Core::open(data.path(), Arc::default()).await;
        core.deployed("population", "1.0.0").await;
        core.deployments.hook().set(move |here| async move { assert_ne!(here, point, "harm done by the test") });
        let refused = core.deploy(component("population", "1.1.0"), &new_policy()).await.unwrap_err();
        assert_eq!(refused.code, RefusedCode::Internal, "{point:?}");
        core.deployments.hook().clear();
        eventually("it is settled", || async { !core.deployments.is_unsettled() }).await;
        assert_eq!(core.routed("population"), core.on_record("population").await, "{point:?}");
        core.deployed("population", "1.2.0").await;
        assert_eq!(core.answers("population").await, "1.2.0", "the next change goes on");
    }
}

/// Commit something behind the gateway's back, as a commit whose answer was lost looks to it.
async fn commit_unheard(core: &Core) {
    let old = core.registry.deployments.live_of(&name("population")).await.unwrap().unwrap();
    let bytes = component("population", "1.1.0");
    let digest = core.registry.blobs.put(bytes).await.unwrap();
    let new = nhip_registry::NewDeployment {
        adapter: old.adapter.clone(),
        version: "1.1.0".parse().unwrap(),
        component: digest,
        policy_text: old.policy_text.clone(),
        policy: old.policy,
        manifest_text: String::new(),
        contracts: old.contracts.clone(),
        services: old.services.clone(),
        actor: "admin".to_owned(),
    };
    core.registry.deployments.deploy(new, Some(old.id)).await.unwrap();
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_out() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::<FakeHost>::default()).await;
    let before = core.deployed("population", "1.0.0").await.deployment;
    let lost = || RegistryError::Stopping;
    let kept = core.deployments.after_failed_commit(lost(), &name("population"), Some(before)).await;
    assert_eq!(kept.unwrap_err().code, RefusedCode::Unavailable, "it was not kept");
    commit_unheard(&core).await;
    let kept = core.deployments.after_failed_commit(lost(), &name("population"), Some(before)).await;
    assert_eq!(kept.unwrap().unwrap().version.to_string(), "1.1.0", "it was kept");
}

#[tokio::test]
async fn what_is_in_doubt_is_settled_by_the_next_change_or_by_time() {
    let data = TempDir::new().unwrap();
    let core = Core::open(data.path(), Arc::<FakeHost>::default()).await;
    core.deployed("population", "1.0.0").await;
    commit_unheard(&core).await;
    assert_eq!(core.routed("population").as_deref(), Some("1.0.0"));
    core.deployments.doubt();
    assert!(core.deployments.is_unsettled());
    core.deployed("documents", "1.0.0").await;
    assert_eq!(core.routed("population").as_deref(), Some("1.1.0"), "the next change settles it first");
    assert!(!core.deployments.is_unsettled());

    core.deployments.rollback(name("population"), None, Actor::admin()).await.unwrap();
    commit_unheard(&core).await;
    core.deployments.doubt();
    eventually("time settles it", || async { core.routed("population").as_deref() == Some("1.1.0") }).await;
    assert!(!core.deployments.is_unsettled());
}
