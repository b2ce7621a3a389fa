//! A sandbox: a store with every limit of the policy in force, and the one instance in it.
//!
//! Invariant: a sandbox serves one exchange at a time, and serves again only where the policy says so and only after an exchange that
//! came to its end: one that trapped, ran out of a limit or was dropped at its deadline takes its sandbox with it. Limits hold for each
//! exchange; the memory that a sandbox has taken stays taken.

use crate::idle::Idle;
use crate::meter::Meter;
use crate::state::{Shared, State};
use crate::trap::CpuSpent;
use compact_str::CompactString;
use nhip_policies::Policy;
use std::sync::Arc;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{CallHook, Engine, Store, UpdateDeadline};

/// A store, and its instance once there is one.
pub(crate) struct Sandbox {
    pub(crate) store: Store<State>,
    instance: Option<Instance>,
    /// The exchanges that it has begun.
    pub(crate) served: u32,
}

impl Sandbox {
    /// A fresh one for one exchange, and more where it is given new states.
    pub(crate) fn fresh(engine: &Engine, state: State) -> Self {
        let asks = state.reach.shared.asks;
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.memory);
        store.epoch_deadline_callback(|context| tick(&context.data().meter));
        if asks {
            // Whoever asks the host for nothing never waits for it: the dozens of small calls of its allocator need not be looked at.
            store.call_hook(|context, hook| {
                match hook {
                    // Its allocator is called for the host's answer, before that is given.
                    CallHook::CallingWasm | CallHook::ReturningFromHost => context.data().meter.enter(),
                    CallHook::CallingHost => context.data().meter.leave(),
                    // The engine goes on with the guest's values; whoever runs the guest says when its call has ended.
                    CallHook::ReturningFromWasm => {}
                }
                Ok(())
            });
        }
        Self { store, instance: None, served: 0 }
    }

    /// Begin an exchange: what it may use is counted from here.
    pub(crate) fn begin(&mut self, policy: &Policy) {
        // What may be carried out of the guest at once: the largest request, or the answer. A value takes sixteen bytes until it is JSON,
        // also one that JSON leaves out.
        let answer = policy.limits.response.saturating_mul(32);
        let carried = policy.limits.upstream_request.max(answer).saturating_add(1 << 20);
        self.store.set_hostcall_fuel(usize::try_from(carried).unwrap_or(usize::MAX));
        self.store.set_epoch_deadline(1);
        self.served = self.served.saturating_add(1);
    }

    /// The instance; made on first use.
    pub(crate) async fn instance(&mut self, pre: &InstancePre<State>) -> wasmtime::Result<Instance> {
        if let Some(instance) = self.instance {
            return Ok(instance);
        }
        let instance = pre.instantiate_async(&mut self.store).await?;
        self.instance = Some(instance);
        Ok(instance)
    }
}

/// A tick of the engine's clock while the guest runs: stop it if its time is used up, else let its neighbours run. One that has hardly begun
/// goes on: most are at their end before they are heavy, and each that was interrupted would have its memory in the processor's cache
/// beside those of the others.
fn tick(meter: &Arc<Meter>) -> wasmtime::Result<UpdateDeadline> {
    meter.leave();
    if meter.is_spent() {
        return Err(CpuSpent.into());
    }
    if !meter.is_heavy() {
        meter.enter();
        return Ok(UpdateDeadline::Continue(1));
    }
    let meter = Arc::clone(meter);
    Ok(UpdateDeadline::YieldCustom(
        1,
        Box::pin(async move {
            tokio::task::yield_now().await;
            meter.enter();
        }),
    ))
}

/// The state of an exchange for a sandbox: of the one that waits, or a new one.
pub(crate) fn prepare(
    idle: Option<&Idle>,
    engine: &Engine,
    shared: &Arc<Shared>,
    caller: CompactString,
    call: nhip_exchange::port::Call,
) -> wasmtime::Result<Sandbox> {
    let mut sandbox = match idle.and_then(Idle::take) {
        Some(mut waiting) => {
            waiting.store.data_mut().serve(shared, caller, call);
            waiting
        }
        None => Sandbox::fresh(engine, State::prepare(shared, caller, call)?),
    };
    sandbox.begin(&shared.policy);
    Ok(sandbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_guest_goes_on_until_it_is_heavy_then_gives_way_and_ends_when_its_time_is_used_up() {
        let meter = Meter::new(Duration::from_millis(200));
        meter.enter();
        assert!(matches!(tick(&meter), Ok(UpdateDeadline::Continue(1))), "it has just begun");
        let gives_way = (0..u64::MAX).find_map(|_| match tick(&meter).unwrap() {
            UpdateDeadline::Continue(_) => None,
            other => Some(other),
        });
        assert!(matches!(gives_way, Some(UpdateDeadline::YieldCustom(1, _))));
        assert!((1_000..200_000).contains(&meter.micros()), "{}", meter.micros());
        let ends = (0..u64::MAX).find_map(|_| {
            meter.enter();
            tick(&meter).err()
        });
        assert!(ends.is_some_and(|error| error.is::<CpuSpent>()));
        assert!(meter.micros() >= 200_000);
    }
}
