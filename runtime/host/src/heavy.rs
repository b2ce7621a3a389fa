//! An exchange that computes for long, made so that the others hardly notice it.
//!
//! Other exchanges on its worker get their turn at every tick of the engine's clock, so the clock ticks faster. Other threads are the
//! operating system's, the gateway's other workers and whoever works on the same machine: they take the processor from its worker as
//! soon as they wake up, so on Linux its worker asks for a long slice. What it gets of the processor when nobody else wants it
//! stays the same. And an adapter of which this is seen again and again is told to the listener, which runs its exchanges where no
//! other waits for the thread.

use crate::clock;
#[cfg(target_os = "linux")]
use crate::slice::Long;
use std::cell::Cell;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::Poll;

thread_local! {
    /// How often heavy work went on, on this thread.
    static WENT_ON: Cell<u64> = const { Cell::new(0) };
}

/// Do the work of an exchange; each time it goes on, this asks whether it is heavy by then. `seen` is set if it is, or if it runs an
/// exchange of another adapter that is. The work stays where it was made: given by value, it would be in this future twice.
pub(crate) async fn run<T>(
    heavy: impl Fn() -> bool,
    seen: &AtomicBool,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> T {
    std::future::poll_fn(|context| -> Poll<T> {
        let heavy = heavy();
        let before = WENT_ON.get();
        if heavy {
            clock::faster();
            WENT_ON.set(before.wrapping_add(1));
        }
        #[cfg(target_os = "linux")]
        let _long = heavy.then(Long::new);
        let poll = work.as_mut().poll(context);
        if WENT_ON.get() != before {
            seen.store(true, Ordering::Relaxed);
        }
        poll
    })
    .await
}

/// Whether the exchanges of an adapter are heavy again and again: where more than one in nine is.
#[derive(Debug, Default)]
pub(crate) struct Habit(AtomicU8);

impl Habit {
    const HEAVY: u8 = 8;
    const MOST: u8 = 8 * Self::HEAVY;
    const ENOUGH: u8 = 2 * Self::HEAVY;

    /// An exchange has ended. What two threads note at the same time may count once.
    pub(crate) fn note(&self, heavy: bool) {
        let before = self.0.load(Ordering::Relaxed);
        let after = if heavy { Self::MOST.min(before + Self::HEAVY) } else { before.saturating_sub(1) };
        // Nothing is written where nothing changes: all threads look at it for each exchange.
        if after != before {
            self.0.store(after, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_heavy(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= Self::ENOUGH
    }
}

#[cfg(test)]
mod habit {
    use super::*;
    use std::pin::pin;

    #[test]
    fn an_adapter_is_heavy_when_more_than_one_exchange_in_nine_is() {
        let habit = Habit::default();
        habit.note(true);
        assert!(!habit.is_heavy(), "once says nothing");
        habit.note(true);
        assert!(habit.is_heavy());
        for _ in 0..100 {
            habit.note(true);
        }
        let lasts = (1..).find(|_| {
            habit.note(false);
            !habit.is_heavy()
        });
        assert_eq!(lasts, Some(49), "it is light again after half a hundred light ones");
        let habit = Habit::default();
        for number in 0..900 {
            habit.note(number % 10 == 0);
            assert!(!habit.is_heavy(), "one in ten");
        }
        for number in 0..900 {
            habit.note(number % 7 == 0);
        }
        assert!(habit.is_heavy(), "one in seven");
    }

    #[tokio::test]
    async fn who_runs_heavy_work_of_another_is_seen_to() {
        let [outer, inner, other] = std::array::from_fn(|_| AtomicBool::new(false));
        let twice = async || tokio::task::yield_now().await;
        run(|| false, &outer, pin!(run(|| true, &inner, pin!(twice())))).await;
        run(|| false, &other, pin!(twice())).await;
        assert_eq!([outer, inner, other].map(AtomicBool::into_inner), [true, true, false]);
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice;
    use std::cell::Cell;
    use std::pin::pin;
    use std::time::Duration;

    #[tokio::test]
    async fn the_slice_is_long_while_heavy_work_is_done_and_as_before_when_it_waits() {
        let before = slice::of_this_thread();
        // A kernel without slices says that there is none, and takes none.
        let long = before.map(|before| if before.is_zero() { Duration::ZERO } else { slice::LONG });
        let heavy = Cell::new(false);
        let work = async {
            assert_eq!(slice::of_this_thread(), before);
            heavy.set(true);
            tokio::task::yield_now().await;
            assert_eq!(slice::of_this_thread(), long);
            tokio::task::yield_now().await;
            assert_eq!(slice::of_this_thread(), long);
            heavy.set(false);
            tokio::task::yield_now().await;
            assert_eq!(slice::of_this_thread(), before);
        };
        let seen = Cell::new(0);
        let beside = async {
            for _ in 0..10 {
                assert_eq!(slice::of_this_thread(), before, "another task on the same thread");
                seen.set(seen.get() + 1);
                tokio::task::yield_now().await;
            }
        };
        let (noted, work) = (AtomicBool::new(false), pin!(work));
        tokio::join!(run(|| heavy.get(), &noted, work), beside);
        assert!(noted.into_inner());
        assert_eq!(seen.get(), 10);
        assert_eq!(slice::of_this_thread(), before);
    }
}
