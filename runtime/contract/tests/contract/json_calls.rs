//! Functions that are called with JSON texts: what goes in, what is believed of what comes out, what is said of the rest.

use nhip_contract::names::Table;
use nhip_contract::{
    Answer, DecodeLimits, Encoded, Field, Function, JSON_CALLS, Misfit, Node, Shape, Surface, SurfaceError, Values,
};
use proptest::prelude::*;

use crate::generate::typed_value;
use crate::support::{component, contract, surface};

const OURS: &str = include_str!("../../../../wit/adapter/json-calls.wit");

/// A component that exports a contract and, as `interface`, its JSON calls.
fn exporting(interface: &str) -> Vec<u8> {
    component(&format!(
        "package test:it;\n{interface}\n}}
        interface api {{ f: func(x: u8) -> u8; }}
        world w {{ export api; export nhip:adapter/json-calls@1.0.0; }}"
    ))
}

fn ours() -> String {
    OURS.replacen("package nhip:adapter@1.0.0;", "package nhip:adapter@1.0.0 {", 1)
}

#[test]
fn a_component_that_exports_json_calls_says_so_and_they_are_no_contract() {
    let found = Surface::read(&exporting(&ours())).unwrap();
    assert!(found.json_calls);
    assert_eq!(found.contracts.iter().map(|contract| contract.name.as_str()).collect::<Vec<_>>(), ["test:it/api"]);
    assert_eq!(found.other_exports, []);
    assert!(!surface("package test:it; interface api { f: func(x: u8) -> u8; } world w { export api; }").json_calls);
    assert!(OURS.contains(&format!("package {};", JSON_CALLS.replace("/json-calls", ""))));
}

#[test]
fn json_calls_of_another_shape_are_refused() {
    let good = "call: func(contract: string, function: string, parameters: string) -> result<string, string>;";
    assert!(ours().contains(good));
    let others = [
        "",
        "call: func(contract: string, function: string, parameters: string) -> string;",
        "call: func(contract: string, function: string, parameters: string) -> result<string>;",
        "call: func(contract: string, function: string, parameters: list<u8>) -> result<string, string>;",
        "call: func(contract: string, parameters: string) -> result<string, string>;",
        "ask: func(contract: string, function: string, parameters: string) -> result<string, string>;",
        &format!("{good} more: func();"),
        &format!("{good} resource handle;  give: func() -> handle;"),
    ];
    for other in others {
        let error = Surface::read(&exporting(&ours().replace(good, other))).map(|_| ());
        assert_eq!(error, Err(SurfaceError::JsonCalls), "{other}");
    }
}

#[test]
fn json_calls_of_another_version_are_refused() {
    let later = JSON_CALLS.replace("@1.0.0", "@1.1.0");
    let bytes = component(&format!(
        "package test:it;\n{}\n}}
        interface api {{ f: func(x: u8) -> u8; }}
        world w {{ export api; export {later}; }}",
        ours().replace("@1.0.0", "@1.1.0")
    ));
    assert_eq!(Surface::read(&bytes).map(|_| ()), Err(SurfaceError::JsonCalls));
}

fn function(items: &str) -> Function {
    contract(items).function("f").unwrap().clone()
}

/// What `call` returns: a success with this text, or an error.
fn returned(case: u32, text: &str) -> Values {
    let mut values = Values::default();
    let text = values.add_text(text).unwrap();
    let place = values.add(text).unwrap();
    values.set_root(Node::Case(case, Some(place))).unwrap();
    values
}

fn texts(values: &Values) -> Vec<&str> {
    let text = |node: &Node| match node {
        Node::Text(span) => values.text(*span).unwrap(),
        other => panic!("{other:?}"),
    };
    values.roots().iter().map(text).collect()
}

#[test]
fn a_call_names_the_function_and_brings_the_parameters_in_their_order() {
    let limits = DecodeLimits::default();
    let items = "record r { long-name: string, note: option<string>, raw: list<u8> }
        f: func(first: r, maybe: option<u8>, last: u64);";
    let function = function(items);
    let body = r#"{"last":"18446744073709551615","first":{"raw":"AAE=","longName":"Sở \"Nội vụ\""}}"#;
    let call = function.json_call("test:it/api", &function.decode(body.as_bytes(), &limits).unwrap()).unwrap();
    let array = r#"[{"longName":"Sở \"Nội vụ\"","raw":"AAE="},null,"18446744073709551615"]"#;
    assert_eq!(texts(&call), ["test:it/api", "f", array]);
    let none = contract("f: func();").function("f").unwrap().clone();
    let call = none.json_call("test:it/api", &none.decode(b"", &limits).unwrap()).unwrap();
    assert_eq!(texts(&call), ["test:it/api", "f", "[]"]);
    assert!(none.json_call("test:it/api", &returned(0, "")).is_err(), "a value too many");
}

