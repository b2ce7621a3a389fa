//! Acceptance: what is accepted is on disk and in its place, or refused.

use super::{Queue, ids, new_id, whole, work};
use crate::Amount;
use crate::database::Kind;
use crate::tests::caller;
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, Ledger, LedgerError, State};
use nhip_exchange::{Fault, Kind as FaultKind};
use tokio::task::JoinSet;

on_both! {
    what_was_accepted_is_there_after_a_restart_as_it_was,
    a_repeat_is_accepted_once,
    of_many_repeats_at_once_one_is_accepted,
    a_full_queue_refuses_and_forgets_nothing,
    dead_letters_are_bounded_too,
    only_its_caller_is_told_how_it_goes,
    what_is_accepted_at_once_has_its_place_in_the_order,
}

async fn what_was_accepted_is_there_after_a_restart_as_it_was(kind: Kind) {
    let queue = Queue::new(kind).await;
    let strange = "{\"họ tên\":\"Nguyễn\\u0000 Văn A\"}\0";
    let id = queue.accept(strange, Some("population/report 7")).await;
    let queue = queue.restarted().await;
    let status = queue.durables().status(&work("").caller, id).await.unwrap().unwrap();
    assert_eq!((status.state, status.attempts, status.accepted_ms), (State::Waiting, 0, super::START));
    assert_eq!((status.service.as_str(), status.function.as_str()), ("population", "report"));
    assert_eq!(status.next_ms, Some(super::START));
    assert!(status.result.is_none());
    let behind = queue.accept("{}", Some("population/report 7")).await;
    assert_eq!(queue.durables().status(&work("").caller, behind).await.unwrap().unwrap().next_ms, None);
    let jobs = queue.take(5).await;
    let (job, like) = (&jobs[0], work(strange));
    assert_eq!((job.id, job.attempt, job.nth, job.since_ms), (id, 1, 1, super::START));
    assert_eq!((&job.work.body, job.work.request, &job.work.caller), (&like.body, like.request, &like.caller));
    assert_eq!((&job.work.service, &job.work.function), (&like.service, &like.function));
    assert_eq!((&job.work.purpose, &job.work.trace, job.work.depth), (&like.purpose, &like.trace, like.depth));
    assert_eq!(queue.state(id).await, State::Trying);
}

async fn a_repeat_is_accepted_once(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.accept(Some("k"), &work("{}"), first, None).await.unwrap();
    for _ in 0..2 {
        let told = durables.accept(Some("k"), &work("{}"), new_id(), None).await.unwrap();
        assert!(matches!(told, Claimed::Accepted(id) if id == first), "{told:?}");
        assert!(queue.take(5).await.len() <= 1);
    }
    whole(&queue.registry).await;
}

async fn of_many_repeats_at_once_one_is_accepted(kind: Kind) {
    let queue = Queue::new(kind).await;
    let mut accepting = JoinSet::new();
    for _ in 0..12 {
        let durables = queue.durables();
        accepting.spawn(async move { durables.accept(Some("k"), &work("{}"), new_id(), None).await.unwrap() });
    }
    let told = accepting.join_all().await;
    assert_eq!(told.iter().filter(|told| matches!(told, Claimed::Mine { .. })).count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| matches!(told, Claimed::Accepted(_))).count(), 11, "{told:?}");
    assert_eq!(queue.take(20).await.len(), 1);
}

async fn a_full_queue_refuses_and_forgets_nothing(kind: Kind) {
    let queue = Queue::new(kind).await;
    let few = queue.bounded(|config| config.waiting = Amount { exchanges: 3, bytes: 1000 });
    for _ in 0..2 {
        few.accept(None, &work("{}"), new_id(), None).await.unwrap();
    }
    let large = work(&"x".repeat(997));
    let Err(LedgerError::Full(why)) = few.accept(None, &large, new_id(), None).await else { panic!("accepted") };
    assert!(why.contains("2 exchanges with 4 bytes wait, of at most 3 and 1000"), "{why}");
    few.accept(None, &work(&"x".repeat(996)), new_id(), None).await.unwrap();
    let full = few.accept(Some("k"), &work(""), new_id(), None).await;
    assert!(matches!(full, Err(LedgerError::Full(_))), "{full:?}");
    whole(&queue.registry).await;
    // What was refused left nothing behind, and what is done leaves its place.
    let jobs = queue.take(1).await;
    assert!(few.succeed(&jobs[0], b"1").await.unwrap());
    few.accept(Some("k"), &work("[]"), new_id(), None).await.unwrap();
    assert_eq!(few.counts().await.unwrap().waiting.exchanges, 3);
    whole(&queue.registry).await;
}

async fn dead_letters_are_bounded_too(kind: Kind) {
    let queue = Queue::new(kind).await;
    let few = queue.bounded(|config| config.dead.exchanges = 1);
    few.accept(None, &work("{}"), new_id(), None).await.unwrap();
    few.accept(None, &work("{}"), new_id(), None).await.unwrap();
    for job in queue.take(5).await {
        assert!(few.bury(&job, &Fault::new(FaultKind::Conflict, "no")).await.unwrap(), "never refused");
    }
    let Err(LedgerError::Full(why)) = few.accept(None, &work("{}"), new_id(), None).await else { panic!("accepted") };
    assert!(why.contains("2 dead letters with 4 bytes lie, of at most 1"), "{why}");
    assert_eq!(few.discard_dead(&crate::Which::All(Default::default()), "an-operator").await.unwrap(), 2);
    few.accept(None, &work("{}"), new_id(), None).await.unwrap();
    whole(&queue.registry).await;
}

async fn only_its_caller_is_told_how_it_goes(kind: Kind) {
    let queue = Queue::new(kind).await;
    let id = queue.accept("{}", None).await;
    let durables = queue.durables();
    assert!(durables.status(&caller("cong-dvc"), id).await.unwrap().is_none());
    assert!(durables.status(&work("").caller, new_id()).await.unwrap().is_none());
    let jobs = queue.take(1).await;
    assert!(durables.retry(&jobs[0], &Fault::new(FaultKind::Busy, "not now"), super::START + 7000).await.unwrap());
    drop(jobs);
    let status = durables.status(&work("").caller, id).await.unwrap().unwrap();
    assert_eq!((status.state, status.attempts, status.next_ms), (State::Waiting, 1, Some(super::START + 7000)));
    assert_eq!(status.result.unwrap().unwrap_err().kind, FaultKind::Busy);
    queue.clock.forward(7000);
    let jobs = queue.take(1).await;
    assert!(durables.succeed(&jobs[0], b"{\"a\":1}").await.unwrap());
    let status = durables.status(&work("").caller, id).await.unwrap().unwrap();
    assert_eq!((status.state, status.attempts, status.next_ms), (State::Done, 2, None));
    assert_eq!(status.result.unwrap().unwrap(), Bytes::from_static(b"{\"a\":1}"));
}

async fn what_is_accepted_at_once_has_its_place_in_the_order(kind: Kind) {
    let queue = Queue::new(kind).await;
    let mut accepting = JoinSet::new();
    for _ in 0..20 {
        let durables = queue.durables();
        accepting.spawn(async move { durables.accept(None, &work("{}"), new_id(), Some("lane")).await.unwrap() });
    }
    assert_eq!(accepting.join_all().await.len(), 20);
    whole(&queue.registry).await;
    let mut done = Vec::new();
    while let [job] = &queue.take(20).await[..] {
        done.extend(ids(std::slice::from_ref(job)));
        assert!(queue.durables().succeed(job, b"1").await.unwrap());
    }
    assert_eq!(done.len(), 20, "one after the other");
}
