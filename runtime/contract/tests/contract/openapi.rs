//! The OpenAPI document and the schemas of one contract, against a file that a reviewer can read.

use nhip_contract::docs::WitDocs;
use nhip_contract::{ServiceInfo, Side, Surface, openapi, schema};
use serde_json::Value;

use crate::support::{component, contract, shape, surface};

const WIT: &str = include_str!("golden/library.wit");
const GOLDEN: &str = include_str!("golden/library.openapi.json");

fn service(name: &str) -> ServiceInfo {
    ServiceInfo {
        name: name.to_owned(),
        title: "A title".to_owned(),
        version: "1.0.0".to_owned(),
        server_url: "https://lgsp.example".to_owned(),
    }
}

fn library() -> Value {
    let world = "\nworld w { export catalogue; }";
    let bare = component(&format!("{WIT}{world}"));
    let docs = WitDocs::parse([("library.wit", WIT)]).unwrap();
    let surface = Surface::read(&docs.embed(&bare).unwrap()).unwrap();
    openapi(&service("library"), &surface.contracts[0])
}

#[test]
fn the_document_is_the_golden_one() {
    let actual = library();
    let golden: Value = serde_json::from_str(GOLDEN).unwrap_or_default();
    if actual != golden {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/library.openapi.json");
        std::fs::write(path, serde_json::to_string_pretty(&actual).unwrap() + "\n").unwrap();
        panic!("not the golden document; compare {path} with tests/contract/golden/library.openapi.json");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document = library();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 10);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn a_schema_stands_alone_with_its_definitions() {
    let shape = shape("record leaf { x: u8 } record tree { left: leaf, right: option<leaf> }", "tree");
    let expected = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/$defs/tree",
        "$defs": {
            "leaf": {
                "type": "object",
                "properties": { "x": { "type": "integer", "minimum": 0, "maximum": 255 } },
                "required": ["x"],
                "additionalProperties": false,
            },
            "tree": {
                "type": "object",
                "properties": {
                    "left": { "$ref": "#/$defs/leaf" },
                    "right": { "anyOf": [{ "$ref": "#/$defs/leaf" }, { "type": "null" }] },
                },
                "required": ["left"],
                "additionalProperties": false,
            },
        },
    });
    assert_eq!(schema(&shape, Side::Request), expected);
}

#[test]
fn a_type_of_requests_is_closed_whichever_side_comes_first() {
    let types = "variant v { a(u8) } enum e { x }";
    for functions in ["f: func() -> v; g: func(v: v, e: e) -> e;", "g: func(v: v, e: e) -> e; f: func() -> v;"] {
        let document = openapi(&service("s"), &contract(&format!("{types} {functions}")));
        let schemas = &document["components"]["schemas"];
        assert_eq!(schemas["v"]["oneOf"][0]["additionalProperties"], Value::Bool(false), "{functions}");
        assert_eq!(schemas["v.answer"]["oneOf"][0].get("additionalProperties"), None, "{functions}");
        assert_eq!(schemas.get("e.answer"), None, "an enum has one form");
    }
}

#[test]
fn types_of_one_name_from_two_interfaces_are_kept_apart() {
    let surface = surface(
        "package test:it;
        package other:one@1.0.0 { interface types { record thing { a: u8 } } }
        package other:two { interface types { record thing { b: u8 } } }
        interface api {
            use other:one/types@1.0.0.{thing};
            use other:two/types.{thing as second};
            f: func(x: thing, y: second);
        }
        world w { export api; }",
    );
    let document = openapi(&service("s"), &surface.contracts[0]);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut names: Vec<&str> = schemas.keys().map(String::as_str).filter(|name| !name.starts_with("nhip.")).collect();
    names.sort_unstable();
    assert_eq!(names, ["other.one.types-1.0.0.thing", "other.two.types.thing"]);
}
