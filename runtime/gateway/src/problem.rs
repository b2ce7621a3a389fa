//! A fault as RFC 9457 `application/problem+json`.
//!
//! Members beyond the standard's: `exchange` (its id), `blame`, `retry`, and where there is something to tell
//! `problems` (each with `pointer` and `message`), `fault` (the contract's own error value) and `upstreamCode`. The
//! `type` is `urn:nhip:fault:` and the code, and never changes its meaning.

use bytes::Bytes;
use nhip_exchange::fault::Row;
use nhip_exchange::{ExchangeId, Fault, Kind, Problem};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "type", serialize_with = "type_uri")]
    code: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<ExchangeId>,
    blame: &'static str,
    retry: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    problems: &'a [Problem],
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_code: Option<&'a str>,
}

fn type_uri<S: Serializer>(code: &&'static str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("urn:nhip:fault:{code}"))
}

/// The row that goes out. Status 499 stands in records only: nobody is there to read it, so whoever gets an answer
/// with it met a defect of ours.
pub(crate) fn row(fault: &Fault) -> &'static Row {
    match fault.kind {
        Kind::Abandoned => Kind::GatewayInternal.row(),
        kind => kind.row(),
    }
}

/// The document.
pub(crate) fn document(fault: &Fault, exchange: Option<ExchangeId>) -> Bytes {
    let row = row(fault);
    // Scanned, not parsed: what goes out is JSON, whatever an adapter made of its value.
    let value = fault.value.as_deref().and_then(|json| serde_json::from_slice::<&RawValue>(json).ok());
    if fault.value.is_some() && value.is_none() {
        tracing::error!(?exchange, "the contract's error value is not JSON; the problem goes out without it");
    }
    let document = Document {
        code: row.code,
        title: row.title,
        status: row.status,
        detail: &fault.outside,
        exchange,
        blame: row.blame.word(),
        retry: row.retry.word(),
        problems: &fault.problems,
        fault: value,
        upstream_code: fault.upstream_code.as_deref(),
    };
    // Nothing in it can fail to be written; if it did, the status would still say it.
    serde_json::to_vec(&document).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_exchange::fault::TABLE;
    use serde_json::{Value, json};

    fn read(fault: &Fault) -> Value {
        serde_json::from_slice(&document(fault, None)).unwrap()
    }

    #[test]
    fn every_kind_goes_out_with_its_own_row() {
        for row in TABLE.iter().filter(|row| row.kind != Kind::Abandoned) {
            let value = read(&Fault::new(row.kind, "why").inside("the inside"));
            let wanted = json!({
                "type": format!("urn:nhip:fault:{}", row.code), "title": row.title, "status": row.status,
                "detail": "why", "blame": row.blame.word(), "retry": row.retry.word(),
            });
            assert_eq!(value, wanted);
        }
        assert_eq!(read(&Fault::new(Kind::Abandoned, "why"))["status"], 500);
    }

    #[test]
    fn what_there_is_to_tell_is_told() {
        let mut fault = Fault::new(Kind::ContractFault, "refused");
        fault.value = Some(Bytes::from_static(br#" {"tag":"no-such","val":12345678901234567890} "#));
        fault.upstream_code = Some("E-17".to_owned());
        fault.problems = vec![Problem { pointer: "/a/0".to_owned(), message: "must be a \"string\"".to_owned() }];
        let text = String::from_utf8(document(&fault, None).to_vec()).unwrap();
        assert!(text.contains(r#""fault":{"tag":"no-such","val":12345678901234567890}"#), "{text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["upstreamCode"], "E-17");
        assert_eq!(value["problems"], json!([{"pointer": "/a/0", "message": "must be a \"string\""}]));
    }

    #[test]
    fn an_error_value_that_is_not_json_cannot_break_the_document() {
        for broken in ["", "{", "1,\"status\":200", "{} {}", "\u{1}"] {
            let mut fault = Fault::new(Kind::ContractFault, "refused");
            fault.value = Some(Bytes::copy_from_slice(broken.as_bytes()));
            let value = read(&fault);
            assert_eq!((&value["status"], value.get("fault")), (&json!(422), None), "{broken}");
        }
    }
}