#[test]
fn what_is_answered_becomes_what_the_function_answers() {
    let limits = DecodeLimits::default();
    let json = |function: &Function, case, text| {
        let values = function.json_answer(&returned(case, text), 1000, &limits).map_err(|misfit| misfit.to_string())?;
        Ok::<_, String>(match function.encode(&values, 1000).unwrap() {
            Encoded::Ok(json) => (0, String::from_utf8(json).unwrap()),
            Encoded::Err(error) => (1, String::from_utf8(error.json).unwrap()),
        })
    };
    let nothing = function("f: func();");
    assert_eq!(json(&nothing, 0, " null\n"), Ok((0, "null".to_owned())));
    assert!(json(&nothing, 0, "0").is_err() && json(&nothing, 0, "").is_err() && json(&nothing, 1, "null").is_err());
    let value = function("record r { a-b: u8, c: option<u8> } f: func() -> r;");
    assert_eq!(json(&value, 0, r#"{ "c": null, "aB": 1e0 }"#), Ok((0, r#"{"aB":1}"#.to_owned())));
    assert!(json(&value, 1, r#"{"aB":1}"#).unwrap_err().contains("an error, and `f` has none"));
    let result = function("enum e { no-way } f: func() -> result<u8, e>;");
    assert_eq!(json(&result, 0, "7"), Ok((0, "7".to_owned())));
    assert_eq!(json(&result, 1, "\"no-way\""), Ok((1, "\"no-way\"".to_owned())));
    assert!(json(&result, 0, "\"no-way\"").is_err() && json(&result, 1, "7").is_err());
    let bare = function("f: func() -> result;");
    assert_eq!(json(&bare, 0, "null"), Ok((0, "null".to_owned())));
    assert_eq!(json(&bare, 1, "null"), Ok((1, "null".to_owned())));
    assert!(json(&bare, 0, "{}").is_err());
    for strange in [Values::default(), {
        let mut one = Values::default();
        one.set_root(Node::NONE).unwrap();
        one
    }] {
        assert!(value.json_answer(&strange, 1000, &limits).is_err());
    }
}

#[test]
fn a_misfit_says_where_with_the_names_of_the_contract_and_not_a_word_of_the_answer() {
    let items = "record paper { pages: u32 }
        variant state { open, signed(u8) }
        record r { papers: list<paper>, by-name: map<string, u8>, state: state, pair: tuple<u8, u8>, note: option<paper> }
        f: func() -> r;";
    let answer = r#"{"papers":[{"pages":1},{"pages":"079001234567"}],"byName":{"Nguyễn Văn Mẫu":"x"},
        "state":{"tag":"signed","val":"y"},"pair":[1,"z"],"note":{"pages":-1},"bí mật":5}"#;
    let misfit =
        function(items).json_answer(&returned(0, answer), 1000, &DecodeLimits::default()).unwrap_err().to_string();
    assert!(!misfit.contains("``"), "{misfit}");
    for place in ["`/papers/1/pages`", "`/byName/…`", "`/state/val`", "`/pair/1`", "`/note/pages`", "`/…`"] {
        assert!(misfit.contains(place), "{place} in {misfit}");
    }
    for word in ["079001234567", "Nguyễn", "bí mật", "\"x\"", "\"y\"", "\"z\""] {
        assert!(!misfit.contains(word), "{word} in {misfit}");
    }
}

#[test]
fn an_answer_that_would_take_too_much_memory_is_no_answer() {
    let limits = DecodeLimits { max_memory: 1 << 10, ..DecodeLimits::default() };
    let many = format!("[{}1]", "1,".repeat(1000));
    let misfit = function("f: func() -> list<u16>;").json_answer(&returned(0, &many), 10_000, &limits).unwrap_err();
    assert!(misfit.to_string().contains("memory"), "{misfit}");
}

#[test]
fn an_answer_that_is_longer_than_the_limit_is_not_looked_into() {
    let (number, limits) = (function("f: func() -> u32;"), DecodeLimits::default());
    let long = number.json_answer(&returned(0, &format!("7{}", " ".repeat(100))), 100, &limits);
    assert_eq!(long.err(), Some(Misfit::TooLarge { limit: 100 }));
    assert!(number.json_answer(&returned(0, &format!("7{}", " ".repeat(99))), 100, &limits).is_ok());
    let error = function("f: func() -> result<u32, string>;").json_answer(&returned(1, "\"no\""), 3, &limits);
    assert_eq!(error.err(), Some(Misfit::TooLarge { limit: 3 }));
}

/// A function that answers its parameter.
fn echo(shape: &Shape) -> Function {
    let params = Table::new(vec![Field::new("x", None, shape.clone())]).unwrap();
    Function { name: "f".to_owned(), docs: None, params, answer: Answer::Value(shape.clone()) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whoever_gives_back_what_it_gets_answers_what_it_was_asked((_, shape, value) in typed_value()) {
        let limits = DecodeLimits::default();
        let (function, json) = (echo(&shape), shape.encode(&value, usize::MAX).unwrap());
        let body = [b"{\"x\":", json.as_slice(), b"}"].concat();
        let call = function.json_call("test:it/api", &function.decode(&body, &limits).unwrap()).unwrap();
        let array = texts(&call)[2];
        let back = function.json_answer(&returned(0, &array[1..array.len() - 1]), usize::MAX, &limits).unwrap();
        prop_assert_eq!(function.encode(&back, usize::MAX), Ok(Encoded::Ok(json)));
    }
}
