//! `nhip:adapter/exchange`: tells the adapter which exchange it serves. Always granted.

use super::{Capability, Grant};
use crate::bindings::nhip::adapter::exchange;
use crate::state::State;
use wasmtime::component::HasSelf;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["nhip:adapter/exchange"],
    grant: |_| Grant::Granted("always granted".to_owned()),
    link: |linker| exchange::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
};

impl exchange::Host for State {
    fn current(&mut self) -> wasmtime::Result<exchange::Context> {
        let of = &self.of;
        Ok(exchange::Context {
            id: of.id.to_string(),
            service: of.service.to_string(),
            function: of.function.to_string(),
            caller: of.caller.to_string(),
            purpose: of.purpose.as_ref().map(ToString::to_string),
            attempt: of.attempt,
            deadline_ms: of.deadline_ms,
            traceparent: of.trace.to_string(),
        })
    }

    fn remaining_ms(&mut self) -> wasmtime::Result<u64> {
        let left = self.of.deadline.saturating_duration_since(tokio::time::Instant::now());
        Ok(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}
