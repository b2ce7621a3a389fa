//! The one operation: `POST /incoming-documents`.
//!
//! The body is a JSON object: `packetId`, `documentId`, `sha256`, `sender` and `recipients` (`code`, `name`), `number`, `notation`,
//! `promulgationDate`, `place`, `type`, `subject`, `dueDate`, `priority`, `business`, and `edxml`, the packet as base64. What is not
//! known is left out; a date that does not exist stands as it was written.
//!
//! | answer | meaning |
//! |---|---|
//! | 201, 200 with `{"sha256": …}` of these bytes | stored; stored before |
//! | 409 with `{"sha256": …}` of these bytes | stored before |
//! | 409 otherwise | under this id it has other bytes and wants no more: `conflict` |
//! | 400, 413, 415, 422 | it does not take this document: `invalid-input` |
//! | 200, 201 without the digest | a page of something in between, or half an answer: what became of it is not known, `upstream-timeout` |
//! | anything else | as every system's |

use forms::base64;
use guest::dates::WrittenDate;
use guest::endpoints::{Header, Request, Response};
use guest::faults::{Fault, FaultCode};
use guest::organs::Organ;
use guest::{Host, Repeat, Settings, Upstream};
use serde_json::{Map, Value, json};

use crate::contract::Incoming;

/// Hand a document to the system.
///
/// # Errors
/// As the contract says.
pub fn receive(host: &dyn Host, document: &Incoming) -> Result<(), Fault> {
    let upstream = Upstream { host, endpoint: "qlvb", title: "the office's document system" };
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
    let request = Request {
        method: "POST".to_owned(),
        path: Settings::of(host).get_or("path", "/incoming-documents")?,
        headers: vec![
            header("Content-Type", "application/json"),
            header("Accept", "application/json"),
            header("Idempotency-Key", &host.exchange().id),
        ],
        body: body(document).to_string().into_bytes(),
        timeout_ms: None,
    };
    // The system recognises a document that it has: asking again does no harm.
    judge(&upstream, &upstream.send(&request, Repeat::Harmless)?, &document.sha256)
}

fn judge(upstream: &Upstream<'_>, response: &Response, sha256: &str) -> Result<(), Fault> {
    let has_it = named_digest(&response.body).is_some_and(|digest| digest.eq_ignore_ascii_case(sha256));
    let with_status = |mut fault: Fault| {
        fault.upstream_code = Some(response.status.to_string());
        fault
    };
    match response.status {
        200 | 201 | 409 if has_it => Ok(()),
        200 | 201 => {
            let what = "does not say which bytes it stored; whether it has the document is unknown";
            Err(upstream.fault(FaultCode::UpstreamTimeout, what))
        }
        409 => Err(with_status(upstream.fault(FaultCode::Conflict, "has other bytes under the id of this document"))),
        400 | 413 | 415 | 422 => {
            Err(with_status(upstream.fault(FaultCode::InvalidInput, "does not take this document")))
        }
        _ => Err(upstream.bad_status(response)),
    }
}

fn named_digest(body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    answer.get("sha256")?.as_str().map(|digest| digest.trim().to_owned())
}

fn body(document: &Incoming) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.clone().map(Value::from);
    put("packetId", Some(document.packet_id.as_str().into()));
    put("documentId", text(&document.document_id));
    put("sha256", Some(document.sha256.as_str().into()));
    put("sender", Some(organ(&document.sender)));
    put("recipients", Some(document.recipients.iter().map(organ).collect()));
    if let Some(code) = &document.code {
        put("number", text(&code.number));
        put("notation", text(&code.notation));
    }
    if let Some(promulgation) = &document.promulgation {
        put("promulgationDate", promulgation.date.as_ref().map(date));
        put("place", text(&promulgation.place));
    }
    put("type", document.document_type.as_ref().and_then(|kind| text(&kind.name)));
    put("subject", text(&document.subject));
    put("dueDate", document.due_date.as_ref().map(date));
    put("priority", text(&document.priority));
    put("business", text(&document.business));
    put("edxml", Some(base64::encode(&document.content).into()));
    Value::Object(members)
}

fn organ(organ: &Organ) -> Value {
    match &organ.name {
        Some(name) => json!({ "code": organ.code, "name": name }),
        None => json!({ "code": organ.code }),
    }
}

fn date(date: &WrittenDate) -> Value {
    match date {
        WrittenDate::Date(text) | WrittenDate::Text(text) => text.as_str().into(),
    }
}
