//! Callers that attack the real data listener: whatever they send or leave unsent gets the right status and leaves
//! exactly one record. Each test calls under a caller's name, or towards a service's name, that no other test uses.

mod bodies;

use crate::harness::{Answer, House, Raw, eventually, fixture, log, run, with_manifest};
use nhip_exchange::Record;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;

const POLICY: &str = r#"
adapter = "ADAPTER"
[services]
ADAPTER = "test:hostile/attacks@1.0.0"
[limits]
deadline = "DEADLINE"
cpu = "2 s"
request = "256 KiB"
[key-value]
[endpoints.unused]
url = "http://unused.example"
methods = ["GET"]
paths = ["/"]
[callers]
CALLERS
"#;

async fn house() -> &'static House {
    static HOUSE: OnceCell<House> = OnceCell::const_new();
    let set = || async {
        let house = House::start_with("callers", |options| {
            options.limits.body_progress = Duration::from_millis(700);
        })
        .await;
        for (adapter, deadline, callers) in [
            ("open", "4 s", "any-authenticated = true"),
            ("patient", "60 s", "any-authenticated = true"),
            ("closed", "4 s", "allow = [\"somebody-else\"]"),
        ] {
            let policy = POLICY.replace("ADAPTER", adapter).replace("DEADLINE", deadline).replace("CALLERS", callers);
            house.deploy_as(fixture("hostile"), &policy, Some(&with_manifest(adapter, "1.0.0"))).await.unwrap();
        }
        house
    };
    HOUSE.get_or_init(set).await
}

/// A request with a JSON body, written out.
fn post(key: &str, path: &str, body: &[u8]) -> Vec<u8> {
    let head = head(key, path, &format!("Content-Length: {}\r\n", body.len()));
    [head.as_slice(), body].concat()
}

fn head(key: &str, path: &str, headers: &str) -> Vec<u8> {
    format!("POST {path} HTTP/1.1\r\nHost: gateway.test\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\n{headers}\r\n")
        .into_bytes()
}

/// One request on a connection of its own.
async fn ask(request: impl AsRef<[u8]>) -> Answer {
    let mut raw = Raw::connect(house().await.data).await;
    raw.send(request).await;
    raw.answer().await
}

/// The answer is that fault, and of all records that match, its own is the only one.
async fn refused(answer: &Answer, status: u16, code: &str, query: &str) -> Record {
    answer.fault(status, code);
    let record = house().await.only_record(query).await;
    assert_eq!(record.id.to_string(), answer.id());
    assert_eq!((record.status, record.outcome.as_str()), (status, code));
    assert_eq!(log::end_of(&answer.id())["code"], code);
    record
}

/// Send a body to `open/calm` as a caller of that name.
async fn refused_body(caller: &str, body: &[u8], status: u16, code: &str) -> Value {
    let key = house().await.caller(caller).await;
    let answer = ask(post(&key, "/services/open/calm", body)).await;
    let record = refused(&answer, status, code, &format!("caller={caller}")).await;
    assert!(record.request.is_some(), "the digest of what was sent is kept");
    answer.json()
}

#[test]
fn a_wrong_key_is_refused_and_recorded() {
    run(async {
        let key = house().await.caller("proven").await;
        let mistyped: String = key.chars().rev().collect();
        for (service, lines) in [
            ("no-key", String::new()),
            ("empty-key", "X-Api-Key: \r\n".to_owned()),
            ("wrong-key", format!("X-Api-Key: {mistyped}\r\n")),
            ("long-key", format!("X-Api-Key: {}\r\n", key.repeat(50))),
            ("other-scheme", format!("Authorization: Basic {key}\r\n")),
            ("wrong-bearer", format!("Authorization: Bearer {mistyped}\r\n")),
        ] {
            let request =
                format!("POST /services/{service}/calm HTTP/1.1\r\nHost: a\r\n{lines}Content-Length: 2\r\n\r\n{{}}");
            let answer = ask(request).await;
            let record = refused(&answer, 401, "unauthenticated", &format!("service={service}")).await;
            assert_eq!((record.caller, record.request), (None, None), "{service}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"nhip\""), "{service}");
            assert!(!answer.text().contains(&key) && !answer.text().contains(&mistyped), "{service}");
        }
    });
}

