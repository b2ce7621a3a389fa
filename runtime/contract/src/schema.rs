//! JSON Schema (draft 2020-12) of shapes.
//!
//! Invariant: a request's schema accepts exactly the documents that the decoder accepts, except that it does not check the
//! letters of base64, that a decimal string fits its type, and that no member stands twice. An answer's schema accepts
//! every document that the encoder writes, and leaves objects open: later versions of a contract may add members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::decode::{MAX_SAFE, is_string};
use crate::shape::{Case, Field, Kind, Shape, TypeName};

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// From the caller. Unknown members are refused, so objects are closed.
    Request,
    /// To the caller. Objects are open.
    Answer,
}

/// The schema of `shape` as one document, with its named types in `$defs`.
#[must_use]
pub fn schema(shape: &Shape, side: Side) -> Value {
    let mut definitions = Definitions::new("#/$defs/");
    definitions.note(shape, side);
    let mut root = match definitions.schema(shape, side) {
        Value::Object(root) => root,
        _ => Map::new(),
    };
    root.insert("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into());
    let defs = definitions.into_map();
    if !defs.is_empty() {
        root.insert("$defs".to_owned(), defs.into());
    }
    Value::Object(root)
}

/// The schemas of named types, shared by everything that refers to them.
pub(crate) struct Definitions {
    /// What a reference begins with.
    prefix: &'static str,
    /// The types of requests, and how often the short name is wanted by different types.
    in_requests: BTreeSet<TypeName>,
    interfaces_by_name: BTreeMap<String, BTreeSet<String>>,
    done: BTreeMap<String, Value>,
}

impl Definitions {
    pub(crate) fn new(prefix: &'static str) -> Self {
        Self { prefix, in_requests: BTreeSet::new(), interfaces_by_name: BTreeMap::new(), done: BTreeMap::new() }
    }

    /// Makes the named types of `shape` known. All must be known before the first schema is made, because the name of
    /// a definition depends on which others there are.
    pub(crate) fn note(&mut self, shape: &Shape, side: Side) {
        if let Some(name) = shape.name() {
            let interfaces = self.interfaces_by_name.entry(name.name.clone()).or_default();
            let new_type = interfaces.insert(name.interface.clone());
            let new_request = side == Side::Request && self.in_requests.insert(name.clone());
            if !new_type && !new_request {
                return;
            }
        }
        for part in shape.kind().parts() {
            self.note(part, side);
        }
    }

    /// The definitions made so far, by name.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.done.into_iter().collect()
    }

    /// The schema of a shape: a reference if it has a name.
    pub(crate) fn schema(&mut self, shape: &Shape, side: Side) -> Value {
        let Some(name) = shape.name() else { return self.inline(shape, side) };
        let key = self.key(name, shape, side);
        if !self.done.contains_key(&key) {
            let mut made = self.inline(shape, side);
            describe(&mut made, shape.docs());
            self.done.insert(key.clone(), made);
        }
        json!({ "$ref": format!("{}{key}", self.prefix) })
    }

    /// The short name, with the interface if another type has it too, and marked if it is the open form of a type
    /// that also stands closed in a request.
    fn key(&self, name: &TypeName, shape: &Shape, side: Side) -> String {
        let alone = self.interfaces_by_name.get(&name.name).is_none_or(|interfaces| interfaces.len() < 2);
        let mut key = if alone { name.name.clone() } else { format!("{}.{}", file_safe(&name.interface), name.name) };
        if side == Side::Answer && shape.has_object() && self.in_requests.contains(name) {
            key.push_str(".answer");
        }
        key
    }

    fn inline(&mut self, shape: &Shape, side: Side) -> Value {
        match shape.kind() {
            Kind::Bool => json!({ "type": "boolean" }),
            Kind::Int(int) if int.is_wide() => wide(int.range()),
            Kind::Int(int) => {
                let (least, most) = int.range();
                json!({ "type": "integer", "minimum": number(least), "maximum": number(most) })
            }
            Kind::Float64 => float(json!({ "type": "number" })),
            Kind::Float32 => {
                let most = f64::from(f32::MAX);
                float(json!({ "type": "number", "minimum": -most, "maximum": most }))
            }
            Kind::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Kind::String => json!({ "type": "string" }),
            Kind::Bytes => json!({ "type": "string", "contentEncoding": "base64" }),
            Kind::List(item) => json!({ "type": "array", "items": self.schema(item, side) }),
            Kind::FixedList(item, length) => {
                json!({ "type": "array", "items": self.schema(item, side), "minItems": length, "maxItems": length })
            }
            Kind::Map { key, value, .. } if is_string(key) => {
                json!({ "type": "object", "additionalProperties": self.schema(value, side) })
            }
            Kind::Map { entry, .. } => json!({ "type": "array", "items": self.schema(entry, side) }),
            Kind::Tuple(parts) => self.tuple(parts, side),
            Kind::Record(fields) => self.object(fields.items(), side),
            Kind::Variant(cases) => self.variant(cases.items(), side),
            Kind::Enum(cases) => labels(cases.items()),
            Kind::Flags(flags) => {
                json!({ "type": "array", "items": labels(flags.items()), "uniqueItems": true })
            }
            Kind::Option(inner) if inner.is_option() => {
                let some = self.tagged("some", None, Some(inner), side);
                json!({ "anyOf": [some, { "type": "null" }] })
            }
            Kind::Option(inner) => json!({ "anyOf": [self.schema(inner, side), { "type": "null" }] }),
            Kind::Result(ok, err) => {
                let ok = self.tagged("ok", None, ok.as_ref(), side);
                let err = self.tagged("err", None, err.as_ref(), side);
                json!({ "oneOf": [ok, err] })
            }
        }
    }

    fn tuple(&mut self, parts: &[Shape], side: Side) -> Value {
        let length = parts.len();
        let parts: Vec<Value> = parts.iter().map(|part| self.schema(part, side)).collect();
        json!({ "type": "array", "prefixItems": parts, "items": false, "minItems": length, "maxItems": length })
    }

    /// A record, or the parameters of a function.
    pub(crate) fn object(&mut self, fields: &[Field], side: Side) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in fields {
            let mut schema = self.schema(&field.shape, side);
            describe(&mut schema, field.docs.as_deref());
            properties.insert(field.json.clone(), schema);
            if !field.shape.is_option() {
                required.push(Value::from(field.json.as_str()));
            }
        }
        object(properties, required, side)
    }

    fn variant(&mut self, cases: &[Case], side: Side) -> Value {
        let cases: Vec<Value> = cases
            .iter()
            .map(|case| self.tagged(&case.name, case.docs.as_deref(), case.payload.as_ref(), side))
            .collect();
        json!({ "oneOf": cases })
    }

    /// `{"tag": …, "val": …}`
    fn tagged(&mut self, tag: &str, docs: Option<&str>, payload: Option<&Shape>, side: Side) -> Value {
        let val = match payload {
            Some(shape) => self.schema(shape, side),
            None => json!({ "type": "null" }),
        };
        let properties = Map::from_iter([("tag".to_owned(), json!({ "const": tag })), ("val".to_owned(), val)]);
        let mut required = vec![Value::from("tag")];
        if payload.is_some_and(|shape| !shape.is_option()) {
            required.push("val".into());
        }
        let mut schema = object(properties, required, side);
        describe(&mut schema, docs);
        schema
    }
}

