//! Deploying, as the operator sees it.

use super::client;
use super::fake_host::component;
use super::world::{World, eventually, name, policy, smoke};
use crate::wire::{AdapterDetails, AdapterList, AdapterState, Line, ServiceList, Step};
use nhip_policies::Policy;
use nhip_registry::{ActFilter, ActKind};
use std::sync::atomic::Ordering;

fn steps(lines: &[Line]) -> Vec<Step> {
    lines.iter().filter_map(|line| if let Line::Step(step) = line { Some(*step) } else { None }).collect()
}

#[tokio::test]
async fn a_deployment_tells_its_steps_and_then_serves() {
    let world = World::start().await;
    let policy = policy("population") + &smoke("population", "find", "ok") + &smoke("population", "miss", "fault");
    let component = component("population", "1.0.0");
    let lines = world.upload(&component, &policy).await.lines();
    assert_eq!(steps(&lines), [Step::Verify, Step::Compile, Step::Smoke, Step::Switch]);
    let Some(Line::Deployed(deployed)) = lines.last() else { panic!("{lines:?}") };
    assert_eq!((deployed.adapter.as_str(), deployed.version.as_str()), ("population", "1.0.0"));
    assert_eq!((deployed.smoke, &deployed.replaced), (2, &None));
    assert_eq!(deployed.component, nhip_exchange::Digest::of(&component));
    assert_eq!(deployed.policy.hex(), Policy::parse(&policy).unwrap().digest_hex());
    assert_eq!(world.answers("population").await, "1.0.0");

    let services: ServiceList = world.get("/api/services").await.ok();
    assert_eq!(services.services.len(), 1);
    assert_eq!(services.services[0].functions, ["find", "miss", "trap", "wait"]);

    let listed: AdapterList = world.get("/api/adapters").await.ok();
    assert_eq!((listed.adapters.len(), listed.adapters[0].state), (1, AdapterState::Live));
    let details: AdapterDetails = world.get("/api/adapters/population").await.ok();
    assert_eq!((details.policy_text.as_str(), details.adapter.actor.as_str()), (policy.as_str(), "admin/lan.nguyen"));
    assert!(details.policy_words.contains("adapter `population`"));
    assert_eq!((details.versions.len(), details.history.len()), (1, 1));
    let live = details.live.unwrap();
    assert_eq!((live.deployment, live.free_slots, live.slots), (deployed.deployment, 64, 64));

    let acts = world.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!(acts.len(), 1);
    assert_eq!((acts[0].kind, acts[0].actor.as_str(), acts[0].refused), (ActKind::Deploy, "admin/lan.nguyen", false));
}

#[tokio::test]
async fn the_next_version_takes_the_place_and_exchanges_under_way_end_on_theirs() {
    let world = World::start().await;
    let first = world.deployed("population", "1.0.0").await;
    let under_way = tokio::spawn({
        let spine = std::sync::Arc::clone(&world.spine);
        async move { super::world::call(&spine, "population", "wait").await }
    });
    eventually("the call is under way", || async {
        let listed: AdapterList = world.get("/api/adapters").await.ok();
        listed.adapters[0].in_flight == 1
    })
    .await;
    let second = world.deployed("population", "1.1.0").await;
    let replaced = second.replaced.unwrap();
    assert_eq!((replaced.deployment, replaced.version.as_str()), (first.deployment, "1.0.0"));
    assert_eq!(world.answers("population").await, "1.1.0");
    world.host.calls.add_permits(1);
    let answer = under_way.await.unwrap().result.unwrap();
    assert_eq!(super::world::version(answer), "1.0.0");
    let listed: AdapterList = world.get("/api/adapters").await.ok();
    assert_eq!((listed.adapters[0].in_flight, listed.adapters[0].ready.as_slice()), (0, &["1.0.0".to_owned()][..]));
}

#[tokio::test]
async fn a_manifest_beside_the_component_is_kept_and_used_again() {
    let world = World::start().await;
    let component = component("population", "1.0.0");
    let policy = policy("population");
    let parts: [(&str, &[u8]); 3] = [("component", &component), ("policy", policy.as_bytes()), ("manifest", b"2.0.0")];
    let lines = client::send(world.address, client::upload(world.address, &parts)).await.lines();
    assert!(matches!(lines.last(), Some(Line::Deployed(done)) if done.version == "2.0.0"), "{lines:?}");
    let live = world.registry.deployments.live_of(&name("population")).await.unwrap().unwrap();
    assert_eq!(live.manifest_text, "2.0.0");
}

#[tokio::test]
async fn deployments_at_the_same_time_happen_one_after_the_other() {
    let world = World::start().await;
    let versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0", "2.1.0"];
    let uploads = versions.map(|version| {
        let adapter = if version.starts_with('1') { "population" } else { "documents" };
        let (component, policy, world) = (component(adapter, version), policy(adapter), &world);
        async move { world.upload(&component, &policy).await.lines() }
    });
    for lines in futures_util::future::join_all(uploads).await {
        assert!(matches!(lines.last(), Some(Line::Deployed(_))), "{lines:?}");
    }
    for adapter in ["population", "documents"] {
        let history = world.registry.deployments.history(&name(adapter), 10).await.unwrap();
        assert_eq!(history.len(), if adapter == "population" { 4 } else { 2 });
        let newest = history[0].version.to_string();
        assert_eq!(world.on_record(adapter).await.as_deref(), Some(newest.as_str()));
        assert_eq!(world.answers(adapter).await, newest);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_a_deployment() {
    let world = World::start().await;
    let permits = world.host.gate.forget_permits(usize::MAX);
    assert!(permits > 0);
    let (component, policy) = (component("population", "1.0.0"), policy("population"));
    let parts: [(&str, &[u8]); 2] = [("component", &component), ("policy", policy.as_bytes())];
    let request = client::upload(world.address, &parts);
    let address = world.address;
    let client = tokio::spawn(async move { client::send(address, request).await });
    // The listener has read the upload when the host was asked; then the client goes away.
    eventually("the host is asked", || async { world.deployments.is_changing() }).await;
    client.abort();
    let _ = client.await;
    world.host.gate.add_permits(1);
    eventually("it is live", || async { world.routed("population").is_some() }).await;
    assert_eq!(world.on_record("population").await.as_deref(), Some("1.0.0"));
    assert_eq!(world.host.admissions.load(Ordering::SeqCst), 1);
}
