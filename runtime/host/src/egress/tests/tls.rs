//! TLS: whose certificates are accepted, under which name, and what we prove ourselves with.

use std::net::SocketAddr;
use std::path::Path;

use rustls::ALL_VERSIONS;
use rustls::version::{TLS12, TLS13};

use super::pki::{Authority, Certified};
use super::upstream::{Seen, Upstream, ok, raw};
use super::*;

/// `upstream.test` is this machine.
pub(super) struct Here(pub(super) SocketAddr);

impl Resolve for Here {
    fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
        Box::pin(async { Ok(vec![self.0]) })
    }
}

fn exchange(upstream: &Upstream, ca: &Path, more: &str) -> Exchange {
    let url = format!("https://upstream.test:{}", upstream.address.port());
    let tls = format!("tls = {{ ca = \"{}\" {more} }}", ca.display());
    Exchange::resolving(&inside(&url, &tls), Arc::new(Here(upstream.address)))
}

async fn refused(exchange: &Exchange, upstream: &Upstream) -> String {
    let failure = exchange.fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Tls, false), "{failure}");
    assert!(!failure.message.contains("upstream.test"), "{failure}");
    assert!(upstream.seen().is_empty());
    failure.message
}

#[tokio::test]
async fn a_certificate_of_the_given_authority_is_accepted() {
    let authority = Authority::new("ours");
    let upstream = Upstream::start_tls(authority.certify("upstream.test").server(None, ALL_VERSIONS), ok).await;
    let ca = authority.file();
    let exchange = exchange(&upstream, ca.path(), "");
    for _ in 0..3 {
        assert_eq!(exchange.get("/x").await.expect("an answer").status, 200);
    }
    assert_eq!(upstream.accepted(), 1);
}

#[tokio::test]
async fn http_2_is_spoken_where_both_can() {
    let authority = Authority::new("ours");
    let mut config = authority.certify("upstream.test").server(None, ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let upstream = Upstream::start_tls(config, ok).await;
    let ca = authority.file();
    let exchange = exchange(&upstream, ca.path(), "");
    for _ in 0..3 {
        let response = exchange.send(post("/x?y=1", "text/plain", "body")).await.expect("an answer");
        assert_eq!(&response.body[..], b"good");
    }
    let seen = &upstream.seen()[2];
    assert_eq!((seen.version, seen.target.as_str(), &seen.body[..]), (http::Version::HTTP_2, "/x?y=1", &b"body"[..]));
    assert_eq!(upstream.accepted(), 1);
}

#[tokio::test]
async fn what_http_2_brought_to_a_server_that_breaks_counts_as_sent() {
    let authority = Authority::new("ours");
    let mut config = authority.certify("upstream.test").server(None, ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (read, heard) = std::sync::mpsc::channel();
    let breaks = move |seen: &Seen| {
        read.send(seen.body.clone()).expect("the test goes on");
        panic!("made up: the server breaks")
    };
    let upstream = Upstream::start_tls(config, breaks).await;
    let ca = authority.file();
    for request in [get("/x"), post("/x", "text/plain", "body")] {
        let failure = exchange(&upstream, ca.path(), "").fail(request).await;
        assert_eq!((failure.code, failure.sent), (FailureCode::Unreachable, true), "{failure}");
    }
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["", "body"]);
}

#[tokio::test]
async fn another_authority_is_not_accepted() {
    let upstream =
        Upstream::start_tls(Authority::new("theirs").certify("upstream.test").server(None, ALL_VERSIONS), ok).await;
    let ca = Authority::new("ours").file();
    let said = refused(&exchange(&upstream, ca.path(), ""), &upstream).await;
    assert!(said.contains("certificate is not accepted"), "{said}");
}

#[tokio::test]
async fn another_name_is_not_accepted() {
    let authority = Authority::new("ours");
    let upstream = Upstream::start_tls(authority.certify("other.test").server(None, ALL_VERSIONS), ok).await;
    let ca = authority.file();
    refused(&exchange(&upstream, ca.path(), ""), &upstream).await;
}

#[tokio::test]
async fn an_expired_certificate_is_not_accepted() {
    let authority = Authority::new("ours");
    let upstream =
        Upstream::start_tls(authority.certify_until("upstream.test", 2020).server(None, ALL_VERSIONS), ok).await;
    let ca = authority.file();
    refused(&exchange(&upstream, ca.path(), ""), &upstream).await;
}

#[tokio::test]
async fn the_oldest_version_is_the_operators_choice() {
    let authority = Authority::new("ours");
    let upstream = Upstream::start_tls(authority.certify("upstream.test").server(None, &[&TLS12]), ok).await;
    let ca = authority.file();
    assert_eq!(exchange(&upstream, ca.path(), "").get("/x").await.expect("an answer").status, 200);
    let newest = exchange(&upstream, ca.path(), ", min-version = \"1.3\"");
    assert_eq!(newest.fail(get("/x")).await.code, FailureCode::Tls);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_plain_server_is_not_taken_for_a_secure_one() {
    let upstream = Upstream::start(ok).await;
    let ca = Authority::new("ours").file();
    let failure = exchange(&upstream, ca.path(), "").fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Tls, false), "{failure}");
}

