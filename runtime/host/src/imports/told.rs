//! How a fault of an exchange is told to the adapter that made it, as far as its contract has words for it.
//!
//! A function with the faults that contracts share hears of every fault. One with error values of its own hears of those, and what the
//! gateway has to say has no place in them. Then, and in a function without any, the guest ends: it must not take nothing for an answer.

use super::Imported;
use nhip_contract::SharedFault;
use nhip_exchange::{Fault, Kind};
use wasmtime::component::Val;

impl Imported {
    /// The result that tells it.
    ///
    /// # Errors
    /// The contract has no words for it.
    pub(super) fn tell(&self, fault: &Fault) -> wasmtime::Result<Val> {
        self.as_shared(fault).or_else(|| self.as_own(fault)).ok_or_else(|| {
            let Self { function, contract, service, .. } = self;
            let code = fault.kind.row().code;
            let inside = fault.inside.as_deref().unwrap_or("-");
            wasmtime::Error::msg(format!(
                "`{}` of the import `{contract}` has no result that could say how the exchange with `{service}` ended: {code}, {} ({inside})",
                function.name, fault.outside
            ))
        })
    }

    fn as_shared(&self, fault: &Fault) -> Option<Val> {
        let kind = fault.kind.as_shared_fault();
        let told = |code: Kind| SharedFault {
            code: code.row().code.to_owned(),
            message: fault.outside.clone().into_owned(),
            // Which of the gateway's own faults it was.
            upstream_code: if kind == fault.kind {
                fault.upstream_code.clone()
            } else {
                Some(fault.kind.row().code.to_owned())
            },
            retry_after: fault.retry_after,
        };
        // Another version of the type may have fewer codes.
        [kind, Kind::AdapterInternal].into_iter().find_map(|kind| self.function.shared_fault(&told(kind)))
    }

    fn as_own(&self, fault: &Fault) -> Option<Val> {
        let value = fault.value.as_deref().filter(|_| fault.kind == Kind::ContractFault)?;
        self.function.decode_error(value, &self.decoding).ok()
    }
}
