//! Values into a component's memory and out of it: the same bytes as the engine's own way, for generated types, and no guest that
//! lies about its memory is believed.

use nhip_contract::{Node, Values};
use proptest::prelude::*;
use wasmtime::component::Val;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmType};

use crate::generate::{ty, value};
use crate::support::{Guest, answer, contract, encode, resolve, shape};

/// Where the allocator of these guests begins; below is what they need themselves.
const FIRST: usize = 2048;

/// A guest whose function `probe` takes `items` and gives back all of its memory from the flat arguments on: what it was
/// given, bit by bit.
fn probe_component(wit: &str) -> Vec<u8> {
    let (resolve, world) = resolve(&format!("package test:it;\ninterface api {{ {wit} }}\nworld w {{ export api; }}"));
    let function = resolve.interfaces.iter().flat_map(|(_, api)| &api.functions).find(|(name, _)| *name == "probe");
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, function.unwrap().1);
    let (mut params, mut stores) = (String::new(), String::new());
    for (at, param) in signature.params.iter().enumerate() {
        let (core, bits) = match param {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => ("i32", "i64.extend_i32_u"),
            WasmType::I64 | WasmType::PointerOrI64 => ("i64", "i64.const 0 i64.or"),
            WasmType::F32 => ("f32", "i32.reinterpret_f32 i64.extend_i32_u"),
            WasmType::F64 => ("f64", "i64.reinterpret_f64"),
        };
        params += &format!(" {core}");
        stores += &format!("i32.const {} local.get {at} {bits} i64.store\n", 1024 + 8 * at);
    }
    let param = if params.is_empty() { String::new() } else { format!("(param{params})") };
    let module = wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 64)
            (global $next (mut i32) (i32.const {FIRST}))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "test:it/api#probe") {param} (result i32)
                {stores}
                (i32.store (i32.const 16) (i32.const 1024))
                (i32.store (i32.const 20) (i32.sub (global.get $next) (i32.const 1024)))
                (i32.const 16)))"#,
    ))
    .unwrap();
    encode(&resolve, world, module)
}

/// The memory of a guest that was given these arguments, in both ways.
fn both_ways(wit: &str, arguments: &[Val]) -> (Vec<u8>, Vec<u8>) {
    let component = probe_component(wit);
    let contract = contract(wit);
    let probe = contract.function("probe").unwrap();
    let values = Values::of_vals(probe.params.items().iter().map(|field| &field.shape), arguments).unwrap();
    let ours = Guest::new(&component, "probe").call(&values).unwrap();
    let [Node::Bytes(ours_span)] = ours.roots() else { panic!("bytes") };
    let theirs = Guest::new(&component, "probe").call_vals(arguments, true).unwrap();
    let [Val::List(theirs)] = theirs.as_slice() else { panic!("a list") };
    let theirs = theirs.iter().map(|byte| if let Val::U8(byte) = byte { *byte } else { panic!("a byte") });
    (ours.bytes(*ours_span).unwrap().to_vec(), theirs.collect())
}

proptest! {
    // Each case compiles a component.
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn a_guest_is_given_the_very_bytes_that_the_engine_would_give(
        (ty, one, some) in ty().prop_flat_map(|ty| {
            let (one, some) = (value(&ty.shape()), prop::collection::vec(value(&ty.shape()), 0..4));
            (Just(ty), one, some)
        }),
        // From few flat arguments to more than there may be, where they go through memory.
        times in 1_usize..20,
    ) {
        let mut declarations = Vec::new();
        let name = ty.wit(&mut declarations);
        let params: Vec<String> = (0..times).map(|at| format!("p{at}: {name}")).collect();
        let wit = format!(
            "{} probe: func({}, more: list<{name}>) -> list<u8>;",
            declarations.join("\n"),
            params.join(", ")
        );
        let mut arguments = vec![one; times];
        arguments.push(Val::List(some));
        let (ours, theirs) = both_ways(&wit, &arguments);
        prop_assert!(ours.len() >= FIRST - 1024);
        prop_assert_eq!(ours, theirs, "{}", wit);
    }
}

