//! Placeholders: escaped for where they stand, for their own endpoint only, once in a request.

use super::upstream::{Upstream, ok};
use super::*;

const SECRETS: &str = "headers = [\"X-Note\"]\nsecrets = { PASSWORD = \"env:AWKWARD\", OTHER = \"env:API_KEY\", LINES = \"env:TWO_LINES\" }";

async fn ground() -> (Upstream, Exchange) {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), SECRETS));
    (upstream, exchange)
}

#[tokio::test]
async fn a_secret_is_escaped_for_the_content_type() {
    let cases = [
        ("application/json", r#"{"p":"{{secret:PASSWORD}}"}"#, r#"{"p":"pl\"an\\t<e>d&'ß +1"}"#),
        ("application/problem+json; charset=utf-8", r#""{{secret:PASSWORD}}""#, r#""pl\"an\\t<e>d&'ß +1""#),
        (
            "text/xml; charset=\"UTF-8\"",
            "<p a='{{secret:PASSWORD}}'/>",
            "<p a='pl&quot;an\\t&lt;e&gt;d&amp;&apos;ß +1'/>",
        ),
        (
            "application/soap+xml;action=\"x\"",
            "<p>{{secret:PASSWORD}}</p>",
            "<p>pl&quot;an\\t&lt;e&gt;d&amp;&apos;ß +1</p>",
        ),
        (
            "application/x-www-form-urlencoded",
            "a=1&p={{secret:PASSWORD}}",
            "a=1&p=pl%22an%5Ct%3Ce%3Ed%26%27%C3%9F%20%2B1",
        ),
        ("text/plain", "{{secret:PASSWORD}}", "pl\"an\\t<e>d&'ß +1"),
        ("application/json", r#"{"p":"{{secret:LINES}}"}"#, r#"{"p":"planted\r\nx-smuggled: yes"}"#),
        ("text/xml", "<p a='{{secret:LINES}}'/>", "<p a='planted&#13;&#10;x-smuggled: yes'/>"),
    ];
    for (content_type, written, sent) in cases {
        let (upstream, exchange) = ground().await;
        exchange.send(post("/x", content_type, written)).await.expect("an answer");
        let seen = upstream.only();
        assert_eq!(std::str::from_utf8(&seen.body), Ok(sent), "as {content_type}");
        assert_eq!(seen.header("content-length"), Some(sent.len().to_string().as_str()));
        assert!(exchange.noted().contains(&format!("sent: {},", sent.len())), "{}", exchange.noted());
    }
}

#[tokio::test]
async fn a_secret_stands_in_a_header() {
    let (upstream, exchange) = ground().await;
    exchange.send(with(get("/x"), "X-Note", "key={{secret:OTHER}};v=1")).await.expect("an answer");
    assert_eq!(upstream.only().header("x-note"), Some("key=planted-api-key-77f1;v=1"));
}

#[tokio::test]
async fn a_secret_that_cannot_stand_in_a_header_is_a_failure_of_the_credential() {
    let (upstream, exchange) = ground().await;
    for name in ["LINES", "PASSWORD"] {
        let failure = exchange.fail(with(get("/x"), "X-Note", &format!("{{{{secret:{name}}}}}"))).await;
        assert_eq!((failure.code, failure.sent), (FailureCode::Credential, false), "{failure}");
        assert!(!failure.message.contains("smuggled"), "{failure}");
    }
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn what_is_not_granted_or_not_clear_is_denied() {
    let (upstream, exchange) = ground().await;
    let cases = [
        ("text/plain", "{{secret:UNKNOWN}}"),
        ("text/plain", "{{secret:password}}"),
        ("text/plain", "{{secret:}}"),
        ("text/plain", "{{secret:PASSWORD"),
        ("text/plain", "{{secret:PASSWORD} }"),
        ("text/plain", "{{secret:PASSWORD}}{{secret:PASSWORD}}"),
        ("application/octet-stream", "{{secret:PASSWORD}}"),
        ("multipart/form-data; boundary=x", "--x\r\n\r\n{{secret:PASSWORD}}\r\n--x--"),
        ("text/xml; charset=utf-16", "{{secret:PASSWORD}}"),
        ("text/html", "{{secret:PASSWORD}}"),
        ("", "{{secret:PASSWORD}}"),
    ];
    for (content_type, body) in cases {
        let failure = exchange.fail(post("/x", content_type, body)).await;
        assert_eq!((failure.code, failure.sent), (FailureCode::Denied, false), "{content_type} {body}: {failure}");
    }
    let both = with(post("/x", "text/plain", "{{secret:OTHER}}"), "X-Note", "{{secret:OTHER}}");
    assert_eq!(exchange.fail(both).await.code, FailureCode::Denied);
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn a_secret_is_placed_only_towards_its_own_endpoint() {
    let upstream = Upstream::start(ok).await;
    let mine = inside(&upstream.url(), "secrets = { PASSWORD = \"env:PASSWORD\" }");
    let other = inside(&upstream.url(), "").replace("endpoints.db", "endpoints.other");
    let exchange = Exchange::under(&format!("{mine}{other}"));
    let request = || post("/x", "text/plain", "{{secret:PASSWORD}}");
    let failure =
        exchange.egress.send("other", request(), &exchange.budget, &exchange.trail).await.expect_err("refused");
    assert_eq!((failure.code, failure.sent), (FailureCode::Denied, false), "{failure}");
    assert_eq!(upstream.accepted(), 0);
    exchange.send(request()).await.expect("an answer");
    assert_eq!(&upstream.only().body[..], b"planted-password-31c9");
}

#[tokio::test]
async fn what_only_looks_like_a_placeholder_is_left_alone() {
    let (upstream, exchange) = ground().await;
    let body = "{{ secret:PASSWORD }} {{name}} {secret:PASSWORD}";
    exchange.send(post("/x", "application/octet-stream", body)).await.expect("an answer");
    assert_eq!(&upstream.only().body[..], body.as_bytes());
}
