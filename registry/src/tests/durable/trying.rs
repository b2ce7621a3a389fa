//! Trying: what is due is taken once, in the order of its lane, and what became of it is said once.

use super::{Queue, ids, new_id, of, room, whole};
use crate::Room;
use crate::database::Kind;
use nhip_exchange::durable::{Ledger, State};
use nhip_exchange::{Fault, Kind as FaultKind};
use std::time::Duration;
use tokio::task::JoinSet;

on_both! {
    what_is_taken_is_not_taken_again,
    a_lane_is_tried_one_at_a_time_and_goes_on_after_a_dead_letter,
    a_service_without_room_holds_back_no_other,
    what_is_due_longest_is_taken_first_and_what_is_not_due_later,
    what_did_not_take_place_is_no_attempt,
    who_lost_its_try_says_nothing_any_more,
    what_a_run_before_was_trying_is_tried_again_as_a_further_attempt,
    a_lease_that_is_renewed_holds_and_one_of_nobody_runs_out,
    after_the_clock_was_set_back_nothing_waits_for_the_old_time,
    many_that_take_at_once_take_each_once,
}

fn busy() -> Fault {
    Fault::new(FaultKind::Busy, "busy")
}

async fn what_is_taken_is_not_taken_again(kind: Kind) {
    let queue = Queue::new(kind).await;
    let first = queue.accept("1", None).await;
    let second = queue.accept("2", None).await;
    let one = queue.take(1).await;
    assert_eq!(ids(&one), [first]);
    let two = queue.take(5).await;
    assert_eq!(ids(&two), [second]);
    assert!(queue.take(5).await.is_empty());
    assert!(queue.durables().succeed(&one[0], b"1").await.unwrap());
    assert!(!queue.durables().succeed(&one[0], b"2").await.unwrap(), "once");
    assert!(!queue.durables().bury(&one[0], &busy()).await.unwrap());
    assert!(!queue.durables().retry(&one[0], &busy(), 0).await.unwrap());
    assert_eq!(queue.state(first).await, State::Done);
    whole(&queue.registry).await;
}

async fn a_lane_is_tried_one_at_a_time_and_goes_on_after_a_dead_letter(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let lane =
        [queue.accept("1", Some("a")).await, queue.accept("2", Some("a")).await, queue.accept("3", Some("a")).await];
    let other = queue.accept("4", Some("b")).await;
    let jobs = queue.take(9).await;
    assert_eq!(ids(&jobs), [lane[0], other]);
    // A first that waits for its next try keeps its place.
    assert!(durables.retry(&jobs[0], &busy(), super::START + 5000).await.unwrap());
    drop(jobs);
    assert!(queue.take(9).await.is_empty());
    whole(&queue.registry).await;
    queue.clock.forward(5000);
    let jobs = queue.take(9).await;
    assert_eq!((ids(&jobs), jobs[0].attempt), (vec![lane[0]], 2));
    assert!(durables.bury(&jobs[0], &busy()).await.unwrap());
    whole(&queue.registry).await;
    let jobs = queue.take(9).await;
    assert_eq!(ids(&jobs), [lane[1]]);
    assert!(durables.succeed(&jobs[0], b"1").await.unwrap());
    assert_eq!(ids(&queue.take(9).await), [lane[2]]);
}

async fn a_service_without_room_holds_back_no_other(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    for service in ["slow", "quick", "slow", "another"] {
        durables.accept(None, &of(service, "{}"), new_id(), None).await.unwrap();
    }
    let taken = durables.take(|service| room(if service == "slow" { 0 } else { 2 })).await.unwrap();
    let mut services: Vec<&str> = taken.jobs.iter().map(|job| job.work.service.as_str()).collect();
    services.sort_unstable();
    assert_eq!(services, ["another", "quick"]);
    let counts = durables.counts().await.unwrap();
    let counts: Vec<_> =
        counts.by_service.iter().map(|one| (one.service.as_str(), one.state.as_str(), one.exchanges)).collect();
    assert_eq!(counts, [("another", "trying", 1), ("quick", "trying", 1), ("slow", "waiting", 2)]);
}

async fn what_is_due_longest_is_taken_first_and_what_is_not_due_later(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let first = queue.accept("1", None).await;
    let job = queue.take(1).await.remove(0);
    assert!(durables.retry(&job, &busy(), super::START + 2000).await.unwrap());
    drop(job);
    queue.clock.forward(1000);
    let second = queue.accept("2", None).await;
    let taken = durables.take(|_| room(9)).await.unwrap();
    assert_eq!((ids(&taken.jobs), taken.next_ms), (vec![second], Some(super::START + 2000)));
    assert!(durables.retry(&taken.jobs[0], &busy(), super::START + 3000).await.unwrap());
    drop(taken);
    queue.clock.forward(5000);
    assert_eq!(ids(&queue.take(1).await), [first]);
}

