//! Reading components: what is found, what is named as unservable, what is refused.

use nhip_contract::docs::{DocsError, SECTION_PREFIX, WitDocs};
use nhip_contract::{Answer, Import, Kind, OtherExport, Surface, SurfaceError};
use wasm_encoder::ComponentSection as _;

use crate::support::{component, contract, resolve, surface};

const FAULTS: &str = "package lgsp:types@1.0.0 {
    /// Shared faults.
    interface faults {
        /// Kinds.
        enum fault-code {
            /// Not there.
            not-found,
            busy,
        }
        /// A fault.
        record fault {
            /// The kind.
            code: fault-code,
            message: string,
            upstream-code: option<string>,
            retry-after: option<u32>,
        }
    }
}";

const REGISTER: &str = "package lgsp:population@1.2.0 {
    /// The register.
    interface register {
        use lgsp:types/faults@1.0.0.{fault};
        /// Twelve digits.
        type citizen-id = string;
        /// Somebody.
        record person {
            /// The number.
            id: citizen-id,
            /// All names.
            full-name: string,
        }
        /// Finds one person.
        ///
        /// Slowly.
        find: func(id: citizen-id, for-purpose: option<string>) -> result<person, fault>;
        /// Counts.
        count: func() -> u64;
    }
}";

fn population() -> String {
    format!(
        "package test:it;\n{FAULTS}\n{REGISTER}\nworld w {{
            import wasi:clocks/wall-clock@0.2.12;
            import now: func() -> u64;
            export lgsp:population/register@1.2.0;
            export wasi:cli/run@0.2.12;
            export ping: func();
            export inline: interface {{ f: func(); }}
        }}
        package wasi:clocks@0.2.12 {{ interface wall-clock {{ now: func() -> u64; }} }}
        package wasi:cli@0.2.12 {{ interface run {{ run: func() -> result; }} }}"
    )
}

/// The docs as the vendor has them: a folder per package.
fn population_docs() -> WitDocs {
    let flat = |nested: &str| {
        let (head, body) = nested.split_once('{').unwrap();
        format!("{};{}", head.trim_end(), body.trim_end().strip_suffix('}').unwrap())
    };
    let mut docs = WitDocs::parse([("register.wit", flat(REGISTER).as_str())]).unwrap();
    docs.merge(WitDocs::parse([("faults.wit", flat(FAULTS).as_str())]).unwrap());
    docs
}

#[test]
fn imports_contracts_and_other_exports_are_told_apart() {
    let surface = surface(&population());
    let import = |name: &str, functions: &[&str]| Import {
        name: name.to_owned(),
        functions: functions.iter().map(|name| (*name).to_owned()).collect(),
        contract: None,
    };
    for expected in [
        import("wasi:clocks/wall-clock@0.2.12", &["now"]),
        import("now", &["now"]),
        import("lgsp:types/faults@1.0.0", &[]),
    ] {
        assert!(surface.imports.contains(&expected), "{expected:?} in {:?}", surface.imports);
    }
    assert_eq!(surface.imports.len(), 3);
    for import in &surface.imports {
        assert_eq!(import.only_types(), import.name == "lgsp:types/faults@1.0.0", "{import:?}");
    }
    let names: Vec<&str> = surface.contracts.iter().map(|contract| contract.name.as_str()).collect();
    assert_eq!(names, ["lgsp:population/register@1.2.0"]);
    let other = |name: &str, interface| OtherExport { name: name.to_owned(), interface };
    for expected in [other("wasi:cli/run@0.2.12", true), other("ping", false), other("inline", true)] {
        assert!(surface.other_exports.contains(&expected), "{expected:?} in {:?}", surface.other_exports);
    }
    assert_eq!(surface.other_exports.len(), 3);
}

