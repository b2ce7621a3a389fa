//! Sending, fetching and acknowledging.

use nhip_systems::{MessageType, TransportState, Vxp, VxpConfig, samples, vxp::codes};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Caller, multipart, parse, vxp};

const FROM_H99: (&str, &str) = ("from", "000.00.00.H99");

fn doc_id(answer: &Value) -> String {
    assert_eq!(answer["status"], "OK", "{answer}");
    answer["DocId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_document_goes_from_sender_to_receiver_and_its_state_comes_back() {
    let vxp = vxp().await;
    let (sender, receiver) = (Caller::new(&vxp, "vxp-mauson"), Caller::new(&vxp, "vxp-bothunghiem"));
    let to = ("to", r#"["000.00.00.G99"]"#);
    let sent = doc_id(&sender.send(samples::NEW_DOCUMENT, &[FROM_H99, to, ("messagetype", "edoc")]).await);

    let rows = receiver.inbox(&[("messagetype", "edoc")]).await;
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(row["status"], "initial");
    assert_eq!((&row["from"], &row["to"]), (&"000.00.00.H99".into(), &"000.00.00.G99".into()));
    assert_eq!((&row["messageType"], &row["serviceType"]), (&"edoc".into(), &"eDoc".into()));
    let received = row["docId"].as_str().unwrap();
    assert_ne!(received, sent, "sender and receiver have ids of their own");

    assert_eq!(receiver.fetch(received).await, samples::NEW_DOCUMENT);
    assert_eq!(receiver.get("downloadEdoc", &[("docId", received)]).await, samples::NEW_DOCUMENT);
    assert_eq!(vxp.stored(received).unwrap(), samples::NEW_DOCUMENT);
    assert_eq!(vxp.state(&sent, "G99"), Some(TransportState::Initial));
    for state in ["processing", "fail", "done"] {
        let answer = receiver.json("updateStatus", &[("docid", received), ("status", state)]).await;
        assert_eq!(answer["status"], "OK", "{answer}");
        assert_eq!(vxp.state(&sent, "000.00.00.G99").unwrap().as_str(), state);
    }
    let list = sender.json("getSentEdocList", &[]).await;
    let row = &list["data"][0];
    assert_eq!((&row["senderDocId"], &row["receiverDocId"]), (&sent.as_str().into(), &received.into()));
    assert_eq!((&row["receiveStatus"], &row["notation"]), (&"done".into(), &"15/UBND-KGVX".into()));
    assert_eq!((&row["fromCode"], &row["toCode"]), (&"000.00.00.H99".into(), &"000.00.00.G99".into()));
    assert!(row["title"].as_str().unwrap().contains("dữ liệu & thử nghiệm <lần 1>"));
    assert_eq!(sender.fetch(&sent).await, samples::NEW_DOCUMENT, "the sender reads its own");
    vxp.stop().await;
}

#[tokio::test]
async fn recipients_come_from_the_header_or_else_from_the_packet() {
    let vxp = vxp().await;
    let sender = Caller::new(&vxp, "vxp-mauson");
    let both_codes = ("to", r#"["H98","000.00.00.G99"]"#);
    let sent = doc_id(&sender.send(samples::NEW_DOCUMENT, &[FROM_H99, both_codes]).await);
    assert!(vxp.state(&sent, "H98").is_some() && vxp.state(&sent, "G99").is_some());
    let sent = doc_id(&sender.send(samples::UPDATE, &[FROM_H99]).await);
    assert!(vxp.state(&sent, "H98").is_some() && vxp.state(&sent, "G99").is_some());
    let status = Caller::new(&vxp, "vxp-bothunghiem");
    let params = [("from", "vxp-bothunghiem"), ("messagetype", "status")];
    let sent = doc_id(&status.send(samples::STATUS_05, &params).await);
    assert!(vxp.state(&sent, "H99").is_some(), "a status packet goes to whom it responds to");
}

#[tokio::test]
async fn the_same_bytes_again_are_the_same_document() {
    let vxp = vxp().await;
    let sender = Caller::new(&vxp, "vxp-mauson");
    let to = |codes: &'static str| [FROM_H99, ("to", codes)];
    let first = doc_id(&sender.send(samples::NEW_DOCUMENT, &to(r#"["G99"]"#)).await);
    assert_eq!(doc_id(&sender.send(samples::NEW_DOCUMENT, &to(r#"["G99"]"#)).await), first);
    assert_eq!(Caller::new(&vxp, "vxp-bothunghiem").inbox(&[]).await.len(), 1);
    assert_eq!(doc_id(&sender.send(samples::NEW_DOCUMENT, &to(r#"["G99","H98"]"#)).await), first);
    assert_eq!(Caller::new(&vxp, "vxp-binhgia").inbox(&[]).await.len(), 1, "a new receiver gets it");
    let mut other = samples::NEW_DOCUMENT.to_vec();
    other.push(b'\n');
    assert_ne!(doc_id(&sender.send(&other, &to(r#"["G99"]"#)).await), first);
}

#[tokio::test]
async fn sending_is_refused_with_the_reason() {
    let vxp = vxp().await;
    let sender = Caller::new(&vxp, "vxp-mauson");
    let good = samples::NEW_DOCUMENT;
    let wrong_root = b"<edXML xmlns='http://example.com'/>".as_slice();
    let no_header = b"<edXML xmlns='http://www.mic.gov.vn/TBT/QCVN_102_2016'/>".as_slice();
    type Case<'a> = (&'a [u8], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 13] = [
        (good, &[FROM_H99, ("to", r#"["000.00.00.Z99"]"#)], codes::UNKNOWN_RECIPIENT),
        (good, &[FROM_H99, ("to", r#"["G99","nobody"]"#)], codes::UNKNOWN_RECIPIENT),
        (good, &[FROM_H99, ("to", "[]")], codes::UNKNOWN_RECIPIENT),
        (good, &[FROM_H99, ("to", "G99")], codes::BAD_PARAMETER),
        (good, &[("to", r#"["G99"]"#)], codes::MISSING),
        (good, &[("from", "000.00.00.H98")], codes::UNKNOWN_SENDER),
        (good, &[("from", "nobody")], codes::UNKNOWN_SENDER),
        (good, &[FROM_H99, ("messagetype", "letter")], codes::BAD_PARAMETER),
        (b"not xml", &[FROM_H99], codes::INVALID_FILE),
        (b"", &[FROM_H99], codes::INVALID_FILE),
        (&good[..good.len() / 2], &[FROM_H99], codes::INVALID_FILE),
        (wrong_root, &[FROM_H99], codes::NOT_EDXML),
        (no_header, &[FROM_H99], codes::NOT_EDXML),
    ];
    for (bytes, params, code) in cases {
        let answer = sender.send(bytes, params).await;
        assert_eq!((&answer["status"], &answer["ErrorCode"]), (&"FAIL".into(), &code.into()), "{answer} {params:?}");
    }
    for system in ["vxp-bothunghiem", "vxp-binhgia"] {
        assert!(Caller::new(&vxp, system).inbox(&[]).await.is_empty(), "a refused document reaches nobody");
    }
}

#[tokio::test]
async fn the_file_hash_is_demanded_padded_or_not() {
    let vxp = vxp().await;
    let sender = Caller::new(&vxp, "vxp-mauson");
    // Bytes whose digest has a byte below 0x10, or the two spellings would be one.
    let (bytes, digest) = (0..)
        .map(|n| {
            let mut bytes = samples::NEW_DOCUMENT.to_vec();
            bytes.extend(std::iter::repeat_n(b' ', n));
            let digest = Sha256::digest(&bytes).to_vec();
            (bytes, digest)
        })
        .find(|(_, digest)| digest.iter().any(|b| *b < 16))
        .unwrap();
    let padded: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let unpadded: String = digest.iter().map(|b| format!("{b:x}")).collect();
    assert_ne!(padded, unpadded);
    let (content_type, body) = multipart("file_doc", &bytes);
    for (hash, code) in
        [(padded.as_str(), codes::OK), (&unpadded, codes::OK), (&padded[1..], codes::FILE_HASH), ("", codes::MISSING)]
    {
        let params = [FROM_H99, ("hash-file", hash)];
        let answer = parse(&sender.post_body("sendEdoc", &params, &content_type, body.clone()).await);
        assert_eq!(answer["ErrorCode"], code, "{hash} {answer}");
    }
    let (content_type, body) = multipart("file", &bytes);
    let answer = sender.post_body("sendEdoc", &[FROM_H99, ("hash-file", &padded)], &content_type, body).await;
    assert_eq!(parse(&answer)["ErrorCode"], codes::INVALID_FILE);
    let answer = sender.post_body("sendEdoc", &[FROM_H99, ("hash-file", &padded)], "application/xml", bytes).await;
    assert_eq!(parse(&answer)["ErrorCode"], codes::INVALID_FILE);
}

#[tokio::test]
async fn only_the_parties_see_a_document_and_only_the_receiver_acknowledges() {
    let vxp = vxp().await;
    let sender = Caller::new(&vxp, "vxp-mauson");
    let stranger = Caller::new(&vxp, "vxp-binhgia");
    let receiver = Caller::new(&vxp, "vxp-bothunghiem");
    let sent = doc_id(&sender.send(samples::NEW_DOCUMENT, &[FROM_H99]).await);
    let received = receiver.inbox(&[]).await[0]["docId"].as_str().unwrap().to_owned();
    for (caller, id) in [(&stranger, &sent), (&stranger, &received), (&receiver, &sent), (&receiver, &"x".to_owned())] {
        assert_eq!(caller.json("getEdoc", &[("docId", id)]).await["ErrorCode"], codes::UNKNOWN_DOCUMENT);
        let answer = caller.json("updateStatus", &[("docid", id), ("status", "done")]).await;
        assert_eq!(answer["ErrorCode"], codes::UNKNOWN_DOCUMENT);
    }
    let answer = sender.json("updateStatus", &[("docid", &received), ("status", "done")]).await;
    assert_eq!(answer["ErrorCode"], codes::UNKNOWN_DOCUMENT);
    for state in ["initial", "DONE", "finished"] {
        let answer = receiver.json("updateStatus", &[("docid", &received), ("status", state)]).await;
        assert_eq!(answer["ErrorCode"], codes::UNKNOWN_STATE, "{state}");
    }
    assert_eq!(receiver.json("updateStatus", &[("docid", &received)]).await["ErrorCode"], codes::MISSING);
    assert_eq!(receiver.json("getEdoc", &[]).await["ErrorCode"], codes::MISSING);
    assert_eq!(vxp.state(&sent, "G99"), Some(TransportState::Initial), "nothing of this moved it");
}

#[tokio::test]
async fn a_test_can_deposit_anything() {
    let vxp = vxp().await;
    let receiver = Caller::new(&vxp, "vxp-mauson");
    let hostile: &[u8] = b"\xff\x00 not xml";
    let id = vxp.deposit("H99.01", hostile, MessageType::Status).unwrap();
    assert_eq!(receiver.fetch(&id).await, hostile);
    let rows = receiver.inbox(&[("messagetype", "status")]).await;
    assert_eq!((&rows[0]["docId"], &rows[0]["to"]), (&id.as_str().into(), &"000.00.01.H99".into()));
    assert_eq!(vxp.state(&id, "H99.01"), Some(TransportState::Initial));
    let id = vxp.deposit("H99", samples::IMPOSSIBLE_DATE, MessageType::Edoc).unwrap();
    assert!(receiver.inbox(&[]).await.iter().any(|r| r["docId"] == id.as_str() && r["from"] == "000.00.00.G99"));
    assert!(vxp.deposit("nobody", hostile, MessageType::Edoc).is_err());
    assert_eq!(vxp.stored("nothing"), None);
}

#[tokio::test]
async fn a_contradictory_configuration_does_not_start() {
    let mut orphan = VxpConfig::default();
    orphan.organisations[0].system = "nobody".into();
    assert!(Vxp::start(orphan).await.is_err());
    let mut twins = VxpConfig::default();
    twins.organisations[1].code102 = twins.organisations[0].code102.clone();
    assert!(Vxp::start(twins).await.is_err());
}
