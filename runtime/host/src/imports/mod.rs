//! Contracts that an adapter imports: each function of one is satisfied by an exchange with the service that the policy names.
//!
//! The values of the call become the JSON of an ordinary request, whose digest the record needs in any case, and the answer's JSON
//! becomes values of the type that was imported: the two sides never share memory, and a request of an adapter is seen and limited as
//! any other. Moments: **grant** and **check** at admission ([`admission`]), **link** once, **call** for each exchange.
//!
//! Invariant: a guest gets a value of the type it imports or ends here; how an exchange ended is told to it as its contract can tell it.

pub(crate) mod admission;
mod told;

use crate::adapter::decoding;
use crate::capabilities;
use crate::state::State;
use nhip_contract::{Contract, DecodeLimits, EncodeError, Function, Refusal, Surface};
use nhip_exchange::{Ask, Fault, Kind, Reply};
use nhip_policies::{ContractRef, Import, ImportDelivery, Policy};
use std::sync::Arc;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Val};

/// One function of an imported contract.
struct Imported {
    function: Arc<Function>,
    contract: String,
    service: String,
    later: bool,
    /// Most bytes of the request.
    largest: usize,
    decoding: DecodeLimits,
}

/// The contracts that a component imports, each with the line of the policy that says who serves it.
fn granted<'a>(surface: &'a Surface, policy: &'a Policy) -> impl Iterator<Item = (&'a Contract, &'a Import)> {
    let contracts = surface.imports.iter().filter_map(|import| import.contract.as_ref());
    contracts.filter_map(|contract| Some((contract, line(policy, &contract.name)?)))
}

/// The line of the policy for an import; none for what is a power of the gateway.
fn line<'a>(policy: &'a Policy, import: &str) -> Option<&'a Import> {
    let contract: ContractRef = import.parse().ok().filter(|_| capabilities::asked_by(import).is_none())?;
    policy.imports.get(&contract)
}

/// Put what is imported into the linker.
pub(crate) fn link(linker: &mut Linker<State>, surface: &Surface, policy: &Policy) -> wasmtime::Result<()> {
    for (contract, import) in granted(surface, policy) {
        let mut instance = linker.instance(&contract.name)?;
        for function in contract.functions.items() {
            let imported = Arc::new(Imported {
                function: Arc::clone(function),
                contract: contract.name.clone(),
                service: import.service.to_string(),
                later: import.delivery == ImportDelivery::Durable,
                // What goes to another adapter and comes from it is held as values, like the answer.
                largest: usize::try_from(policy.limits.response).unwrap_or(usize::MAX),
                decoding: decoding(policy.limits.response),
            });
            instance.func_new_async(&function.name, move |store, _, params, results| {
                let imported = Arc::clone(&imported);
                Box::new(async move { imported.call(store, params, results).await })
            })?;
        }
    }
    Ok(())
}

impl Imported {
    /// Answer a call of the guest, or end it where its contract has no way to say what happened.
    async fn call(
        &self,
        mut store: StoreContextMut<'_, State>,
        params: &[Val],
        results: &mut [Val],
    ) -> wasmtime::Result<()> {
        let value = match self.exchange(store.data_mut(), params).await {
            Ok(value) => value,
            Err(fault) => Some(self.tell(&fault)?),
        };
        match (results, value) {
            ([], None) => Ok(()),
            ([result], Some(value)) => {
                *result = value;
                Ok(())
            }
            _ => Err(wasmtime::Error::msg("the engine wants another number of results than the contract has")),
        }
    }

    /// The exchange; a result of the function, or nothing for a function that answers nothing.
    async fn exchange(&self, state: &mut State, params: &[Val]) -> Result<Option<Val>, Fault> {
        if !state.reach.budget.take_call() {
            return Err(Fault::new(Kind::Busy, "the exchange has used up its calls"));
        }
        let body = self.function.encode_params(params, self.largest).map_err(|error| unsent(&error))?;
        let ask = Ask {
            contract: &self.contract,
            service: &self.service,
            function: &self.function.name,
            later: self.later,
            body: body.into(),
        };
        let onward = state.onward.as_mut().ok_or_else(|| {
            Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
                .inside("an import is called that the policy does not name")
        })?;
        match (onward.call(ask).await?, self.function.done_later()) {
            (Reply::Answer(json), _) => {
                let value = self.function.decode_answer(&json, &self.decoding);
                value.map_err(|refusal| self.misfit(state, &refusal))
            }
            (Reply::Accepted(_), Some(done)) => Ok(done),
            // An earlier try, under a policy that has changed since.
            (Reply::Accepted(_), None) => {
                Err(Fault::new(Kind::UnderWay, "the same call was accepted before, and is done later"))
            }
        }
    }

    /// The answer is not of the type that is imported: the other adapter has changed since this one was admitted.
    fn misfit(&self, state: &State, refusal: &Refusal) -> Fault {
        let Self { contract, service, function, .. } = self;
        let problems = refusal.summary();
        tracing::warn!(exchange = %state.of.id, adapter = %state.reach.shared.adapter, service, contract, function = function.name, problems,
            "the answer of a service does not fit the contract that the adapter imports");
        Fault::new(Kind::UpstreamInvalid, format!("the answer of service `{service}` does not fit the contract"))
            .inside(format!("it does not fit `{contract}` as the adapter imports it: {problems}"))
    }
}

/// The values cannot be sent.
fn unsent(error: &EncodeError) -> Fault {
    match error {
        EncodeError::TooLarge { limit } => Fault::new(
            Kind::TooLarge,
            format!("the values are larger than the {limit} bytes that the policy of the adapter grants"),
        ),
        EncodeError::Mismatch { .. } => {
            Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own").inside(error.to_string())
        }
    }
}
