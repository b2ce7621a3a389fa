//! The sandboxes of one version that wait to serve again, where the policy lets them.
//!
//! Each shard takes first what it has put back itself: an interpreter's memory is large, and most of what the next exchange touches of it
//! is then in the cache of this processor. A shard that has none takes another's, so that no more wait than were needed at once.

use crate::sandbox::Sandbox;
use nhip_exchange::shard;
use nhip_policies::{Policy, Sandbox as Grant};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many sandboxes may wait in the whole host: places of the pool beyond those for exchanges under way.
pub(crate) struct Room {
    free: AtomicUsize,
}

impl Room {
    pub(crate) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { free: AtomicUsize::new(places) })
    }

    fn take(&self) -> bool {
        self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| free.checked_sub(1)).is_ok()
    }

    fn give_back(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
    }
}

/// The sandboxes of one version that wait.
pub(crate) struct Idle {
    grant: Grant,
    room: Arc<Room>,
    waiting: Waiting<Sandbox>,
}

impl Idle {
    /// None where every exchange has a fresh sandbox.
    pub(crate) fn of(policy: &Policy, room: &Arc<Room>) -> Option<Self> {
        let grant = policy.sandbox;
        grant.serves_again().then(|| Self { grant, room: Arc::clone(room), waiting: Waiting::new(shard::expected()) })
    }

    /// One that waits.
    pub(crate) fn take(&self) -> Option<Sandbox> {
        let sandbox = self.waiting.take()?;
        self.room.give_back();
        Some(sandbox)
    }

    /// Keep one after an exchange that came to its end, if it may serve again and there is room.
    pub(crate) fn keep(&self, mut sandbox: Sandbox) {
        if sandbox.served >= self.grant.exchanges || !self.room.take() {
            return;
        }
        // Nothing of the exchange stays here that the guest does not keep itself.
        sandbox.store.data_mut().forget();
        self.waiting.put(sandbox);
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        while self.take().is_some() {}
    }
}

/// What waits, by the shard that put it there; the last one is of all threads that are no shard.
struct Waiting<T>(Box<[Stack<T>]>);

/// The lock is held for a push or a pop, and only where the policy lets sandboxes serve again. Nothing else lies on its cache lines.
#[repr(align(128))]
struct Stack<T>(Mutex<Vec<T>>);

impl<T> Waiting<T> {
    fn new(shards: usize) -> Self {
        Self((0..=shards).map(|_| Stack(Mutex::default())).collect())
    }

    /// The last one that this thread has put there, since its memory is warm; else the last one of another.
    fn take(&self) -> Option<T> {
        let (before, from_own) = self.0.split_at_checked(self.own())?;
        from_own.iter().chain(before).find_map(Stack::pop)
    }

    fn put(&self, one: T) {
        if let Some(own) = self.0.get(self.own()) {
            own.push(one);
        }
    }

    fn own(&self) -> usize {
        let others = self.0.len().saturating_sub(1);
        shard::current().map_or(others, |shard| shard.min(others))
    }
}

impl<T> Stack<T> {
    fn pop(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn push(&self, one: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(one);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_takes_its_own_first_and_the_last_of_them() {
        let waiting = Waiting::new(2);
        let on = |number, work: &(dyn Fn() + Sync)| {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    shard::enter(number);
                    work();
                });
            });
        };
        on(0, &|| (1..=2).for_each(|one| waiting.put(one)));
        on(1, &|| (3..=4).for_each(|one| waiting.put(one)));
        waiting.put(5);
        // Not expected when this was made: it shares with those that are no shard.
        on(7, &|| waiting.put(6));
        on(1, &|| assert_eq!(waiting.take(), Some(4)));
        on(0, &|| assert_eq!([waiting.take(), waiting.take()], [Some(2), Some(1)]));
        on(0, &|| assert_eq!(waiting.take(), Some(3), "another's, rather than none"));
        assert_eq!([waiting.take(), waiting.take(), waiting.take()], [Some(6), Some(5), None]);
        waiting.put(7);
        on(0, &|| assert_eq!(waiting.take(), Some(7)));
    }
}