async fn what_did_not_take_place_is_no_attempt(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let id = queue.accept("1", None).await;
    for _ in 0..3 {
        let jobs = queue.take(1).await;
        assert_eq!((jobs[0].attempt, jobs[0].nth), (1, 1));
        assert!(durables.not_tried(&jobs[0], &Fault::new(FaultKind::Saturated, "full"), super::START).await.unwrap());
    }
    let jobs = queue.take(1).await;
    assert!(durables.bury(&jobs[0], &busy()).await.unwrap());
    let (letter, story) = durables.dead_letter(id).await.unwrap().unwrap();
    let lines: Vec<_> = story.lines.iter().map(|line| (line.code.as_str(), line.tried, line.attempt)).collect();
    assert_eq!((letter.attempts, lines), (1, vec![("saturated", false, 1), ("busy", true, 1)]));
}

async fn who_lost_its_try_says_nothing_any_more(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let id = queue.accept("1", Some("a")).await;
    let lost = queue.take(1).await;
    // As another gateway does when the lease is over.
    queue.sql("UPDATE durable SET boot = 'another', attempts = attempts + 1").await;
    assert!(!durables.succeed(&lost[0], b"1").await.unwrap());
    assert!(!durables.bury(&lost[0], &busy()).await.unwrap());
    assert!(!durables.retry(&lost[0], &busy(), 0).await.unwrap());
    assert!(!durables.not_tried(&lost[0], &busy(), 0).await.unwrap());
    assert_eq!(queue.state(id).await, State::Trying);
    whole(&queue.registry).await;
}

async fn what_a_run_before_was_trying_is_tried_again_as_a_further_attempt(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (first, second) = (queue.accept("1", Some("a")).await, queue.accept("2", Some("a")).await);
    drop(queue.take(1).await);
    let queue = queue.restarted().await;
    let jobs = queue.take(9).await;
    assert_eq!((ids(&jobs), jobs[0].attempt, jobs[0].nth), (vec![first], 2, 2));
    assert!(queue.durables().bury(&jobs[0], &busy()).await.unwrap());
    let (_, story) = queue.durables().dead_letter(first).await.unwrap().unwrap();
    let lines: Vec<_> = story.lines.iter().map(|line| (line.code.as_str(), line.attempt)).collect();
    assert_eq!(lines, [("lost", 1), ("busy", 2)]);
    assert_eq!(ids(&queue.take(9).await), [second]);
}

async fn a_lease_that_is_renewed_holds_and_one_of_nobody_runs_out(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let (worked, left) = (queue.accept("1", None).await, queue.accept("2", None).await);
    let mut jobs = queue.take(2).await;
    // Nobody works the second any more, and nobody said so.
    drop(jobs.pop());
    queue.clock.forward(14_000);
    durables.renew().await.unwrap();
    queue.clock.forward(2000);
    if kind == Kind::Postgres {
        queue.sql("UPDATE durable SET held_until_ms = 1 WHERE id = (SELECT MAX(id) FROM durable)").await;
    }
    let again = queue.take(9).await;
    assert_eq!((ids(&again), again[0].attempt), (vec![left], 2));
    // What is worked here is not taken here, though its lease be over.
    queue.clock.forward(60_000);
    queue.end_leases(kind).await;
    assert!(queue.take(9).await.is_empty());
    assert_eq!(queue.state(worked).await, State::Trying);
    assert!(durables.succeed(&jobs[0], b"1").await.unwrap());
}

async fn after_the_clock_was_set_back_nothing_waits_for_the_old_time(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let id = queue.accept("1", None).await;
    let job = queue.take(1).await.remove(0);
    assert!(durables.retry(&job, &busy(), super::START + 3_600_000).await.unwrap());
    drop(job);
    let hour = |_: &str| Room { jobs: 9, longest_pause: Duration::from_secs(3600) };
    assert!(durables.take(hour).await.unwrap().jobs.is_empty());
    queue.clock.back(50_000);
    assert!(durables.take(hour).await.unwrap().jobs.is_empty(), "a little is nothing");
    queue.clock.back(20_000);
    let taken = durables.take(hour).await.unwrap();
    assert_eq!(ids(&taken.jobs), [id]);
    assert!(durables.take(hour).await.unwrap().jobs.is_empty(), "once");
}

async fn many_that_take_at_once_take_each_once(kind: Kind) {
    let queue = Queue::new(kind).await;
    for at in 0..30 {
        queue.accept(&at.to_string(), (at % 3 == 0).then_some("lane")).await;
    }
    let mut taking = JoinSet::new();
    for _ in 0..6 {
        let durables = queue.durables();
        taking.spawn(async move {
            let mut did = Vec::new();
            loop {
                let jobs = durables.take(|_| room(3)).await.unwrap().jobs;
                if jobs.is_empty() && durables.counts().await.unwrap().waiting.exchanges == 0 {
                    return did;
                }
                for job in jobs {
                    did.push(job.id);
                    assert!(durables.succeed(&job, b"1").await.unwrap());
                }
            }
        });
    }
    let mut did: Vec<_> = taking.join_all().await.concat();
    let all = did.len();
    did.sort_unstable();
    did.dedup();
    assert_eq!((all, did.len()), (30, 30));
    whole(&queue.registry).await;
}