#[test]
fn functions_have_camel_case_parameters_and_the_shared_fault_is_recognised() {
    let surface = surface(&population());
    let contract = surface.contract("lgsp:population/register@1.2.0").unwrap();
    assert_eq!(contract.unservable, []);
    let find = contract.function("find").unwrap();
    let params: Vec<&str> = find.params.items().iter().map(|field| field.json.as_str()).collect();
    assert_eq!(params, ["id", "forPurpose"]);
    let Answer::Result { ok: Some(person), err: Some(fault), shared_fault: true } = &find.answer else {
        panic!("{:?}", find.answer);
    };
    assert_eq!(person.name().unwrap().name, "person");
    assert_eq!(fault.name().unwrap().interface, "lgsp:types/faults@1.0.0");
    assert!(matches!(contract.function("count").unwrap().answer, Answer::Value(_)));
}

#[test]
fn a_fault_that_only_looks_shared_is_not() {
    let members = "code: fault-code, message: string, upstream-code: option<string>, retry-after: option<u32>";
    let cases = [
        ("lgsp:types@1.4.0", "faults", members, true),
        ("lgsp:types@2.0.0", "faults", members, false),
        ("lgsp:types", "faults", members, false),
        ("evil:types@1.0.0", "faults", members, false),
        ("lgsp:types@1.0.0", "other", members, false),
        ("lgsp:types@1.0.0", "faults", "code: fault-code, message: u32", false),
    ];
    for (package, interface, members, shared) in cases {
        let version = package.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
        let path = format!("{}/{interface}{version}", package.split('@').next().unwrap());
        let wit = format!(
            "package test:it;
            package {package} {{ interface {interface} {{ enum fault-code {{ busy }} record fault {{ {members} }} }} }}
            interface api {{ use {path}.{{fault}}; f: func() -> result<_, fault>; }}
            world w {{ export api; }}"
        );
        let surface = surface(&wit);
        let answer = &surface.contracts[0].function("f").unwrap().answer;
        assert!(
            matches!(answer, Answer::Result { shared_fault, .. } if *shared_fault == shared),
            "{package} {members}"
        );
    }
}

#[test]
fn a_component_carries_no_docs_until_they_are_embedded() {
    let bare = component(&population());
    assert_eq!(Surface::read(&bare).unwrap().contracts[0].docs, None);

    let embedded = population_docs().embed(&bare).unwrap();
    let surface = Surface::read(&embedded).unwrap();
    let contract = &surface.contracts[0];
    assert_eq!(contract.docs.as_deref(), Some("The register."));
    let find = contract.function("find").unwrap();
    assert_eq!(find.docs.as_deref(), Some("Finds one person.\n\nSlowly."));
    let id = &find.params.items()[0].shape;
    assert_eq!(id.docs(), Some("Twelve digits."));
    assert_eq!(id.name().unwrap().name, "citizen-id");
    let Kind::Record(person) = find.answer.ok().unwrap().kind() else { panic!() };
    assert_eq!(person.get("fullName").unwrap().docs.as_deref(), Some("All names."));
    let fault = find.answer.err().unwrap();
    assert_eq!(fault.docs(), Some("A fault."));
    let Kind::Record(fault) = fault.kind() else { panic!() };
    let Kind::Enum(codes) = fault.get("code").unwrap().shape.kind() else { panic!() };
    assert_eq!(codes.get("not-found").unwrap().docs.as_deref(), Some("Not there."));
    assert_eq!(codes.get("busy").unwrap().docs, None);
}

#[test]
fn only_the_docs_of_packages_in_use_are_embedded() {
    let mut docs = population_docs();
    docs.merge(WitDocs::parse([("x.wit", "package big:unused@1.0.0; /// Much. \ninterface x {}")]).unwrap());
    let embedded = docs.embed(&component(&population())).unwrap();
    let text = String::from_utf8_lossy(&embedded);
    assert!(text.contains("package-docs:lgsp:types@1.0.0") && !text.contains("big:unused"));
}

