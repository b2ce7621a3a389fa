//! Deploying, rolling back and retiring, one behaviour at a time; `model` tries all orders.

use super::{Bench, adapter, caller, candidate, sound};
use crate::database::Kind;
use crate::{ActFilter, ActKind, DeploymentKind, RegistryError, Revoke};
use bytes::Bytes;
use nhip_exchange::Digest;
use serde_json::json;

on_both! {
    every_change_of_control_is_told,
    a_deployment_is_complete_after_a_restart,
    a_version_stays_what_it_is,
    a_component_that_is_not_stored_is_not_deployed,
    a_name_that_another_adapter_serves_is_refused_and_nothing_is_left_of_the_attempt,
    a_new_version_may_rename_its_services,
    rolling_back_twice_returns_to_where_one_began_and_a_version_can_be_named,
    the_same_component_under_another_policy_is_something_to_roll_back_to,
    a_retired_adapter_comes_back_as_it_was,
    what_cannot_be_rolled_back_says_why,
    a_decision_on_a_state_that_passed_is_refused,
    of_many_decisions_on_one_state_one_wins,
    a_refused_deployment_is_on_record_and_acts_can_be_searched,
}

async fn a_deployment_is_complete_after_a_restart(kind: Kind) {
    let bench = Bench::new(kind).await;
    let new =
        candidate(&bench.registry, "population", "1.0.0", "adapter = \"population\"", &["population", "dan-cu"]).await;
    let made = bench.registry.deployments.deploy(new.clone(), None).await.unwrap();
    let bench = bench.reopened().await;
    let live = bench.registry.deployments.live().await.unwrap();
    assert_eq!(live, std::slice::from_ref(&made));
    assert_eq!(bench.registry.deployments.live_of(&new.adapter).await.unwrap(), Some(made.clone()));
    assert_eq!(made.kind, DeploymentKind::Deploy);
    assert_eq!((&made.policy_text, made.policy, made.component), (&new.policy_text, new.policy, new.component));
    assert_eq!(
        (&made.services, &made.contracts, &made.manifest_text),
        (&new.services, &new.contracts, &new.manifest_text)
    );
    assert!(made.created_ms > 1_600_000_000_000);
    let versions = bench.registry.versions.of(&new.adapter).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].component, versions[0].size), (new.component, "population 1.0.0".len() as u64));
    let acts = bench.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!(acts.len(), 1);
    assert_eq!(
        (acts[0].kind, acts[0].deployment, acts[0].subject.as_str()),
        (ActKind::Deploy, Some(made.id), "population")
    );
    assert_eq!(acts[0].detail["component"], json!(new.component));
    sound(&bench.registry).await;
}

async fn a_version_stays_what_it_is(kind: Kind) {
    let bench = Bench::new(kind).await;
    let new = candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await;
    let first = bench.deploy(new.clone()).await;
    let other = bench.registry.blobs.put(Bytes::from_static(b"another component")).await.unwrap();
    let mut changed = new.clone();
    changed.component = other;
    let refused = bench.registry.deployments.deploy(changed.clone(), Some(first.id)).await.unwrap_err();
    assert!(refused.is_conflict(), "{refused:?}");
    for named in ["`population`", "`1.0.0`", &other.to_string(), &new.component.to_string()] {
        assert!(refused.to_string().contains(named), "{refused} does not name {named}");
    }
    // The same again is fine, and so is the other component as another version, or as another adapter's 1.0.0.
    bench.deploy(new).await;
    changed.version = "1.0.1".parse().unwrap();
    bench.deploy(changed.clone()).await;
    changed.adapter = adapter("documents");
    changed.version = "1.0.0".parse().unwrap();
    changed.services.clear();
    bench.deploy(changed).await;
    assert_eq!(bench.registry.versions.of(&adapter("population")).await.unwrap().len(), 2);
    sound(&bench.registry).await;
}

async fn a_component_that_is_not_stored_is_not_deployed(kind: Kind) {
    let bench = Bench::new(kind).await;
    let mut new = candidate(&bench.registry, "population", "1.0.0", "p", &[]).await;
    new.component = Digest::of(b"never stored");
    let refused = bench.registry.deployments.deploy(new, None).await.unwrap_err();
    assert!(matches!(refused, RegistryError::BlobMissing { .. }), "{refused:?}");
    assert!(bench.registry.deployments.live().await.unwrap().is_empty());
    assert!(bench.registry.acts.list(&ActFilter::default(), 10).await.unwrap().is_empty());
}

