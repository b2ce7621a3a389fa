//! A place to run: one of the adapter's and one of the pool's, or a refusal now. Never an unbounded queue.

use crate::fault::{Fault, Kind};
use crate::route::Live;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Held while the adapter runs.
pub(crate) struct Slot<'a> {
    _adapter: SemaphorePermit<'a>,
    _pool: SemaphorePermit<'a>,
}

/// Take a slot or refuse.
pub(crate) fn take<'a>(live: &'a Live, pool: &'a Semaphore) -> Result<Slot<'a>, Fault> {
    let adapter = live.slots.try_acquire().map_err(|_| {
        full().inside(format!("adapter `{}`: all {} slots taken", live.adapter, live.policy.limits.concurrency))
    })?;
    let pool = pool.try_acquire().map_err(|_| full().inside("every slot of the instance pool is taken"))?;
    Ok(Slot { _adapter: adapter, _pool: pool })
}

fn full() -> Fault {
    Fault::new(Kind::Saturated, "too many exchanges at once; try again in a moment").retry_after(1)
}