#[test]
fn wit_that_does_not_parse_is_named_with_its_place() {
    let Err(DocsError::Wit(message)) = WitDocs::parse([("broken.wit", "package a:b;\ninterface {")]) else { panic!() };
    assert!(message.contains("broken.wit:2"), "{message}");
}

#[test]
fn sections_that_are_not_docs_are_refused_by_name() {
    let bare = component(&population());
    let with = |data: &'static [u8]| {
        let mut bytes = bare.clone();
        let name = format!("{SECTION_PREFIX}a:b");
        wasm_encoder::CustomSection { name: name.into(), data: data.into() }.append_to_component(&mut bytes);
        Surface::read(&bytes).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with(b"\x01{\"interfaces\":{}}"), Ok(()));
    for (data, reason) in
        [(&b""[..], "empty"), (b"\x07{}", "version 7"), (b"\x01{\"docs", "EOF"), (b"\x01{\"docs\":3}", "invalid")]
    {
        let error = with(data).unwrap_err();
        assert!(error.contains("`package-docs:a:b`") && error.contains(reason), "{error}");
    }
}

#[test]
fn every_unservable_place_of_a_contract_is_named_at_once() {
    let contract = contract(
        "resource session { constructor(); get: func(key: string) -> string; }
        record holder { name: string, session: borrow<session> }
        record clash { a-1: u8, a1: u8 }
        good: func(x: u8);
        open: func(user: string) -> session;
        use-it: func(holders: list<holder>, also: option<tuple<u8, session>>) -> result<session, string>;
        listen: func() -> stream<u8>;
        later: func(x: future<string>);
        twice: func(x: clash);
        params: func(b-2: u8, b2: u8);",
    );
    let names: Vec<&str> = contract.functions.items().iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["good"]);
    let mut places: Vec<(&str, &str)> =
        contract.unservable.iter().map(|place| (place.function.as_str(), place.path.as_str())).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            ("[constructor]session", ""),
            ("[method]session.get", ""),
            ("later", "x"),
            ("listen", "answer"),
            ("open", "answer"),
            ("params", ""),
            ("twice", "x"),
            ("use-it", "also.1"),
            ("use-it", "answer.ok"),
            ("use-it", "holders[].session"),
        ]
    );
    let text = contract.unservable.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(text.contains("`holders[].session` of `use-it` cannot be served as JSON: a resource"), "{text}");
    assert!(text.contains("two of its names are `a1` in JSON"), "{text}");
    assert!(text.contains("two of its parameters are `b2` in JSON"), "{text}");
}

#[test]
fn aliases_mean_the_type_behind_them() {
    let contract = contract(
        "record point { x: f64, y: f64 }
        type place = point;
        type outcome = result<place, string>;
        f: func(a: place, b: point) -> outcome;",
    );
    let f = contract.function("f").unwrap();
    let [a, b] = f.params.items() else { panic!() };
    assert_eq!(a.shape, b.shape);
    assert!(matches!(f.answer, Answer::Result { .. }), "{:?}", f.answer);
}

#[test]
fn what_is_not_a_component_is_named() {
    let (resolve, world) = resolve(&population());
    let module = wit_component::dummy_module(
        &resolve,
        world,
        wit_parser::ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    let package = wit_component::encode(&resolve, resolve.worlds[world].package.unwrap()).unwrap();
    let good = component(&population());
    let read = |bytes: &[u8]| Surface::read(bytes).unwrap_err();
    assert_eq!(read(b""), SurfaceError::NotWasm);
    assert_eq!(read(b"#!/bin/sh"), SurfaceError::NotWasm);
    assert_eq!(read(b"\0asm\x09\0\0\0"), SurfaceError::UnknownKind);
    assert_eq!(read(&module), SurfaceError::CoreModule);
    assert_eq!(read(&package), SurfaceError::WitPackage);
    assert!(matches!(read(&good[..good.len() - 1]), SurfaceError::Invalid(_)));
    assert!(SurfaceError::CoreModule.to_string().contains("wasm32-wasip2"));
}
