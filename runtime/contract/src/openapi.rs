//! OpenAPI 3.1 of a service, made from its contract.
//!
//! Invariant: the same contract gives the same document, member for member; every function has exactly one operation.

use serde_json::{Map, Value, json};

use crate::contract::{Contract, Function};
use crate::schema::{Definitions, Side};
use crate::shape::Shape;

mod common;

/// What the gateway knows of a service beyond its contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The public name, as it stands in the path: `population`.
    pub name: String,
    /// For the reader.
    pub title: String,
    /// The version of the deployment.
    pub version: String,
    /// The base of the paths, e.g. `https://lgsp.example.vn`; `/` for the server of the document itself.
    pub server_url: String,
}

/// The OpenAPI 3.1 document of a service.
///
/// Schemas of types stand in `components.schemas` under the name of the type. Those of the gateway itself begin with
/// `nhip.`, which no WIT name can.
#[must_use]
pub fn openapi(service: &ServiceInfo, contract: &Contract) -> Value {
    let mut definitions = Definitions::new("#/components/schemas/");
    for function in contract.functions.items() {
        for (shape, side) in shapes(function) {
            definitions.note(shape, side);
        }
    }
    let mut paths = Map::new();
    for function in contract.functions.items() {
        let path = format!("/services/{}/{}", service.name, function.name);
        paths.insert(path, json!({ "post": operation(&mut definitions, service, function) }));
    }
    let mut schemas = definitions.into_map();
    schemas.extend(common::schemas());
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": service.title,
            "version": service.version,
            "description": description(contract),
        },
        "servers": [{ "url": service.server_url }],
        "security": [{ "apiKey": [] }, { "bearer": [] }],
        "tags": [{ "name": service.name }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": common::headers(),
            "responses": common::responses(),
            "securitySchemes": common::security_schemes(),
        },
    })
}

fn shapes(function: &Function) -> Vec<(&Shape, Side)> {
    let params = function.params.items().iter().map(|field| (&field.shape, Side::Request));
    let answers = function.answer.ok().into_iter().chain(own_fault(function)).map(|shape| (shape, Side::Answer));
    params.chain(answers).collect()
}

/// The fault that callers see as JSON. The shared one they see as the members of the problem itself.
fn own_fault(function: &Function) -> Option<&Shape> {
    match &function.answer {
        crate::Answer::Result { err, shared_fault: false, .. } => err.as_ref(),
        _ => None,
    }
}

fn has_own_fault(function: &Function) -> bool {
    matches!(&function.answer, crate::Answer::Result { shared_fault: false, .. })
}

fn description(contract: &Contract) -> String {
    let rules = "Members that the contract does not know are refused in requests. Answers may have members that this document does not name: later versions add some.";
    let of = format!("Contract `{}`.", contract.name);
    match &contract.docs {
        Some(docs) => format!("{docs}\n\n{of} {rules}"),
        None => format!("{of} {rules}"),
    }
}

fn operation(definitions: &mut Definitions, service: &ServiceInfo, function: &Function) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), function.name.clone().into());
    operation.insert("tags".to_owned(), json!([service.name]));
    if let Some(docs) = &function.docs {
        let (summary, rest) = summary(docs);
        operation.insert("summary".to_owned(), summary.into());
        if let Some(rest) = rest {
            operation.insert("description".to_owned(), rest.into());
        }
    }
    let fields = function.params.items();
    let body = definitions.object(fields, Side::Request);
    let required = fields.iter().any(|field| !field.shape.is_option());
    let content = json!({ "application/json": { "schema": body } });
    operation.insert("requestBody".to_owned(), json!({ "required": required, "content": content }));
    operation.insert("responses".to_owned(), responses(definitions, function));
    Value::Object(operation)
}

/// The first paragraph, on one line, and what follows it.
fn summary(docs: &str) -> (String, Option<&str>) {
    let (first, rest) = docs.split_once("\n\n").map_or((docs, None), |(first, rest)| (first, Some(rest.trim())));
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    (line, rest.filter(|rest| !rest.is_empty()))
}

fn responses(definitions: &mut Definitions, function: &Function) -> Value {
    let answer = match function.answer.ok() {
        Some(shape) => definitions.schema(shape, Side::Answer),
        None => json!({ "type": "null" }),
    };
    let mut responses = json!({
        "200": {
            "description": "The answer.",
            "headers": common::answer_headers(),
            "content": { "application/json": { "schema": answer } },
        },
        "400": { "$ref": "#/components/responses/nhip.refused" },
        "default": { "$ref": "#/components/responses/nhip.problem" },
    });
    if let (true, Value::Object(responses)) = (has_own_fault(function), &mut responses) {
        let fault = match own_fault(function) {
            Some(shape) => definitions.schema(shape, Side::Answer),
            None => json!({ "type": "null" }),
        };
        responses.insert("422".to_owned(), common::fault_response(&fault));
    }
    responses
}
