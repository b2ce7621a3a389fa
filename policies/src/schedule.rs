//! `[schedules.NAME]`: calls that the gateway makes by the clock.
//!
//! ```toml
//! [schedules.poll-inbox]
//! call = "documents/poll"
//! parameters = { page = 1 }             # or the same as JSON text; {} where absent
//! cron = "*/5 * * * *"
//! time-zone = "Asia/Ho_Chi_Minh"        # the default
//! jitter = "10 s"                       # each run is put off by chance, by this at most; 0 s where absent
//! missed = "once"                       # "skip" where absent, or "all"
//! purpose = "document-exchange"
//! ```
//!
//! Invariant: whatever the clock does, [`Schedule::due`] never names a run twice as long as what it answers is kept, names a bounded number
//! of them, and goes on naming them at the latest a day after the clock was put right.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::callers::FunctionRef;
use crate::chance;
use crate::cron::Cron;
use crate::names::{Purpose, ScheduleName, ServiceName};
use crate::policy::check_served;
use crate::reader::{Bounds, Table};
use crate::smoke::read_body;
use crate::time_zone::TimeZone;

/// One schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// What is called, of a service of the same policy.
    pub call: FunctionRef,
    /// The parameters by name; empty where none are said.
    pub parameters: Map<String, Value>,
    /// When, and where the clock hangs.
    pub cron: Cron,
    /// The most that a run is put off by. Zero by default, at most 1 h.
    pub jitter: Duration,
    /// What becomes of runs whose time passed while no gateway was up.
    pub missed: Missed,
    /// The purpose that is said.
    pub purpose: Option<Purpose>,
}

/// What becomes of missed runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missed {
    /// Nothing.
    #[default]
    Skip,
    /// One run stands for all of them.
    Once,
    /// Each is made, the earliest first; of very many the latest [`Schedule::MOST_MISSED`].
    All,
}

/// What is to be done at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The runs to make now, each by the time for which it was planned, in milliseconds since the start of 1970; the earliest first.
    pub runs: Vec<u64>,
    /// What is to be kept, together with the runs, and given as `last_run_ms` the next time.
    pub last_run_ms: u64,
}

impl Missed {
    const WORDS: [(&'static str, Self); 3] = [("skip", Self::Skip), ("once", Self::Once), ("all", Self::All)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
            Self::All => "all",
        }
    }
}

impl Schedule {
    /// The most missed runs that are made up for.
    pub const MOST_MISSED: usize = 1000;
    /// A run that is later than this, besides its jitter, was missed. Within it a gateway may be restarted or busy.
    const GRACE: Duration = Duration::from_secs(60);
    /// The longest that a clock put back keeps a schedule waiting.
    const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
    const JITTER: Bounds<Duration> =
        Bounds { default: Duration::ZERO, least: Duration::ZERO, most: Duration::from_secs(3600) };

    /// Which runs to make at `now_ms`. `last_run_ms` is what the answer before said to keep; for a new schedule, the time at which it began.
    ///
    /// A clock that was put back a little gets no run a second time: nothing is due until it has passed the last run. Where that would be
    /// more than two of the schedule's own intervals away, or a day, waiting would be silence: it begins anew from `now_ms`. A clock that
    /// leaps forward looks like a time in which no gateway was up.
    pub fn due(&self, last_run_ms: u64, now_ms: u64) -> Due {
        let nothing = |last_run_ms| Due { runs: Vec::new(), last_run_ms };
        if now_ms <= last_run_ms {
            let ahead = Duration::from_millis(last_run_ms - now_ms);
            return nothing(if ahead > self.patience(last_run_ms) { now_ms } else { last_run_ms });
        }
        let Some(latest) = self.planned(last_run_ms, now_ms).next() else {
            return nothing(last_run_ms);
        };
        let late = Duration::from_millis(now_ms - latest);
        let runs = match self.missed {
            Missed::Skip if late > Self::GRACE + self.jitter => Vec::new(),
            Missed::Skip | Missed::Once => vec![latest],
            Missed::All => {
                let mut runs: Vec<u64> = self.planned(last_run_ms, now_ms).take(Self::MOST_MISSED).collect();
                runs.reverse();
                runs
            }
        };
        Due { runs, last_run_ms: latest }
    }

    /// The longest that a clock put back keeps the schedule waiting: what is done every minute must not stand still for an hour, and what
    /// is done once a day must not be done again because of an hour.
    fn patience(&self, last_run_ms: u64) -> Duration {
        let mut latest = self.planned(0, last_run_ms);
        let interval = latest.next().zip(latest.next()).map(|(last, before)| Duration::from_millis(last - before));
        interval.map_or(Self::LONGEST_WAIT, |interval| (2 * interval).clamp(Self::GRACE, Self::LONGEST_WAIT))
    }

    /// How long the run that was planned for an instant is put off. `seed` is the chance; of the schedule and the instant alone, it is the
    /// same at every gateway and after a restart.
    pub fn delay(&self, seed: u64) -> Duration {
        chance::within(self.jitter, seed)
    }

    /// The planned times after one instant and up to another, the latest first.
    fn planned(&self, after_ms: u64, until_ms: u64) -> impl Iterator<Item = u64> {
        let before = |time: &u64| self.cron.last_until(time.checked_sub(1)?);
        std::iter::successors(self.cron.last_until(until_ms), before).take_while(move |time| *time > after_ms)
    }

    fn read(table: &Table<'_>, services: &BTreeSet<ServiceName>) -> Option<Self> {
        let call =
            table.required("call", "name what is called, such as `call = \"documents/poll\"`").and_then(|node| {
                node.parse(|text| {
                    let function: FunctionRef = text.parse()?;
                    check_served(&function.service, services).map(|()| function)
                })
            });
        let parameters = table.get("parameters").map_or(Some(Map::new()), |node| read_body(&node));
        let jitter = table.duration("jitter", &Self::JITTER);
        let missed = table.get("missed").and_then(|node| node.choice(&Missed::WORDS)).unwrap_or_default();
        let purpose = table.get("purpose").and_then(|node| node.parse(str::parse));
        let cron = read_cron(table);
        Some(Self { call: call?, parameters: parameters?, cron: cron?, jitter, missed, purpose })
    }
}

fn read_cron(table: &Table<'_>) -> Option<Cron> {
    let default = || TimeZone::DEFAULT.parse::<TimeZone>().map_err(|invalid| table.wrong(invalid)).ok();
    let node = table.get("time-zone");
    let zone = node.as_ref().map_or_else(default, |node| node.parse(str::parse));
    let cron = table.required("cron", "say when, such as `cron = \"*/5 * * * *\"`")?;
    // Where the zone is wrong, the expression is looked at all the same.
    let read = |zone: TimeZone| cron.parse(|text| Cron::parse(text, zone));
    match zone {
        Some(zone) => read(zone),
        None => default().and_then(read).and(None),
    }
}

/// Reads `[schedules]`; the services are those of the same policy.
pub(crate) fn read_all(root: &Table<'_>, services: &BTreeSet<ServiceName>) -> BTreeMap<ScheduleName, Schedule> {
    let mut schedules = BTreeMap::new();
    let Some(table) = root.table("schedules") else {
        return schedules;
    };
    for (name, node) in table.entries() {
        let schedule = node.table().and_then(|table| {
            let schedule = Schedule::read(&table, services);
            table.finish();
            schedule
        });
        match name.parse::<ScheduleName>() {
            Err(invalid) => node.wrong_key(invalid),
            Ok(name) => schedules.extend(schedule.map(|schedule| (name, schedule))),
        }
    }
    schedules
}