#[test]
fn no_arguments_and_text_of_every_kind_are_given_as_the_engine_gives_them() {
    let (ours, theirs) = both_ways("probe: func() -> list<u8>;", &[]);
    assert_eq!(ours, theirs);
    for text in ["", "a", "Nguyễn Thị Thử", "\0", "😀 và chữ Việt"] {
        let (ours, theirs) = both_ways("probe: func(x: string) -> list<u8>;", &[Val::String(text.to_owned())]);
        assert!(ours.windows(text.len().max(1)).any(|part| part == text.as_bytes()) || text.is_empty());
        assert_eq!(ours, theirs, "{text}");
    }
}

/// A guest whose function `f` has this core type and body.
fn guest(wit: &str, core: &str, encoding: StringEncoding) -> Vec<u8> {
    let (resolve, world) = resolve(&format!("package test:it;\ninterface api {{ {wit} }}\nworld w {{ export api; }}"));
    let mut module = wat::parse_str(format!(
        r#"(module
            (memory (export "memory") 1)
            (global $next (mut i32) (i32.const {FIRST}))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (memory.copy (global.get $next) (local.get 0) (local.get 1))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (data (i32.const 512) "\ff\fe\00\d8\00\00abc")
            (data (i32.const 528) "\e1\bb\87")
            (func (export "test:it/api#f") {core}))"#,
    ))
    .unwrap();
    embed_component_metadata(&mut module, &resolve, world, encoding).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

#[test]
fn what_has_one_flat_value_comes_back_in_it() {
    let types = "enum e { a, b, c } flags fl { x, y, z } record one { a: s8 } variant v { n, m }";
    let cases = [
        ("bool", "i32", Val::Bool(true)),
        ("u8", "i32", Val::U8(200)),
        ("s8", "i32", Val::S8(-3)),
        ("u16", "i32", Val::U16(65_535)),
        ("s16", "i32", Val::S16(-300)),
        ("u32", "i32", Val::U32(u32::MAX)),
        ("s32", "i32", Val::S32(i32::MIN)),
        ("u64", "i64", Val::U64(u64::MAX)),
        ("s64", "i64", Val::S64(-1)),
        ("f32", "f32", Val::Float32(-0.5)),
        ("f64", "f64", Val::Float64(1e300)),
        ("char", "i32", Val::Char('ệ')),
        ("e", "i32", Val::Enum("c".to_owned())),
        ("fl", "i32", Val::Flags(vec!["x".to_owned(), "z".to_owned()])),
        ("one", "i32", Val::Record(vec![("a".to_owned(), Val::S8(-128))])),
        ("v", "i32", Val::Variant("m".to_owned(), None)),
        ("tuple<u64>", "i64", Val::Tuple(vec![Val::U64(7)])),
        ("tuple<result>", "i32", Val::Tuple(vec![Val::Result(Err(None))])),
        ("list<u16, 1>", "i32", Val::FixedLengthList(vec![Val::U16(9)])),
    ];
    for (ty, core, val) in cases {
        let wit = format!("{types} f: func(x: {ty}) -> {ty};");
        let component = guest(&wit, &format!("(param {core}) (result {core}) local.get 0"), StringEncoding::UTF8);
        let contract = contract(&wit);
        let f = contract.function("f").unwrap();
        let shapes = || f.params.items().iter().map(|field| &field.shape);
        let arguments = Values::of_vals(shapes(), std::slice::from_ref(&val)).unwrap();
        let results = Guest::new(&component, "f").call(&arguments).unwrap();
        assert_eq!(results.to_vals(shapes(), usize::MAX), Ok(vec![val]), "{ty}");
    }
}

#[test]
fn narrow_numbers_are_what_their_own_bits_say_whatever_is_above() {
    let cases = [
        ("u8", "i32.const 0x7fffff01", Val::U8(1)),
        ("s8", "i32.const 0x180", Val::S8(-128)),
        ("u16", "i32.const -1", Val::U16(u16::MAX)),
        ("s16", "i32.const 0x18000", Val::S16(i16::MIN)),
        ("bool", "i32.const 256", Val::Bool(true)),
    ];
    for (ty, code, val) in cases {
        let wit = format!("f: func() -> {ty};");
        let component = guest(&wit, &format!("(result i32) {code}"), StringEncoding::UTF8);
        let theirs = Guest::new(&component, "f").call_vals(&[], true).unwrap();
        assert_eq!(theirs, [val], "the engine's own {ty}");
        let results = Guest::new(&component, "f").call(&Values::default()).unwrap();
        assert_eq!(results.to_vals(std::iter::once(&shape("", ty)), usize::MAX), Ok(theirs), "{ty}");
    }
}

