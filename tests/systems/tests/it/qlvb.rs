//! The document system of an office.

use base64::{Engine, engine::general_purpose::STANDARD};
use nhip_systems::{Mode, Qlvb, QlvbConfig, qlvb::INCOMING_PATH, samples};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::client;

async fn office(repeats_conflict: bool) -> Qlvb {
    Qlvb::start(QlvbConfig { repeats_conflict, ..QlvbConfig::default() }).await.unwrap()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn push(packet: &str, document: Option<&str>, bytes: &[u8]) -> Value {
    json!({ "packetId": packet, "documentId": document, "sha256": digest(bytes), "sender": { "code": "H99" },
        "subject": "V/v thử", "edxml": STANDARD.encode(bytes), "priority": "1" })
}

async fn post(office: &Qlvb, token: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let request = client().post(office.url() + INCOMING_PATH).bearer_auth(token).json(body);
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_document_is_stored_once_and_named_by_its_digest() {
    let bytes = samples::NEW_DOCUMENT;
    for (conflict, again) in [(false, 200), (true, 409)] {
        let office = office(conflict).await;
        let token = office.token().to_owned();
        let table = [
            ("1", "k1", Some("d"), bytes, 201),
            // By another packet, and by another exchange.
            ("2", "k2", Some("d"), bytes, again),
            ("1", "k1", Some("d"), bytes, again),
            // Other bytes of the same document; and packets without a document id.
            ("3", "k3", Some("d"), samples::UPDATE, 201),
            ("4", "k4", None, bytes, 201),
            ("5", "k5", None, bytes, 201),
            ("5", "k6", None, bytes, again),
        ];
        for (packet, key, document, bytes, status) in table {
            let (told, answer) = post(&office, &token, Some(key), &push(packet, document, bytes)).await;
            assert_eq!((told, &answer["sha256"]), (status, &digest(bytes).into()), "{packet} {key}");
        }
        let stored = office.documents();
        let found: Vec<_> =
            stored.iter().map(|document| (document.packet_id.as_str(), document.key.as_str())).collect();
        assert_eq!(found, [("1", "k1"), ("3", "k3"), ("4", "k4"), ("5", "k5")]);
        assert_eq!((&*stored[0].edxml, stored[0].sender.as_str()), (bytes, "H99"));
        assert_eq!(office.requests().iter().filter(|request| request.repeat).count(), 3);
    }
}

#[tokio::test]
async fn what_is_not_as_agreed_is_refused_and_not_stored() {
    let office = office(false).await;
    let token = office.token().to_owned();
    let good = push("1", None, b"one");
    let mut wrong_digest = good.clone();
    wrong_digest["sha256"] = digest(b"two").into();
    let mut not_base64 = good.clone();
    not_base64["edxml"] = "a*b".into();
    let table = [
        ("", Some("k"), &good, 401),
        ("another", Some("k"), &good, 401),
        (token.as_str(), None, &good, 400),
        (token.as_str(), Some("k"), &not_base64, 400),
        (token.as_str(), Some("k"), &json!({}), 400),
        (token.as_str(), Some("k"), &wrong_digest, 422),
    ];
    for (token, key, body, status) in table {
        assert_eq!(post(&office, token, key, body).await.0, status, "{key:?} {body}");
    }
    office.faults().set(Mode::WrongKey);
    assert_eq!(post(&office, &token, Some("k"), &good).await.0, 401);
    office.faults().clear();
    assert!(office.documents().is_empty());
    assert_eq!(post(&office, &token, Some("k"), &good).await.0, 201);
    // A key is good for one document.
    assert_eq!(post(&office, &token, Some("k"), &push("2", None, b"two")).await.0, 422);
    let statuses: Vec<u16> = office.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [401, 401, 400, 400, 400, 422, 401, 201, 422]);
    office.stop().await;
}
