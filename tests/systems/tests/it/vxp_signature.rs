//! The header signature: accepted as the SDK makes it, and every change of it found.

use nhip_systems::vxp::{self, codes};
use serde_json::Value;

use crate::support::{Caller, TIMESTAMP, parse, raw, vxp};

const JSON: &str = "application/json";

/// A call with parameters of every kind, signed rightly.
fn signed(caller: &Caller<'_>) -> Vec<(String, String)> {
    caller.headers(&[("servicetype", "eDoc"), ("messagetype", "edoc"), ("fromDate", "01/01/2024"), ("pageSize", "5")])
}

async fn code(caller: &Caller<'_>, headers: &[(String, String)]) -> String {
    let text = raw(caller.vxp, "getSentEdocList", headers, JSON, "{}").await;
    let answer = parse(&text);
    assert_eq!(answer["status"] == "OK", answer["ErrorCode"] == "0", "{answer}");
    assert_eq!(answer["DocId"], "", "the SDK reads DocId from every answer");
    assert!(!answer["ErrorDesc"].as_str().unwrap().is_empty());
    answer["ErrorCode"].as_str().unwrap().to_owned()
}

fn replaced(headers: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut changed = headers.to_vec();
    let header = changed.iter_mut().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}"));
    value.clone_into(&mut header.1);
    changed
}

#[tokio::test]
async fn what_the_sdk_signs_is_accepted() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    assert_eq!(code(&caller, &signed(&caller)).await, codes::OK);
    // Independently of `sign`: a fixed vector, made with another implementation.
    let text = r#"{"XroadVnpt-timestamp":"22112025T101500+0700","XroadVnpt-systemid":"vxp-mauson"}"#;
    let fixed = [
        ("XroadVnpt-timestamp", TIMESTAMP),
        ("XroadVnpt-systemid", "vxp-mauson"),
        ("XroadVnpt-sign-header-key", "timestamp;systemid"),
        ("XroadVnpt-sign-header", text),
        ("XroadVnpt-hash-header", "cf80b5f719291a96abcdafd04351a88b24f136000a5547c3866f12642678baef"),
    ];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(code(&caller, &fixed).await, codes::OK);
    assert_eq!(vxp::sign(&caller.secret, &[("timestamp", TIMESTAMP), ("systemid", "vxp-mauson")])[..5], fixed);
    let upper = replaced(&fixed, "XroadVnpt-hash-header", &fixed[4].1.to_uppercase());
    assert_eq!(code(&caller, &upper).await, codes::OK, "hex in either case");
}

#[tokio::test]
async fn changing_removing_or_doubling_any_header_is_found() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let good = signed(&caller);
    let names: Vec<String> = good.iter().map(|(n, _)| n.clone()).filter(|n| n != "XroadVnpt-version").collect();
    assert_eq!(names.len(), 10);
    for name in &names {
        let value = &good.iter().find(|(n, _)| n == name).unwrap().1;
        for changed in [format!("{value}x"), format!("x{value}"), String::new()] {
            let headers = replaced(&good, name, &changed);
            assert_ne!(code(&caller, &headers).await, codes::OK, "{name} changed to {changed}");
        }
        let without: Vec<_> = good.iter().filter(|(n, _)| n != name).cloned().collect();
        assert_ne!(code(&caller, &without).await, codes::OK, "{name} removed");
        let mut doubled = good.clone();
        doubled.push((name.clone(), value.clone()));
        assert_eq!(code(&caller, &doubled).await, codes::SIGNED_HEADERS, "{name} doubled");
    }
    let refused = vxp.requests().iter().filter(|r| r.code != codes::OK && r.system.is_none()).count();
    assert_eq!(refused, 10 * 5, "no tampered call counts as the system's");
    let mut extra = good.clone();
    extra.push(("XroadVnpt-status".into(), "done".into()));
    assert_eq!(code(&caller, &extra).await, codes::SIGNED_HEADERS, "an unsigned parameter");
}

