//! Components for tests, made from WIT text.
//!
//! Invariant: what comes out is a valid component of exactly the world that the text describes.

use nhip_contract::{
    Answer, Contract, DecodeLimits, EncodeError, Encoded, Function, Kind, Refusal, Shape, Surface, Values,
};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Component, Func, Linker, Val};
use wasmtime::{Config, Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve, WorldId};

pub(crate) fn resolve(wit: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    let package = resolve.push_str("test.wit", wit).unwrap_or_else(|error| panic!("{error:?}\n{wit}"));
    let world = resolve.select_world(&[package], None).unwrap();
    (resolve, world)
}

/// A component of the only world in `wit`. Its functions trap.
pub(crate) fn component(wit: &str) -> Vec<u8> {
    let (resolve, world) = resolve(wit);
    let module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(LiftLowerAbi::Sync));
    encode(&resolve, world, module)
}

pub(crate) fn encode(resolve: &Resolve, world: WorldId, mut module: Vec<u8>) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).unwrap();
    // Not validated here: some tests want what is not valid.
    ComponentEncoder::default().module(&module).unwrap().validate(false).encode().unwrap()
}

pub(crate) fn surface(wit: &str) -> Surface {
    Surface::read(&component(wit)).unwrap_or_else(|error| panic!("{error}\n{wit}"))
}

/// The contract `test:it/api` with these items.
pub(crate) fn contract(items: &str) -> Contract {
    let wit = format!("package test:it;\ninterface api {{\n{items}\n}}\nworld w {{ export api; }}");
    let mut surface = surface(&wit);
    assert_eq!(surface.contracts.len(), 1, "{wit}");
    surface.contracts.remove(0)
}

/// The shape of a type, given the declarations it needs.
pub(crate) fn shape(declarations: &str, ty: &str) -> Shape {
    let contract = contract(&format!("{declarations}\nf: func(x: {ty});"));
    assert_eq!(contract.unservable, [], "{ty}");
    contract.function("f").unwrap().params.items()[0].shape.clone()
}

pub(crate) fn decode(shape: &Shape, json: &str) -> Result<Val, Refusal> {
    shape.decode(json.as_bytes(), &DecodeLimits::default())
}

pub(crate) fn encode_value(shape: &Shape, value: &Val) -> String {
    String::from_utf8(shape.encode(value, 1 << 20).unwrap()).unwrap()
}

fn of_params(function: &Function) -> impl ExactSizeIterator<Item = &Shape> {
    function.params.items().iter().map(|field| &field.shape)
}

/// The arguments in a body, as the engine's own values.
pub(crate) fn arguments(function: &Function, body: &[u8]) -> Result<Vec<Val>, Refusal> {
    let values = function.decode(body, &DecodeLimits::default())?;
    Ok(values.to_vals(of_params(function), usize::MAX).unwrap())
}

/// What a function answers, as one shape.
pub(crate) fn answer(function: &Function) -> Option<Shape> {
    match &function.answer {
        Answer::Nothing => None,
        Answer::Value(shape) => Some(shape.clone()),
        Answer::Result { ok, err, .. } => Some(Shape::new(None, None, Kind::Result(ok.clone(), err.clone())).unwrap()),
    }
}

/// The answer of a function that gave these values of the engine.
pub(crate) fn answered(function: &Function, results: &[Val], limit: usize) -> Result<Encoded, EncodeError> {
    let shape = answer(function);
    function.encode(&Values::of_vals(shape.as_slice().iter(), results)?, limit)
}

/// A component in an engine as the host has it.
pub(crate) struct Guest {
    store: Store<()>,
    function: Func,
}

impl Guest {
    /// The function of that name of the interface `test:it/api`.
    pub(crate) fn new(bytes: &[u8], name: &str) -> Self {
        let mut config = Config::new();
        config.wasm_component_model_map(true).wasm_component_model_fixed_length_lists(true).concurrency_support(false);
        let engine = Engine::new(&config).unwrap();
        let component = Component::new(&engine, bytes).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = ready(Linker::new(&engine).instantiate_async(&mut store, &component)).unwrap();
        let (_, api) = component.get_export(None, "test:it/api").unwrap();
        let (_, function) = component.get_export(Some(&api), name).unwrap();
        let function = instance.get_func(&mut store, function).unwrap();
        Self { store, function }
    }

    /// Call it as the gateway does.
    pub(crate) fn call(&mut self, arguments: &Values) -> wasmtime::Result<Values> {
        ready(nhip_contract::call(self.function, &mut self.store, arguments, |_| ()))
    }

    /// Call it with the engine's own values.
    pub(crate) fn call_vals(&mut self, arguments: &[Val], returns: bool) -> wasmtime::Result<Vec<Val>> {
        let mut results = vec![Val::Bool(false); usize::from(returns)];
        ready(self.function.call_async(&mut self.store, arguments, &mut results))?;
        Ok(results)
    }

    /// How many bytes a call may carry out of the guest.
    pub(crate) fn carries(&mut self, bytes: usize) {
        self.store.set_hostcall_fuel(bytes);
    }
}

/// The end of something that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => end,
        Poll::Pending => panic!("it waits"),
    }
}
