//! Functions as their importers see them: parameters out, answers in.

use nhip_contract::{Answer, DecodeLimits, Function, SharedFault, Surface};
use proptest::prelude::*;
use wasmtime::component::Val;

use crate::generate::typed_value;
use crate::support::{answered, arguments, component, contract, surface};

const FAULTS: &str = "package lgsp:types@1.3.0 {
    interface faults {
        enum fault-code { not-found, busy, internal }
        record fault {
            code: fault-code,
            message: string,
            upstream-code: option<string>,
            retry-after: option<u32>,
            since-then: option<string>,
        }
    }
}";

fn limits() -> DecodeLimits {
    DecodeLimits::default()
}

/// The functions of an interface, as a component that imports it has them.
fn imported(items: &str) -> Vec<Function> {
    let wit = format!(
        "package test:it;\n{FAULTS}\ninterface api {{ use lgsp:types/faults@1.3.0.{{fault}};\n{items}\n}}\nworld w {{ import api; }}"
    );
    let surface = surface(&wit);
    let import = surface.imports.iter().find(|import| import.name == "test:it/api").unwrap();
    let contract = import.contract.as_ref().unwrap();
    assert_eq!(contract.unservable, []);
    contract.functions.items().iter().map(|function| Function::clone(function)).collect()
}

fn ok(value: Option<Val>) -> Val {
    Val::Result(Ok(value.map(Box::new)))
}

fn err(value: Option<Val>) -> Val {
    Val::Result(Err(value.map(Box::new)))
}

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

#[test]
fn an_import_has_the_types_of_what_is_used_and_of_nothing_that_is_wasis() {
    let wit = format!(
        "package test:it;\n{FAULTS}
        interface api {{ use lgsp:types/faults@1.3.0.{{fault}}; f: func(x: u8) -> result<u8, fault>; }}
        world w {{ import api; import wasi:clocks/wall-clock@0.2.12; import plain: func(); }}
        package wasi:clocks@0.2.12 {{ interface wall-clock {{ now: func() -> u64; }} }}"
    );
    let surface = Surface::read(&component(&wit)).unwrap();
    let typed: Vec<&str> =
        surface.imports.iter().filter(|import| import.contract.is_some()).map(|import| import.name.as_str()).collect();
    assert_eq!(typed, ["test:it/api"]);
    let function = &imported("f: func(x: u8) -> result<u8, fault>;")[0];
    assert!(matches!(function.answer, Answer::Result { shared_fault: true, .. }));
}

#[test]
fn what_cannot_cross_an_exchange_is_named_in_the_import() {
    let wit = "package test:it;
        interface api { resource r; give: func() -> r; f: func(x: u8); }
        world w { import api; }";
    let surface = surface(wit);
    let import = surface.imports.iter().find(|import| import.name == "test:it/api").unwrap();
    let contract = import.contract.as_ref().unwrap();
    let places: Vec<&str> = contract.unservable.iter().map(|place| place.function.as_str()).collect();
    assert!(places.contains(&"give"), "{places:?}");
}

