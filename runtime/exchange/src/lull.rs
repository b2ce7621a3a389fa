//! Lulls: moments in which a shard has nothing left to do, so that a processor is free for what else waits.
//!
//! A shard says when it is about to sleep and when it goes on, some thousand times a second under load; one thread waits for that. Nobody
//! who serves an exchange comes by here.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// Whether one of some threads has nothing to do.
#[derive(Debug, Default)]
pub struct Lull {
    idle: AtomicUsize,
    /// Whether somebody waits, so that a shard need not look who.
    waited: AtomicBool,
    waits: Mutex<Option<Thread>>,
}

impl Lull {
    /// A thread is about to sleep.
    pub fn begins(&self) {
        self.idle.fetch_add(1, Ordering::SeqCst);
        // In one order with the other two: either this sees who waits, or they see that this thread is idle.
        if self.waited.load(Ordering::SeqCst)
            && let Some(waits) = &*self.waits.lock().unwrap_or_else(PoisonError::into_inner)
        {
            waits.unpark();
        }
    }

    /// It goes on.
    pub fn ends(&self) {
        self.idle.fetch_sub(1, Ordering::SeqCst);
    }

    /// Wait until a thread is idle, `most` at the longest; whether one is. For one thread at a time.
    pub fn wait(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = Some(std::thread::current());
        self.waited.store(true, Ordering::SeqCst);
        let idle = loop {
            if self.idle.load(Ordering::SeqCst) > 0 {
                break true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break false;
            }
            // May return early, for no reason.
            std::thread::park_timeout(left);
        };
        self.waited.store(false, Ordering::SeqCst);
        idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const SOON: Duration = Duration::from_millis(5);
    const NEVER: Duration = Duration::from_secs(60);

    #[test]
    fn who_waits_goes_on_when_a_thread_is_idle_or_the_time_is_over() {
        let lull = Arc::new(Lull::default());
        let began = Instant::now();
        assert!(!lull.wait(SOON), "nobody is idle");
        assert!(began.elapsed() >= SOON);
        let other = Arc::clone(&lull);
        let thread = std::thread::spawn(move || {
            std::thread::sleep(SOON);
            other.begins();
        });
        assert!(lull.wait(NEVER));
        thread.join().unwrap();
        assert!(lull.wait(NEVER), "it still is");
        lull.ends();
        assert!(!lull.wait(SOON));
    }
}
