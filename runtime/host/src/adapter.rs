//! An admitted version, ready to be called: each call decodes, instantiates, runs, encodes.

use crate::errand::beside;
use crate::gaps::{Gaps, Place};
use crate::heavy::{self, Habit};
use crate::idle::Idle;
use crate::meter::Meter;
use crate::sandbox::{self, Sandbox};
use crate::state::{Shared, State};
use crate::trap::{ANSWER_TOO_LARGE, explain};
use async_trait::async_trait;
use bytes::Bytes;
use nhip_contract::{Contract, DecodeLimits, EncodeError, Encoded, ErrAnswer, Function, ProblemCode, Refusal, Values};
use nhip_exchange::port::{Adapter, Call, FunctionId};
use nhip_exchange::{Fault, Kind, Permit, Problem, Trail};
use std::any::Any;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use wasmtime::Engine;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

/// A function of the component, found once at admission.
pub(crate) struct Entry {
    pub(crate) function: Arc<Function>,
    /// What is called: the function, or the one of the component's `nhip:adapter/json-calls`.
    pub(crate) export: ComponentExportIndex,
    /// The function's contract, where it is called with JSON texts.
    pub(crate) in_json: Option<Arc<str>>,
}

/// A component that passed admission, under its policy.
pub(crate) struct WasmAdapter {
    pub(crate) engine: Engine,
    pub(crate) pre: InstancePre<State>,
    /// The code: while this is here, further adapters of the same component share it.
    #[expect(dead_code, reason = "it is held, and not looked at")]
    pub(crate) component: Arc<Component>,
    pub(crate) entries: Vec<Entry>,
    /// What it serves, for whoever imports it.
    pub(crate) contracts: Vec<Arc<Contract>>,
    pub(crate) shared: Arc<Shared>,
    /// Sandboxes that wait to serve again, where the policy lets them.
    pub(crate) idle: Option<Idle>,
    /// For memories that are reset after each exchange.
    pub(crate) gaps: Option<Gaps>,
    pub(crate) decoding: DecodeLimits,
    /// For answers in JSON.
    pub(crate) answering: DecodeLimits,
    pub(crate) habit: Habit,
}

/// After one exchange in so many its memory is looked at: by the last bits of its id, which are random.
const LOOKS: u128 = 128;

/// How deep and how large decoded values may be. A value takes sixteen bytes, the shortest of them two in a body, and members that a
/// body leaves out take as much. In an import, where values are the engine's own, a byte of a `list<u8>` takes 40: about 30 times the body.
pub(crate) fn decoding(largest_body: u64) -> DecodeLimits {
    let largest = largest_body.saturating_mul(32).saturating_add(1 << 20);
    DecodeLimits { max_memory: usize::try_from(largest).unwrap_or(usize::MAX), ..DecodeLimits::default() }
}

#[async_trait]
impl Adapter for WasmAdapter {
    async fn call(&self, permit: Permit, call: Call) -> Result<Bytes, Fault> {
        // At once and apart: this future is smaller by what is gone before the guest runs.
        let (entry, arguments, sandbox) = self.prepare(&permit, call)?;
        let results = self.run(sandbox, entry, &arguments).await?;
        match entry.function.encode(&results, self.longest_answer()) {
            Ok(Encoded::Ok(answer)) => Ok(answer.into()),
            Ok(Encoded::Err(error)) => Err(refused_by_service(error)),
            Err(error) => Err(unspeakable(&error)),
        }
    }

    fn check(&self, function: FunctionId, body: &Bytes) -> Result<(), Fault> {
        self.entry(function)?.function.decode(body, &self.decoding).map_err(refuse)?;
        Ok(())
    }

    fn computes_long(&self) -> bool {
        self.habit.is_heavy()
    }

    fn types(&self, contract: &str) -> Option<&(dyn Any + Send + Sync)> {
        let found = self.contracts.iter().find(|known| known.name == contract)?;
        Some(found.as_ref())
    }
}

impl WasmAdapter {
    fn entry(&self, function: FunctionId) -> Result<&Entry, Fault> {
        self.entries.get(function.0).ok_or_else(|| {
            Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
                .inside("a function number is out of range")
        })
    }

    /// What is called, with what, and in which sandbox.
    fn prepare(&self, permit: &Permit, call: Call) -> Result<(&Entry, Values, Sandbox), Fault> {
        let entry = self.entry(call.function)?;
        let arguments = entry.function.decode(&call.body, &self.decoding).map_err(refuse)?;
        let caller = permit.caller().into();
        let sandbox = sandbox::prepare(self.idle.as_ref(), &self.engine, &self.shared, caller, call);
        let sandbox = sandbox.map_err(|error| {
            Fault::new(Kind::GatewayInternal, "the gateway could not prepare the adapter's sandbox")
                .inside(format!("{error:#}"))
        })?;
        Ok((entry, arguments, sandbox))
    }

