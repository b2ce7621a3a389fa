//! Schedules: what is due is made once, never beside itself, and is not lost.

use super::{World, does, eventually, service};
use crate::{Schedules, SchedulesConfig};
use bytes::Bytes;
use nhip_exchange::{Clock, Fault, Kind, Routes};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// The first moment of the tests' clock, a whole minute.
const START: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;

/// A clock that is set by hand.
struct HandClock(AtomicU64);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(START)))
    }

    fn forward(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn unix_millis(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl World {
    fn keep_time(&self) -> JoinHandle<()> {
        let (spine, book) = (Arc::clone(&self.spine), self.registry.schedules.clone());
        let config = SchedulesConfig { look: Duration::from_millis(10), lease: Duration::from_secs(2) };
        Schedules::start(spine, book, config, self.stop.subscribe().into())
    }

    /// Wait until the schedule has begun.
    async fn begun(&self) {
        let begun = async || !self.registry.schedules.states().await.unwrap().is_empty();
        eventually("the schedule has begun", begun).await;
    }

    /// Wait until all that was decided upon is made.
    async fn at_rest(&self, last_run_ms: u64) {
        eventually("all is made", async || {
            let states = self.registry.schedules.states().await.unwrap();
            states.iter().all(|state| state.last_run_ms == last_run_ms && state.pending.is_empty() && !state.held)
        })
        .await;
    }

    fn runs(&self) -> Vec<(String, Option<String>, Option<String>)> {
        let records = self.records.lock().unwrap();
        let some = |text: &Option<_>| text.as_ref().map(ToString::to_string);
        records
            .iter()
            .map(|record| (record.outcome.to_string(), some(&record.schedule), some(&record.caller)))
            .collect()
    }
}

fn every_minute(more: &str) -> String {
    format!("[schedules.poll]\ncall = \"documents/send\"\ncron = \"* * * * *\"\nparameters = {{ page = 1 }}\n{more}")
}

#[tokio::test]
async fn a_run_is_an_exchange_of_the_adapters_own_name_and_comes_once() {
    let what = does(|call| async move {
        assert_eq!(call.body, Bytes::from_static(b"{\"page\":1}"));
        assert_eq!(call.purpose.as_deref(), Some("TTHC-1.004"));
        Ok(Bytes::from_static(b"1"))
    });
    let clock = HandClock::new();
    let policy = every_minute("purpose = \"TTHC-1.004\"\n");
    let world = World::at(Arc::<HandClock>::clone(&clock), [service("documents", &policy, what)]).await;
    let task = world.keep_time();
    world.begun().await;
    clock.forward(MINUTE);
    world.at_rest(START + MINUTE).await;
    let run = ("ok".to_owned(), Some("poll".to_owned()), Some("documents".to_owned()));
    assert_eq!(world.runs(), std::slice::from_ref(&run));
    clock.forward(MINUTE);
    world.at_rest(START + 2 * MINUTE).await;
    assert_eq!(world.runs(), [run.clone(), run]);
    world.stop.send_replace(true);
    task.await.unwrap();
}

#[tokio::test]
async fn a_run_that_takes_long_is_not_overlapped_and_what_it_kept_waiting_is_made_as_said() {
    for (missed, expected) in [("skip", 2), ("once", 2), ("all", 4)] {
        let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let open = Arc::new(Semaphore::new(0));
        let what = {
            let (at_once, most, open) = (Arc::clone(&at_once), Arc::clone(&most), Arc::clone(&open));
            does(move |_| {
                let (at_once, most, open) = (Arc::clone(&at_once), Arc::clone(&most), Arc::clone(&open));
                async move {
                    most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    open.acquire().await.unwrap().forget();
                    at_once.fetch_sub(1, Ordering::SeqCst);
                    Ok(Bytes::from_static(b"1"))
                }
            })
        };
        let clock = HandClock::new();
        let policy = format!("[limits]\ndeadline = \"10 min\"\n{}", every_minute(&format!("missed = \"{missed}\"\n")));
        let world = World::at(Arc::<HandClock>::clone(&clock), [service("documents", &policy, what)]).await;
        let _task = world.keep_time();
        world.begun().await;
        clock.forward(MINUTE);
        eventually("the run is under way", async || at_once.load(Ordering::SeqCst) == 1).await;
        clock.forward(3 * MINUTE);
        open.add_permits(10);
        world.at_rest(START + 4 * MINUTE).await;
        assert_eq!((world.runs().len(), most.load(Ordering::SeqCst)), (expected, 1), "{missed}");
    }
}

#[tokio::test]
async fn a_run_that_could_not_be_made_stays_to_be_made() {
    let clock = HandClock::new();
    let up = Arc::new(AtomicBool::new(false));
    let what = {
        let up = Arc::clone(&up);
        does(move |_| {
            let end = if up.load(Ordering::Relaxed) {
                Ok(Bytes::from_static(b"1"))
            } else {
                Err(Fault::new(Kind::Saturated, "full"))
            };
            async move { end }
        })
    };
    let policy = every_minute("missed = \"once\"\n");
    let world = World::at(Arc::<HandClock>::clone(&clock), [service("documents", &policy, what)]).await;
    let _task = world.keep_time();
    world.begun().await;
    clock.forward(MINUTE);
    eventually("it was tried", async || !world.runs().is_empty()).await;
    up.store(true, Ordering::Relaxed);
    world.at_rest(START + MINUTE).await;
    let ok = world.runs().iter().filter(|(outcome, ..)| outcome == "ok").count();
    assert_eq!(ok, 1);
}

#[tokio::test]
async fn a_run_that_fails_is_on_record_and_not_repeated() {
    let clock = HandClock::new();
    let what = does(|_| async { Err(Fault::new(Kind::UpstreamUnavailable, "down")) });
    let world = World::at(Arc::<HandClock>::clone(&clock), [service("documents", &every_minute(""), what)]).await;
    let _task = world.keep_time();
    world.begun().await;
    clock.forward(MINUTE);
    world.at_rest(START + MINUTE).await;
    assert_eq!(world.runs().len(), 1);
}

#[tokio::test]
async fn what_is_late_is_skipped_where_it_is_said_and_a_stop_loses_nothing() {
    let clock = HandClock::new();
    let served = service("documents", &every_minute(""), does(|_| async { Ok(Bytes::from_static(b"1")) }));
    let world = World::at(Arc::<HandClock>::clone(&clock), [Arc::clone(&served)]).await;
    let schedule = served.live.policy.schedules.values().next().unwrap().clone();
    let (adapter, name) = ("documents".parse().unwrap(), "poll".parse().unwrap());
    let book = &world.registry.schedules;
    let lease = Duration::from_secs(2);
    assert!(book.take(&adapter, &name, &schedule, lease).await.unwrap().is_empty());
    clock.forward(MINUTE);
    // As a gateway that decided upon it and was stopped, with a run that is late by now.
    assert_eq!(book.take(&adapter, &name, &schedule, lease).await.unwrap(), [START + MINUTE]);
    book.release(&adapter, &name).await.unwrap();
    clock.forward(90_000);
    world.spine.set_routes(Routes::new([served]));
    let task = world.keep_time();
    world.at_rest(START + 2 * MINUTE).await;
    assert_eq!(world.runs().len(), 1, "the late one was skipped, the one after was not");
    world.stop.send_replace(true);
    task.await.unwrap();
}