fn object(properties: Map<String, Value>, required: Vec<Value>, side: Side) -> Value {
    let mut schema =
        Map::from_iter([("type".to_owned(), "object".into()), ("properties".to_owned(), properties.into())]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if side == Side::Request {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    Value::Object(schema)
}

fn describe(schema: &mut Value, docs: Option<&str>) {
    if let (Value::Object(schema), Some(docs)) = (schema, docs) {
        schema.insert("description".to_owned(), docs.into());
    }
}

/// The cases of an enum. With docs each stands alone, so that its meaning can stand with it.
fn labels(cases: &[Case]) -> Value {
    if cases.iter().all(|case| case.docs.is_none()) {
        let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        return json!({ "type": "string", "enum": names });
    }
    let one = |case: &Case| {
        let mut schema = json!({ "const": case.name });
        describe(&mut schema, case.docs.as_deref());
        schema
    };
    json!({ "type": "string", "oneOf": cases.iter().map(one).collect::<Vec<_>>() })
}

fn wide((least, most): (i128, i128)) -> Value {
    let pattern = if least < 0 { "^(0|-?[1-9][0-9]{0,18})$" } else { "^(0|[1-9][0-9]{0,19})$" };
    json!({
        "anyOf": [
            { "type": "integer", "minimum": number(least.max(-MAX_SAFE)), "maximum": number(most.min(MAX_SAFE)) },
            { "type": "string", "pattern": pattern },
        ]
    })
}

fn float(number: Value) -> Value {
    json!({ "anyOf": [number, { "enum": ["NaN", "Infinity", "-Infinity"] }] })
}

/// Every limit of a type is within the safe range or was cut to it.
fn number(number: i128) -> Value {
    i64::try_from(number).map_or(Value::Null, Value::from)
}

/// Only the characters that OpenAPI allows in the name of a component: `lgsp:types/faults@1.0.0` → `lgsp.types.faults-1.0.0`.
fn file_safe(interface: &str) -> String {
    let letter = |letter: char| match letter {
        ':' | '/' => '.',
        '@' => '-',
        letter if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_') => letter,
        _ => '_',
    };
    interface.chars().map(letter).collect()
}