#[test]
fn text_in_other_encodings_goes_in_and_comes_out() {
    for encoding in [StringEncoding::UTF8, StringEncoding::UTF16, StringEncoding::CompactUTF16] {
        let wit = "f: func(x: string) -> string;";
        let echo = "(param i32 i32) (result i32)
            (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) i32.const 16";
        let component = guest(wit, echo, encoding);
        for text in ["", "abc", "\u{e9}t\u{e9}", "Nguyễn Thị 😀"] {
            let text = Val::String(text.to_owned());
            let shape = shape("", "string");
            let shapes = || std::iter::once(&shape);
            let arguments = Values::of_vals(shapes(), std::slice::from_ref(&text)).unwrap();
            let results = Guest::new(&component, "f").call(&arguments).unwrap();
            assert_eq!(results.to_vals(shapes(), usize::MAX), Ok(vec![text]), "{encoding:?}");
        }
    }
}

#[test]
fn a_guest_that_lies_about_its_memory_ends_the_call() {
    let types = "enum e { a, b } variant v { n, s(string) } record r { a: u8, l: list<u32> }";
    // Where a pointer and a length are stored, and returned.
    let pair = |at: i64, length: i64| {
        format!(
            "(result i32) (i32.store (i32.const 16) (i32.const {at})) (i32.store (i32.const 20) (i32.const {length})) i32.const 16"
        )
    };
    // The same for two, one behind the other.
    let pairs = |[one, two]: [(u32, u32); 2]| {
        let numbers = [one.0, one.1, two.0, two.1].into_iter().zip((16..).step_by(4));
        let stores = numbers.map(|(number, at)| format!("(i32.store (i32.const {at}) (i32.const {number}))"));
        format!("(result i32) {} i32.const 16", stores.collect::<String>())
    };
    let two = "tuple<string, string>";
    let cases = [
        ("string", pair(528, 3), ""),
        ("string", pair(528, 2), "utf-8"),
        ("string", pair(530, 1), "utf-8"),
        (two, pairs([(528, 3), (528, 3)]), ""),
        (two, pairs([(528, 0), (528, 3)]), ""),
        // Together they are one letter.
        (two, pairs([(528, 2), (530, 1)]), "utf-8"),
        (two, pairs([(528, 1), (529, 2)]), "utf-8"),
        (two, pairs([(528, 3), (529, 1)]), "utf-8"),
        ("string", pair(65_535, 2), "outside its memory"),
        ("string", pair(0, -1), "outside its memory"),
        ("string", pair(-1, 1), "outside its memory"),
        ("string", pair(512, 2), "utf-8"),
        ("list<u8>", pair(1, 65_536), "outside its memory"),
        ("list<u64>", pair(8, 0x2000_0001), "outside its memory"),
        ("list<u32>", pair(2, 1), "not aligned"),
        ("list<e>", pair(512, 1), "case 255 of a enum"),
        ("list<char>", pair(512, 1), "not a Unicode scalar value"),
        ("list<string>", pair(512, 1), "outside its memory"),
        ("v", pair(1, 0), ""),
        ("v", pair(7, 0), "case 7 of a variant"),
        ("r", "(result i32) i32.const 65532".to_owned(), "outside its memory"),
        ("r", "(result i32) i32.const 18".to_owned(), "not aligned"),
        ("e", "(result i32) i32.const 2".to_owned(), "case 2 of a enum"),
        ("char", "(result i32) i32.const 0xd800".to_owned(), "not a Unicode scalar value"),
    ];
    for (ty, core, words) in cases {
        let wit = format!("{types} f: func() -> {ty};");
        let component = guest(&wit, &core, StringEncoding::UTF8);
        let ours = Guest::new(&component, "f").call(&Values::default());
        // The engine's own way says the same, in other words.
        assert_eq!(Guest::new(&component, "f").call_vals(&[], true).is_err(), ours.is_err(), "{ty} {core}");
        match ours {
            Ok(_) => assert_eq!(words, "", "{ty} {core}"),
            Err(error) => assert!(!words.is_empty() && format!("{error:?}").contains(words), "{ty} {core}: {error:?}"),
        }
    }
}