#[tokio::test]
async fn signed_text_must_list_what_is_there_once_and_in_order() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let params = [("timestamp", TIMESTAMP), ("systemid", "vxp-mauson")];
    // Each is rightly hashed: only the agreement of the three views is at fault.
    let cases = [
        ("systemid;timestamp", None),
        ("XroadVnpt-systemid;XroadVnpt-timestamp", None),
        ("XroadVnpt-timestamp;systemid", None),
        ("timestamp;XroadVnpt-systemid", None),
        ("timestamp", None),
        ("timestamp;systemid;to", None),
        ("timestamp;systemid", Some("[]")),
        ("timestamp;systemid", Some("{}")),
        ("timestamp;systemid", Some(r#"{"XroadVnpt-timestamp":1,"XroadVnpt-systemid":"vxp-mauson"}"#)),
        ("timestamp;systemid", Some(r#"{"XroadVnpt-timestamp":"x","XroadVnpt-systemid":"vxp-mauson"}"#)),
        (
            "timestamp;systemid;systemid",
            Some(
                r#"{"XroadVnpt-timestamp":"22112025T101500+0700","XroadVnpt-systemid":"vxp-mauson","XroadVnpt-systemid":"vxp-mauson"}"#,
            ),
        ),
    ];
    for (key, text) in cases {
        let mut headers = vxp::sign(&caller.secret, &params);
        headers = replaced(&headers, "XroadVnpt-sign-header-key", key);
        if let Some(text) = text {
            headers = replaced(&headers, "XroadVnpt-sign-header", text);
            headers = replaced(&headers, "XroadVnpt-hash-header", &hmac(&caller.secret, text));
        }
        assert_eq!(code(&caller, &headers).await, codes::SIGNED_HEADERS, "{key} {text:?}");
    }
}

#[tokio::test]
async fn names_in_the_list_may_all_carry_the_prefix() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let good = signed(&caller);
    let key = "XroadVnpt-sign-header-key";
    let bare = &good.iter().find(|(name, _)| name == key).unwrap().1;
    let prefixed: Vec<String> = bare.split(';').map(|name| format!("XroadVnpt-{name}")).collect();
    assert_eq!(code(&caller, &replaced(&good, key, &prefixed.join(";"))).await, codes::OK);
}

fn hmac(secret: &str, text: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

#[tokio::test]
async fn wrong_secret_unknown_system_and_another_systems_secret_are_one_answer() {
    let vxp = vxp().await;
    let mut answers = Vec::new();
    let other = Caller::new(&vxp, "vxp-binhgia").secret;
    for (system, secret) in [("vxp-mauson", "wrong"), ("vxp-mauson", ""), ("vxp-mauson", &other), ("nobody", &other)] {
        let caller = Caller { vxp: &vxp, system, secret: secret.to_owned() };
        answers.push(caller.post("getAgenciesList", &[]).await);
    }
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    let answer: Value = parse(&answers[0]);
    assert_eq!((&answer["status"], &answer["ErrorCode"]), (&"FAIL".into(), &codes::WRONG_CREDENTIALS.into()));
}

#[tokio::test]
async fn the_timestamp_is_demanded_in_its_format() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    for (timestamp, expected) in [
        ("22112025T101500++0700", codes::OK),
        ("22112025T101500+0042", codes::OK),
        ("2025-11-22T10:15:00+07:00", codes::TIMESTAMP),
        ("32112025T101500+0700", codes::TIMESTAMP),
    ] {
        let headers = vxp::sign(&caller.secret, &[("timestamp", timestamp), ("systemid", "vxp-mauson")]);
        assert_eq!(code(&caller, &headers).await, expected, "{timestamp}");
    }
    let headers = vxp::sign(&caller.secret, &[("systemid", "vxp-mauson")]);
    assert_eq!(code(&caller, &headers).await, codes::MISSING);
}

#[tokio::test]
async fn the_log_shows_what_was_sent() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    caller.post("getReceivedEdocList", &[("messagetype", "edoc")]).await;
    let request = vxp.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/getReceivedEdocList"));
    assert_eq!(request.system.as_deref(), Some("vxp-mauson"));
    assert_eq!(request.headers["messagetype"], "edoc");
    assert_eq!(request.headers["version"], "3.0.201608");
    assert_eq!(request.user_agent.as_deref(), Some("JAVASDKAgent/1.0.0 XRoad/VPCP"));
    assert_eq!(request.code, codes::OK);
}
