//! Values to JSON: the exact bytes, the limit, faults.

use nhip_contract::{EncodeError, Encoded, ErrAnswer, Node, SharedFault, Values};
use wasmtime::component::Val;

use crate::support::{answered, contract, encode_value, shape, surface};

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

#[test]
fn each_type_has_one_json() {
    let types = "record r { a-b: option<u8>, c: option<option<u8>>, d: list<u8> }
        variant v { one(u8), none, maybe(option<u8>) }
        flags fl { x, y }
        enum e { first-case }";
    let record = |a: Val, c: Val| {
        Val::Record(vec![
            ("a-b".to_owned(), a),
            ("c".to_owned(), c),
            ("d".to_owned(), Val::List(vec![Val::U8(0), Val::U8(1)])),
        ])
    };
    let none = || Val::Option(None);
    let variant = |name: &str, payload: Option<Val>| Val::Variant(name.to_owned(), payload.map(Box::new));
    let cases = [
        ("u64", Val::U64(9_007_199_254_740_991), "9007199254740991"),
        ("u64", Val::U64(9_007_199_254_740_992), "\"9007199254740992\""),
        ("s64", Val::S64(-9_007_199_254_740_991), "-9007199254740991"),
        ("s64", Val::S64(i64::MIN), "\"-9223372036854775808\""),
        ("f32", Val::Float32(0.1), "0.10000000149011612"),
        ("f64", Val::Float64(0.1), "0.1"),
        ("f64", Val::Float64(-0.0), "-0.0"),
        ("f64", Val::Float64(f64::INFINITY), "\"Infinity\""),
        ("f32", Val::Float32(f32::NAN), "\"NaN\""),
        ("string", Val::String("\"\n\u{1}ệ".to_owned()), "\"\\\"\\n\\u0001ệ\""),
        ("char", Val::Char('"'), "\"\\\"\""),
        ("r", record(none(), none()), r#"{"d":"AAE="}"#),
        ("r", record(some(Val::U8(1)), some(none())), r#"{"aB":1,"c":{"tag":"some"},"d":"AAE="}"#),
        ("r", record(none(), some(some(Val::U8(2)))), r#"{"c":{"tag":"some","val":2},"d":"AAE="}"#),
        ("list<option<u8>>", Val::List(vec![none(), some(Val::U8(1))]), "[null,1]"),
        ("v", variant("one", Some(Val::U8(1))), r#"{"tag":"one","val":1}"#),
        ("v", variant("none", None), r#"{"tag":"none"}"#),
        ("v", variant("maybe", Some(none())), r#"{"tag":"maybe"}"#),
        ("fl", Val::Flags(vec!["y".to_owned()]), r#"["y"]"#),
        ("e", Val::Enum("first-case".to_owned()), "\"first-case\""),
        (
            "tuple<result<_, u8>, bool>",
            Val::Tuple(vec![Val::Result(Err(some_box(Val::U8(1)))), Val::Bool(false)]),
            r#"[{"tag":"err","val":1},false]"#,
        ),
    ];
    for (ty, value, json) in cases {
        assert_eq!(encode_value(&shape(types, ty), &value), json, "{ty}");
    }
}

#[test]
fn each_letter_is_written_as_the_json_library_writes_it() {
    let letters = (0..=0x17f).chain([0x2028, 0xfeff, 0x1f600]).filter_map(char::from_u32);
    for letter in letters {
        // Alone, and where only the last of many bytes is to be escaped, or the first.
        for text in [letter.to_string(), format!("{}{letter}", "ệ".repeat(50)), format!("{letter}{}", "a".repeat(70))]
        {
            let json = encode_value(&shape("", "string"), &Val::String(text.clone()));
            assert_eq!(json, serde_json::to_string(&text).unwrap());
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of a payload")]
fn some_box(value: Val) -> Option<Box<Val>> {
    Some(Box::new(value))
}

#[test]
fn the_limit_is_met_exactly_for_every_kind() {
    let types = "record r { a: u8, b: option<string> }";
    let text = |text: &str| Val::String(text.to_owned());
    let cases = [
        ("string", text("ab\ncd")),
        ("u64", Val::U64(u64::MAX)),
        ("f64", Val::Float64(1.25e-7)),
        ("list<u8>", Val::List(vec![Val::U8(7); 1000])),
        ("list<bool>", Val::List(vec![Val::Bool(true); 50])),
        ("r", Val::Record(vec![("a".to_owned(), Val::U8(1)), ("b".to_owned(), some(text("x")))])),
    ];
    for (ty, value) in cases {
        let shape = shape(types, ty);
        let exact = encode_value(&shape, &value).len();
        assert_eq!(shape.encode(&value, exact).map(|json| json.len()), Ok(exact), "{ty}");
        for limit in 0..exact {
            assert_eq!(shape.encode(&value, limit), Err(EncodeError::TooLarge { limit }), "{ty} in {limit}");
        }
    }
}

#[test]
fn a_value_of_another_type_is_a_mismatch_and_not_json() {
    let types = "record r { a: u8 } enum e { x }";
    let cases = [
        ("bool", Val::U8(1), "bool"),
        ("u8", Val::Bool(true), "an integer"),
        ("r", Val::Record(vec![("b".to_owned(), Val::U8(1))]), "record"),
        ("e", Val::Enum("y".to_owned()), "enum"),
        ("tuple<u8>", Val::Tuple(vec![]), "tuple"),
        ("list<u8>", Val::List(vec![Val::Bool(true)]), "u8"),
    ];
    for (ty, value, wanted) in cases {
        assert_eq!(shape(types, ty).encode(&value, 100), Err(EncodeError::Mismatch { wanted }), "{ty}");
    }
}

#[test]
fn a_result_is_success_or_fault() {
    let contract = contract(
        "both: func() -> result<u8, string>; ok-only: func() -> result<u8>; err-only: func() -> result<_, string>;
        neither: func() -> result; plain: func() -> bool; nothing: func();",
    );
    let encode = |name: &str, results: &[Val]| answered(contract.function(name).unwrap(), results, 100);
    let ok = |json: &str| Ok(Encoded::Ok(json.into()));
    let err = |json: &str| Ok(Encoded::Err(ErrAnswer { json: json.into(), shared_fault: None }));
    let fault = || some_box(Val::String("no".to_owned()));
    assert_eq!(encode("both", &[Val::Result(Ok(some_box(Val::U8(1))))]), ok("1"));
    assert_eq!(encode("both", &[Val::Result(Err(fault()))]), err("\"no\""));
    assert_eq!(encode("ok-only", &[Val::Result(Err(None))]), err("null"));
    assert_eq!(encode("err-only", &[Val::Result(Ok(None))]), ok("null"));
    assert_eq!(encode("neither", &[Val::Result(Ok(None))]), ok("null"));
    assert_eq!(encode("plain", &[Val::Bool(true)]), ok("true"));
    assert_eq!(encode("nothing", &[]), ok("null"));
    let mut one = Values::default();
    one.set_root(Node::Bool(true)).unwrap();
    for name in ["both", "nothing"] {
        assert!(matches!(contract.function(name).unwrap().encode(&one, 100), Err(EncodeError::Mismatch { .. })));
    }
    let none = contract.function("plain").unwrap().encode(&Values::default(), 100);
    assert!(matches!(none, Err(EncodeError::Mismatch { .. })));
    assert!(matches!(encode("both", &[]), Err(EncodeError::Mismatch { .. })));
    assert!(matches!(encode("both", &[Val::Result(Ok(None))]), Err(EncodeError::Mismatch { .. })));
}

#[test]
fn the_shared_fault_comes_out_in_parts() {
    let surface = surface(
        "package test:it;
        package lgsp:types@1.0.0 { interface faults {
            enum fault-code { not-found, busy }
            record fault { code: fault-code, message: string, upstream-code: option<string>, retry-after: option<u32> }
        } }
        interface api { use lgsp:types/faults@1.0.0.{fault}; f: func() -> result<_, fault>; }
        world w { export api; }",
    );
    let fault = |upstream: Option<&str>, retry: Option<u32>| {
        Val::Record(vec![
            ("code".to_owned(), Val::Enum("busy".to_owned())),
            ("message".to_owned(), Val::String("later".to_owned())),
            ("upstream-code".to_owned(), Val::Option(upstream.map(|code| Box::new(Val::String(code.to_owned()))))),
            ("retry-after".to_owned(), Val::Option(retry.map(|seconds| Box::new(Val::U32(seconds))))),
        ])
    };
    let function = surface.contracts[0].function("f").unwrap();
    let cases = [
        (None, None, r#"{"code":"busy","message":"later"}"#),
        (Some("E7"), Some(30), r#"{"code":"busy","message":"later","upstreamCode":"E7","retryAfter":30}"#),
    ];
    for (upstream_code, retry_after, json) in cases {
        let results = [Val::Result(Err(some_box(fault(upstream_code, retry_after))))];
        let shared_fault = SharedFault {
            code: "busy".to_owned(),
            message: "later".to_owned(),
            upstream_code: upstream_code.map(str::to_owned),
            retry_after,
        };
        let answer = ErrAnswer { json: json.into(), shared_fault: Some(shared_fault) };
        assert_eq!(answered(function, &results, 1000), Ok(Encoded::Err(answer)));
    }
}
