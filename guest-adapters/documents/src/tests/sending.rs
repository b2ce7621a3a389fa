//! `send` and `report-status`: what goes out, what is refused before, and what the agent's refusals become.

use edxml::{Packet, Written};
use guest::dates::{WrittenDate, WrittenTime};
use guest::endpoints::FailureCode;
use guest::fake::{EXCHANGE, Fake};
use guest::faults::FaultCode;

use super::{answering, axis, document, organ, report};
use crate::packets::Document;

const OK: &str = r#"{"status":"OK","ErrorCode":"0","ErrorDesc":"","DocId":"77"}"#;

/// The packet inside the last upload, and its bytes.
fn uploaded(host: &Fake) -> (Packet, Vec<u8>) {
    let body = host.last_body();
    let boundary = host.last_header("content-type").unwrap().replace("multipart/form-data; boundary=", "");
    assert!(body.starts_with(&format!("--{boundary}\r\n")) && body.ends_with(&format!("\r\n--{boundary}--\r\n")));
    let (head, rest) = body.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("form-data; name=\"file_doc\""), "{head}");
    let bytes = rest.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap().as_bytes().to_vec();
    let (packet, warnings) = Packet::read(&bytes).unwrap();
    assert_eq!(warnings, []);
    (packet, bytes)
}

#[test]
fn a_document_goes_out_as_a_whole_packet() {
    let host = answering(OK);
    let sent = axis(&host).send(document()).unwrap();
    assert_eq!(sent.packet_id, "77");
    assert_eq!(sent.document_id.as_deref(), Some("000.00.00.H99,2024/05/06,15/UBND-KGVX"));
    let (packet, bytes) = uploaded(&host);
    let Packet::Document(found) = packet else { panic!() };
    assert_eq!(found.id, sent.document_id);
    assert_eq!(found.subject.as_deref(), Some("V/v thử nghiệm <A&B>"));
    assert_eq!(found.sender.address, None);
    assert_eq!(found.attachments[0].content, (0..=255).collect::<Vec<u8>>());
    assert_eq!(found.attachments[0].id.as_deref(), Some(&*format!("{EXCHANGE}-1")));
    let trace = &found.traces[0];
    assert_eq!(trace.organ.as_deref(), Some("000.00.00.H99"));
    let Some(Written::Value(time)) = &trace.time else { panic!() };
    assert_eq!(time.to_string(), "2020-04-15T08:30:00");
    assert!(sent.sha256.len() == 64 && !bytes.is_empty());
}

