//! Components for tests, made from WIT text.
//!
//! Invariant: what comes out is a valid component of exactly the world that the text describes.

use nhip_contract::{Contract, DecodeLimits, Refusal, Shape, Surface};
use wasmtime::component::Val;
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
