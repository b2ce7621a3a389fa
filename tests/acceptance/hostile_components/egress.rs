//! Requests to upstream systems: what is not granted does not leave, and what comes back without end is cut.

use super::{attack, harmless, request, stage};
use crate::harness::{log, run, unnoticed};
use serde_json::json;

/// The text that the component gives for a request that failed: code, whether it was sent, message.
async fn failed(endpoint: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let answer = attack("send", request(endpoint, method, path, headers)).await;
    let refusal = answer.refusal();
    let id = answer.id();
    let record = stage().await.house.record(&id).await;
    assert_eq!(record.upstream.len(), 1, "a refused request leaves its line too: {record:?}");
    assert!(record.upstream[0].failure.is_some(), "{record:?}");
    assert_eq!(log::end_of(&id)["code"], "contract-fault");
    refusal
}

#[test]
fn what_is_granted_arrives_and_is_on_record() {
    run(async {
        let headers = [("X-Granted", "yes"), ("Accept", "text/plain")];
        let (answer, record) =
            harmless(&attack("send", request("system", "POST", "/granted/arrives", &headers)).await).await;
        assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("seen")));
        let seen = stage().await.upstream.seen("/base/granted/arrives");
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].method.as_str(), seen[0].header("x-granted")), ("POST", Some("yes")));
        let call = &record.upstream[0];
        assert_eq!((call.endpoint.as_str(), call.method.as_str(), call.status), ("system", "POST", Some(200)));
        assert_eq!((call.received, call.failure.as_deref()), (4, None));
    });
}

#[test]
fn what_is_not_granted_is_denied() {
    run(async {
        let none: &[(&str, &str)] = &[];
        let cases = [
            ("other", "GET", "/echo", none, "endpoint `other`: no endpoint of this name is granted"),
            ("System", "GET", "/echo", none, "no endpoint of this name is granted"),
            ("10.0.0.1", "GET", "/echo", none, "no endpoint of this name is granted"),
            ("system", "DELETE", "/echo", none, "not granted with the method `DELETE`"),
            ("system", "get", "/echo", none, "not granted with the method"),
            ("system", "CONNECT", "/echo", none, "not granted with the method"),
            ("system", "GET", "/ungranted", none, "not granted with the path `/ungranted`"),
            ("system", "GET", "/echo/", none, "not granted with the path"),
            ("system", "GET", "/grantedx/y", none, "not granted with the path"),
            ("system", "GET", "/echo", &[("X-Ungranted", "a")], "not granted with the header `X-Ungranted`"),
            ("system", "GET", "/echo", &[("Authorization", "Bearer a")], "the header `Authorization` is the host's"),
            ("system", "GET", "/echo", &[("Host", "other")], "the header `Host` is the host's"),
            ("system", "GET", "/echo", &[("X-Forwarded-For", "a")], "the header `X-Forwarded-For` is the host's"),
        ];
        let before = stage().await.upstream.seen("/base/echo").len();
        for (endpoint, method, path, headers, why) in cases {
            let refusal = failed(endpoint, method, path, headers).await;
            assert!(refusal.contains("Denied sent=false"), "{endpoint} {method} {path}: {refusal}");
            assert!(refusal.contains(why), "{endpoint} {method} {path}: {refusal}");
        }
        let upstream = &stage().await.upstream;
        assert_eq!(upstream.seen("/base/echo").len(), before);
        assert!(upstream.all().iter().all(|seen| !seen.path.contains("ungranted") && seen.method != "DELETE"));
    });
}

#[test]
fn a_redirect_is_not_followed() {
    run(async {
        let (answer, record) = harmless(&attack("send", request("system", "GET", "/redirect", &[])).await).await;
        assert_eq!(answer["status"], 302);
        assert_eq!(record.upstream.len(), 1);
        assert!(stage().await.upstream.seen("/base/inside").is_empty(), "nobody went where the redirect leads");
    });
}

#[test]
fn an_endless_answer_is_cut() {
    run(async {
        let house = &stage().await.house;
        for path in ["/endless", "/huge"] {
            let refusal = unnoticed(house, failed("system", "GET", path, &[])).await;
            assert!(refusal.contains("TooLarge sent=true") && refusal.contains("262144"), "{path}: {refusal}");
        }
        let refusal = failed("system", "GET", "/headers", &[]).await;
        assert!(refusal.contains("TooLarge sent=true"), "{refusal}");
    });
}

#[test]
fn an_answer_that_trickles_or_never_comes_is_cut_by_its_time() {
    run(async {
        let house = &stage().await.house;
        for path in ["/drip", "/silent"] {
            // The adapter itself tells of it, so it was the endpoint's own second that ended the call: the three
            // seconds of the exchange would have ended the adapter, too.
            let refusal = unnoticed(house, failed("system", "GET", path, &[])).await;
            assert!(refusal.contains("Timeout sent=true"), "{path}: {refusal}");
        }
    });
}

#[test]
fn an_answer_that_is_not_http_is_told_as_that() {
    run(async {
        let refusal = failed("system", "GET", "/nonsense", &[]).await;
        assert!(refusal.contains("Protocol sent=true"), "{refusal}");
    });
}

#[test]
fn an_endless_request_is_denied() {
    run(async {
        let mut endless = request("system", "POST", "/granted/endless-request", &[]);
        endless["request"]["filler"] = json!(65_537);
        let refusal = attack("send", endless.clone()).await.refusal();
        assert!(refusal.contains("Denied sent=false") && refusal.contains("65536"), "{refusal}");
        let refusal = attack("http", endless).await.refusal();
        assert!(refusal.contains("HttpRequestBodySize"), "{refusal}");
        assert!(stage().await.upstream.seen("/base/granted/endless-request").is_empty());
    });
}

#[test]
fn upstream_calls_are_counted() {
    run(async {
        let house = &stage().await.house;
        let mut body = request("system", "GET", "/granted/flood", &[]);
        body["times"] = json!(200);
        let answer = unnoticed(house, attack("flood", body)).await;
        let (answered, record) = harmless(&answer).await;
        assert_eq!(answered, 8);
        assert_eq!(stage().await.upstream.seen("/base/granted/flood").len(), 8);
        // Those that went out, and the first of those that did not.
        assert_eq!(record.upstream.len(), 9);
        assert_eq!(record.upstream[8].failure.as_deref(), Some("busy"));
    });
}