#[test]
fn an_allocator_that_lies_ends_the_call() {
    for (wrong, words) in [("i32.const -16", "beyond end of memory"), ("i32.const 3", "not aligned")] {
        let wit = "f: func(x: list<u64>);";
        let (resolve, world) =
            resolve(&format!("package test:it;\ninterface api {{ {wit} }}\nworld w {{ export api; }}"));
        let module = wat::parse_str(format!(
            r#"(module (memory (export "memory") 1)
                (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {wrong})
                (func (export "test:it/api#f") (param i32 i32)))"#,
        ));
        let component = encode(&resolve, world, module.unwrap());
        let shape = shape("", "list<u64>");
        let arguments = Values::of_vals(std::iter::once(&shape), &[Val::List(vec![Val::U64(1)])]).unwrap();
        let error = Guest::new(&component, "f").call(&arguments).err().unwrap();
        assert!(format!("{error:?}").contains(words), "{error:?}");
    }
}

#[test]
fn what_is_carried_out_is_counted_before_it_is_taken() {
    // A list of pairs that all are the same bytes: little in the guest, much outside.
    for ty in ["list<u8>", "list<string>", "list<tuple<u8, u8>>", "string"] {
        let core = "(result i32) (i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const 6000)) i32.const 16";
        let component = guest(&format!("f: func() -> {ty};"), core, StringEncoding::UTF8);
        let mut guest = Guest::new(&component, "f");
        guest.carries(1 << 20);
        guest.call(&Values::default()).unwrap_or_else(|error| panic!("{ty}: {error:?}"));
        guest.carries(5000);
        let error = guest.call(&Values::default()).err().unwrap();
        assert!(format!("{error:?}").contains("too much data"), "{ty}: {error:?}");
    }
}

#[test]
fn values_of_another_type_never_reach_the_guest() {
    let types = "record r { a: u8, b: string } enum e { x, y } flags fl { p, q } variant v { n, s(string) }";
    let each = [
        "bool",
        "u8",
        "s64",
        "f32",
        "char",
        "string",
        "list<u8>",
        "list<u16>",
        "r",
        "e",
        "fl",
        "v",
        "option<u8>",
        "tuple<u8>",
        "list<u8, 2>",
    ];
    for wanted in each {
        let component = probe_component(&format!("{types} probe: func(x: {wanted}, y: list<{wanted}>) -> list<u8>;"));
        for given in each.into_iter().filter(|given| *given != wanted) {
            let contract = contract(&format!("{types} probe: func(x: {given}, y: list<{given}>) -> list<u8>;"));
            let probe = contract.function("probe").unwrap();
            let mut runner = proptest::test_runner::TestRunner::deterministic();
            let shapes = || probe.params.items().iter().map(|field| &field.shape);
            let one = value(shapes().next().unwrap()).new_tree(&mut runner).unwrap().current();
            let Ok(values) = Values::of_vals(shapes(), &[one.clone(), Val::List(vec![one])]) else { continue };
            let came = Guest::new(&component, "probe").call(&values);
            // An integer is told from one of another type only where it is out of its range, some of them where they are not as many, a case
            // where there are fewer.
            assert!(came.is_err() || alike(given, wanted), "{given} for {wanted}");
        }
        let few = Guest::new(&component, "probe").call(&Values::default());
        assert!(few.is_err());
    }
}

/// Whether a value of one type is also one of the other.
fn alike(one: &str, other: &str) -> bool {
    let integer = |ty: &str| matches!(ty, "u8" | "s64");
    let integers = |ty: &str| matches!(ty, "list<u8>" | "list<u16>" | "list<u8, 2>" | "tuple<u8>");
    let cases = |ty: &str| matches!(ty, "e" | "v" | "option<u8>");
    (integer(one) && integer(other)) || (integers(one) && integers(other)) || (cases(one) && cases(other))
}

#[test]
fn a_function_that_answers_nothing_gives_no_value() {
    let component = guest("f: func(x: u8);", "(param i32)", StringEncoding::UTF8);
    let mut arguments = Values::default();
    arguments.set_root(Node::Int(7)).unwrap();
    let results = Guest::new(&component, "f").call(&arguments).unwrap();
    assert!(results.roots().is_empty());
    let contract = contract("f: func(x: u8);");
    let f = contract.function("f").unwrap();
    assert!(answer(f).is_none());
    let json = f.encode(&results, 10).unwrap();
    assert_eq!(json, nhip_contract::Encoded::Ok(b"null".to_vec()));
}
