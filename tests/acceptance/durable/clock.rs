//! The machine's clock is set back and forward under a running gateway.

use super::work::the_record_verifies;
use super::{Stage, numbered, over};
use crate::harness::{Manner, Process, eventually, fixture, folder, run, with_manifest};
use nhip_exchange::{Clock, SystemClock};
use nhip_systems::Mode;
use serde_json::json;
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The clock as the gateway sees it: so many seconds ahead of the true one.
struct Wall {
    file: PathBuf,
    ahead: Cell<i64>,
    /// How often it was set forward.
    forward: Cell<u64>,
    begun: Instant,
}

impl Wall {
    fn new(file: PathBuf) -> Self {
        let wall = Self { file, ahead: Cell::new(0), forward: Cell::new(0), begun: Instant::now() };
        wall.set(0);
        wall
    }

    /// Set it by so many seconds.
    fn set(&self, by: i64) {
        let ahead = self.ahead.get() + by;
        // In one step, since it is read at any moment.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{ahead:+}\n")).unwrap();
        fs::rename(new, &self.file).unwrap();
        self.ahead.set(ahead);
        self.forward.set(self.forward.get() + u64::from(by > 0));
    }

    /// As many runs as a schedule of every minute may have made: one for each minute that truly passed and one for each
    /// time that the clock was set forward, however far.
    fn most_runs(&self) -> u64 {
        self.begun.elapsed().as_secs() / 60 + 1 + self.forward.get()
    }
}

struct Bench {
    stage: Stage,
    wall: Wall,
    process: Process,
    key: String,
    /// All exchanges, in the order in which they were made.
    ids: Vec<String>,
    sent: usize,
}

impl Bench {
    async fn set() -> Self {
        let folder = folder("clock");
        let (stage, wall) = (Stage::set(&folder.join("data")).await, Wall::new(folder.join("clock.rc")));
        let file = wall.file.display().to_string();
        let environment = [
            ("VXP_SECRET", stage.secret.as_str()),
            ("LD_PRELOAD", option_env!("NHIP_FAKETIME").unwrap_or_default()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ];
        let manner = Manner { environment: &environment, ..Manner::default() };
        let process = Process::start(&stage.data, &manner).await;
        stage.deploy(&process, "").await;
        let policy = super::ticking();
        process.deploy_as(fixture("hostile"), &policy, Some(&with_manifest("ticker", "1.0.0"))).await.unwrap();
        let key = process.caller("van-thu").await;
        Self { stage, wall, process, key, ids: Vec::new(), sent: 0 }
    }

    /// Some exchanges now.
    async fn exchanges(&mut self) {
        for _ in 0..20 {
            let answer = self.process.call(&self.key, "ticker", "calm", &json!({ "word": "an" })).await;
            assert_eq!(answer.ok(), "an");
            self.ids.push(answer.id());
        }
    }

    /// How many runs the schedule has made.
    async fn runs(&self) -> u64 {
        let records = self.process.records("service=ticker").await;
        records.iter().filter(|record| record.origin == "schedule").count() as u64
    }

    /// The clock goes on by a minute, or again by one, until the schedule has made a run more than it had.
    async fn until_a_run(&self) {
        let before = self.runs().await;
        eventually("a run by the clock", async || {
            self.wall.set(MINUTE);
            // It looks once a second, when the machine lets it.
            let until = Instant::now() + Duration::from_secs(5);
            while Instant::now() < until {
                if self.runs().await > before {
                    return Some(());
                }
                sleep(Duration::from_millis(50)).await;
            }
            None
        })
        .await;
        let (runs, most) = (self.runs().await, self.wall.most_runs());
        assert!(runs <= most, "{runs} runs where {most} are due");
    }

    /// An exchange that waits for another try when the clock is set is tried again soon, and done.
    async fn tried_on_when_the_clock_is_set(&mut self, by: i64) {
        self.sent += 1;
        self.stage.vxp.faults().set(Mode::Down);
        let later = [("prefer", "respond-async")];
        let answer = self.process.call_with(&self.key, "documents", "send", &numbered(self.sent, "GIỜ"), &later).await;
        let place = answer.header("location").unwrap().to_owned();
        self.ids.push(answer.id());
        self.attempts(&place, 3).await;
        self.wall.set(by);
        let now = self.process.get(&self.key, &place).await.ok()["attempts"].as_u64().unwrap();
        self.attempts(&place, now + 3).await;
        self.stage.vxp.faults().clear();
        assert_eq!(over(&self.process, &self.key, &place).await["state"], "done");
    }

    async fn attempts(&self, place: &str, least: u64) {
        eventually("another try", async || {
            let state = self.process.get(&self.key, place).await.ok();
            (state["attempts"].as_u64()? >= least).then_some(())
        })
        .await;
    }
}

#[test]
#[cfg_attr(
    not(nhip_faketime),
    ignore = "no libfaketime when this was built: install it (Debian: faketime) and touch runtime/cli/build.rs"
)]
fn a_clock_that_is_set_leaves_ids_in_order_and_schedules_and_tries_at_work() {
    run(async {
        let mut bench = Bench::set().await;
        bench.exchanges().await;
        bench.until_a_run().await;
        bench.until_a_run().await;
        bench.exchanges().await;
        let opened = bench.process.record(bench.ids.last().unwrap()).await.opened_ms;
        assert!(opened > SystemClock.unix_millis() + 60_000, "the gateway has the true time: {opened}");
        let once = [("idempotency-key", "made-up")];
        let first = bench.process.call_with(&bench.key, "documents", "send", &numbered(0, "GIỜ"), &once).await;
        first.ok();
        bench.ids.push(first.id());

        // An hour back: what is done every minute does not stand still for an hour; an hour forward again, it goes on with one run, not
        // sixty.
        bench.tried_on_when_the_clock_is_set(-HOUR).await;
        bench.exchanges().await;
        let repeat = bench.process.call_with(&bench.key, "documents", "send", &numbered(0, "GIỜ"), &once).await;
        assert_eq!(repeat.ok(), first.ok());
        assert_eq!(repeat.header("x-repeats-exchange"), Some(&*first.id()));
        bench.until_a_run().await;
        bench.wall.set(HOUR);
        bench.until_a_run().await;
        bench.exchanges().await;

        // Days.
        bench.tried_on_when_the_clock_is_set(-2 * DAY).await;
        bench.exchanges().await;
        bench.until_a_run().await;
        bench.until_a_run().await;
        bench.tried_on_when_the_clock_is_set(2 * DAY).await;
        bench.exchanges().await;
        bench.until_a_run().await;

        assert!(bench.ids.is_sorted_by(|a, b| a < b), "{:?}", bench.ids);
        for id in bench.ids.iter().step_by(7) {
            assert_eq!(bench.process.record(id).await.outcome.len(), 2, "{id}");
        }
        let mut arrived = bench.stage.arrived();
        arrived.sort();
        assert_eq!(arrived, ["0/GIỜ", "1/GIỜ", "2/GIỜ", "3/GIỜ"]);
        the_record_verifies(bench.process).await;
    });
}
