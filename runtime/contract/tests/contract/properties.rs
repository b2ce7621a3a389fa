//! What must hold for every type and every value, generated ones and the real engine among them.

use nhip_contract::names::Table;
use nhip_contract::{
    Answer, Contract, DecodeLimits, Field, Function, Kind, ProblemCode, Shape, Side, Surface, compare, schema,
};
use proptest::prelude::*;
use serde_json::Value;
use std::sync::Arc;
use wasmtime::component::Val;

use crate::generate::{Ty, damage, intruder, neighbours, ty, typed_value, value};
use crate::support::{Guest, arguments, encode, resolve};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_value_comes_back_from_its_json((_, shape, value) in typed_value()) {
        let json = shape.encode(&value, usize::MAX).unwrap();
        let back = shape.decode(&json, &DecodeLimits::default());
        prop_assert_eq!(back, Ok(value), "{}", String::from_utf8_lossy(&json));
    }

    #[test]
    fn both_schemas_accept_what_is_written((_, shape, value) in typed_value()) {
        let json = shape.encode(&value, usize::MAX).unwrap();
        let json: Value = serde_json::from_slice(&json).unwrap();
        for side in [Side::Request, Side::Answer] {
            let schema = schema(&shape, side);
            prop_assert!(validates(&schema, &json), "{schema} {json}");
        }
    }

    #[test]
    fn the_schema_accepts_just_what_the_decoder_accepts(
        (_, shape, value) in typed_value(),
        at in 0_usize..12,
        intruder in intruder(),
        add in any::<bool>(),
    ) {
        let json = shape.encode(&value, usize::MAX).unwrap();
        let mut json: Value = serde_json::from_slice(&json).unwrap();
        damage(&mut json, &mut { at }, &intruder, add);
        let accepted = validates(&schema(&shape, Side::Request), &json);
        match shape.decode(json.to_string().as_bytes(), &DecodeLimits::default()) {
            Ok(_) => prop_assert!(accepted, "decoded, but not valid: {json}"),
            Err(refusal) => {
                // The schema says `base64`, which validators do not check.
                let base64 = refusal.problems.iter().any(|problem| problem.message.contains("base64") && problem.code == ProblemCode::InvalidValue);
                prop_assert!(!accepted || base64, "valid, but refused: {json} {refusal:?}");
            }
        }
    }

    #[test]
    fn arbitrary_text_is_decoded_or_refused(ty in ty(), text in "[\\[\\]{}\",:0-9a-z\\\\ .eE+-]{0,60}") {
        let _ = ty.shape().decode(text.as_bytes(), &DecodeLimits::default());
    }

    #[test]
    fn cut_json_is_refused_with_a_place((_, shape, value) in typed_value(), cut in any::<prop::sample::Index>()) {
        let json = shape.encode(&value, usize::MAX).unwrap();
        let cut = &json[..cut.index(json.len())];
        if let Err(refusal) = shape.decode(cut, &DecodeLimits::default()) {
            prop_assert!(!refusal.problems.is_empty());
        } else {
            // Only a number can be cut and still be one.
            prop_assert!(cut.iter().all(|byte| b"0123456789.-+e".contains(byte)), "{}", String::from_utf8_lossy(cut));
        }
    }

    #[test]
    fn the_limit_of_the_encoder_is_never_passed((_, shape, value) in typed_value(), limit in 0_usize..200) {
        let whole = shape.encode(&value, usize::MAX).unwrap();
        match shape.encode(&value, limit) {
            Ok(json) => prop_assert_eq!(json, whole),
            Err(_) => prop_assert!(whole.len() > limit),
        }
    }
}

/// Two types of which the second is the first with one change, and a value of one of them.
fn evolved(value_of_new: bool) -> impl Strategy<Value = (Shape, Shape, Val)> {
    let pair = ty().prop_flat_map(|old| {
        let neighbours = neighbours(&old);
        (Just(old), proptest::sample::select(neighbours), any::<bool>())
    });
    pair.prop_flat_map(move |(one, other, forwards)| {
        let (old, new) = if forwards { (one, other) } else { (other, one) };
        let (old, new) = (old.shape(), new.shape());
        let value = value(if value_of_new { &new } else { &old });
        (Just(old), Just(new), value)
    })
}

/// A function with one parameter or an answer of this shape.
fn function(shape: &Shape, side: Side) -> Function {
    let (params, answer) = match side {
        Side::Request => (vec![Field::new("x", None, shape.clone())], Answer::Nothing),
        Side::Answer => (Vec::new(), Answer::Value(shape.clone())),
    };
    Function { name: "f".to_owned(), docs: None, params: Table::new(params).unwrap(), answer }
}

