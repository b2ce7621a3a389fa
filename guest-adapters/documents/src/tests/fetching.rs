//! `fetch`, `fetch-packet` and `acknowledge`.

use guest::dates::WrittenDate;
use guest::fake::Fake;
use guest::faults::FaultCode;
use proptest::prelude::*;

use super::{answering, axis, document};
use crate::contract::TransportState;
use crate::packets::{Packet, WarningCode};

fn holding(packet: &[u8]) -> Fake {
    let data = forms::base64::encode(packet);
    answering(&format!(r#"{{"status":"OK","ErrorCode":"0","data":"{data}"}}"#))
}

/// The packet that `send` makes of a document.
fn packet_of(document: crate::packets::Document) -> Vec<u8> {
    let host = answering(r#"{"status":"OK","DocId":"1"}"#);
    axis(&host).send(document).unwrap();
    let body = host.last_body();
    let start = body.find("<?xml").unwrap();
    let end = body.rfind("\r\n--").unwrap();
    body.as_bytes()[start..end].to_vec()
}

#[test]
fn what_was_sent_is_fetched_the_same() {
    let bytes = packet_of(document());
    let host = holding(&bytes);
    let fetched = axis(&host).fetch(" 77 ").unwrap();
    assert_eq!(host.last_header("XroadVnpt-docId").as_deref(), Some("77"));
    assert_eq!(fetched.warnings, []);
    let Packet::Document(found) = fetched.packet else { panic!() };
    let given = document();
    assert_eq!(found.attachments[0].content, given.attachments[0].content);
    assert_eq!((found.subject, found.steering, found.to_places), (given.subject, given.steering, given.to_places));
    assert_eq!((found.code, found.promulgation, found.other_info), (given.code, given.promulgation, given.other_info));
    assert_eq!(found.recipients.len(), 3);
    let raw = axis(&holding(&bytes)).fetch_packet("77").unwrap();
    assert_eq!(raw.content, bytes);
    assert_eq!(raw.sha256, fetched.sha256);
}

#[test]
fn oddities_are_told_and_kept() {
    let text = String::from_utf8(packet_of(document())).unwrap();
    let text = text
        .replace("2024/05/06</edXML:Prom", "2014/02/30</edXML:Prom")
        .replace("<edXML:AttachmentName>15.pdf</edXML:AttachmentName>", "");
    let fetched = axis(&holding(text.as_bytes())).fetch("1").unwrap();
    let codes: Vec<_> = fetched.warnings.iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [WarningCode::BadDate, WarningCode::MissingElement]);
    assert!(fetched.warnings[0].path.ends_with("/PromulgationInfo/PromulgationDate") && fetched.warnings[0].line > 1);
    let Packet::Document(found) = fetched.packet else { panic!() };
    assert_eq!(found.promulgation.unwrap().date, Some(WrittenDate::Text("2014/02/30".into())));
    assert_eq!(found.attachments[0].name, found.attachments[0].id.clone().unwrap());
}

#[test]
fn what_is_not_edxml_is_refused_with_its_place_but_handed_out_raw() {
    let bytes = b"<edXML>\n<a></b></edXML>";
    let fault = axis(&holding(bytes)).fetch("1").unwrap_err();
    assert_eq!(fault.code, FaultCode::UpstreamInvalid);
    assert!(fault.message.contains("line 2, column"), "{}", fault.message);
    assert_eq!(axis(&holding(bytes)).fetch_packet("1").unwrap().content, bytes);
}

#[test]
fn packets_that_are_not_there() {
    let table = [
        (r#"{"status":"OK","data":"a*b"}"#, FaultCode::UpstreamInvalid),
        (r#"{"status":"OK","data":""}"#, FaultCode::UpstreamInvalid),
        (r#"{"status":"OK"}"#, FaultCode::UpstreamInvalid),
        (
            r#"{"status":"FAIL","ErrorCode":"906","ErrorDesc":"there is no document `1` for this system"}"#,
            FaultCode::NotFound,
        ),
        ("", FaultCode::UpstreamInvalid),
    ];
    for (body, code) in table {
        assert_eq!(axis(&answering(body)).fetch("1").unwrap_err().code, code, "{body}");
    }
    for id in ["", " ", "a b", "a\r\nX: y", "ấ"] {
        let host = answering("");
        assert_eq!(axis(&host).fetch(id).unwrap_err().code, FaultCode::InvalidInput);
        assert!(host.requests.borrow().is_empty());
    }
}

#[test]
fn acknowledging_sets_the_transport_state() {
    for (state, text) in
        [(TransportState::Done, "done"), (TransportState::Fail, "fail"), (TransportState::Processing, "processing")]
    {
        let host = answering(r#"{"status":"ok","ErrorCode":"0"}"#);
        axis(&host).acknowledge("77", state).unwrap();
        assert_eq!(host.last_header("XroadVnpt-docid").as_deref(), Some("77"));
        assert_eq!(host.last_header("XroadVnpt-status").as_deref(), Some(text));
        assert_eq!(host.requests.borrow()[0].1.path, "/updateStatus");
    }
    let host = answering(r#"{"status":"FAIL","ErrorCode":"15"}"#);
    assert_eq!(axis(&host).acknowledge("77", TransportState::Done).unwrap_err().code, FaultCode::UpstreamRefused);
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let host = || Fake::answering(status, "application/json", body.clone());
        let _ = axis(&host()).fetch("1");
        let _ = axis(&host()).agencies();
        let _ = axis(&host()).send(document());
    }

    #[test]
    fn arbitrary_packets_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = axis(&holding(&body)).fetch("1");
    }
}
