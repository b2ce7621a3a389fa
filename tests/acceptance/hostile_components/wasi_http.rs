//! The same through `wasi:http`, for languages whose HTTP client sits on it: another door, the same policy.

use super::{attack, harmless, request, stage};
use crate::harness::run;
use serde_json::json;

#[test]
fn what_is_granted_arrives_by_wasi_http_as_well() {
    run(async {
        let headers = [("x-granted", "yes")];
        let (answer, record) =
            harmless(&attack("http", request("system", "POST", "/granted/by-http", &headers)).await).await;
        assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("seen")));
        let seen = stage().await.upstream.seen("/base/granted/by-http");
        assert_eq!((seen.len(), seen[0].header("x-granted")), (1, Some("yes")));
        assert!(
            seen[0].header("host").unwrap().starts_with("127.0.0.1:"),
            "the host names the system: {:?}",
            seen[0].head
        );
        assert_eq!((record.upstream.len(), record.upstream[0].endpoint.as_str()), (1, "system"));
    });
}

#[test]
fn wasi_http_is_under_the_same_policy() {
    run(async {
        let before = stage().await.upstream.all().len();
        let none: &[(&str, &str)] = &[];
        for (endpoint, method, path, headers) in [
            ("other", "GET", "/echo", none),
            ("localhost", "GET", "/echo", none),
            ("system", "DELETE", "/echo", none),
            ("system", "GET", "/ungranted", none),
            ("system", "GET", "/echo", &[("x-ungranted", "a")]),
            ("system", "GET", "/echo", &[("x-forwarded-for", "a")]),
        ] {
            let refusal = attack("http", request(endpoint, method, path, headers)).await.refusal();
            assert!(refusal.contains("HttpRequestDenied"), "{endpoint} {method} {path} {headers:?}: {refusal}");
        }
        for (name, value) in [
            ("authorization", "Bearer a"),
            ("host", "other"),
            ("transfer-encoding", "chunked"),
            ("connection", "close"),
        ] {
            let refusal = attack("http", request("system", "GET", "/echo", &[(name, value)])).await.refusal();
            assert!(refusal.contains("header: "), "{name}: {refusal}");
        }
        for (name, value) in [("x-granted", "a\r\nx-smuggled: 1"), ("x-granted\r\nx-smuggled", "1")] {
            let refusal = attack("http", request("system", "GET", "/echo", &[(name, value)])).await.refusal();
            assert!(refusal.contains("header: "), "{name:?}: {refusal}");
        }
        let after = stage().await.upstream.all();
        assert!(
            after.iter().skip(before).all(|seen| !seen.path.contains("ungranted") && !seen.head.contains("smuggled"))
        );
    });
}

#[test]
fn redirects_and_endless_answers_end_by_wasi_http_as_well() {
    run(async {
        let (answer, _) = harmless(&attack("http", request("system", "GET", "/redirect", &[])).await).await;
        assert_eq!(answer["status"], 302);
        assert!(stage().await.upstream.seen("/base/inside").is_empty());
        for (path, word) in
            [("/endless", "HttpResponseBodySize"), ("/huge", "HttpResponseBodySize"), ("/drip", "HttpResponseTimeout")]
        {
            let refusal = attack("http", request("system", "GET", path, &[])).await.refusal();
            assert!(refusal.contains(word), "{path}: {refusal}");
        }
    });
}

#[test]
fn a_name_that_leads_inside_is_refused_by_wasi_http_as_well() {
    run(async {
        let refusal = attack("http", request("metadata", "GET", "/", &[])).await.refusal();
        assert!(refusal.contains("HttpRequestDenied"), "{refusal}");
        // Once to the outside, then to the inside: the second connection is judged anew.
        let (first, _) =
            harmless(&attack("http", request("rebinding-http", "GET", "/granted/rebinding-http", &[])).await).await;
        assert_eq!(first["status"], 200);
        let refusal = attack("http", request("rebinding-http", "GET", "/granted/rebinding-http", &[])).await.refusal();
        assert!(refusal.contains("HttpRequestDenied"), "{refusal}");
    });
}