#[test]
fn parameters_travel_as_headers_and_the_hosts_own_are_left_to_it() {
    let host = answering(OK);
    axis(&host).send(document()).unwrap();
    let expected = [
        ("User-Agent", "JAVASDKAgent/1.0.0 XRoad/VPCP"),
        ("XroadVnpt-timestamp", "15042020T083100+0700"),
        ("XroadVnpt-servicetype", "eDoc"),
        ("XroadVnpt-messagetype", "edoc"),
        ("XroadVnpt-from", "000.00.00.H99"),
        ("XroadVnpt-to", r#"["000.00.00.G99","H98.01"]"#),
        ("XroadVnpt-version", "3.0.201608"),
    ];
    for (name, value) in expected {
        assert_eq!(host.last_header(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(host.last_header("XroadVnpt-Content-Type"), host.last_header("Content-Type"));
    for name in ["systemid", "sign-header-key", "sign-header", "hash-header"] {
        assert_eq!(host.last_header(&format!("XroadVnpt-{name}")), None);
    }
    let requests = host.requests.borrow();
    assert_eq!((requests[0].0.as_str(), requests[0].1.path.as_str()), ("vxp", "/sendEdoc"));
    assert!(requests[0].1.headers.iter().all(|h| h.value.bytes().all(|b| b.is_ascii_graphic() || b == b' ')));
}

#[test]
fn the_digest_is_of_the_packet_and_unpadded() {
    use sha2::{Digest, Sha256};
    let host = answering(OK);
    let sent = axis(&host).send(document()).unwrap();
    let digest = Sha256::digest(uploaded(&host).1);
    let padded: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let unpadded: String = digest.iter().map(|b| format!("{b:x}")).collect();
    assert_eq!(sent.sha256, padded);
    assert_eq!(host.last_header("XroadVnpt-hash-file"), Some(unpadded));
}

#[test]
fn a_second_try_sends_the_same_bytes() {
    let host = answering(OK);
    host.then(200, "application/json", OK);
    axis(&host).send(document()).unwrap();
    let first = host.last_body();
    axis(&host).send(document()).unwrap();
    assert_eq!(host.last_body(), first);
}

#[test]
fn a_report_goes_to_the_organ_that_issued_the_document() {
    let host = answering(OK);
    let sent = axis(&host).report_status(report()).unwrap();
    assert_eq!(host.last_header("XroadVnpt-messagetype").as_deref(), Some("status"));
    assert_eq!(host.last_header("XroadVnpt-from").as_deref(), Some("H98.01"));
    assert_eq!(host.last_header("XroadVnpt-to").as_deref(), Some(r#"["000.00.00.H99"]"#));
    let (Packet::Status(found), _) = uploaded(&host) else { panic!() };
    assert_eq!(found.status, "03");
    assert_eq!(sent.document_id, found.response_for.document_id);
    let Some(Written::Value(time)) = found.time else { panic!() };
    assert_eq!(time.to_string(), "2020-04-15T08:30:00");
}

#[test]
fn what_cannot_be_sent_is_refused_by_name_and_nothing_is_sent() {
    type Change = fn(&mut Document);
    let table: [(&str, Change); 13] = [
        ("`document.sender.code`", |d| d.sender.code = "Hà Nội".into()),
        ("`document.recipients` is empty", |d| d.recipients = vec![]),
        ("`document.recipients/1.code`", |d| d.recipients[1] = organ("")),
        ("`document.subject`", |d| d.subject = Some(" ".into())),
        ("`document.id`", |d| d.code = None),
        ("`document.promulgation.date`", |d| {
            d.promulgation.as_mut().unwrap().date = Some(WrittenDate::Date("2014-02-30".into()))
        }),
        ("`document.dueDate`", |d| d.due_date = Some(WrittenDate::Text("mai".into()))),
        ("codes 0, 1, 2, 3, 4", |d| d.other_info.as_mut().unwrap().priority = Some("9".into())),
        ("`document.steering`", |d| d.steering = Some("9".into())),
        ("`document.attachments/0.name`", |d| d.attachments[0].name = String::new()),
        ("same `ContentId`", |d| {
            d.attachments[0].id = Some("a".into());
            d.attachments.push(d.attachments[0].clone());
        }),
        ("MessageHeader/Subject", |d| d.subject = Some("a\u{1}".into())),
        ("`Signature`", |d| d.signature = Some(b"<a/>".to_vec())),
    ];
    for (expected, change) in table {
        let host = answering(OK);
        let mut given = document();
        change(&mut given);
        let fault = axis(&host).send(given).unwrap_err();
        assert_eq!(fault.code, FaultCode::InvalidInput, "{expected}");
        assert!(fault.message.contains(expected), "{}", fault.message);
        assert!(host.requests.borrow().is_empty(), "{expected}");
    }
}

#[test]
fn reports_are_checked_too() {
    let refused = |change: fn(&mut crate::packets::StatusReport)| {
        let host = answering(OK);
        let mut given = report();
        change(&mut given);
        let fault = axis(&host).report_status(given).unwrap_err();
        assert!(host.requests.borrow().is_empty());
        assert_eq!(fault.code, FaultCode::InvalidInput);
        fault.message
    };
    assert!(refused(|r| r.status = "14".into()).contains("`report.status`"));
    assert!(refused(|r| r.response_for.organ = None).contains("responseFor.organ"));
    assert!(refused(|r| r.time = Some(WrittenTime::Time("2020-04-15 08:30".into()))).contains("`report.time`"));
    assert!(
        refused(|r| (r.response_for.code, r.response_for.document_id) = (None, None)).contains("names no document")
    );
    let host = answering(OK).with("status-codes", "01, 14");
    let mut own = report();
    own.status = "14".into();
    assert!(axis(&host).report_status(own).is_ok());
}

#[test]
fn a_signature_is_placed_as_given() {
    let xml = "<Signature><SignedInfo/></Signature>";
    let host = answering(OK);
    let mut given = document();
    given.signature = Some(xml.into());
    axis(&host).send(given).unwrap();
    assert!(host.last_body().contains(xml));
}

#[test]
fn refusals_have_their_faults() {
    let fail = |code: &str, text: &str| format!(r#"{{"status":"FAIL","ErrorCode":"{code}","ErrorDesc":"{text}"}}"#);
    let table = [
        (fail("15", ""), FaultCode::UpstreamRefused),
        (fail("18", ""), FaultCode::InvalidInput),
        (fail("19", ""), FaultCode::Denied),
        (fail("20", ""), FaultCode::UpstreamUnavailable),
        (fail("23", ""), FaultCode::Conflict),
        (fail("X1", "Đơn vị nhận không tồn tại"), FaultCode::InvalidInput),
        (fail("X2", "document already exists"), FaultCode::Conflict),
        (fail("X3", "wrong signature"), FaultCode::UpstreamRefused),
        (fail("X4", "hm"), FaultCode::UpstreamRefused),
        (r#"{"status":"FAIL","ErrorCode":7,"ErrorDesc":null}"#.into(), FaultCode::UpstreamRefused),
        (r#"{"ok":true}"#.into(), FaultCode::UpstreamInvalid),
        (r#"{"status":"OK"}"#.into(), FaultCode::UpstreamInvalid),
        ("<html/>".into(), FaultCode::UpstreamInvalid),
        (String::new(), FaultCode::UpstreamInvalid),
    ];
    for (body, code) in table {
        let fault = axis(&answering(&body)).send(document()).unwrap_err();
        assert_eq!(fault.code, code, "{body}");
    }
    let host = answering(&fail("X4", "recipient")).with("fault.X4", "busy");
    assert_eq!(axis(&host).send(document()).unwrap_err().code, FaultCode::Busy);
    let host = Fake::answering(503, "text/plain", "");
    assert_eq!(axis(&host).send(document()).unwrap_err().code, FaultCode::UpstreamUnavailable);
}

#[test]
fn a_connection_that_breaks_after_sending_leaves_the_outcome_open() {
    let host = Fake::failing(FailureCode::Unreachable, true);
    assert_eq!(axis(&host).send(document()).unwrap_err().code, FaultCode::UpstreamTimeout);
    let host = Fake::failing(FailureCode::Unreachable, true);
    assert_eq!(axis(&host).agencies().unwrap_err().code, FaultCode::UpstreamUnavailable);
}

/// Subjects, names and descriptions of documents stay out of logs and faults.
#[test]
fn logs_and_faults_repeat_nothing_of_the_document() {
    for body in [OK, r#"{"status":"FAIL","ErrorCode":"Cơ quan","ErrorDesc":"Mẫu Sơn: thử nghiệm"}"#, "thử nghiệm"]
    {
        let host = answering(body);
        let mut seen = format!("{:?}", axis(&host).send(document()).err());
        seen.push_str(&host.lines.borrow().join("\n"));
        for text in ["thử", "Mẫu", "Cơ quan", "15.pdf"] {
            assert!(!seen.contains(text), "{seen}");
        }
    }
}