#[test]
fn the_catalogue_is_behind_a_key_like_everything_else() {
    run(async {
        for path in ["/services", "/services/open/openapi.json"] {
            let answer = ask(format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: guessed\r\n\r\n")).await;
            answer.fault(401, "unauthenticated");
            let record = house().await.record(&answer.id()).await;
            assert_eq!((record.status, record.caller), (401, None), "{path}: who guesses keys here is on record, too");
            let key = house().await.caller("reads").await;
            assert!(house().await.get(&key, path).await.ok().is_object(), "{path}");
        }
    });
}

#[test]
fn a_caller_that_is_not_allowed_is_refused() {
    run(async {
        let key = house().await.caller("not-named").await;
        let answer = ask(post(&key, "/services/closed/calm", br#"{"word":"x"}"#)).await;
        let record = refused(&answer, 403, "forbidden", "caller=not-named").await;
        assert_eq!(record.request, None, "its body was not even read");
        assert!(!answer.text().contains("somebody-else"), "who else may call is nobody's business");
    });
}

#[test]
fn services_functions_methods_and_types_that_do_not_exist_are_told_apart() {
    run(async {
        for (caller, method, path, headers, status, code) in [
            ("no-service", "POST", "/services/nothing-here/calm", "", 404, "unknown-service"),
            ("no-function", "POST", "/services/open/no-such-function", "", 404, "unknown-function"),
            ("no-address", "POST", "/services/open/calm/deeper", "", 404, "unknown-service"),
            ("wrong-method", "PUT", "/services/open/calm", "", 405, "method-not-allowed"),
            ("bad-name", "POST", "/services/open/%ff%fe", "", 400, "malformed"),
            ("a-query", "POST", "/services/open/calm?word=x", "", 400, "malformed"),
            ("compressed", "POST", "/services/open/calm", "Content-Encoding: gzip\r\n", 415, "unsupported-media-type"),
        ] {
            let key = house().await.caller(caller).await;
            let answer = ask(format!(
                "{method} {path} HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\nContent-Type: application/json\r\n{headers}Content-Length: 2\r\n\r\n{{}}"
            ))
            .await;
            refused(&answer, status, code, &format!("caller={caller}")).await;
        }
        let key = house().await.caller("not-json-by-type").await;
        let answer = ask(format!(
            "POST /services/open/calm HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<a/>"
        ))
        .await;
        refused(&answer, 415, "unsupported-media-type", "caller=not-json-by-type").await;
    });
}

#[test]
fn a_cut_connection_is_recorded() {
    run(async {
        let house = house().await;
        let key = house.caller("hangs-up").await;
        let mut raw = Raw::connect(house.data).await;
        raw.send(post(&key, "/services/patient/sleep", &json!({ "millis": 50_000 }).to_string().into_bytes())).await;
        let under_way = async || house.adapter("patient").await.adapter.in_flight;
        eventually("the exchange under way", async || (under_way().await == 1).then_some(())).await;
        drop(raw);
        let record = house.only_record("caller=hangs-up").await;
        assert_eq!((record.outcome.as_str(), record.status), ("abandoned", 499));
        assert_eq!((record.function.as_str(), record.adapter.as_deref()), ("sleep", Some("patient")));
        assert!(record.micros < 50_000_000, "its sandbox was torn down at once");
        eventually("the sandbox to be gone", async || (under_way().await == 0).then_some(())).await;
    });
}

#[test]
fn the_listener_is_as_good_as_before_after_all_that() {
    run(async {
        let key = house().await.caller("behaves").await;
        let mut raw = Raw::connect(house().await.data).await;
        for _ in 0..3 {
            raw.send(post(&key, "/services/open/calm", br#"{"word":"an"}"#)).await;
            assert_eq!(raw.answer().await.ok(), "an");
        }
        eventually("three records", async || (house().await.records("caller=behaves").await.len() == 3).then_some(()))
            .await;
    });
}