/// Whether any change between two contracts that differ only in one type is called breaking.
fn breaks(old: &Shape, new: &Shape, side: Side) -> bool {
    let contract = |shape: &Shape| {
        let functions = Table::new(vec![Arc::new(function(shape, side))]).unwrap();
        Contract { name: "a:b/c".to_owned(), docs: None, functions, unservable: Vec::new() }
    };
    compare(&contract(old), &contract(new)).iter().any(|change| change.breaking)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_harmless_change_still_takes_every_old_request((old, new, value) in evolved(false)) {
        let json = old.encode(&value, usize::MAX).unwrap();
        let taken = new.decode(&json, &DecodeLimits::default());
        if !breaks(&old, &new, Side::Request) {
            prop_assert!(taken.is_ok(), "{} {taken:?}", String::from_utf8_lossy(&json));
        }
    }

    #[test]
    fn a_harmless_change_still_gives_old_callers_what_they_know((old, new, value) in evolved(true)) {
        let bytes = new.encode(&value, usize::MAX).unwrap();
        let json: Value = serde_json::from_slice(&bytes).unwrap();
        if !breaks(&old, &new, Side::Answer) {
            prop_assert!(validates(&schema(&old, Side::Answer), &json), "{json}");
            // An adapter that imports the old one is such a caller.
            let taken = function(&old, Side::Answer).decode_answer(&bytes, &DecodeLimits::default());
            prop_assert!(taken.is_ok(), "{json} {taken:?}");
        }
    }
}

proptest! {
    // Each case compiles a component.
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_engine_takes_decoded_values_and_gives_the_same_back(
        (ty, values) in ty().prop_flat_map(|ty| {
            let values = prop::collection::vec(value(&ty.shape()), 0..4);
            (Just(ty), values)
        }),
    ) {
        let bytes = echo_component(&ty);
        let surface = Surface::read(&bytes).unwrap();
        let echo = surface.contracts[0].function("echo").unwrap();
        let item = &echo.params.items()[0].shape;
        let items = if matches!(item.kind(), Kind::Bytes) { bytes_of(&values) } else { Val::List(values) };
        let json = item.encode(&items, usize::MAX).unwrap();
        let body = [b"{\"items\":", json.as_slice(), b"}"].concat();
        prop_assert_eq!(arguments(echo, &body), Ok(vec![items]));
        let results = Guest::new(&bytes, "echo").call(&echo.decode(&body, &DecodeLimits::default()).unwrap()).unwrap();
        prop_assert_eq!(echo.encode(&results, usize::MAX), Ok(nhip_contract::Encoded::Ok(json)));
    }

    #[test]
    fn the_surface_of_a_component_has_the_shapes_of_its_wit(ty in ty()) {
        let surface = Surface::read(&echo_component(&ty)).unwrap();
        let echo = surface.contracts[0].function("echo").unwrap();
        let plain = Ty::List(Box::new(ty)).shape();
        let read = nameless(&echo.params.items()[0].shape);
        prop_assert_eq!(read, format!("{plain:?}"));
    }
}

fn bytes_of(values: &[Val]) -> Val {
    Val::List(values.to_vec())
}

/// The debug form without names of types, which generated shapes do not have.
fn nameless(shape: &Shape) -> String {
    let text = format!("{shape:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find("name: Some(TypeName") {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        out.push_str("name: None");
        rest = after.split_once("})").unwrap().1;
    }
    out + rest
}

fn validates(schema: &Value, json: &Value) -> bool {
    jsonschema::draft202012::new(schema).unwrap().is_valid(json)
}

/// A component whose function `echo` gives back the list that it takes: the canonical ABI passes any list as a pointer
/// and a length, so the same core module does it for every type.
fn echo_component(ty: &Ty) -> Vec<u8> {
    let mut declarations = Vec::new();
    let name = ty.wit(&mut declarations);
    let (resolve, world) = resolve(&format!(
        "package test:it;
        interface api {{ {} echo: func(items: list<{name}>) -> list<{name}>; }}
        world w {{ export api; }}",
        declarations.join("\n")
    ));
    let module = wat::parse_str(
        r#"(module
            (memory (export "memory") 16)
            (global $next (mut i32) (i32.const 1024))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "test:it/api#echo") (param i32 i32) (result i32)
                (i32.store (i32.const 16) (local.get 0))
                (i32.store (i32.const 20) (local.get 1))
                (i32.const 16)))"#,
    )
    .unwrap();
    encode(&resolve, world, module)
}
