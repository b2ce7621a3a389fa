//! Dead letters: listed, shown, tried again and given up, each change with its control act.

use super::{Queue, ids, of, whole, work};
use crate::database::Kind;
use crate::{ActFilter, ActKind, DeadFilter, Which};
use nhip_exchange::durable::{Claimed, Ledger, State};
use nhip_exchange::{ExchangeId, Fault, Kind as FaultKind};

on_both! {
    a_dead_letter_tells_its_story_and_not_its_body,
    the_filter_lets_through_what_it_says,
    a_dead_letter_is_tried_again_at_the_end_of_its_lane_and_counted_anew,
    a_dead_letter_is_given_up_and_its_repeats_are_told_its_fault,
    many_are_done_in_groups_each_with_its_act,
}

/// Accept one with a key, and let it die.
async fn dead(queue: &Queue, service: &str, key: &str, kind: FaultKind) -> ExchangeId {
    let (durables, id) = (queue.durables(), super::new_id());
    durables.accept(Some(key), &of(service, "{\"secret\":1}"), id, Some("lane")).await.unwrap();
    let jobs = queue.take(9).await;
    assert_eq!(ids(&jobs), [id]);
    assert!(durables.bury(&jobs[0], &Fault::new(kind, "it would not")).await.unwrap());
    id
}

async fn a_dead_letter_tells_its_story_and_not_its_body(kind: Kind) {
    let queue = Queue::new(kind).await;
    let id = dead(&queue, "population", "k", FaultKind::Conflict).await;
    let (letter, story) = queue.durables().dead_letter(id).await.unwrap().unwrap();
    assert_eq!((letter.caller.as_str(), letter.service.as_str()), ("mot-cua", "population"));
    assert_eq!((letter.fault.code.as_str(), letter.fault.detail.as_str()), ("conflict", "it would not"));
    assert_eq!((letter.bytes, letter.attempts, letter.died_ms), (12, 1, super::START));
    assert_eq!((letter.lane.as_deref(), letter.purpose.as_deref()), (Some("lane"), Some("TTHC-1.004")));
    assert_eq!((story.lines.len(), story.lines[0].sentence.as_str()), (1, "it would not"));
    assert!(!serde_json::to_string(&(&letter, &story)).unwrap().contains("secret"));
    assert!(queue.durables().dead_letter(super::new_id()).await.unwrap().is_none());
}