    /// In bytes of JSON.
    fn longest_answer(&self) -> usize {
        usize::try_from(self.shared.policy.limits.response).unwrap_or(usize::MAX)
    }

    /// Run one function. The sandbox is gone when this returns, or is dropped, unless it may serve again.
    async fn run(&self, mut sandbox: Sandbox, entry: &Entry, arguments: &Values) -> Result<Values, Fault> {
        let state = sandbox.store.data();
        let looks = state.of.id.uuid().as_u128().is_multiple_of(LOOKS);
        let reading = Reading {
            meter: Arc::clone(&state.meter),
            trail: Arc::clone(&state.reach.trail),
            heavy: AtomicBool::new(false),
            habit: &self.habit,
        };
        let place = OnceLock::new();
        let enter = |memory: &mut [u8]| {
            if let Some(gaps) = &self.gaps {
                gaps.fill(memory);
            }
            if looks {
                place.get_or_init(|| Place::of(memory));
            }
        };
        let errand = Arc::clone(&state.reach.errand);
        let outcome = {
            let guest = pin!(async {
                // Making its instance counts, since that can run its code, and lowering its arguments, which runs its allocator.
                reading.meter.enter();
                let instance = sandbox.instance(&self.pre).await?;
                let store = &mut sandbox.store;
                let function = instance
                    .get_func(&mut *store, entry.export)
                    .ok_or_else(|| wasmtime::Error::msg("the component has lost an export"))?;
                let Some(contract) = &entry.in_json else {
                    return nhip_contract::call(function, store, arguments, enter).await;
                };
                let call = entry.function.json_call(contract, arguments)?;
                let returned = nhip_contract::call(function, store, &call, enter).await?;
                Ok(entry.function.json_answer(&returned, self.longest_answer(), &self.answering)?)
            });
            let work = pin!(beside(&errand, &self.shared.egress, guest));
            heavy::run(|| reading.meter.is_heavy(), &reading.heavy, work).await
        };
        drop(reading);
        let results = outcome.map_err(|error| explain(&error, &sandbox.store))?;
        if let (Some(gaps), Some(place)) = (&self.gaps, place.get()) {
            gaps.look(*place);
        }
        if let Some(idle) = &self.idle {
            idle.keep(sandbox);
        }
        Ok(results)
    }
}

/// Notes the processor time when the exchange ends, also when it is dropped at its deadline.
struct Reading<'a> {
    meter: Arc<Meter>,
    trail: Arc<Trail>,
    heavy: AtomicBool,
    habit: &'a Habit,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.meter.leave();
        self.trail.cpu_micros(self.meter.micros());
        self.habit.note(*self.heavy.get_mut() || self.meter.is_heavy());
    }
}

/// The caller's values do not fit.
fn refuse(refusal: Refusal) -> Fault {
    let summary = refusal.to_string();
    let whole = |code| refusal.problems.iter().any(|problem| problem.code == code);
    let kind = if whole(ProblemCode::NotJson) || whole(ProblemCode::TooDeep) {
        Kind::Malformed
    } else if whole(ProblemCode::TooLarge) {
        Kind::TooLarge
    } else {
        Kind::InvalidParameters
    };
    let mut fault = Fault::new(kind, summary);
    fault.problems = refusal
        .problems
        .into_iter()
        .map(|problem| Problem { pointer: problem.pointer, message: problem.message })
        .collect();
    fault
}

/// The function answered with its error value.
fn refused_by_service(error: ErrAnswer) -> Fault {
    let shared = error.shared_fault.as_ref().and_then(|fault| Some((fault, Kind::of_shared_fault(&fault.code)?)));
    let Some((shared, kind)) = shared else {
        let mut fault =
            Fault::new(Kind::ContractFault, "the service answered with a fault of its contract; see `fault`");
        fault.value = Some(error.json.into());
        return fault;
    };
    let mut fault = Fault::new(kind, shared.message.clone());
    fault.upstream_code.clone_from(&shared.upstream_code);
    fault.retry_after = shared.retry_after;
    fault
}

/// The answer cannot be given.
fn unspeakable(error: &EncodeError) -> Fault {
    Fault::new(Kind::AnswerTooLarge, ANSWER_TOO_LARGE).inside(error.to_string())
}
