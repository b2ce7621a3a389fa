//! The OpenAPI document and the schemas of one contract, against a file that a reviewer can read.

use nhip_contract::docs::WitDocs;
use nhip_contract::{ServiceInfo, Side, Surface, openapi, schema};
use serde_json::Value;

use crate::support::{component, shape};

const WIT: &str = include_str!("golden/library.wit");
const GOLDEN: &str = include_str!("golden/library.openapi.json");

fn library() -> Value {
    let world = "\nworld w { export catalogue; }";
    let bare = component(&format!("{WIT}{world}"));
    let docs = WitDocs::parse([("library.wit", WIT)]).unwrap();
    let surface = Surface::read(&docs.embed(&bare).unwrap()).unwrap();
    let service = ServiceInfo {
        name: "library".to_owned(),
        title: "Library".to_owned(),
        version: "1.0.0".to_owned(),
        server_url: "https://lgsp.example".to_owned(),
    };
    openapi(&service, &surface.contracts[0])
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
