//! Shards: threads of which each serves its own connections, from the request to the answer.
//!
//! What an exchange touches, its caller's connection, its memory, its connection to the upstream system, is then touched by one
//! processor, and none waits for what another has in its cache. This module only says which shard a thread is, for whoever keeps things for
//! each; the threads are the listener's.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The most shards that a listener of this process has.
static MOST: AtomicUsize = AtomicUsize::new(0);

/// This thread is that shard, counted from 0, for good.
pub fn enter(shard: usize) {
    SHARD.set(Some(shard));
}

/// The shard that this thread is. None for all others: those of the shared runtime, of tests.
#[must_use]
pub fn current() -> Option<usize> {
    SHARD.get()
}

/// A listener with so many shards is about to start. To be called before anything is made ready that is kept for each.
pub fn expect(shards: usize) {
    MOST.fetch_max(shards, Ordering::Relaxed);
}

/// How many shards are expected.
#[must_use]
pub fn expected() -> usize {
    MOST.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_the_shard_that_it_says_and_no_other_is_one() {
        expect(2);
        expect(1);
        assert_eq!(expected(), 2);
        let shard = std::thread::spawn(|| {
            enter(1);
            current()
        });
        assert_eq!(shard.join().unwrap(), Some(1));
        assert_eq!(current(), None);
    }
}
