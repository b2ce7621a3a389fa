//! A place to run: one of the adapter's and one of the pool's, or a refusal now. Never an unbounded queue.

use crate::fault::{Fault, Kind};
use crate::route::Live;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many slots, of which each is held by one at a time. Nobody waits for one, so there is no queue, and no lock around it.
///
/// Every processor writes here, so it has its cache lines to itself: what lies beside it is only read.
#[derive(Debug)]
#[repr(align(128))]
pub struct Slots(AtomicUsize);

/// One of [`Slots`], free again when it is dropped.
#[derive(Debug)]
#[must_use = "the slot is free again when this is dropped"]
pub struct Slot<'a>(&'a Slots);

impl Slots {
    /// So many, all free.
    #[must_use]
    pub const fn new(slots: usize) -> Self {
        Self(AtomicUsize::new(slots))
    }

    /// Take one, if one is free.
    pub fn take(&self) -> Option<Slot<'_>> {
        // What the one before did in the slot is not looked at by the next, so the order of other memory does not matter.
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1));
        taken.is_ok().then(|| Slot(self))
    }

    /// How many are free.
    #[must_use]
    pub fn free(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The adapter's slot and the pool's, while the adapter runs.
pub(crate) struct Held<'a> {
    _adapter: Slot<'a>,
    _pool: Slot<'a>,
}

/// Take both or refuse.
pub(crate) fn take<'a>(live: &'a Live, pool: &'a Slots) -> Result<Held<'a>, Fault> {
    let adapter = live.slots.take().ok_or_else(|| {
        full().inside(format!("adapter `{}`: all {} slots taken", live.adapter, live.policy.limits.concurrency))
    })?;
    let pool = pool.take().ok_or_else(|| full().inside("every slot of the instance pool is taken"))?;
    Ok(Held { _adapter: adapter, _pool: pool })
}

fn full() -> Fault {
    Fault::new(Kind::Saturated, "too many exchanges at once; try again in a moment").retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_more_than_so_many_and_each_comes_back() {
        const THREADS: usize = 4;
        let slots = Slots::new(2);
        let held = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let mut taken = 0;
                    while taken < 10_000 {
                        let Some(_slot) = slots.take() else {
                            std::thread::yield_now();
                            continue;
                        };
                        assert!(held.fetch_add(1, Ordering::SeqCst) < 2);
                        held.fetch_sub(1, Ordering::SeqCst);
                        taken += 1;
                    }
                });
            }
        });
        assert_eq!(slots.free(), 2);
        assert!(Slots::new(0).take().is_none());
    }
}
