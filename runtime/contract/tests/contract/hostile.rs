//! Components made to hurt: types that explode, nest, or claim lengths they do not have.

use nhip_contract::{DecodeLimits, MAX_DEPTH, ProblemCode, Surface, SurfaceError, openapi};
use proptest::prelude::*;

use crate::support::{component, contract, shape};

/// `levels` types, each twice the one before.
fn doubling(levels: usize) -> String {
    let types = (1..=levels).map(|level| format!("type t{level} = tuple<t{0}, t{0}>;", level - 1));
    format!("type t0 = u8;\n{}", types.collect::<Vec<_>>().join("\n"))
}

#[test]
fn types_that_double_are_refused_and_not_expanded() {
    let contract = contract(&format!("{}\nf: func(x: t16);\ng: func(x: t4);", doubling(16)));
    assert!((1..=4).contains(&contract.unservable.len()), "{}", contract.unservable.len());
    assert!(contract.unservable[0].to_string().contains("parts when written out"), "{}", contract.unservable[0]);
    assert!(contract.function("g").is_some());
}

#[test]
fn types_that_double_beyond_the_validator_are_not_valid() {
    let types: String = (1..=40).map(|level| format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1)).collect();
    let bytes =
        wat::parse_str(format!("(component (type $t0 (tuple u8 u8)) {types} (export \"t\" (type $t40)))")).unwrap();
    let error = Surface::read(&bytes).unwrap_err();
    assert!(matches!(&error, SurfaceError::Invalid(why) if why.contains("type size")), "{error}");
}

#[test]
fn many_large_functions_are_refused_together() {
    let functions: Vec<String> = (0..20).map(|at| format!("fun{at}: func(x: t13);")).collect();
    let contract = contract(&format!("{}\n{}", doubling(13), functions.join("\n")));
    assert!(!contract.functions.items().is_empty());
    assert!(contract.unservable.iter().all(|place| place.what.contains("all contracts of the component together")));
    assert_eq!(contract.functions.items().len() + contract.unservable.len(), 20);
    let service = nhip_contract::ServiceInfo {
        name: "big".to_owned(),
        title: "big".to_owned(),
        version: "1".to_owned(),
        server_url: "/".to_owned(),
    };
    assert_eq!(openapi(&service, &contract)["paths"].as_object().unwrap().len(), contract.functions.items().len());
}

#[test]
fn obstacles_in_doubling_types_stay_few() {
    let types = (1..=14).map(|level| format!("type t{level} = tuple<t{0}, t{0}>;", level - 1)).collect::<Vec<_>>();
    let contract = contract(&format!("resource r; type t0 = r;\n{}\nf: func(x: t14);", types.join("\n")));
    assert!((1..=64).contains(&contract.unservable.len()), "{}", contract.unservable.len());
}

#[test]
fn types_that_nest_are_refused_before_the_json_is_too_deep_to_read() {
    let nest = |levels: usize| format!("{}u8{}", "list<".repeat(levels), ">".repeat(levels));
    let deep = usize::try_from(MAX_DEPTH).unwrap();
    // The innermost list is bytes.
    let deepest = shape("", &nest(deep + 1));
    let json = format!("{}\"AA==\"{}", "[".repeat(deep), "]".repeat(deep));
    assert!(deepest.decode(json.as_bytes(), &DecodeLimits::default()).is_ok());
    let contract = contract(&format!("f: func(x: {});", nest(deep + 2)));
    assert!(contract.unservable[0].what.contains("nests deeper"), "{}", contract.unservable[0]);
}

#[test]
fn a_section_that_claims_four_gigabytes_costs_nothing() {
    let mut bytes = component("package a:b; world w { export f: func(); }");
    bytes.extend_from_slice(b"\x00\xff\xff\xff\xff\x0f\x01x");
    assert!(matches!(Surface::read(&bytes), Err(SurfaceError::Invalid(_))));
}

#[test]
fn a_small_body_cannot_take_much_memory() {
    let members: Vec<String> = (0..100).map(|at| format!("m{at}: option<u64>")).collect();
    let shape = shape(&format!("record wide {{ {} }}", members.join(", ")), "list<wide>");
    let body = format!("[{}]", vec!["{}"; 100_000].join(","));
    let refusal = shape.decode(body.as_bytes(), &DecodeLimits::default()).unwrap_err();
    assert_eq!(refusal.problems.len(), 1);
    assert_eq!(refusal.problems[0].code, ProblemCode::TooLarge);
}

#[test]
fn a_flood_of_problems_is_cut() {
    let shape = shape("", "list<bool>");
    let body = format!("[{}]", vec!["1"; 100_000].join(","));
    let limits = DecodeLimits { max_problems: 5, ..DecodeLimits::default() };
    let refusal = shape.decode(body.as_bytes(), &limits).unwrap_err();
    assert_eq!((refusal.problems.len(), refusal.more), (5, true));
    assert_eq!(refusal.summary(), "wrong-type 5, and more");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_component_is_refused_or_read_but_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = DAMAGED.with(Clone::clone);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = Surface::read(&bytes);
    }

    #[test]
    fn arbitrary_bytes_are_never_a_component(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Surface::read(&bytes).is_err());
        let mut with_header = b"\0asm\x0d\0\x01\0".to_vec();
        with_header.extend(bytes);
        let _ = Surface::read(&with_header);
    }
}

thread_local! {
    static DAMAGED: Vec<u8> = component(
        "package test:it;
        interface types { record point { x: f64, y: option<list<u8>> } variant v { a(point), b } }
        interface api { use types.{point, v}; f: func(p: point) -> result<v, string>; flags fl { x, y } g: func(f: fl); }
        world w { import types; export api; }",
    );
}
