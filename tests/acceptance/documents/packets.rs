//! Packets on their way: sent, listed, fetched, acknowledged, reported on; and every oddity that real ones have.

use super::{Stage, document, stage};
use crate::harness::{log, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nhip_systems::{MessageType, samples};
use serde_json::{Value, json};

/// The packet as its receiver finds it in the list.
async fn received(stage: &Stage, sent: &str, kind: &str) -> Value {
    let list = stage.call("list-sent", &json!({ "filter": { "kind": kind } })).await.ok();
    let row = list.as_array().unwrap().iter().find(|row| row["packetId"] == sent);
    let id = row.unwrap_or_else(|| panic!("{sent} is not in {list}"))["receiverPacketId"].clone();
    let list = stage.call("list-received", &json!({ "filter": { "kind": kind } })).await.ok();
    list.as_array()
        .unwrap()
        .iter()
        .find(|row| row["packetId"] == id)
        .cloned()
        .unwrap_or_else(|| panic!("{id} is not in {list}"))
}

#[test]
fn a_document_is_sent_listed_fetched_acknowledged_and_reported_on() {
    run(async {
        let stage = stage().await;
        let sent = stage.call("send", &document(json!([]))).await.ok();
        assert_eq!(sent["documentId"], "H99,2026/11/20,17/UBND-KSTT");
        let row = received(&stage, sent["packetId"].as_str().unwrap(), "document").await;
        assert_eq!((&row["state"], &row["sender"]), (&json!("initial"), &json!("000.00.00.H99")));
        let id = row["packetId"].clone();

        let fetched = stage.call("fetch", &json!({ "packetId": id })).await.ok();
        assert_eq!((&fetched["warnings"], &fetched["sha256"]), (&json!([]), &sent["sha256"]));
        let (found, given) = (&fetched["packet"]["val"], &document(json!([]))["document"]);
        for member in ["subject", "code", "documentType", "toPlaces", "signer"] {
            for (key, value) in given[member].as_object().into_iter().flatten() {
                assert_eq!(&found[member][key], value, "{member}.{key}");
            }
        }
        assert_eq!(found["subject"], given["subject"]);
        assert_eq!(
            (&found["id"], &found["promulgation"]["date"]),
            (&sent["documentId"], &given["promulgation"]["date"])
        );

        for state in ["processing", "done"] {
            stage.call("acknowledge", &json!({ "packetId": id, "state": state })).await.ok();
            let state_now = received(&stage, sent["packetId"].as_str().unwrap(), "document").await["state"].clone();
            assert_eq!(state_now, state);
        }
        let report = json!({ "report": {
            "sender": { "code": "H99.01" },
            "responseFor": { "organ": "H99", "code": "17/UBND-KSTT", "documentId": sent["documentId"],
                "date": { "tag": "date", "val": "2026-11-20" } },
            "status": "03", "description": "Đã tiếp nhận" } });
        let reported = stage.call("report-status", &report).await.ok();
        let row = received(&stage, reported["packetId"].as_str().unwrap(), "status").await;
        let fetched = stage.call("fetch", &json!({ "packetId": row["packetId"] })).await.ok();
        assert_eq!(fetched["packet"]["tag"], "status");
        let told = &fetched["packet"]["val"];
        assert_eq!((&told["status"], &told["responseFor"]["documentId"]), (&json!("03"), &sent["documentId"]));
    });
}

#[test]
fn attachments_arrive_byte_for_byte() {
    run(async {
        let stage = stage().await;
        let every_byte: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let lines = b"\r\n\n\r \t]]>&amp;<a/>--\0\xff".repeat(100);
        let files = [("mọi byte.bin", every_byte), ("dòng.txt", lines), ("rỗng.dat", Vec::new()), ("một.dat", vec![0])];
        let attachments = files.iter().map(|(name, bytes)| {
            json!({ "name": name, "contentType": "application/octet-stream", "content": STANDARD.encode(bytes) })
        });
        let sent = stage.call("send", &document(attachments.collect())).await.ok();
        let id = received(&stage, sent["packetId"].as_str().unwrap(), "document").await["packetId"].clone();
        let fetched = stage.call("fetch", &json!({ "packetId": id })).await.ok();
        let found = fetched["packet"]["val"]["attachments"].as_array().unwrap();
        assert_eq!(found.len(), files.len());
        for (found, (name, bytes)) in found.iter().zip(&files) {
            assert_eq!(found["name"], *name);
            assert_eq!(STANDARD.decode(found["content"].as_str().unwrap()).unwrap(), *bytes, "{name}");
        }
        let raw = stage.call("fetch-packet", &json!({ "packetId": id })).await.ok();
        let raw = STANDARD.decode(raw["content"].as_str().unwrap()).unwrap();
        assert_eq!(raw, stage.vxp.stored(id.as_str().unwrap()).unwrap(), "the packet itself as well");
    });
}

/// What each sample holds that `fetch` must tell: its kind, and the codes of its warnings.
const ODD: [(&str, &str, &[&str]); 12] = [
    ("new-document.edxml", "document", &["signature-namespace"]),
    ("two-attachments.edxml", "document", &[]),
    ("update.edxml", "document", &[]),
    ("recall.edxml", "document", &[]),
    ("replace.edxml", "document", &[]),
    ("status-05.edxml", "status", &[]),
    ("status-15.edxml", "status", &[]),
    ("impossible-date.edxml", "document", &["bad-date"]),
    ("signature-without-namespace.edxml", "document", &["signature-namespace"]),
    ("odd-order-and-empty.edxml", "document", &[]),
    ("old-manifest.edxml", "document", &[]),
    ("foreign-document-id.edxml", "document", &["foreign-document-id"]),
];

#[test]
fn every_odd_packet_is_read_with_its_oddities_told_and_handed_out_unchanged() {
    run(async {
        let stage = stage().await;
        let known: Vec<&str> = ODD.iter().map(|(name, ..)| *name).collect();
        let there: Vec<&str> = samples::ALL.iter().map(|(name, _)| *name).collect();
        assert_eq!(there, known, "a sample is not expected here");
        for ((name, bytes), (_, kind, warnings)) in samples::ALL.iter().zip(ODD) {
            let message = if kind == "status" { MessageType::Status } else { MessageType::Edoc };
            let id = stage.vxp.deposit("H99", *bytes, message).unwrap();
            let fetched = stage.call("fetch", &json!({ "packetId": id })).await.ok();
            assert_eq!(fetched["packet"]["tag"], kind, "{name}");
            let mut told: Vec<&str> =
                fetched["warnings"].as_array().unwrap().iter().filter_map(|at| at["code"].as_str()).collect();
            told.dedup();
            assert_eq!(told, warnings, "{name}: {}", fetched["warnings"]);
            for warning in fetched["warnings"].as_array().unwrap() {
                assert!(
                    warning["line"].as_u64().unwrap() >= 1 && !warning["path"].as_str().unwrap().is_empty(),
                    "{name}: {warning}"
                );
            }
            let raw = stage.call("fetch-packet", &json!({ "packetId": id })).await.ok();
            assert_eq!(STANDARD.decode(raw["content"].as_str().unwrap()).unwrap(), *bytes, "{name}");
        }
    });
}

#[test]
fn what_the_samples_say_is_what_callers_read() {
    run(async {
        let stage = stage().await;
        let fetch = async |bytes: &'static [u8], kind| {
            let id = stage.vxp.deposit("H99", bytes, kind).unwrap();
            stage.call("fetch", &json!({ "packetId": id })).await.ok()["packet"]["val"].clone()
        };
        let impossible = fetch(samples::IMPOSSIBLE_DATE, MessageType::Edoc).await;
        assert_eq!(impossible["promulgation"]["date"], json!({ "tag": "text", "val": "2014/02/30" }));
        let update = fetch(samples::UPDATE, MessageType::Edoc).await;
        assert_eq!(
            (&update["business"]["kind"], &update["promulgation"]["date"]["tag"]),
            (&json!("2"), &json!("date"))
        );
        assert!(!update["business"]["change"]["receivers"].as_array().unwrap().is_empty(), "{update}");
        let recall = fetch(samples::RECALL, MessageType::Edoc).await;
        assert_eq!((&recall["business"]["kind"], &recall["attachments"]), (&json!("1"), &json!([])));
        let replace = fetch(samples::REPLACE, MessageType::Edoc).await;
        assert!(!replace["business"]["replacements"].as_array().unwrap().is_empty(), "{replace}");
        let old = fetch(samples::OLD_MANIFEST, MessageType::Edoc).await;
        let file = &old["attachments"][0];
        assert!(
            STANDARD.decode(file["content"].as_str().unwrap()).unwrap().starts_with(b"PK"),
            "a ZIP arrives as one: {file}"
        );
        let two = fetch(samples::TWO_ATTACHMENTS, MessageType::Edoc).await;
        assert_eq!(two["attachments"].as_array().unwrap().len(), 2);
        assert!(two["recipients"].as_array().unwrap().len() > 1, "{two}");
        let status = fetch(samples::STATUS_15, MessageType::Status).await;
        assert_eq!(status["status"], "15");
    });
}

