//! Callers, their keys, and who a key proves.

use super::{Bench, caller, eventually};
use crate::database::Kind;
use crate::{ActFilter, ActKind, KeyShape, RegistryError, Revoke, key_shape};
use std::future::Future as _;
use std::task::Poll;

on_both! {
    a_key_proves_its_caller_at_once_and_after_a_restart,
    a_key_is_changed_over_without_a_gap,
    what_does_not_fit_is_refused_and_changes_nothing,
    every_change_is_a_control_act,
    changes_at_once_leave_the_directory_as_the_table_is,
    a_revocation_takes_effect_when_whoever_asked_for_it_hangs_up,
}

async fn a_key_proves_its_caller_at_once_and_after_a_restart(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let directory = callers.directory();
    let one = callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
    let other = callers.add(&caller("cong-dvc"), "an-operator").await.unwrap();
    let bench = {
        assert_eq!(directory.prove(one.reveal()), Some(caller("mot-cua")));
        assert_eq!(directory.prove(other.reveal()), Some(caller("cong-dvc")));
        bench.reopened().await
    };
    let directory = bench.registry.callers.directory();
    assert_eq!(directory.prove(one.reveal()), Some(caller("mot-cua")));
    for wrong in ["", "mot-cua", &one.reveal()[1..], &one.reveal().to_lowercase(), &format!("{} ", one.reveal())] {
        assert_eq!(directory.prove(wrong), None, "{wrong}");
    }
    assert_eq!(key_shape(one.reveal()), KeyShape::Sound);
}

async fn a_key_is_changed_over_without_a_gap(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let directory = callers.directory();
    let name = caller("mot-cua");
    let old = callers.add(&name, "an-operator").await.unwrap();
    let new = callers.add_key(&name, "an-operator").await.unwrap();
    assert_eq!(directory.prove(old.reveal()), Some(name.clone()));
    assert_eq!(directory.prove(new.reveal()), Some(name.clone()));
    assert_eq!(callers.revoke(&name, Revoke::Key(old.id()), "an-operator").await.unwrap(), 1);
    assert_eq!(callers.revoke(&name, Revoke::Key(old.id()), "an-operator").await.unwrap(), 0);
    assert_eq!(directory.prove(old.reveal()), None);
    assert_eq!(directory.prove(new.reveal()), Some(name.clone()));
    assert_eq!(callers.revoke(&name, Revoke::All, "an-operator").await.unwrap(), 1);
    assert_eq!(directory.prove(new.reveal()), None);
    let bench = bench.reopened().await;
    assert_eq!(bench.registry.callers.directory().prove(new.reveal()), None);
    let listed = bench.registry.callers.list().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].keys.iter().all(|key| key.revoked_ms.is_some()) && listed[0].keys.len() == 2, "{listed:?}");
}

#[tokio::test]
async fn no_key_is_kept_anywhere() {
    let bench = Bench::new(Kind::Sqlite).await;
    let name = caller("mot-cua");
    let key = bench.registry.callers.add(&name, "an-operator").await.unwrap();
    let listed = bench.registry.callers.list().await.unwrap();
    assert_eq!((listed[0].keys[0].id, listed[0].keys[0].hint.as_str()), (key.id(), &key.hash().hex()[..6]));
    let acts = bench.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    for told in
        [format!("{listed:?}"), format!("{acts:?}"), format!("{key:?}"), serde_json::to_string(&listed).unwrap()]
    {
        assert!(!told.contains(&key.reveal()[..12]), "{told}");
    }
    let kept = key.hash();
    let mut found = false;
    for entry in std::fs::read_dir(bench.folder.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            let holds = |what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
            assert!(!holds(&key.reveal().as_bytes()[5..20]), "{:?}", entry.path());
            found |= holds(kept.as_bytes());
        }
    }
    assert!(found, "the search must be able to find something");
}

async fn what_does_not_fit_is_refused_and_changes_nothing(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let (one, other) = (caller("mot-cua"), caller("cong-dvc"));
    let refused = callers.add_key(&one, "a").await.unwrap_err();
    assert!(matches!(refused, RegistryError::UnknownCaller { .. }) && refused.is_not_found(), "{refused:?}");
    assert!(callers.revoke(&one, Revoke::All, "a").await.unwrap_err().is_not_found());
    let key = callers.add(&one, "a").await.unwrap();
    assert!(callers.add(&one, "a").await.unwrap_err().is_conflict());
    callers.add(&other, "a").await.unwrap();
    // Not by way of another caller's name.
    let refused = callers.revoke(&other, Revoke::Key(key.id()), "a").await.unwrap_err();
    assert!(matches!(refused, RegistryError::UnknownKey { .. }), "{refused:?}");
    assert_eq!(callers.directory().prove(key.reveal()), Some(one));
    let acts = bench.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!(acts.iter().map(|act| act.kind).collect::<Vec<_>>(), [ActKind::CallerAdd, ActKind::CallerAdd]);
}

async fn every_change_is_a_control_act(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let name = caller("mot-cua");
    callers.add(&name, "one").await.unwrap();
    let key = callers.add_key(&name, "two").await.unwrap();
    callers.revoke(&name, Revoke::Key(key.id()), "three").await.unwrap();
    callers.revoke(&name, Revoke::All, "four").await.unwrap();
    let acts =
        bench.registry.acts.list(&ActFilter { subject: Some("mot-cua".into()), ..ActFilter::default() }, 10).await;
    let acts: Vec<_> = acts.unwrap().into_iter().rev().map(|act| (act.actor, act.kind)).collect();
    let expected = [
        ("one", ActKind::CallerAdd),
        ("two", ActKind::KeyAdd),
        ("three", ActKind::KeyRevoke),
        ("four", ActKind::KeyRevoke),
    ];
    assert_eq!(acts, expected.map(|(actor, kind)| (actor.to_owned(), kind)));
}

async fn changes_at_once_leave_the_directory_as_the_table_is(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let mut changes = tokio::task::JoinSet::new();
    for at in 0..12 {
        let (callers, name) = (callers.clone(), caller(&format!("caller-{at}")));
        changes.spawn(async move {
            let key = callers.add(&name, "a").await.unwrap();
            if at % 2 == 0 {
                callers.revoke(&name, Revoke::All, "a").await.unwrap();
            }
            (at, name, key)
        });
    }
    for (at, name, key) in changes.join_all().await {
        assert_eq!(callers.directory().prove(key.reveal()), (at % 2 == 1).then_some(name), "caller {at}");
    }
}

async fn a_revocation_takes_effect_when_whoever_asked_for_it_hangs_up(kind: Kind) {
    let bench = Bench::new(kind).await;
    let callers = &bench.registry.callers;
    let name = caller("mot-cua");
    let key = callers.add(&name, "a").await.unwrap();
    // Polled once, then dropped: the work itself cannot have begun, it is a task of this same thread.
    {
        let mut asked = std::pin::pin!(callers.revoke(&name, Revoke::All, "a"));
        let over = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_ready())).await;
        assert!(!over, "it was over before it could be given up");
    }
    eventually("the key is revoked", async || callers.directory().prove(key.reveal()).is_none()).await;
    assert!(callers.list().await.unwrap()[0].keys[0].revoked_ms.is_some());
}
