//! Claims: exchanges that are done once by their idempotency key.

use super::{Queue, new_id, of, room, whole, work};
use crate::KEPT;
use crate::database::Kind;
use crate::tests::{caller, eventually};
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, End, Ledger, LedgerError, Work};
use nhip_exchange::{Fault, Kind as FaultKind};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

on_both! {
    a_repeat_is_told_the_first_end,
    another_request_with_the_key_is_refused,
    of_many_at_once_one_does_it_and_the_others_hear_its_end,
    a_claim_that_is_given_back_is_done_by_who_waits,
    a_claim_of_an_earlier_run_is_taken_over_under_its_id,
    a_claim_whose_time_is_over_is_taken_over_and_lost_to_who_had_it,
    a_clock_set_back_does_not_keep_a_claim_for_ever,
    an_end_is_forgotten_after_its_time_and_nothing_else_is,
    a_database_that_is_closed_is_unavailable,
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn answer(text: &'static str) -> End {
    End { result: Ok(Bytes::from_static(text.as_bytes())) }
}

async fn a_repeat_is_told_the_first_end(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    let mine = durables.claim("k", &work("{}"), first, later()).await.unwrap();
    assert!(matches!(mine, Claimed::Mine { id, attempt: 1 } if id == first), "{mine:?}");
    durables.end(first, 1, &answer("\"yes\"")).await.unwrap();
    let fault = Fault {
        problems: vec![nhip_exchange::Problem { pointer: "/a".to_owned(), message: "must be there".to_owned() }],
        value: Some(Bytes::from_static(b"{\"a\":1}")),
        upstream_code: Some("E-7".to_owned()),
        ..Fault::new(FaultKind::ContractFault, "it refused")
    };
    let second = new_id();
    durables.claim("l", &work("{}"), second, later()).await.unwrap();
    durables.end(second, 1, &End { result: Err(fault.clone()) }).await.unwrap();

    drop(durables);
    let queue = queue.restarted().await;
    let durables = queue.durables();
    let told = durables.claim("k", &work("{}"), new_id(), later()).await.unwrap();
    let Claimed::Ended { id, end } = told else { panic!("{told:?}") };
    assert_eq!((id, end.result.unwrap()), (first, Bytes::from_static(b"\"yes\"")));
    let told = durables.accept(Some("l"), &work("{}"), new_id(), None).await.unwrap();
    let Claimed::Ended { id, end } = told else { panic!("{told:?}") };
    let again = end.result.unwrap_err();
    assert_eq!((id, again.kind, again.outside), (second, fault.kind, fault.outside));
    assert_eq!((again.problems, again.value, again.upstream_code), (fault.problems, fault.value, fault.upstream_code));
    // It was never accepted to be done later, so there is nothing to ask for.
    assert!(durables.status(&work("").caller, first).await.unwrap().is_none());
    assert!(durables.end(first, 1, &answer("\"no\"")).await.is_err(), "an end is never changed");
}

async fn another_request_with_the_key_is_refused(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.claim("k", &work("{}"), first, later()).await.unwrap();
    let other_function = Work { function: "other".to_owned(), ..work("{}") };
    for other in [work("{\"a\":1}"), of("another", "{}"), other_function] {
        let told = durables.claim("k", &other, new_id(), later()).await.unwrap();
        assert!(matches!(told, Claimed::OtherRequest), "{told:?}");
        let told = durables.accept(Some("k"), &other, new_id(), None).await.unwrap();
        assert!(matches!(told, Claimed::OtherRequest), "{told:?}");
    }
    let other_caller = Work { caller: caller("cong-dvc"), ..work("{\"a\":1}") };
    let told = durables.claim("k", &other_caller, new_id(), later()).await.unwrap();
    assert!(matches!(told, Claimed::Mine { attempt: 1, .. }), "a key is each caller's own: {told:?}");
    let told = durables.claim("K", &work("{\"a\":1}"), new_id(), later()).await.unwrap();
    assert!(matches!(told, Claimed::Mine { attempt: 1, .. }), "{told:?}");
}

async fn of_many_at_once_one_does_it_and_the_others_hear_its_end(kind: Kind) {
    let queue = Queue::new(kind).await;
    let mut claims = JoinSet::new();
    for _ in 0..12 {
        let durables = queue.durables();
        claims.spawn(async move {
            match durables.claim("k", &work("{}"), new_id(), later()).await.unwrap() {
                Claimed::Mine { id, attempt } => {
                    tokio::task::yield_now().await;
                    durables.end(id, attempt, &answer("1")).await.unwrap();
                    (id, true)
                }
                Claimed::Ended { id, end } => {
                    assert_eq!(end.result.unwrap(), "1");
                    (id, false)
                }
                other => panic!("{other:?}"),
            }
        });
    }
    let told = claims.join_all().await;
    assert_eq!(told.iter().filter(|(_, did)| *did).count(), 1);
    assert!(told.iter().all(|(id, _)| *id == told[0].0), "{told:?}");
}

async fn a_claim_that_is_given_back_is_done_by_who_waits(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.claim("k", &work("{}"), first, later()).await.unwrap();
    let soon = durables.claim("k", &work("{}"), new_id(), Instant::now()).await.unwrap();
    assert!(matches!(soon, Claimed::UnderWay(id) if id == first), "{soon:?}");
    let soon = durables.accept(Some("k"), &work("{}"), new_id(), None).await.unwrap();
    assert!(matches!(soon, Claimed::UnderWay(id) if id == first), "{soon:?}");
    let waits = {
        let durables = queue.durables();
        tokio::spawn(async move { durables.claim("k", &work("{}"), new_id(), later()).await.unwrap() })
    };
    // Of another try than the one that is under way: nothing happens.
    durables.release(first, 2);
    durables.release(first, 1);
    let told = waits.await.unwrap();
    assert!(matches!(told, Claimed::Mine { id, attempt: 2 } if id == first), "{told:?}");
    durables.release(first, 2);
    // Given back, it may be accepted to be done later, and its tries are counted on.
    let accepted = async || {
        let told = durables.accept(Some("k"), &work("{}"), new_id(), None).await.unwrap();
        matches!(told, Claimed::Mine { id, attempt: 0 } if id == first)
    };
    eventually("it is accepted", accepted).await;
    let told = durables.claim("k", &work("{}"), new_id(), later()).await.unwrap();
    assert!(matches!(told, Claimed::Accepted(id) if id == first), "{told:?}");
    let jobs = queue.take(5).await;
    assert_eq!((jobs[0].id, jobs[0].attempt, jobs[0].nth), (first, 3, 1));
    whole(&queue.registry).await;
}

async fn a_claim_of_an_earlier_run_is_taken_over_under_its_id(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (old, first) = (queue.durables(), new_id());
    let long = Instant::now() + Duration::from_secs(500);
    old.claim("k", &work("{}"), first, long).await.unwrap();
    drop(old);
    let queue = queue.restarted().await;
    let told = queue.durables().claim("k", &work("{}"), new_id(), Instant::now()).await.unwrap();
    assert!(matches!(told, Claimed::Mine { id, attempt: 2 } if id == first), "{told:?}");
}

async fn a_claim_whose_time_is_over_is_taken_over_and_lost_to_who_had_it(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.claim("k", &work("{}"), first, Instant::now()).await.unwrap();
    // On PostgreSQL leases go by its own clock.
    queue.clock.forward(60_000);
    queue.end_leases(kind).await;
    let told = durables.claim("k", &work("{}"), new_id(), later()).await.unwrap();
    assert!(matches!(told, Claimed::Mine { id, attempt: 2 } if id == first), "{told:?}");
    assert!(matches!(durables.end(first, 1, &answer("1")).await, Err(LedgerError::Unavailable(_))));
    durables.end(first, 2, &answer("2")).await.unwrap();
    let Claimed::Ended { end, .. } = durables.claim("k", &work("{}"), new_id(), later()).await.unwrap() else {
        panic!("not ended")
    };
    assert_eq!(end.result.unwrap(), "2");
}

async fn a_clock_set_back_does_not_keep_a_claim_for_ever(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.claim("k", &work("{}"), first, later()).await.unwrap();
    match kind {
        Kind::Sqlite => queue.clock.back(24 * 3600 * 1000),
        Kind::Postgres => queue.sql("UPDATE durable SET held_until_ms = held_until_ms + 86400000").await,
    }
    let told = durables.claim("k", &work("{}"), new_id(), later()).await.unwrap();
    assert!(matches!(told, Claimed::Mine { id, attempt: 2 } if id == first), "{told:?}");
}

async fn an_end_is_forgotten_after_its_time_and_nothing_else_is(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (durables, first) = (queue.durables(), new_id());
    durables.claim("ended", &work("{}"), first, later()).await.unwrap();
    durables.end(first, 1, &answer("1")).await.unwrap();
    let freed = new_id();
    durables.claim("freed", &work("{}"), freed, later()).await.unwrap();
    durables.free_claim(freed, 1).await.unwrap();
    durables.claim("lost", &work("{}"), new_id(), later()).await.unwrap();
    let (waiting, dead) = (queue.accept("1", None).await, queue.accept("2", None).await);
    for job in queue.take(2).await {
        let fault = Fault::new(FaultKind::Busy, "busy");
        let at = if job.id == dead { durables.bury(&job, &fault).await } else { durables.retry(&job, &fault, 0).await };
        assert!(at.unwrap());
    }
    let kept = u64::try_from(KEPT.as_millis()).unwrap();
    queue.clock.forward(kept - 1000);
    assert_eq!(durables.sweep().await.unwrap(), 0);
    queue.clock.forward(2000);
    queue.end_leases(kind).await;
    assert_eq!(durables.sweep().await.unwrap(), 3);
    for key in ["ended", "freed", "lost"] {
        let told = durables.claim(key, &work("{\"another\":1}"), new_id(), later()).await.unwrap();
        assert!(matches!(told, Claimed::Mine { attempt: 1, .. }), "{told:?}");
    }
    assert_eq!(queue.state(waiting).await, nhip_exchange::durable::State::Waiting);
    assert_eq!(queue.state(dead).await, nhip_exchange::durable::State::Dead);
    assert_eq!(durables.take(|_| room(5)).await.unwrap().jobs.len(), 1);
}

async fn a_database_that_is_closed_is_unavailable(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    queue.registry.clone().close().await;
    let gone = |result: Result<(), LedgerError>| matches!(result, Err(LedgerError::Unavailable(_)));
    assert!(gone(durables.claim("k", &work("{}"), new_id(), later()).await.map(|_| ())));
    assert!(gone(durables.accept(None, &work("{}"), new_id(), None).await.map(|_| ())));
    assert!(gone(durables.end(new_id(), 1, &answer("1")).await));
    assert!(gone(durables.status(&work("").caller, new_id()).await.map(|_| ())));
    assert!(durables.take(|_| room(1)).await.is_err());
    durables.release(new_id(), 1);
}

impl Queue {
    /// Let all leases be over, where they do not go by the clock that is set by hand.
    pub(super) async fn end_leases(&self, kind: Kind) {
        if kind == Kind::Postgres {
            self.sql("UPDATE durable SET held_until_ms = 1 WHERE held_until_ms IS NOT NULL").await;
        }
    }

    /// Run a statement as somebody who has the database open would.
    pub(super) async fn sql(&self, statement: &'static str) {
        sqlx::query(statement).execute(self.registry.store.writers()).await.unwrap();
    }
}