#[test]
fn what_is_not_edxml_is_refused_with_the_place_of_the_mistake_and_still_handed_out() {
    run(async {
        let stage = stage().await;
        for (bytes, place) in [
            (&b"<edXML>\n<a></b></edXML>"[..], "line 2, column"),
            (b"%PDF-1.7 not XML at all", "line 1"),
            (b"<!DOCTYPE a [<!ENTITY b \"b\">]><a>&b;</a>", "line 1"),
            (b"<other/>", "line 1"),
        ] {
            let id = stage.vxp.deposit("H99", bytes, MessageType::Edoc).unwrap();
            let answer = stage.call("fetch", &json!({ "packetId": id })).await;
            let problem = answer.fault(502, "upstream-invalid");
            assert!(problem["detail"].as_str().unwrap().contains(place), "{problem}");
            let raw = stage.call("fetch-packet", &json!({ "packetId": id })).await.ok();
            assert_eq!(STANDARD.decode(raw["content"].as_str().unwrap()).unwrap(), bytes);
        }
    });
}

#[test]
fn a_document_that_cannot_be_sent_is_refused_by_its_members() {
    run(async {
        let stage = stage().await;
        let before = stage.vxp.requests().len();
        for (member, value, named) in [
            ("recipients", json!([]), "document.recipients"),
            ("subject", Value::Null, "document.subject"),
            ("sender", json!({ "code": "không phải mã" }), "document.sender"),
            ("steering", json!("9"), "steering"),
            ("promulgation", json!({ "date": { "tag": "date", "val": "2014-02-30" } }), "promulgation"),
        ] {
            let mut body = document(json!([]));
            body["document"][member] = value;
            let problem = stage.call("send", &body).await.fault(400, "invalid-input");
            assert!(problem["detail"].as_str().unwrap().contains(named), "{member}: {problem}");
        }
        assert_eq!(stage.vxp.requests().len(), before, "the axis was not asked");
        let mut body = document(json!([]));
        body["document"]["attachments"] = json!([{ "name": "a", "contentType": "b", "content": "not base64!" }]);
        let problem = stage.call("send", &body).await.fault(400, "invalid-parameters");
        assert_eq!(problem["problems"][0]["pointer"], "/document/attachments/0/content");
    });
}

