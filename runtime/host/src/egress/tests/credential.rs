//! What each kind of credential looks like to the upstream system, and that it does not come back.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::upstream::{Seen, Upstream, answer, ok};
use super::*;

async fn seen_with(credential: &str, request: Request) -> Seen {
    let upstream = Upstream::start(ok).await;
    Exchange::under(&inside(&upstream.url(), credential)).send(request).await.expect("an answer");
    upstream.only()
}

#[tokio::test]
async fn header_basic_and_bearer_are_placed() {
    let seen =
        seen_with("credential = { header = { name = \"X-Api-Key\", value = \"env:API_KEY\" } }", get("/x")).await;
    assert_eq!(seen.header("x-api-key"), Some("planted-api-key-77f1"));

    let basic = "credential = { basic = { username = \"lgsp\", password = \"env:PASSWORD\" } }";
    // printf 'lgsp:planted-password-31c9' | base64
    let seen = seen_with(basic, get("/x")).await;
    assert_eq!(seen.header("authorization"), Some("Basic bGdzcDpwbGFudGVkLXBhc3N3b3JkLTMxYzk="));

    let seen = seen_with("credential = { bearer = { token = \"env:TOKEN\" } }", get("/x")).await;
    assert_eq!(seen.header("authorization"), Some("Bearer planted-static-token-5be2"));
}

const VXP: &str = "credential = { vxp-signature = { system-id = \"000.00.00.H41\", secret = \"env:VXP\" } }";

fn hmac(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(b"planted-vxp-secret-e4d0").expect("a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_vxp_request_is_signed_over_the_headers_it_has() {
    let request = with(with(get("/getEdoc"), "XroadVnpt-docId", "a\"1"), "xroadvnpt-servicetype", "eDoc");
    let seen = seen_with(VXP, with(request, "Accept", "*/*")).await;
    let json = r#"{"XroadVnpt-docId":"a\"1","XroadVnpt-servicetype":"eDoc","XroadVnpt-timestamp":"21062024T083000+0700","XroadVnpt-systemid":"000.00.00.H41"}"#;
    assert_eq!(seen.header("xroadvnpt-sign-header"), Some(json));
    assert_eq!(seen.header("xroadvnpt-sign-header-key"), Some("docId;servicetype;timestamp;systemid"));
    assert_eq!(seen.header("xroadvnpt-hash-header"), Some(hmac(json).as_str()));
    // Enough hashes that some have a byte below sixteen, which keeps its leading zero.
    for id in 0..8 {
        let seen = seen_with(VXP, with(get("/getEdoc"), "XroadVnpt-docId", &id.to_string())).await;
        let signed = seen.header("xroadvnpt-sign-header").expect("a signed text");
        assert_eq!(seen.header("xroadvnpt-hash-header"), Some(hmac(signed).as_str()));
    }
    for (name, value) in serde_json::from_str::<BTreeMap<String, String>>(json).expect("an object") {
        assert_eq!(seen.header(&name), Some(value.as_str()));
    }
}

#[tokio::test]
async fn a_vxp_policy_may_name_what_is_signed() {
    let policy = "credential = { vxp-signature = { system-id = \"S\", secret = \"env:VXP\", sign = [\"XroadVnpt-systemid\", \"XroadVnpt-status\", \"XroadVnpt-docid\"] } }";
    let seen = seen_with(policy, with(get("/updateStatus"), "XROADVNPT-DOCID", "7")).await;
    assert_eq!(seen.header("xroadvnpt-sign-header"), Some(r#"{"XroadVnpt-systemid":"S","XroadVnpt-docid":"7"}"#));
    assert_eq!(seen.header("xroadvnpt-sign-header-key"), Some("systemid;docid"));
}

#[tokio::test]
async fn a_vxp_timestamp_of_the_guest_is_checked_and_kept() {
    for time in ["01012024T000000+0700", "01012024T000000++0700"] {
        let seen = seen_with(VXP, with(get("/x"), "XroadVnpt-timestamp", time)).await;
        assert_eq!(seen.header("xroadvnpt-timestamp"), Some(time));
    }
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), VXP));
    for time in ["", "now", "2024-01-01T00:00:00Z", "32012024T000000+0700", "01012024T000000", "01012024T000000+0700 "]
    {
        let failure = exchange.fail(with(get("/x"), "XroadVnpt-timestamp", time)).await;
        assert_eq!((failure.code, failure.sent), (FailureCode::InvalidRequest, false), "{time}: {failure}");
    }
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn a_guest_cannot_write_the_signature_itself() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), VXP));
    for name in ["XroadVnpt-systemid", "xroadvnpt-sign-header", "XroadVnpt-Sign-Header-Key", "XroadVnpt-hash-header"] {
        assert_eq!(exchange.fail(with(get("/x"), name, "forged")).await.code, FailureCode::Denied);
    }
    let twice = with(with(get("/x"), "XroadVnpt-docId", "1"), "XroadVnpt-docid", "2");
    assert_eq!(exchange.fail(twice).await.code, FailureCode::InvalidRequest);
    assert_eq!(upstream.accepted(), 0);
}

/// What a debugging upstream system would do: repeats the request's head and body.
fn echo(seen: &Seen) -> upstream::Answer {
    let body = format!("{:?} {}", seen.headers, String::from_utf8_lossy(&seen.body));
    answer(200, &body)
}

async fn withheld(credential: &str, request: Request) {
    let upstream = Upstream::start(echo).await;
    let exchange = Exchange::under(&inside(&upstream.url(), credential));
    let failure = exchange.fail(request).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Denied, true), "{failure}");
    assert!(PLANTED.iter().all(|planted| !failure.message.contains(planted)), "{failure}");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_repeats_a_credential_is_withheld() {
    withheld("credential = { header = { name = \"X-Api-Key\", value = \"env:API_KEY\" } }", get("/x")).await;
    withheld("credential = { bearer = { token = \"env:TOKEN\" } }", get("/x")).await;
    withheld("credential = { basic = { username = \"lgsp\", password = \"env:PASSWORD\" } }", get("/x")).await;
    let body = post("/x", "text/plain", "my password is {{secret:PASSWORD}}");
    withheld("secrets = { PASSWORD = \"env:PASSWORD\" }", body).await;
    // What is repeated is the escaped secret, not the secret.
    let body = post("/x", "application/x-www-form-urlencoded", "p={{secret:PASSWORD}}");
    withheld("secrets = { PASSWORD = \"env:AWKWARD\" }", body).await;
}

#[tokio::test]
async fn a_secret_in_a_header_of_the_answer_is_withheld_as_well() {
    let upstream = Upstream::start(|seen| {
        let mut answer = answer(500, "");
        answer
            .headers_mut()
            .insert("x-debug", format!("key={}", seen.header("x-api-key").expect("a key")).parse().expect("a value"));
        answer
    })
    .await;
    let credential = "credential = { header = { name = \"X-Api-Key\", value = \"env:API_KEY\" } }";
    let failure = Exchange::under(&inside(&upstream.url(), credential)).fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Denied, true), "{failure}");
}

#[tokio::test]
async fn a_secret_that_occurs_by_chance_does_not_block_answers() {
    let upstream = Upstream::start(echo).await;
    let exchange = Exchange::under(&inside(&upstream.url(), "secrets = { PIN = \"env:SHORT\" }"));
    let response = exchange.send(post("/x", "text/plain", "abc{{secret:PIN}}")).await.expect("an answer");
    assert_eq!(response.status, 200);
    assert_eq!(&upstream.only().body[..], b"abcabc");
}
