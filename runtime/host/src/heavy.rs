//! An exchange that computes for long, made so that the others hardly notice it.
//!
//! Other exchanges on its worker get their turn at every tick of the engine's clock, so the clock ticks faster. Other threads are the
//! operating system's, the gateway's other workers and whoever works on the same machine: they take the processor from its worker as
//! soon as they wake up, so on Linux its worker asks for a long slice. What it gets of the processor when nobody else wants it
//! stays the same.

use crate::clock;
#[cfg(target_os = "linux")]
use crate::slice::Long;
use std::pin::pin;
use std::task::Poll;

/// Do the work of an exchange; each time it goes on, this asks whether it is heavy by then.
pub(crate) async fn run<T>(heavy: impl Fn() -> bool, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    std::future::poll_fn(|context| -> Poll<T> {
        let heavy = heavy();
        if heavy {
            clock::faster();
        }
        #[cfg(target_os = "linux")]
        let _long = heavy.then(Long::new);
        work.as_mut().poll(context)
    })
    .await
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice;
    use std::cell::Cell;
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
        tokio::join!(run(|| heavy.get(), work), beside);
        assert_eq!(seen.get(), 10);
        assert_eq!(slice::of_this_thread(), before);
    }
}