#[test]
fn the_agencies_have_their_codes_of_both_lists() {
    run(async {
        let stage = stage().await;
        let agencies = stage.call("agencies", &json!({})).await.ok();
        let organs = stage.vxp.organisations();
        assert_eq!(agencies.as_array().unwrap().len(), organs.len());
        for organ in organs {
            let found = agencies.as_array().unwrap().iter().find(|agency| agency["code"] == organ.code);
            let found = found.unwrap_or_else(|| panic!("{} is not in {agencies}", organ.code));
            assert_eq!((&found["otherCode"], &found["name"]), (&json!(organ.code102), &json!(organ.name)));
        }
    });
}

#[test]
fn the_host_signs_and_the_adapter_never_holds_the_secret() {
    run(async {
        let stage = stage().await;
        let answer = stage.call("agencies", &json!({})).await;
        answer.ok();
        let seen = stage.vxp.requests().pop().unwrap();
        assert_eq!((seen.system.as_deref(), seen.code), (Some("vxp-mauson"), "0"), "{seen:?}");
        assert!(
            seen.headers.contains_key("hash-header") && seen.headers.contains_key("timestamp"),
            "{:?}",
            seen.headers
        );
        let secret = stage.vxp.systems()[0].secret.clone();
        assert!(!log::all().contains(&secret));
    });
}
