//! The meter: processor time of the sandbox, counted from the moment its instance is made to the end of its call, less the time in
//! which it waits for the host.
//!
//! Waiting for an upstream system costs a guest nothing, and neither does the time in which it was interrupted in
//! favour of its neighbours. What the engine does between two calls into the guest, carrying values in and out of its
//! memory, counts: nothing there waits, and asking the clock around each of the dozens of calls of one exchange would
//! cost more than most of them take.
//!
//! What passes while the guest runs is its processor time as long as its thread has the processor. Where others want it, the operating
//! system takes it away for milliseconds, which are not the guest's: so a time that is long enough for that is held against the
//! processor time of the thread. Asking for that is a system call, which the small exchanges do without.

use crate::clock;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Not running.
const OUTSIDE: u64 = u64::MAX;

/// In nanoseconds: some fifty times what a small exchange takes in a Rust adapter, three times what it takes in a JavaScript one.
const HEAVY: u64 = 1_000_000;

/// In nanoseconds: a time in which the operating system may have given the processor to somebody else, and how much older the last look
/// at the thread's processor time may be. What is counted can be too much by that, but never more than what has passed.
const SUSPECT: u64 = 250_000;

thread_local! {
    /// The last look at this thread's processor time.
    static LOOK: Cell<Look> = const { Cell::new(Look { moment: 0, processor: None }) };
}

/// The processor time that a thread had used at a moment.
#[derive(Clone, Copy)]
struct Look {
    moment: u64,
    processor: Option<u64>,
}

impl Look {
    /// Look again, unless the last look is at most [`SUSPECT`] older than now.
    fn at(now: u64) {
        let last = LOOK.get();
        if last.processor.is_none() || last.moment.saturating_add(SUSPECT) < now {
            LOOK.set(Self { moment: now, processor: processor_time() });
        }
    }

    /// The processor time of this thread since then.
    fn since(self) -> Option<u64> {
        Some(processor_time()?.saturating_sub(self.processor?))
    }
}

/// What moments are counted from.
static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Counts the time of one exchange in its sandbox. Touched by one task at a time; atomics only because the engine's
/// callbacks must be `Sync`.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: u64,
    used: AtomicU64,
    entered: AtomicU64,
}

impl Meter {
    pub(crate) fn new(budget: Duration) -> Arc<Self> {
        Arc::new(Self { budget: nanos(budget), used: AtomicU64::new(0), entered: AtomicU64::new(OUTSIDE) })
    }

    /// The guest begins or goes on to run. Where it runs already, nothing changes.
    pub(crate) fn enter(&self) {
        if self.entered.load(Ordering::Relaxed) == OUTSIDE {
            clock::guest_runs();
            let now = now();
            Look::at(now);
            self.entered.store(now, Ordering::Relaxed);
        }
    }

    /// The guest waits, or is at its end. On the thread on which it began or went on: between the two it never leaves that.
    pub(crate) fn leave(&self) {
        let entered = self.entered.load(Ordering::Relaxed);
        if entered != OUTSIDE {
            self.entered.store(OUTSIDE, Ordering::Relaxed);
            let mut used = now().saturating_sub(entered);
            if used > SUSPECT
                && let Some(processor) = LOOK.get().since()
            {
                used = used.min(processor);
            }
            self.used.fetch_add(used, Ordering::Relaxed);
        }
    }

    /// Whether the budget is used up. Meant for a moment outside of the guest.
    pub(crate) fn is_spent(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.budget
    }

    /// Whether the exchange has computed for so long that others should hardly notice it.
    pub(crate) fn is_heavy(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= HEAVY
    }

    /// The time used up to the last moment outside, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        self.used.load(Ordering::Relaxed) / 1000
    }
}

fn now() -> u64 {
    nanos(BASE.elapsed())
}

/// Of this thread, in nanoseconds; nothing where the system does not tell.
#[expect(unsafe_code, reason = "the standard library does not ask for it")]
fn processor_time() -> Option<u64> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system writes one `timespec`, which is there.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let time = Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?);
    (done == 0).then(|| nanos(time))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(OUTSIDE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compute(time: Duration) {
        let end = processor_time().unwrap() + nanos(time);
        while processor_time().unwrap() < end {}
    }

    #[test]
    fn only_time_inside_counts() {
        let meter = Meter::new(Duration::from_millis(5));
        compute(Duration::from_millis(10));
        meter.leave();
        assert_eq!(meter.micros(), 0);
        assert!(!meter.is_spent());
        meter.enter();
        compute(Duration::from_millis(10));
        meter.enter();
        meter.leave();
        assert!(meter.micros() >= 10_000, "entering twice changes nothing");
        assert!(meter.is_spent());
        let used = meter.micros();
        compute(Duration::from_millis(2));
        meter.leave();
        assert_eq!(meter.micros(), used, "leaving twice counts once");
    }

    #[test]
    fn the_time_in_which_others_have_the_processor_is_not_the_guests() {
        let meter = Meter::new(Duration::from_secs(1));
        for _ in 0..3 {
            meter.enter();
            compute(Duration::from_micros(100));
            std::thread::sleep(Duration::from_millis(20));
            meter.leave();
        }
        assert!((300..30_000).contains(&meter.micros()), "{} of more than 60,000", meter.micros());
        meter.enter();
        compute(Duration::from_millis(1));
        meter.leave();
        assert!(meter.is_heavy());
    }
}
