//! What is under way on a connection, for the watchdog that ends the ones on which nothing is.
//!
//! The HTTP library times only an HTTP/1.1 head: not the bytes before it knows the protocol, not a silent HTTP/2
//! connection, not an answer that the peer does not take.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    begun: Instant,
    /// Milliseconds after `begun` at which a request last ended.
    last: AtomicU64,
    requests: AtomicU64,
    active: AtomicUsize,
}

/// What the watchdog should do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Look again then.
    Wait(Instant),
    /// No request ever came.
    NeverSpoke,
    /// Nothing is under way for too long.
    Idle,
}

impl Activity {
    pub(crate) fn new(now: Instant) -> Self {
        Self { begun: now, last: AtomicU64::new(0), requests: AtomicU64::new(0), active: AtomicUsize::new(0) }
    }

    /// A request begins; it ends when the guard is dropped.
    pub(crate) fn begin(&self) -> Busy<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.active.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// Judge the connection. The first request must come within `first`, the next ones within `idle` of each other.
    pub(crate) fn verdict(&self, now: Instant, first: Duration, idle: Duration) -> Verdict {
        if self.active.load(Ordering::Acquire) > 0 {
            return Verdict::Wait(now + idle);
        }
        let spoke = self.requests.load(Ordering::Relaxed) > 0;
        let allowed = if spoke { idle } else { first };
        let due = self.begun + Duration::from_millis(self.last.load(Ordering::Relaxed)) + allowed;
        match (now < due, spoke) {
            (true, _) => Verdict::Wait(due),
            (false, true) => Verdict::Idle,
            (false, false) => Verdict::NeverSpoke,
        }
    }
}

/// A request under way.
pub(crate) struct Busy<'a>(&'a Activity);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let since = u64::try_from(self.0.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.last.fetch_max(since, Ordering::Relaxed);
        self.0.active.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(10);
    const IDLE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_when_nothing_is_under_way() {
        let activity = Activity::new(Instant::now());
        assert_eq!(activity.verdict(Instant::now(), FIRST, IDLE), Verdict::Wait(Instant::now() + FIRST));
        tokio::time::advance(FIRST).await;
        assert_eq!(activity.verdict(Instant::now(), FIRST, IDLE), Verdict::NeverSpoke);

        let busy = activity.begin();
        tokio::time::advance(IDLE * 5).await;
        assert!(matches!(activity.verdict(Instant::now(), FIRST, IDLE), Verdict::Wait(_)));
        drop(busy);
        let until = Instant::now() + IDLE;
        assert_eq!(activity.verdict(Instant::now(), FIRST, IDLE), Verdict::Wait(until));
        tokio::time::advance(IDLE).await;
        assert_eq!(activity.verdict(Instant::now(), FIRST, IDLE), Verdict::Idle);
    }
}
