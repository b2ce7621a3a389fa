//! Every call leaves one line in the trail of its exchange, whatever becomes of it.

use super::upstream::{Upstream, answer, ok, raw};
use super::*;

#[tokio::test]
async fn an_answer_is_noted_with_its_sizes() {
    let upstream = Upstream::start(|_| answer(404, "not here")).await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    exchange.send(post("/x", "text/plain", "hello")).await.expect("an answer");
    let noted = exchange.noted();
    let expected = "UpstreamCall { endpoint: \"db\", method: \"POST\", status: Some(404), failure: None, sent: 5, received: 8, micros: ";
    assert!(noted.contains(expected), "{noted}");
    assert!(!noted.contains("micros: 0,"), "{noted}");
}

#[tokio::test]
async fn a_refusal_is_noted_as_not_sent() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    exchange.fail(with(post("/x", "text/plain", "hello"), "host", "evil.test")).await;
    let expected = "method: \"POST\", status: None, failure: Some(\"denied\"), sent: 0, received: 0, micros: 0, ";
    assert!(exchange.noted().contains(expected), "{}", exchange.noted());
}

#[tokio::test]
async fn a_call_that_is_dropped_is_noted_as_abandoned() {
    let (reached, mut heard) = tokio::sync::watch::channel(false);
    let address = raw(move |stream| {
        reached.send_replace(true);
        async move {
            std::future::pending::<()>().await;
            drop(stream);
        }
    })
    .await;
    let exchange = Exchange::under(&inside(&format!("http://{address}"), ""));
    tokio::select! {
        _ = exchange.send(post("/x", "text/plain", "hello")) => panic!("the upstream system never answers"),
        heard = heard.wait_for(|reached| *reached) => drop(heard.expect("a server")),
    }
    let noted = exchange.noted();
    assert_eq!(noted.matches("UpstreamCall {").count(), 1, "{noted}");
    assert!(noted.contains("status: None, failure: Some(\"abandoned\"), sent: 5, received: 0"), "{noted}");
}
