//! Where each schedule is: a run is decided upon by one, made at least once, and never beside another of its schedule.

use super::{HandClock, Queue, START};
use crate::database::Kind;
use crate::tests::adapter;
use nhip_policies::{AdapterName, Policy, Schedule, ScheduleName};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

on_both! {
    a_schedule_begins_when_it_is_first_seen,
    of_many_that_take_a_run_one_gets_it,
    a_run_is_not_decided_upon_while_one_is_made,
    a_run_whose_gateway_died_is_made_again,
    another_plan_begins_anew,
    a_look_tells_whether_there_may_be_something,
}

const LEASE: Duration = Duration::from_secs(15);
const MINUTE: u64 = 60_000;

fn schedule(cron: &str, missed: &str) -> Schedule {
    let text = format!(
        "adapter = \"documents\"\n[services]\ndocuments = \"test:documents/axis@1.0.0\"\n\
         [schedules.poll]\ncall = \"documents/poll\"\ncron = \"{cron}\"\nmissed = \"{missed}\"\n"
    );
    Policy::parse(&text).unwrap().schedules.into_values().next().unwrap()
}

fn names() -> (AdapterName, ScheduleName) {
    (adapter("documents"), "poll".parse().unwrap())
}

async fn take(queue: &Queue, schedule: &Schedule) -> Vec<u64> {
    let (adapter, name) = names();
    queue.registry.schedules.take(&adapter, &name, schedule, LEASE).await.unwrap()
}

/// To the next minute, and half a second on.
fn to_the_next_minute(clock: &HandClock) -> u64 {
    let now = nhip_exchange::Clock::unix_millis(clock);
    let next = now - now % MINUTE + MINUTE;
    clock.forward(next - now + 500);
    next
}

async fn a_schedule_begins_when_it_is_first_seen(kind: Kind) {
    let queue = Queue::new(kind).await;
    let every = schedule("* * * * *", "all");
    assert!(take(&queue, &every).await.is_empty(), "nothing before it began");
    let planned = to_the_next_minute(&queue.clock);
    assert_eq!(take(&queue, &every).await, [planned]);
    let states = queue.registry.schedules.states().await.unwrap();
    assert_eq!((states[0].last_run_ms, &states[0].pending[..], states[0].held), (planned, &[planned][..], true));
}

async fn of_many_that_take_a_run_one_gets_it(kind: Kind) {
    let queue = Queue::new(kind).await;
    let every = Arc::new(schedule("* * * * *", "once"));
    take(&queue, &every).await;
    let planned = to_the_next_minute(&queue.clock);
    let mut taking = JoinSet::new();
    for _ in 0..8 {
        let (schedules, every, (adapter, name)) = (queue.registry.schedules.clone(), Arc::clone(&every), names());
        taking.spawn(async move { schedules.take(&adapter, &name, &every, LEASE).await.unwrap() });
    }
    assert_eq!(taking.join_all().await.concat(), [planned]);
}

async fn a_run_is_not_decided_upon_while_one_is_made(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (every, (adapter, name)) = (schedule("* * * * *", "all"), names());
    take(&queue, &every).await;
    let first = to_the_next_minute(&queue.clock);
    assert_eq!(take(&queue, &every).await, [first]);
    let later = [to_the_next_minute(&queue.clock), to_the_next_minute(&queue.clock)];
    assert!(queue.registry.schedules.renew(&adapter, &name, LEASE).await.unwrap());
    assert!(take(&queue, &every).await.is_empty());
    assert!(queue.registry.schedules.made(&adapter, &name, first).await.unwrap());
    assert!(!queue.registry.schedules.made(&adapter, &name, first).await.unwrap(), "it was given back");
    assert_eq!(take(&queue, &every).await, later);
    // Given back with what was not made, it is taken again as it is.
    assert!(queue.registry.schedules.made(&adapter, &name, later[0]).await.unwrap());
    queue.registry.schedules.release(&adapter, &name).await.unwrap();
    assert_eq!(take(&queue, &every).await, later[1..]);
}

async fn a_run_whose_gateway_died_is_made_again(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (once, (adapter, name)) = (schedule("* * * * *", "skip"), names());
    take(&queue, &once).await;
    let planned = to_the_next_minute(&queue.clock);
    assert_eq!(take(&queue, &once).await, [planned]);
    let queue = queue.restarted().await;
    assert_eq!(take(&queue, &once).await, [planned]);
    // And where it is another gateway that is not heard of any more.
    queue.sql("UPDATE schedules SET boot = 'another', held_until_ms = 1").await;
    assert!(!queue.registry.schedules.renew(&adapter, &name, LEASE).await.unwrap());
    assert!(!queue.registry.schedules.made(&adapter, &name, planned).await.unwrap());
    assert_eq!(take(&queue, &once).await, [planned]);
    assert!(queue.registry.schedules.made(&adapter, &name, planned).await.unwrap());
    assert!(take(&queue, &once).await.is_empty());
}

async fn another_plan_begins_anew(kind: Kind) {
    let queue = Queue::new(kind).await;
    take(&queue, &schedule("0 3 * * *", "all")).await;
    queue.clock.forward(10 * MINUTE);
    let every = schedule("* * * * *", "all");
    assert!(take(&queue, &every).await.is_empty(), "it was not planned then");
    let planned = to_the_next_minute(&queue.clock);
    assert_eq!(take(&queue, &every).await, [planned]);
}

async fn a_look_tells_whether_there_may_be_something(kind: Kind) {
    let queue = Queue::new(kind).await;
    let (every, (adapter, name)) = (schedule("* * * * *", "skip"), names());
    take(&queue, &every).await;
    let look = async |schedule: &Schedule| {
        let now = nhip_exchange::Clock::unix_millis(&*queue.clock);
        queue.registry.schedules.states().await.unwrap()[0].may_be_due(schedule, now)
    };
    assert!(!look(&every).await);
    assert!(look(&schedule("*/2 * * * *", "skip")).await, "another plan");
    let planned = to_the_next_minute(&queue.clock);
    assert!(look(&every).await);
    take(&queue, &every).await;
    assert!(!look(&every).await, "it is made now");
    queue.registry.schedules.release(&adapter, &name).await.unwrap();
    assert!(look(&every).await, "it is to be made");
    take(&queue, &every).await;
    queue.registry.schedules.made(&adapter, &name, planned).await.unwrap();
    assert!(!look(&every).await);
    assert!(planned > START);
}