#[tokio::test]
async fn a_server_that_hangs_up_in_the_handshake_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let ca = Authority::new("ours").file();
    let url = format!("https://upstream.test:{}", address.port());
    let tls = format!("tls = {{ ca = \"{}\" }}", ca.path().display());
    let failure = Exchange::resolving(&inside(&url, &tls), Arc::new(Here(address))).fail(get("/x")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Unreachable, false), "{failure}");
}

#[tokio::test]
async fn a_server_that_is_silent_in_the_handshake_has_got_nothing() {
    let address = raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let ca = Authority::new("ours").file();
    let url = format!("https://upstream.test:{}", address.port());
    let tls = format!("tls = {{ ca = \"{}\" }}", ca.path().display());
    let request = Request { timeout: Some(Duration::from_millis(50)), ..get("/x") };
    let failure = Exchange::resolving(&inside(&url, &tls), Arc::new(Here(address))).fail(request).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Timeout, false), "{failure}");
}

fn proof(certified: &Certified) -> (tempfile::NamedTempFile, tempfile::NamedTempFile, String) {
    let (cert, key) = (certified.certificate_file(), certified.key_file());
    let text = format!(
        ", client-certificate = {{ cert = \"file:{}\", key = \"file:{}\" }}",
        cert.path().display(),
        key.path().display()
    );
    (cert, key, text)
}

#[tokio::test]
async fn a_client_certificate_opens_the_door() {
    let authority = Authority::new("ours");
    for versions in [&[&TLS12], &[&TLS13]] {
        let server = authority.certify("upstream.test").server(Some(&authority), versions);
        let upstream = Upstream::start_tls(server, ok).await;
        let ca = authority.file();
        let (_cert, _key, own) = proof(&authority.certify("gateway.test"));
        assert_eq!(exchange(&upstream, ca.path(), &own).get("/x").await.expect("an answer").status, 200);
    }
}

#[tokio::test]
async fn without_an_accepted_client_certificate_nothing_is_answered() {
    let authority = Authority::new("ours");
    let strangers = Authority::new("strangers");
    for versions in [&[&TLS12], &[&TLS13]] {
        let server = authority.certify("upstream.test").server(Some(&authority), versions);
        let upstream = Upstream::start_tls(server, ok).await;
        let ca = authority.file();
        let (_cert, _key, foreign) = proof(&strangers.certify("gateway.test"));
        for own in ["", foreign.as_str()] {
            let failure = exchange(&upstream, ca.path(), own).fail(get("/x")).await;
            // Where the server hangs up before its alert is read, only the broken connection is seen.
            assert!(matches!(failure.code, FailureCode::Tls | FailureCode::Unreachable), "{failure}");
            assert!(failure.code != FailureCode::Tls || !failure.sent, "{failure}");
            assert!(upstream.seen().is_empty());
        }
    }
}