async fn a_name_that_another_adapter_serves_is_refused_and_nothing_is_left_of_the_attempt(kind: Kind) {
    let bench = Bench::new(kind).await;
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    let rival = candidate(&bench.registry, "rival", "1.0.0", "p", &["a-name", "population"]).await;
    let refused = bench.registry.deployments.deploy(rival.clone(), None).await.unwrap_err();
    assert!(matches!(refused, RegistryError::ServiceTaken { .. }) && refused.is_conflict(), "{refused:?}");
    assert!(refused.to_string().starts_with("the service `population` is served by `population`"), "{refused}");
    assert!(bench.registry.versions.of(&rival.adapter).await.unwrap().is_empty());
    assert!(bench.registry.deployments.history(&rival.adapter, 10).await.unwrap_err().is_not_found());
    sound(&bench.registry).await;
    // Once the name is free it can be had, and then the first cannot come back with it.
    let live = bench.registry.deployments.live().await.unwrap();
    bench.registry.deployments.retire(&adapter("population"), live[0].id, "an-operator").await.unwrap();
    bench.deploy(rival).await;
    let target = bench.registry.deployments.rollback_target(&adapter("population"), None).await.unwrap();
    let refused = bench.registry.deployments.rollback(target, "an-operator").await.unwrap_err();
    assert!(matches!(refused, RegistryError::ServiceTaken { .. }), "{refused:?}");
    sound(&bench.registry).await;
}

async fn a_new_version_may_rename_its_services(kind: Kind) {
    let bench = Bench::new(kind).await;
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["old-name", "both"]).await).await;
    bench.deploy(candidate(&bench.registry, "population", "1.1.0", "q", &["both", "new-name"]).await).await;
    bench.deploy(candidate(&bench.registry, "other", "1.0.0", "p", &["old-name"]).await).await;
    sound(&bench.registry).await;
}

async fn rolling_back_twice_returns_to_where_one_began_and_a_version_can_be_named(kind: Kind) {
    let bench = Bench::new(kind).await;
    let deployments = &bench.registry.deployments;
    let name = adapter("population");
    for (version, policy) in [("1.0.0", "p"), ("1.1.0", "p"), ("1.2.0", "p"), ("1.2.0", "p")] {
        bench.deploy(candidate(&bench.registry, "population", version, policy, &["population"]).await).await;
    }
    // The repeated 1.2.0 is skipped: rolling back to it would change nothing.
    let expected = [
        (None, "1.1.0"),
        (None, "1.2.0"),
        (None, "1.1.0"),
        (Some("1.0.0"), "1.0.0"),
        (None, "1.1.0"),
        (Some("1.2.0"), "1.2.0"),
    ];
    for (to, version) in expected {
        let to = to.map(|to| to.parse().unwrap());
        let target = deployments.rollback_target(&name, to.as_ref()).await.unwrap();
        let back = deployments.rollback(target.clone(), "night-shift").await.unwrap();
        assert_eq!(back.version.to_string(), version);
        assert_eq!((back.kind, back.restores), (DeploymentKind::Rollback, Some(target.deployment.id)));
        assert_eq!((back.component, back.policy), (target.deployment.component, target.deployment.policy));
        assert_eq!(deployments.live_of(&name).await.unwrap().as_ref(), Some(&back));
    }
    sound(&bench.registry).await;
}

async fn the_same_component_under_another_policy_is_something_to_roll_back_to(kind: Kind) {
    let bench = Bench::new(kind).await;
    let name = adapter("population");
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "strict", &["population"]).await).await;
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "loose", &["population"]).await).await;
    let version = "1.0.0".parse().unwrap();
    for to in [None, Some(&version)] {
        let target = bench.registry.deployments.rollback_target(&name, to).await.unwrap();
        assert_eq!(target.deployment.policy_text, "strict");
    }
}

async fn a_retired_adapter_comes_back_as_it_was(kind: Kind) {
    let bench = Bench::new(kind).await;
    let name = adapter("population");
    let first = bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    bench.registry.deployments.retire(&name, first.id, "an-operator").await.unwrap();
    assert!(bench.registry.deployments.live().await.unwrap().is_empty());
    let again = bench.registry.deployments.retire(&name, first.id, "an-operator").await.unwrap_err();
    assert!(matches!(again, RegistryError::NotLive { .. }) && again.is_not_found(), "{again:?}");
    let adapters = bench.registry.deployments.adapters().await.unwrap();
    assert_eq!(adapters, [(first.clone(), false)]);
    let bench = bench.reopened().await;
    let target = bench.registry.deployments.rollback_target(&name, None).await.unwrap();
    assert_eq!((target.live, &target.deployment), (None, &first));
    let back = bench.registry.deployments.rollback(target, "an-operator").await.unwrap();
    assert_eq!(bench.registry.deployments.adapters().await.unwrap(), [(back, true)]);
    sound(&bench.registry).await;
}

async fn what_cannot_be_rolled_back_says_why(kind: Kind) {
    let bench = Bench::new(kind).await;
    let deployments = &bench.registry.deployments;
    let name = adapter("population");
    let refused = deployments.rollback_target(&name, None).await.unwrap_err();
    assert!(matches!(refused, RegistryError::UnknownAdapter { .. }), "{refused:?}");
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    let refused = deployments.rollback_target(&name, None).await.unwrap_err();
    assert!(matches!(refused, RegistryError::NothingBefore { .. }) && refused.is_not_found(), "{refused:?}");
    for version in ["1.0.0", "2.0.0"] {
        let refused = deployments.rollback_target(&name, Some(&version.parse().unwrap())).await.unwrap_err();
        assert!(matches!(refused, RegistryError::NoSuchVersion { .. }), "{refused:?}");
        assert!(refused.to_string().contains(version), "{refused}");
    }
    let refused = deployments.rollback_target(&adapter("nobody"), Some(&"1.0.0".parse().unwrap())).await.unwrap_err();
    assert!(matches!(refused, RegistryError::UnknownAdapter { .. }), "{refused:?}");
}