#[test]
fn parameters_go_out_by_name_and_in_one_form() {
    let functions = imported("f: func(citizen-id: string, at-most: option<u32>, raw: list<u8>);");
    let params = |at_most| vec![text("1"), Val::Option(at_most), Val::List(vec![Val::U8(0), Val::U8(1)])];
    let json = |params: &[Val]| String::from_utf8(functions[0].encode_params(params, 100).unwrap()).unwrap();
    assert_eq!(json(&params(None)), r#"{"citizenId":"1","raw":"AAE="}"#);
    assert_eq!(json(&params(Some(Box::new(Val::U32(7))))), r#"{"citizenId":"1","atMost":7,"raw":"AAE="}"#);
    let taken = arguments(&functions[0], json(&params(None)).as_bytes());
    assert_eq!(taken, Ok(params(None)));
    assert!(functions[0].encode_params(&params(None), 10).is_err(), "longer than the limit");
    assert!(functions[0].encode_params(&[text("1")], 100).is_err(), "not the parameters");
}

#[test]
fn answers_come_in_for_each_form_of_function() {
    let functions = imported(
        "record r { a: u8, b: option<u8> }
        nothing: func(); value: func() -> r; unit: func() -> result; full: func() -> result<r, string>; opt: func() -> option<u8>;",
    );
    let r = |b: Option<u8>| {
        let b = Val::Option(b.map(|b| Box::new(Val::U8(b))));
        Val::Record(vec![("a".to_owned(), Val::U8(1)), ("b".to_owned(), b)])
    };
    let cases = [
        ("null", Some(None), None, Some(Some(ok(None))), None, Some(Some(Val::Option(None)))),
        (r#"{"a":1}"#, None, Some(Some(r(None))), None, Some(Some(ok(Some(r(None))))), None),
        (r#"{"a":1,"b":2,"new":[{}]}"#, None, Some(Some(r(Some(2)))), None, Some(Some(ok(Some(r(Some(2)))))), None),
        (r#"{"a":256}"#, None, None, None, None, None),
        (r#"{"a":1,"a":1}"#, None, None, None, None, None),
        ("", None, None, None, None, None),
    ];
    for (json, nothing, value, unit, full, opt) in cases {
        for (function, expected) in functions.iter().zip([nothing, value, unit, full, opt]) {
            let came = function.decode_answer(json.as_bytes(), &limits()).ok();
            assert_eq!(came, expected, "{} {json}", function.name);
        }
    }
    let error = |at: usize, json: &str| functions[at].decode_error(json.as_bytes(), &limits()).ok();
    assert_eq!(error(3, "\"no\""), Some(err(Some(text("no")))));
    assert_eq!((error(3, "null"), error(2, "null")), (None, Some(err(None))));
    assert_eq!((error(0, "null"), error(1, "null")), (None, None));
    let later: Vec<Option<Option<Val>>> = functions.iter().map(Function::done_later).collect();
    assert_eq!(later, [Some(None), None, Some(Some(ok(None))), None, None]);
}

#[test]
fn a_shared_fault_becomes_a_value_of_the_importers_version_of_it() {
    let functions = imported("f: func() -> result<u8, fault>; mine: func() -> result<u8, string>;");
    let fault = |code: &str| SharedFault {
        code: code.to_owned(),
        message: "later".to_owned(),
        upstream_code: Some("E7".to_owned()),
        retry_after: Some(3),
    };
    let some = |value: Val| Val::Option(Some(Box::new(value)));
    let members = [
        ("code", Val::Enum("busy".to_owned())),
        ("message", text("later")),
        ("upstream-code", some(text("E7"))),
        ("retry-after", some(Val::U32(3))),
        ("since-then", Val::Option(None)),
    ];
    let record = Val::Record(members.map(|(name, value)| (name.to_owned(), value)).to_vec());
    assert_eq!(functions[0].shared_fault(&fault("busy")), Some(err(Some(record.clone()))));
    assert_eq!(functions[0].shared_fault(&fault("unheard-of")), None);
    assert_eq!(functions[1].shared_fault(&fault("busy")), None);
    // And it is read back as the same.
    let written = answered(&functions[0], &[err(Some(record))], 1000).unwrap();
    assert!(matches!(written, nhip_contract::Encoded::Err(answer) if answer.shared_fault == Some(fault("busy"))));
}

proptest! {
    #[test]
    fn any_value_crosses_an_exchange_unchanged((ty, _, value) in typed_value()) {
        let mut declarations = Vec::new();
        let name = ty.wit(&mut declarations);
        let items = format!("{}\nf: func(x: {name}) -> {name};", declarations.join("\n"));
        let contract = contract(&items);
        prop_assume!(contract.unservable.is_empty());
        let f = contract.function("f").unwrap();
        let body = f.encode_params(std::slice::from_ref(&value), usize::MAX).unwrap();
        let taken = arguments(f, &body).unwrap();
        prop_assert_eq!(&taken[0], &value);
        // A function whose answer is a `result` tells its two sides apart; any other gives its value.
        if let Answer::Value(shape) = &f.answer {
            let json = shape.encode(&value, usize::MAX).unwrap();
            prop_assert_eq!(f.decode_answer(&json, &limits()), Ok(Some(value)));
        }
    }
}
