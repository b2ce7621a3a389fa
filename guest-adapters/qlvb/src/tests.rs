//! The adapter against a scripted host.

use guest::dates::WrittenDate;
use guest::endpoints::{FailureCode, Header};
use guest::fake::{EXCHANGE, Fake};
use guest::faults::FaultCode;
use guest::organs::Organ;
use serde_json::{Value, json};

use crate::bindings::lgsp::documents::packets::{DocumentCode, DocumentType, Promulgation};
use crate::contract::Incoming;
use crate::receive;

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn organ(code: &str, name: Option<&str>) -> Organ {
    Organ {
        code: code.into(),
        in_charge: None,
        name: name.map(str::to_owned),
        address: None,
        email: None,
        telephone: None,
        fax: None,
        website: None,
    }
}

fn document() -> Incoming {
    Incoming {
        packet_id: "77".into(),
        document_id: Some("H99,2026/11/20,17/UBND-KSTT".into()),
        sender: organ("H99", Some("UBND tỉnh Mẫu Sơn")),
        recipients: vec![organ("H99.01", None)],
        code: Some(DocumentCode { number: Some("17".into()), notation: Some("UBND-KSTT".into()) }),
        promulgation: Some(Promulgation { place: None, date: Some(WrittenDate::Date("2026-11-20".into())) }),
        document_type: Some(DocumentType { code: Some("1".into()), detail: None, name: Some("Công văn".into()) }),
        subject: Some("V/v <thử> \"nghiệm\"".into()),
        due_date: Some(WrittenDate::Text("2014/02/30".into())),
        priority: Some("1".into()),
        business: None,
        content: b"test".to_vec(),
        sha256: DIGEST.into(),
    }
}

fn stored() -> String {
    json!({ "sha256": DIGEST.to_uppercase(), "number": 4711 }).to_string()
}

#[test]
fn the_document_is_sent_with_the_exchanges_id() {
    let host = Fake::answering(201, "application/json", stored());
    receive(&host, &document()).unwrap();
    assert_eq!(host.last_header("idempotency-key").as_deref(), Some(EXCHANGE));
    let sent: Value = serde_json::from_str(&host.last_body()).unwrap();
    assert_eq!(
        sent,
        json!({ "packetId": "77", "documentId": "H99,2026/11/20,17/UBND-KSTT", "sha256": DIGEST,
            "sender": { "code": "H99", "name": "UBND tỉnh Mẫu Sơn" }, "recipients": [{ "code": "H99.01" }],
            "number": "17", "notation": "UBND-KSTT", "promulgationDate": "2026-11-20", "type": "Công văn",
            "subject": "V/v <thử> \"nghiệm\"", "dueDate": "2014/02/30", "priority": "1", "edxml": "dGVzdA==" })
    );
    let (endpoint, request) = host.requests.borrow()[0].clone();
    assert_eq!((endpoint.as_str(), request.path.as_str()), ("qlvb", "/incoming-documents"));
    assert!(!request.headers.iter().any(|Header { name, .. }| name.eq_ignore_ascii_case("authorization")));
    let host = Fake::answering(201, "application/json", stored()).with("path", "/van-ban-den");
    receive(&host, &document()).unwrap();
    assert_eq!(host.requests.borrow()[0].1.path, "/van-ban-den");
}

#[test]
fn what_is_there_already_is_a_success_if_it_is_the_same() {
    for status in [200, 201, 409] {
        receive(&Fake::answering(status, "application/json", stored()), &document()).unwrap();
    }
    let other = json!({ "sha256": "00" }).to_string();
    let table = [
        (409, other.as_str(), FaultCode::Conflict),
        (409, "", FaultCode::Conflict),
        // Maintenance pages are answered with 200, too.
        (200, "<html>", FaultCode::UpstreamTimeout),
        (201, "", FaultCode::UpstreamTimeout),
        (200, other.as_str(), FaultCode::UpstreamTimeout),
    ];
    for (status, body, code) in table {
        let fault = receive(&Fake::answering(status, "application/json", body), &document()).unwrap_err();
        assert_eq!(fault.code, code, "{status} {body}");
    }
}

#[test]
fn every_other_status_has_its_fault() {
    let table = [
        (400, FaultCode::InvalidInput),
        (413, FaultCode::InvalidInput),
        (415, FaultCode::InvalidInput),
        (422, FaultCode::InvalidInput),
        (401, FaultCode::UpstreamRefused),
        (404, FaultCode::UpstreamRefused),
        (429, FaultCode::Busy),
        (204, FaultCode::UpstreamInvalid),
        (302, FaultCode::UpstreamInvalid),
        (500, FaultCode::UpstreamUnavailable),
        (503, FaultCode::UpstreamUnavailable),
        (504, FaultCode::UpstreamTimeout),
    ];
    for (status, code) in table {
        // Whatever its body says.
        let fault = receive(&Fake::answering(status, "application/json", stored()), &document()).unwrap_err();
        assert_eq!((fault.code, fault.upstream_code), (code, Some(status.to_string())));
        assert!(!fault.message.contains("thử"), "{}", fault.message);
    }
    for sent in [true, false] {
        let fault = receive(&Fake::failing(FailureCode::Unreachable, sent), &document()).unwrap_err();
        assert_eq!(fault.code, FaultCode::UpstreamUnavailable);
    }
}

#[test]
fn the_sample_policy_grants_what_is_needed() {
    let manifest: toml::Table = include_str!("../adapter.toml").parse().unwrap();
    let policy: toml::Table = include_str!("../policy.toml").parse().unwrap();
    assert_eq!(manifest["name"], policy["adapter"]);
    let (need, grant) = (&manifest["needs"]["endpoints"]["qlvb"], &policy["endpoints"]["qlvb"]);
    for list in ["methods", "paths", "headers"] {
        assert_eq!(grant[list], need[list], "{list}");
    }
    let services = policy["services"].as_table().unwrap();
    assert!(services.values().all(|contract| manifest["contracts"].as_array().unwrap().contains(contract)));
    for limit in ["memory", "cpu"] {
        assert_eq!(policy["limits"][limit], manifest["needs"]["limits"][limit]);
    }
}