async fn a_decision_on_a_state_that_passed_is_refused(kind: Kind) {
    let bench = Bench::new(kind).await;
    let deployments = &bench.registry.deployments;
    let name = adapter("population");
    let one = candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await;
    let two = candidate(&bench.registry, "population", "1.1.0", "p", &["population"]).await;
    let first = bench.deploy(one.clone()).await;
    let second = bench.deploy(two.clone()).await;
    let target = deployments.rollback_target(&name, None).await.unwrap();
    let third = bench.deploy(two.clone()).await;
    for refused in [
        deployments.deploy(one.clone(), None).await.unwrap_err(),
        deployments.deploy(one.clone(), Some(first.id)).await.unwrap_err(),
        deployments.rollback(target, "a").await.unwrap_err(),
        deployments.retire(&name, second.id, "a").await.unwrap_err(),
    ] {
        assert!(matches!(refused, RegistryError::Changed { .. }) && refused.is_conflict(), "{refused:?}");
        assert!(refused.to_string().contains(&format!("now deployment {} is", third.id)), "{refused}");
    }
    deployments.retire(&name, third.id, "a").await.unwrap();
    let refused = deployments.deploy(one, Some(third.id)).await.unwrap_err();
    assert!(refused.to_string().contains("now nothing is"), "{refused}");
    sound(&bench.registry).await;
}

async fn of_many_decisions_on_one_state_one_wins(kind: Kind) {
    let bench = Bench::new(kind).await;
    let first = bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    let mut rivals = tokio::task::JoinSet::new();
    for at in 0..8 {
        let new = candidate(&bench.registry, "population", &format!("1.1.{at}"), "p", &["population"]).await;
        let deployments = bench.registry.deployments.clone();
        rivals.spawn(async move { deployments.deploy(new, Some(first.id)).await });
    }
    let results = rivals.join_all().await;
    let lost = results.iter().filter(|result| result.as_ref().is_err_and(RegistryError::is_conflict)).count();
    assert_eq!((lost, results.len()), (7, 8));
    assert_eq!(bench.registry.deployments.history(&adapter("population"), 10).await.unwrap().len(), 2);
    sound(&bench.registry).await;
}

async fn a_refused_deployment_is_on_record_and_acts_can_be_searched(kind: Kind) {
    let bench = Bench::new(kind).await;
    let acts = &bench.registry.acts;
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    bench.deploy(candidate(&bench.registry, "documents", "1.0.0", "p", &["documents"]).await).await;
    let why = json!({ "findings": ["the import `wasi:sockets/tcp` is not granted"] });
    acts.note_refusal("a-vendor", ActKind::Deploy, "population", &why).await.unwrap();
    let all = acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!(all.iter().map(|act| act.id).collect::<Vec<_>>(), [3, 2, 1]);
    let filters = [
        ActFilter { subject: Some("population".into()), ..ActFilter::default() },
        ActFilter { refused: Some(true), ..ActFilter::default() },
        ActFilter { actor: Some("an-operator".into()), ..ActFilter::default() },
        ActFilter { kind: Some(ActKind::Retire), ..ActFilter::default() },
        ActFilter { since_ms: Some(u64::MAX), ..ActFilter::default() },
    ];
    let mut found = Vec::new();
    for filter in filters {
        found.push(acts.list(&filter, 10).await.unwrap().into_iter().map(|act| act.id).collect::<Vec<_>>());
    }
    assert_eq!(found, [vec![3, 1], vec![3], vec![2, 1], vec![], vec![]]);
    assert_eq!((all[0].refused, all[0].deployment, &all[0].detail), (true, None, &why));
    assert_eq!(acts.list(&ActFilter::default(), 1).await.unwrap().len(), 1);
    sound(&bench.registry).await;
}

async fn every_change_of_control_is_told(kind: Kind) {
    let bench = Bench::new(kind).await;
    let registry = &bench.registry;
    let mut changes = registry.changes();
    let mut told = || {
        let told = changes.has_changed().unwrap();
        changes.mark_unchanged();
        told
    };
    registry.acts.note_refusal("a-vendor", ActKind::Deploy, "population", &json!({})).await.unwrap();
    assert!(!told(), "nothing changed");
    let first = bench.deploy(candidate(registry, "population", "1.0.0", "p", &["population"]).await).await;
    assert!(told());
    bench.deploy(candidate(registry, "population", "1.1.0", "p", &["population"]).await).await;
    assert!(told());
    let target = registry.deployments.rollback_target(&first.adapter, None).await.unwrap();
    let back = registry.deployments.rollback(target, "an-operator").await.unwrap();
    assert!(told());
    registry.deployments.retire(&first.adapter, back.id, "an-operator").await.unwrap();
    assert!(told());
    let key = registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
    assert!(told());
    registry.callers.revoke(&caller("mot-cua"), Revoke::Key(key.id()), "an-operator").await.unwrap();
    assert!(told());
}
