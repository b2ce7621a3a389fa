//! When a sync is put off, so that more share it.
//!
//! A sync costs the processor as much as several exchanges, however many share it. As long as the processor has time left, each follows
//! the one before at once: what comes meanwhile shares the next. When it has none, one right after the other would only keep
//! from the exchanges what they need to come to their records. A short pause lets more of them share the next, and all are done sooner.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long after a sync the next begins where the processor has no time left.
const PACE: Duration = Duration::from_micros(150);
/// Where a task waits for the processor for longer than this, others are ahead of it. To be woken alone takes about half of it.
const BUSY: Duration = Duration::from_micros(55);
/// The most that is remembered, in microseconds: what was longer says no more, and would be remembered for longer.
const MOST: u32 = 100;

/// How long to wait before a sync when the last was `since` ago, and a task waits `backlog` for the processor.
pub(super) fn put_off(since: Duration, backlog: Duration) -> Option<Duration> {
    let pause = PACE.saturating_sub(since);
    (backlog >= BUSY && !pause.is_zero()).then_some(pause)
}

/// How long a task of the gateway's runtime waits for the processor.
#[derive(Default)]
pub(super) struct Backlog {
    /// Since when one waits, to find out.
    asked: Mutex<Option<Instant>>,
    ask: Notify,
    /// The wait that half of them are longer than, about: a few long ones say nothing.
    micros: AtomicU32,
}

impl Backlog {
    /// Begin to find out, unless that is under way.
    pub(super) fn ask(&self) {
        let mut asked = self.asked();
        if asked.is_none() {
            *asked = Some(Instant::now());
            self.ask.notify_one();
        }
    }

    /// The task that waits, on the gateway's runtime.
    pub(super) async fn answer(&self) -> Infallible {
        loop {
            self.ask.notified().await;
            if let Some(asked) = self.asked().take() {
                let half = self.micros.load(Ordering::Relaxed);
                let longer = asked.elapsed() > Duration::from_micros(half.into());
                let half = if longer { half.saturating_add(1).min(MOST) } else { half.saturating_sub(1) };
                self.micros.store(half, Ordering::Relaxed);
            }
        }
    }

    /// How long it is.
    pub(super) fn lasts(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::Relaxed).into())
    }

    fn asked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn a_sync_is_put_off_while_the_processor_has_no_time_left() {
        assert_eq!(put_off(micros(50), BUSY), Some(micros(100)));
        assert_eq!(put_off(micros(0), micros(20_000)), Some(PACE), "but not for longer");
    }

    #[test]
    fn a_sync_is_not_put_off_in_vain() {
        assert_eq!(put_off(micros(0), micros(0)), None, "the processor has time");
        assert_eq!(put_off(micros(0), BUSY - micros(1)), None, "to be woken takes a while");
        assert_eq!(put_off(PACE, micros(20_000)), None, "the last is long ago");
    }

    #[tokio::test]
    async fn a_backlog_is_how_long_tasks_wait_for_the_processor() {
        let backlog = std::sync::Arc::new(Backlog::default());
        let answering = std::sync::Arc::clone(&backlog);
        let task = tokio::spawn(async move { answering.answer().await });
        tokio::task::yield_now().await;
        assert_eq!(backlog.lasts(), Duration::ZERO);
        for asked in 1..=64 {
            backlog.ask();
            // The one thread of this runtime is busy, so the task waits.
            std::thread::sleep(Duration::from_millis(1));
            tokio::task::yield_now().await;
            assert_eq!(backlog.lasts(), micros(asked), "a step with each");
        }
        // One long wait changes nothing.
        backlog.ask();
        std::thread::sleep(Duration::from_millis(50));
        tokio::task::yield_now().await;
        assert_eq!(backlog.lasts(), micros(65));
        // Nor is a busy time remembered for longer than it takes to ask a few times.
        backlog.micros.store(MOST, Ordering::Relaxed);
        backlog.ask();
        std::thread::sleep(Duration::from_millis(1));
        tokio::task::yield_now().await;
        assert_eq!(backlog.lasts(), micros(MOST.into()));
        task.abort();
    }

    #[tokio::test]
    async fn a_question_that_nobody_answered_is_not_asked_again() {
        let backlog = Backlog::default();
        backlog.ask();
        let asked = *backlog.asked();
        backlog.ask();
        assert_eq!(*backlog.asked(), asked, "it is the longest wait that counts");
    }
}
