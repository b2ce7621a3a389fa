//! JSON to values, rule by rule: what is taken, and the place and words of what is not.

use nhip_contract::{DecodeLimits, Problem, ProblemCode, Refusal};
use wasmtime::component::Val;

use crate::support::{arguments, contract, decode, shape};

const TYPES: &str = "
    record person { citizen-id: string, full-name: string, born: option<u16> }
    variant contact { phone(string), nobody, maybe(option<u8>) }
    enum sex { male, female, not-stated }
    flags rights { can-read, can-write, can-sign }
";

fn text(text: &str) -> Val {
    Val::String(text.to_owned())
}

fn some(value: Val) -> Val {
    Val::Option(Some(Box::new(value)))
}

fn list(values: impl IntoIterator<Item = Val>) -> Val {
    Val::List(values.into_iter().collect())
}

#[test]
fn each_type_takes_its_json() {
    let person = |born| {
        Val::Record(vec![
            ("citizen-id".to_owned(), text("001")),
            ("full-name".to_owned(), text("An")),
            ("born".to_owned(), Val::Option(born)),
        ])
    };
    let variant = |name: &str, payload: Option<Val>| Val::Variant(name.to_owned(), payload.map(Box::new));
    let flags = |names: &[&str]| Val::Flags(names.iter().map(|name| (*name).to_owned()).collect());
    let cases = [
        ("bool", "true", Val::Bool(true)),
        ("u8", "255", Val::U8(255)),
        ("u8", "1.0", Val::U8(1)),
        ("u16", "1e3", Val::U16(1000)),
        ("s8", "-128", Val::S8(-128)),
        ("s32", "-0", Val::S32(0)),
        ("u64", "9007199254740991", Val::U64(9_007_199_254_740_991)),
        ("u64", "\"18446744073709551615\"", Val::U64(u64::MAX)),
        ("u64", "\"7\"", Val::U64(7)),
        ("s64", "-9007199254740991", Val::S64(-9_007_199_254_740_991)),
        ("s64", "\"-9223372036854775808\"", Val::S64(i64::MIN)),
        ("f64", "3", Val::Float64(3.0)),
        ("f64", "0.1", Val::Float64(0.1)),
        ("f64", "\"NaN\"", Val::Float64(f64::NAN)),
        ("f32", "\"-Infinity\"", Val::Float32(f32::NEG_INFINITY)),
        ("f32", "0.1", Val::Float32(0.1)),
        ("char", "\"ệ\"", Val::Char('ệ')),
        ("char", "\"\\ud83d\\ude00\"", Val::Char('😀')),
        ("string", "\"Nguyễn \\u0041\\n\"", text("Nguyễn A\n")),
        ("list<u8>", "\"AAH/\"", list([0, 1, 255].map(Val::U8))),
        ("list<u8>", "\"\"", list([])),
        ("list<u8>", "\"AA==\"", list([Val::U8(0)])),
        ("list<u16>", "[1, 2]", list([1, 2].map(Val::U16))),
        ("tuple<u8, string>", "[1,\"a\"]", Val::Tuple(vec![Val::U8(1), text("a")])),
        ("person", r#"{"citizenId":"001","fullName":"An"}"#, person(None)),
        ("person", r#"{"fullName":"An","born":null,"citizenId":"001"}"#, person(None)),
        ("person", r#"{"citizenId":"001","fullName":"An","born":1990}"#, person(Some(Box::new(Val::U16(1990))))),
        ("contact", r#"{"tag":"phone","val":"1"}"#, variant("phone", Some(text("1")))),
        ("contact", r#"{"val":"1","tag":"phone"}"#, variant("phone", Some(text("1")))),
        ("contact", r#"{"tag":"nobody"}"#, variant("nobody", None)),
        ("contact", r#"{"val":null,"tag":"nobody"}"#, variant("nobody", None)),
        ("contact", r#"{"tag":"maybe"}"#, variant("maybe", Some(Val::Option(None)))),
        ("sex", "\"not-stated\"", Val::Enum("not-stated".to_owned())),
        ("rights", r#"["can-sign","can-read"]"#, flags(&["can-read", "can-sign"])),
        ("rights", "[]", flags(&[])),
        ("option<u8>", "null", Val::Option(None)),
        ("option<u8>", "1", some(Val::U8(1))),
        ("option<option<u8>>", "null", Val::Option(None)),
        ("option<option<u8>>", r#"{"tag":"some"}"#, some(Val::Option(None))),
        ("option<option<u8>>", r#"{"tag":"some","val":null}"#, some(Val::Option(None))),
        ("option<option<u8>>", r#"{"val":3,"tag":"some"}"#, some(some(Val::U8(3)))),
        (
            "tuple<result<u8, string>>",
            r#"[{"tag":"ok","val":1}]"#,
            Val::Tuple(vec![Val::Result(Ok(Some(Box::new(Val::U8(1)))))]),
        ),
        ("tuple<result<_, string>>", r#"[{"tag":"ok"}]"#, Val::Tuple(vec![Val::Result(Ok(None))])),
        ("tuple<result<u8>>", r#"[{"tag":"err","val":null}]"#, Val::Tuple(vec![Val::Result(Err(None))])),
    ];
    for (ty, json, value) in cases {
        assert_eq!(decode(&shape(TYPES, ty), json), Ok(value), "{ty} from {json}");
    }
}

#[test]
fn each_wrong_json_is_refused_with_place_and_words() {
    use ProblemCode::{Duplicate, InvalidValue, Missing, OutOfRange, Unknown, WrongType};
    let cases = [
        ("bool", "1", "", WrongType, "wants `true` or `false`, not a number"),
        ("u8", "256", "", OutOfRange, "wants an integer from 0 to 255"),
        ("u8", "-1", "", OutOfRange, "wants an integer from 0 to 255"),
        ("u8", "1e300", "", OutOfRange, "wants an integer from 0 to 255"),
        ("u8", "1.5", "", WrongType, "wants an integer, not a number with a fraction"),
        ("u8", "\"1\"", "", WrongType, "wants an integer from 0 to 255, not a string"),
        (
            "u64",
            "9007199254740992",
            "",
            OutOfRange,
            "an integer beyond ±9007199254740991 must be a decimal string: JSON numbers are not exact there",
        ),
        ("u64", "\"18446744073709551616\"", "", OutOfRange, "wants an integer from 0 to 18446744073709551615"),
        ("u64", "\"007\"", "", InvalidValue, "wants a number or a decimal string without blanks, `+` or leading zeros"),
        ("s64", "\"-0\"", "", InvalidValue, "wants a number or a decimal string without blanks, `+` or leading zeros"),
        ("s64", "\"+1\"", "", InvalidValue, "wants a number or a decimal string without blanks, `+` or leading zeros"),
        ("f64", "\"nan\"", "", WrongType, "wants a number; the only strings are `NaN`, `Infinity` and `-Infinity`"),
        ("f32", "1e39", "", OutOfRange, "wants a number within ±3.4028235e38"),
        ("char", "\"ab\"", "", InvalidValue, "wants a string of exactly one Unicode character"),
        ("char", "\"\"", "", InvalidValue, "wants a string of exactly one Unicode character"),
        ("string", "null", "", WrongType, "wants a string, not `null`"),
        ("list<u8>", "[1]", "", WrongType, "wants a string in base64, not an array"),
        (
            "list<u8>",
            "\"AA\"",
            "",
            InvalidValue,
            "wants base64 with the letters `A-Z a-z 0-9 + /`, padded with `=`, without line breaks",
        ),
        (
            "list<u8>",
            "\"A_==\"",
            "",
            InvalidValue,
            "wants base64 with the letters `A-Z a-z 0-9 + /`, padded with `=`, without line breaks",
        ),
        (
            "list<u8>",
            "\"AB==\"",
            "",
            InvalidValue,
            "wants base64 with the letters `A-Z a-z 0-9 + /`, padded with `=`, without line breaks",
        ),
        ("list<u16>", "{}", "", WrongType, "wants an array, not an object"),
        ("list<u16>", "[1,true]", "/1", WrongType, "wants an integer from 0 to 65535, not `true` or `false`"),
        ("tuple<u8, u8>", "[1]", "", OutOfRange, "wants an array of 2; there are fewer"),
        ("tuple<u8, u8>", "[1,2,3]", "", OutOfRange, "wants an array of 2; there are more"),
        ("person", "[]", "", WrongType, "wants an object, not an array"),
        ("person", r#"{"citizenId":"1"}"#, "/fullName", Missing, "`fullName` is missing: wants a string"),
        (
            "person",
            r#"{"citizenId":"1","fullName":"A","full-name":"B"}"#,
            "/full-name",
            Unknown,
            "no such member; did you mean `fullName`?",
        ),
        (
            "person",
            r#"{"citizenId":"1","fullName":"A","colour":1}"#,
            "/colour",
            Unknown,
            "no such member; there is `citizenId`, `fullName`, `born`",
        ),
        (
            "person",
            r#"{"citizenId":"1","fullName":"A","fullName":"B"}"#,
            "/fullName",
            Duplicate,
            "this member stands there already",
        ),
        ("contact", r#"{"val":1}"#, "/tag", Missing, "`tag` is missing: wants the name of a case"),
        ("contact", r#"{"tag":"phone"}"#, "/val", Missing, "`val` is missing: wants a string"),
        (
            "contact",
            r#"{"tag":"phnoe","val":1}"#,
            "/tag",
            InvalidValue,
            "wants one of `phone`, `nobody`, `maybe`; did you mean `phone`?",
        ),
        ("contact", r#"{"tag":3}"#, "/tag", WrongType, "wants the name of a case as a string, not a number"),
        (
            "contact",
            r#"{"tag":"nobody","val":1}"#,
            "/val",
            WrongType,
            "wants nothing: this case carries no value, leave `val` out, not a number",
        ),
        ("contact", r#"{"val":1,"tag":"phone"}"#, "/val", WrongType, "wants a string, not a number"),
        ("contact", r#"{"tag":"nobody","tag":"nobody"}"#, "/tag", Duplicate, "this member stands there already"),
        ("contact", r#"{"tag":"nobody","more":1}"#, "/more", Unknown, "no such member; there is `tag`, `val`"),
        ("contact", "\"nobody\"", "", WrongType, "wants an object with `tag` and `val`, not a string"),
        ("sex", "\"Male\"", "", InvalidValue, "wants one of `male`, `female`, `not-stated`; did you mean `male`?"),
        ("sex", "\"secret\"", "", InvalidValue, "wants one of `male`, `female`, `not-stated`"),
        ("rights", r#"["can-fly"]"#, "/0", InvalidValue, "wants one of `can-read`, `can-write`, `can-sign`"),
        ("rights", r#"["can-read","can-read"]"#, "/1", Duplicate, "this flag stands there already"),
        ("rights", r#"[{"a":[]}]"#, "/0", WrongType, "wants the name of a flag, not an object"),
        ("option<option<u8>>", "1", "", WrongType, "wants `null` or an object with `tag` and `val`, not a number"),
        (
            "option<option<u8>>",
            r#"{"tag":"none"}"#,
            "/tag",
            InvalidValue,
            "wants `some`; for none give `null` instead of the object",
        ),
        ("option<u8>", "\"x\"", "", WrongType, "wants an integer from 0 to 255, not a string"),
        ("tuple<result<u8, string>>", r#"[{"tag":"no"}]"#, "/0/tag", InvalidValue, "wants one of `ok`, `err`"),
    ];
    for (ty, json, pointer, code, message) in cases {
        let refusal = decode(&shape(TYPES, ty), json).expect_err(ty);
        let problem = Problem { pointer: pointer.to_owned(), code, message: message.to_owned() };
        assert_eq!(refusal, Refusal { problems: vec![problem], more: false }, "{ty} from {json}");
    }
}

#[test]
fn text_that_is_not_json_is_refused_with_line_and_column() {
    let cases: [(&[u8], &str); 10] = [
        (b"", "not JSON: it ends too early at line 1, column 1"),
        (b"{\"x\": ", "not JSON: it ends too early at line 1, column 6"),
        (b"{\n  \"x\": [1,\n", "not JSON: it ends too early at line 3, column 1"),
        (b"{} {}", "not JSON: trailing characters at line 1, column 4"),
        (b"{\"x\" 1}", "not JSON: expected `:` at line 1, column 6"),
        (b"{x:1}", "not JSON: key must be a string at line 1, column 2"),
        (b"{\"x\":\"\xff\"}", "not UTF-8 at line 1, column 7"),
        (b"{\"x\":\"\\ud800\"}", "not JSON: unexpected end of hex escape at line 1, column 13"),
        (b"{\"x\":1e999}", "not JSON: number out of range at line 1, column 10"),
        (b"{\"x\":01}", "not JSON: invalid number at line 1, column 7"),
    ];
    let shape = shape("record r { x: string }", "r");
    for (json, message) in cases {
        let refusal = shape.decode(json, &DecodeLimits::default()).unwrap_err();
        let [problem] = refusal.problems.as_slice() else { panic!("{refusal:?}") };
        assert_eq!((problem.code, problem.pointer.as_str()), (ProblemCode::NotJson, ""));
        assert_eq!(problem.message, message, "{}", String::from_utf8_lossy(json));
    }
}

#[test]
fn a_payload_that_waited_for_its_tag_keeps_its_place() {
    let shape = shape(TYPES, "list<contact>");
    let json = "[\n {\"val\": \"\\ud800\",\n  \"tag\": \"phone\"}]";
    let refusal = decode(&shape, json).unwrap_err();
    assert_eq!(refusal.problems.len(), 1);
    assert!(refusal.problems[0].message.contains("at line 2, column 17"), "{}", refusal.problems[0].message);
}

#[test]
fn nesting_is_refused_at_the_place_where_it_is_too_deep() {
    let shape = shape("", "list<u16>");
    let limits = DecodeLimits { max_depth: 3, ..DecodeLimits::default() };
    let refusal = shape.decode(b"[\"[[[[[\\\"[\",\n [[]], [[[]]]]", &limits).unwrap_err();
    assert_eq!(refusal.problems[0].code, ProblemCode::TooDeep);
    assert_eq!(refusal.problems[0].message, "nests deeper than 3 levels at line 2, column 10");
    let deep = "[".repeat(1_000_000);
    assert_eq!(decode(&shape, &deep).unwrap_err().problems[0].code, ProblemCode::TooDeep);
    let unlimited = DecodeLimits { max_depth: u32::MAX, ..DecodeLimits::default() };
    assert_eq!(shape.decode(deep.as_bytes(), &unlimited).unwrap_err().problems[0].code, ProblemCode::TooDeep);
}

#[test]
fn all_problems_are_named_at_once_and_hold_nothing_of_the_values() {
    let contract = contract(&format!("{TYPES}\nfind: func(people: list<person>, sex: sex, limit: option<u8>);"));
    let find = contract.function("find").unwrap();
    let body = br#"{
        "people": [{"citizenId": 79001, "fulName": "SECRET"}, "SECRET"],
        "sex": "SECRET",
        "limitt": {"a": ["SECRET"]},
        "limit": 999
    }"#;
    let refusal = find.decode(body, &DecodeLimits::default()).unwrap_err();
    let found: Vec<(&str, &str)> =
        refusal.problems.iter().map(|problem| (problem.pointer.as_str(), problem.code.as_str())).collect();
    assert_eq!(
        found,
        [
            ("/people/0/citizenId", "wrong-type"),
            ("/people/0/fulName", "unknown"),
            ("/people/0/fullName", "missing"),
            ("/people/1", "wrong-type"),
            ("/sex", "invalid-value"),
            ("/limitt", "unknown"),
            ("/limit", "out-of-range"),
        ]
    );
    let text = format!("{refusal:?} {refusal}");
    assert!(!text.contains("SECRET") && !text.contains("79001"), "{text}");
    assert_eq!(refusal.summary(), "wrong-type 2, missing 1, unknown 2, out-of-range 1, invalid-value 1");
}

#[test]
fn an_empty_body_is_an_empty_object() {
    let contract = contract("optional: func(x: option<u8>); required: func(x: u8); nothing: func();");
    let decode = |name: &str, body: &[u8]| arguments(contract.function(name).unwrap(), body);
    assert_eq!(decode("optional", b""), Ok(vec![Val::Option(None)]));
    assert_eq!(decode("nothing", b""), Ok(vec![]));
    assert_eq!(decode("nothing", b" {} "), Ok(vec![]));
    assert_eq!(decode("required", b"").unwrap_err().problems[0].pointer, "/x");
    assert_eq!(
        decode("nothing", b"null").unwrap_err().problems[0].message,
        "wants an object with the parameters by name, not `null`"
    );
    assert_eq!(decode("nothing", b"{\"x\":1}").unwrap_err().problems[0].message, "no such member; there is nothing");
}

#[test]
fn pointers_are_escaped_and_names_of_the_callers_own_are_cut() {
    let shape = shape("record r { x: option<u8> }", "r");
    let refusal = decode(&shape, &format!("{{\"a/b~c\":1,\"{}\":2}}", "n".repeat(1000))).unwrap_err();
    assert_eq!(refusal.problems[0].pointer, "/a~1b~0c");
    assert_eq!(refusal.problems[1].pointer, format!("/{}…", "n".repeat(64)));
}
