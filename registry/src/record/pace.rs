//! When a sync is put off, so that more share it.
//!
//! A sync costs the processor as much as several exchanges, however many share it. As long as the processor has time left, each follows
//! the one before at once: what comes meanwhile shares the next. When it has none, one right after the other would only keep
//! from the exchanges what they need to come to their records. A short pause lets more of them share the next, and all are done sooner.

use std::time::Duration;
use tokio::runtime::RuntimeMetrics;
use tokio::time::Instant;

/// How long after a sync the next begins where the processor has no time left.
const PACE: Duration = Duration::from_micros(150);
/// How busy, in percent of their time, the workers must stay while syncs are put off.
const BUSY: u128 = 67;
/// For how long that is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// When it is tried again, after it left the workers without work: soon at first, later each time that it does at once.
const SOON: Duration = Duration::from_millis(100);
const LATE: Duration = Duration::from_secs(2);

/// Whether syncs are put off at present.
pub(super) struct Pace {
    workers: Vec<RuntimeMetrics>,
    /// When the workers were looked at, and how long all of them together had been busy by then.
    looked: Instant,
    busy: Duration,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Each sync follows the one before at once. A pause may be tried from this moment on, and `again` after it was in vain.
    AtOnce { until: Instant, again: Duration },
    /// Syncs are put off.
    Paced { again: Duration },
}

impl Pace {
    /// `workers` are those of the runtimes whose tasks wait for the syncs.
    pub(super) fn new(workers: Vec<RuntimeMetrics>) -> Self {
        let looked = Instant::now();
        Self { workers, looked, busy: Duration::ZERO, way: Way::AtOnce { until: looked, again: SOON } }
    }

    /// How long to wait before a sync when the last was done at `synced`: once at most, since the time is over then.
    pub(super) fn put_off(&mut self, synced: Instant) -> Option<Duration> {
        let now = Instant::now();
        if now.saturating_duration_since(self.looked) >= LOOK {
            self.look(now, busy(&self.workers));
        }
        let pause = PACE.saturating_sub(now.saturating_duration_since(synced));
        (matches!(self.way, Way::Paced { .. }) && !pause.is_zero()).then_some(pause)
    }

    /// The workers had been busy for `busy` by `now`.
    fn look(&mut self, now: Instant, busy: Duration) {
        let time = now.saturating_duration_since(std::mem::replace(&mut self.looked, now));
        let busy = busy.saturating_sub(std::mem::replace(&mut self.busy, busy));
        // What was long before this sync says nothing of now.
        if time < 2 * LOOK {
            let workers = self.workers.iter().map(RuntimeMetrics::num_workers).sum();
            self.way = self.way.after(percent(busy, time, workers), now);
        }
    }
}

impl Way {
    /// The way to go on when the workers were `busy` percent of their time.
    fn after(self, busy: u128, now: Instant) -> Self {
        match self {
            Self::AtOnce { until, again } if busy >= BUSY && now >= until => Self::Paced { again },
            Self::AtOnce { .. } => self,
            Self::Paced { .. } if busy >= BUSY => Self::Paced { again: SOON },
            Self::Paced { again } => Self::AtOnce { until: now + again, again: LATE.min(again * 2) },
        }
    }
}

/// How much of `time` each of `workers` was busy when all of them together were for `busy`.
fn percent(busy: Duration, time: Duration, workers: usize) -> u128 {
    (busy.as_micros() * 100).checked_div(time.as_micros() * workers as u128).unwrap_or_default()
}

/// How long all workers together have been busy.
fn busy(workers: &[RuntimeMetrics]) -> Duration {
    workers.iter().flat_map(|of| (0..of.num_workers()).map(|worker| of.worker_total_busy_duration(worker))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT: u128 = BUSY - 1;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn syncs_are_put_off_while_the_workers_stay_busy() {
        let now = Instant::now();
        let mut way = Way::AtOnce { until: now, again: SOON };
        assert_eq!(way.after(NOT, now), way, "the processor has time");
        for _ in 0..3 {
            way = way.after(BUSY, now);
            assert_eq!(way, Way::Paced { again: SOON });
        }
        way = way.after(NOT, now);
        assert_eq!(way, Way::AtOnce { until: now + SOON, again: 2 * SOON });
    }

    #[test]
    fn a_pause_in_vain_is_tried_again_later_each_time() {
        let mut now = Instant::now();
        let mut way = Way::AtOnce { until: now, again: SOON };
        let mut waits = Vec::new();
        for _ in 0..6 {
            way = way.after(BUSY, now).after(NOT, now);
            let Way::AtOnce { until, .. } = way else { panic!("{way:?}") };
            assert_eq!(way.after(100, until - micros(1)), way, "they are busy with syncs, perhaps");
            waits.push((until - now).as_millis());
            now = until;
        }
        assert_eq!(waits, [100, 200, 400, 800, 1_600, 2_000]);
        // It was worth it for a while.
        way = way.after(BUSY, now).after(BUSY, now).after(NOT, now);
        assert_eq!(way, Way::AtOnce { until: now + SOON, again: 2 * SOON });
    }

    #[test]
    fn how_busy_is_counted_for_each_worker() {
        assert_eq!(percent(micros(150), micros(100), 2), 75);
        assert_eq!(percent(micros(0), micros(100), 2), 0);
        assert_eq!(percent(micros(1), micros(0), 0), 0, "nobody works");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sync_is_put_off_for_what_is_left_of_the_pause() {
        // This runtime has one worker.
        let mut pace = Pace::new(vec![tokio::runtime::Handle::current().metrics()]);
        // The clock stands still, so it does not look by itself.
        let now = Instant::now();
        let synced = now - micros(50);
        pace.look(now + LOOK, LOOK / 2);
        assert_eq!(pace.put_off(synced), None);
        pace.look(now + 2 * LOOK, LOOK / 2 + LOOK);
        assert_eq!(pace.put_off(synced), Some(micros(100)));
        assert_eq!(pace.put_off(synced - micros(100)), None, "the last is long ago");
        // Nobody waited for a while, and then somebody does.
        pace.look(now + 5 * LOOK, LOOK / 2 + LOOK);
        assert_eq!(pace.put_off(synced), Some(micros(100)));
        pace.look(now + 6 * LOOK, LOOK / 2 + LOOK);
        assert_eq!(pace.put_off(synced), None);
    }

    #[tokio::test]
    async fn the_workers_time_is_seen() {
        let workers = [tokio::runtime::Handle::current().metrics()];
        let (before, mut turns) = (busy(&workers), 0);
        while busy(&workers) < before + micros(1_000) {
            turns += 1;
            assert!(turns < 10_000, "it was busy for longer than that");
            std::thread::sleep(micros(1_000));
            tokio::task::yield_now().await;
        }
    }
}
