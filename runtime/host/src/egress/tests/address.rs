//! Every address a name resolves to is put before the policy, at every connection: SSRF and DNS rebinding end here.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use super::upstream::{Upstream, answer, ok};
use super::*;

/// Answers with one list after the other, the last one again and again.
struct Script {
    answers: Mutex<Vec<Vec<String>>>,
    port: u16,
}

fn script(port: u16, answers: &[&[&str]]) -> Arc<Script> {
    let owned = |list: &&[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    let answers = Mutex::new(answers.iter().rev().map(owned).collect());
    Arc::new(Script { answers, port })
}

impl Resolve for Script {
    fn lookup<'a>(&'a self, _: &'a str, port: u16) -> Lookup<'a> {
        assert_eq!(port, self.port);
        let mut answers = self.answers.lock().expect("no panic");
        let now = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() };
        let addresses = now
            .unwrap_or_default()
            .iter()
            .map(|text| SocketAddr::new(text.parse().expect("an address"), port))
            .collect();
        Box::pin(async move { Ok(addresses) })
    }
}

struct Broken;

impl Resolve for Broken {
    fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
        Box::pin(async { Err(io::Error::other("no such name")) })
    }
}

struct Silent;

impl Resolve for Silent {
    fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
        Box::pin(std::future::pending())
    }
}

async fn refused(sections: &str, resolver: Arc<dyn Resolve>, code: FailureCode) {
    let failure = Exchange::resolving(sections, resolver).fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (code, false), "{failure}");
    for told in ["127.0", "169.254", "10.0", "::", "upstream.test"] {
        assert!(!failure.message.contains(told), "{failure}");
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_needs_the_grant() {
    let upstream = Upstream::start(ok).await;
    let port = upstream.address.port();
    let url = format!("http://upstream.test:{port}");
    refused(&endpoint(&url, ""), script(port, &[&["127.0.0.1"]]), FailureCode::Denied).await;
    refused(&endpoint(&url, ""), script(port, &[&["::ffff:127.0.0.1"]]), FailureCode::Denied).await;
    refused(&endpoint(&url, ""), script(port, &[&["10.0.0.1"]]), FailureCode::Denied).await;
    assert_eq!(upstream.accepted(), 0);

    let granted = Exchange::resolving(&inside(&url, ""), script(port, &[&["127.0.0.1"]]));
    assert_eq!(granted.get("/x").await.expect("an answer").status, 200);
    // The name, not the address, is what the upstream system hears.
    assert_eq!(upstream.only().header("host"), Some(format!("upstream.test:{port}").as_str()));
}

#[tokio::test]
async fn no_grant_reaches_a_metadata_service() {
    for address in
        ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254", "0.0.0.0", "224.0.0.1"]
    {
        refused(&inside("http://upstream.test:8000", ""), script(8000, &[&[address]]), FailureCode::Denied).await;
    }
}

#[tokio::test]
async fn a_mix_of_good_and_bad_addresses_is_refused_whole() {
    let upstream = Upstream::start(ok).await;
    let port = upstream.address.port();
    let url = format!("http://upstream.test:{port}");
    for mix in [["127.0.0.1", "169.254.169.254"], ["169.254.169.254", "127.0.0.1"]] {
        refused(&inside(&url, ""), script(port, &[&mix]), FailureCode::Denied).await;
    }
    assert_eq!(upstream.accepted(), 0);
}

#[tokio::test]
async fn a_rebound_name_is_refused_at_the_next_connection() {
    let upstream = Upstream::start(|_| {
        let mut answer = answer(200, "good");
        answer.headers_mut().insert("connection", "close".parse().expect("a value"));
        answer
    })
    .await;
    let port = upstream.address.port();
    let resolver = script(port, &[&["127.0.0.1"], &["169.254.169.254"]]);
    let exchange = Exchange::resolving(&inside(&format!("http://upstream.test:{port}"), ""), resolver);
    exchange.get("/x").await.expect("an answer");
    let failure = exchange.fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Denied, false), "{failure}");
    assert_eq!(upstream.accepted(), 1);
}

#[tokio::test]
async fn a_kept_connection_does_not_follow_a_rebound_name() {
    let upstream = Upstream::start(ok).await;
    let port = upstream.address.port();
    let resolver = script(port, &[&["127.0.0.1"], &["169.254.169.254"]]);
    let exchange = Exchange::resolving(&inside(&format!("http://upstream.test:{port}"), ""), resolver);
    for _ in 0..3 {
        exchange.get("/x").await.expect("an answer from the address that was vetted");
    }
    assert_eq!(upstream.accepted(), 1);
}

#[tokio::test]
async fn the_next_address_is_tried_where_one_is_dead() {
    let upstream = Upstream::start(ok).await;
    let port = upstream.address.port();
    let resolver = script(port, &[&["127.0.0.77", "127.0.0.1"]]);
    let exchange = Exchange::resolving(&inside(&format!("http://upstream.test:{port}"), ""), resolver);
    assert_eq!(exchange.get("/x").await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_name_without_an_address_is_unreachable() {
    let url = "http://upstream.test:8000";
    refused(&inside(url, ""), Arc::new(Broken), FailureCode::Unreachable).await;
    refused(&inside(url, ""), script(8000, &[&[]]), FailureCode::Unreachable).await;
    let many: Vec<String> = (0..200).map(|n| format!("127.0.1.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    refused(&inside(url, ""), script(8000, &[&many]), FailureCode::Unreachable).await;
}

#[tokio::test]
async fn nobody_listens() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    refused(&inside(&format!("http://{gone}"), ""), Arc::new(SystemResolver), FailureCode::Unreachable).await;
}

#[tokio::test]
async fn a_look_up_that_takes_too_long_is_a_timeout_of_the_connection() {
    let more = "timeouts = { connect = \"30 ms\", total = \"5 s\" }";
    let started = std::time::Instant::now();
    refused(&inside("http://upstream.test:8000", more), Arc::new(Silent), FailureCode::Timeout).await;
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn an_address_in_the_url_is_vetted_without_a_look_up() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::resolving(&inside(&upstream.url(), ""), Arc::new(Broken));
    exchange.get("/x").await.expect("an answer");

    // The grammar refuses such a policy; here it is made by hand, to see that the connection refuses as well.
    let mut policy = policy(&inside(&upstream.url(), ""));
    policy.endpoints.get_mut("db").expect("the endpoint").private_network = false;
    let egress = make(&policy, Arc::new(Broken)).expect("ready");
    let failure = egress.send("db", get("/x"), &exchange.budget, &exchange.trail).await.expect_err("refused");
    assert_eq!(failure.code, FailureCode::Denied);
    assert_eq!(upstream.accepted(), 1);
}
