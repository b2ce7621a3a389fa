//! TLS: both versions of HTTP by ALPN, and handshakes that fail or never end.

use crate::http2::request;
use crate::raw::{Raw, post};
use crate::world::{KEY, World, short};
use http::Method;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nhip_gateway::load_tls;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A listener with a certificate of its own making, and a client configuration that trusts it.
async fn world() -> (World, ClientConfig) {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["gateway.test".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("server.crt"), folder.path().join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let tls = load_tls(&certificate, &key).unwrap();
    let world = World::with(
        |config| {
            config.tls = Some(tls);
            config.limits = short();
        },
        "20 s",
    )
    .await;

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(made.cert.pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (world, client)
}

async fn connect(world: &World, mut client: ClientConfig, protocol: &str) -> TlsStream<TcpStream> {
    client.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from("gateway.test").unwrap();
    let stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    stream
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let (mut world, client) = world().await;
    let mut raw = Raw::over(connect(&world, client.clone(), "http/1.1").await);
    raw.send(post("echo", "{\"a\":1}")).await;
    assert_eq!(raw.reply().await.body, b"{\"a\":1}");
    world.record_of("ok").await;

    let stream = TokioIo::new(connect(&world, client, "h2").await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request(Method::POST, "/services/register/echo", KEY, "{}")).await.unwrap();
    assert_eq!(response.status(), 200);
    world.record_of("ok").await;
}

#[tokio::test]
async fn a_handshake_that_fails_or_never_ends_is_counted() {
    let (mut world, _) = world().await;
    let mut plain = Raw::connect(world.address).await;
    plain.send(post("echo", "{}")).await;
    let answer = plain.closed().await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    world.until(|counts| counts.tls_failed == 1).await;

    let mut silent = Raw::connect(world.address).await;
    assert_eq!(silent.closed().await, b"");
    world.until(|counts| counts.tls_failed == 2 && counts.open == 0).await;
    world.nothing_recorded();
}
