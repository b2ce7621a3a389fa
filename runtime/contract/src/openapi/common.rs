//! The parts of every OpenAPI document that are the gateway's own: problems, headers, credentials.
//!
//! Invariant: every name begins with `nhip.`, or is not a name of a type, so none can meet one of a contract.

use serde_json::{Map, Value, json};

use crate::refusal::ProblemCode;

const CODES: [ProblemCode; 9] = [
    ProblemCode::NotJson,
    ProblemCode::TooDeep,
    ProblemCode::TooLarge,
    ProblemCode::WrongType,
    ProblemCode::Missing,
    ProblemCode::Unknown,
    ProblemCode::Duplicate,
    ProblemCode::OutOfRange,
    ProblemCode::InvalidValue,
];

pub(super) fn schemas() -> Map<String, Value> {
    let problem = json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "properties": {
            "type": { "type": "string", "description": "The kind of problem, as a URI reference." },
            "title": { "type": "string", "description": "The kind of problem, in words." },
            "status": { "type": "integer", "minimum": 400, "maximum": 599, "description": "The HTTP status." },
            "detail": { "type": "string", "description": "What happened this time." },
            "exchange": { "type": "string", "description": "The id of the exchange, as in `X-Exchange-Id`." },
            "blame": {
                "type": "string",
                "enum": ["caller", "adapter", "upstream", "gateway"],
                "description": "Who has to act.",
            },
            "retry": { "description": "Whether and when another try makes sense." },
            "fault": { "description": "The fault as the contract defines it." },
            "problems": {
                "type": "array",
                "items": { "$ref": "#/components/schemas/nhip.problem-place" },
                "description": "Everything in the request that does not fit the contract.",
            },
        },
        "required": ["type", "status"],
    });
    let codes = CODES.map(ProblemCode::as_str);
    let place = json!({
        "type": "object",
        "description": "One thing in the request that does not fit the contract.",
        "properties": {
            "pointer": { "type": "string", "description": "Where, as a JSON pointer (RFC 6901)." },
            "code": { "type": "string", "description": "What kind of problem.", "examples": codes },
            "message": { "type": "string", "description": "What is wrong and what would be right." },
        },
        "required": ["pointer", "code", "message"],
    });
    Map::from_iter([("nhip.problem".to_owned(), problem), ("nhip.problem-place".to_owned(), place)])
}

fn problem_content(schema: &Value) -> Value {
    json!({ "application/problem+json": { "schema": schema } })
}

fn problem_response(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "headers": answer_headers(), "content": problem_content(schema) })
}

fn problem() -> Value {
    json!({ "$ref": "#/components/schemas/nhip.problem" })
}

pub(super) fn responses() -> Value {
    json!({
        "nhip.problem": problem_response("The exchange did not succeed.", &problem()),
        "nhip.refused": problem_response(
            "The request does not fit the contract: `problems` says where. Or the system does not accept its values.",
            &problem(),
        ),
    })
}

/// The answer to a fault of the contract's own type.
pub(super) fn fault_response(fault: &Value) -> Value {
    let schema = json!({
        "allOf": [problem(), { "type": "object", "properties": { "fault": fault }, "required": ["fault"] }],
    });
    problem_response("The fault that the contract defines, in `fault`.", &schema)
}

pub(super) fn headers() -> Value {
    json!({
        "nhip.exchange-id": {
            "description": "The id of the exchange: a UUIDv7. Name it when you ask about an exchange.",
            "required": true,
            "schema": { "type": "string", "format": "uuid" },
        },
    })
}

pub(super) fn answer_headers() -> Value {
    json!({ "X-Exchange-Id": { "$ref": "#/components/headers/nhip.exchange-id" } })
}

pub(super) fn security_schemes() -> Value {
    json!({
        "apiKey": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
        "bearer": { "type": "http", "scheme": "bearer" },
    })
}