async fn the_filter_lets_through_what_it_says(kind: Kind) {
    let queue = Queue::new(kind).await;
    let first = dead(&queue, "population", "1", FaultKind::Conflict).await;
    queue.clock.forward(1000);
    let second = dead(&queue, "civil-status", "2", FaultKind::NotFound).await;
    let list = async |filter: DeadFilter| -> Vec<ExchangeId> {
        queue.durables().dead_letters(&filter, 10).await.unwrap().iter().map(|letter| letter.id).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(list(DeadFilter::default()).await, [second, first]);
    assert_eq!(list(DeadFilter { service: text("population"), ..DeadFilter::default() }).await, [first]);
    assert_eq!(list(DeadFilter { code: text("not-found"), ..DeadFilter::default() }).await, [second]);
    assert_eq!(list(DeadFilter { since_ms: Some(super::START + 1), ..DeadFilter::default() }).await, [second]);
    assert_eq!(list(DeadFilter { until_ms: Some(super::START + 1), ..DeadFilter::default() }).await, [first]);
    assert_eq!(list(DeadFilter { caller: text("nobody"), ..DeadFilter::default() }).await, []);
    assert_eq!(list(DeadFilter { function: text("report"), ..DeadFilter::default() }).await.len(), 2);
    assert_eq!(queue.durables().dead_letters(&DeadFilter::default(), 1).await.unwrap().len(), 1);
}

async fn a_dead_letter_is_tried_again_at_the_end_of_its_lane_and_counted_anew(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let id = dead(&queue, "population", "k", FaultKind::UpstreamRefused).await;
    let after = queue.accept("2", Some("lane")).await;
    queue.clock.forward(1000);
    assert_eq!(durables.retry_dead(&Which::One(id), "an-operator").await.unwrap(), 1);
    assert_eq!(durables.retry_dead(&Which::One(id), "an-operator").await.unwrap(), 0, "it is not dead any more");
    whole(&queue.registry).await;
    let told = durables.accept(Some("k"), &of("population", "{\"secret\":1}"), super::new_id(), None).await.unwrap();
    assert!(matches!(told, Claimed::Accepted(it) if it == id), "{told:?}");
    let jobs = queue.take(9).await;
    assert_eq!(ids(&jobs), [after]);
    assert!(durables.succeed(&jobs[0], b"1").await.unwrap());
    let jobs = queue.take(9).await;
    assert_eq!((ids(&jobs), jobs[0].attempt, jobs[0].nth), (vec![id], 2, 1));
    assert_eq!(jobs[0].since_ms, super::START + 1000);
    assert!(durables.succeed(&jobs[0], b"1").await.unwrap());
    whole(&queue.registry).await;
    let acts = queue.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!(acts.len(), 1, "what changed nothing is no act");
    assert_eq!((acts[0].kind, acts[0].actor.as_str()), (ActKind::DeadLetterRetry, "an-operator"));
    assert_eq!(acts[0].subject, id.to_string());
}

async fn a_dead_letter_is_given_up_and_its_repeats_are_told_its_fault(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let id = dead(&queue, "population", "k", FaultKind::Conflict).await;
    let told = durables.accept(Some("k"), &of("population", "{\"secret\":1}"), super::new_id(), None).await.unwrap();
    assert!(matches!(&told, Claimed::Ended { id: it, .. } if *it == id), "{told:?}");
    assert_eq!(durables.discard_dead(&Which::One(id), "an-operator").await.unwrap(), 1);
    assert_eq!(durables.retry_dead(&Which::One(id), "an-operator").await.unwrap(), 0);
    assert_eq!(queue.state(id).await, State::Discarded);
    assert!(durables.dead_letters(&DeadFilter::default(), 10).await.unwrap().is_empty());
    let told = durables.accept(Some("k"), &of("population", "{\"secret\":1}"), super::new_id(), None).await.unwrap();
    let Claimed::Ended { end, .. } = told else { panic!("{told:?}") };
    assert_eq!(end.result.unwrap_err().kind, FaultKind::Conflict);
    whole(&queue.registry).await;
    let acts = queue.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    assert_eq!((acts.len(), acts[0].kind), (1, ActKind::DeadLetterDiscard));
}

async fn many_are_done_in_groups_each_with_its_act(kind: Kind) {
    let queue = Queue::new(kind).await;
    let durables = queue.durables();
    let pattern = dead(&queue, "population", "pattern", FaultKind::Conflict).await;
    queue.sql("UPDATE durable SET number = 0").await;
    // Written at once: accepting them one by one would take long.
    queue
        .sql(
            "INSERT INTO durable (id, caller, service, function, trace, depth, request, body, body_bytes, number, ready, state, \
             attempts, attempts_before, accepted_ms, since_ms, fault, code, story, finished_ms) \
             WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1100) \
             SELECT '01890000-0000-7000-8000-00000000' || CAST(n + 1000 AS TEXT), 'mot-cua', 'population', 'report', '', 0, \
             'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', (SELECT body FROM durable WHERE number = 0), 12, n, 0, \
             'dead', 1, 0, 0, 0, '{\"code\":\"busy\",\"detail\":\"no\"}', 'busy', '{\"lines\":[]}', 5 FROM numbers",
        )
        .await;
    queue.sql("UPDATE durable_usage SET number = 2000, dead = dead + 1100, dead_bytes = dead_bytes + 13200").await;
    let which = Which::All(DeadFilter { code: Some("busy".to_owned()), ..DeadFilter::default() });
    assert_eq!(durables.retry_dead(&which, "an-operator").await.unwrap(), 1100);
    let acts = queue.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    let told: Vec<usize> = acts.iter().map(|act| act.detail["exchanges"].as_array().unwrap().len()).collect();
    assert_eq!(told, [100, 500, 500]);
    assert_eq!(acts[0].detail["filter"]["code"], "busy");
    let counts = durables.counts().await.unwrap();
    assert_eq!((counts.waiting.exchanges, counts.dead.exchanges), (1100, 1));
    whole(&queue.registry).await;
    assert_eq!(queue.state(pattern).await, State::Dead);
    let jobs = queue.take(3).await;
    assert_eq!(jobs.len(), 3);
    assert_eq!(jobs[0].work.caller, work("").caller);
}
