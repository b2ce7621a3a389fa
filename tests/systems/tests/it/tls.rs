//! TLS with a private authority, and with client certificates.

use std::sync::Arc;

use nhip_systems::{Ngsp, NgspConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

use crate::support::client_builder;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn issue(authority: &Authority, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, authority).unwrap();
    (certificate, key)
}

fn server(authority: &Authority, clients: Option<&Authority>) -> Arc<ServerConfig> {
    let _ = client_builder(); // Installs the crypto provider.
    let (certificate, key) = issue(authority, &["127.0.0.1", "localhost"]);
    let chain = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let builder = ServerConfig::builder();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(clients.as_ref().der().to_vec())).unwrap();
            builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
        }
    };
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

fn trusting(authority: &Authority, identity: Option<(rcgen::Certificate, KeyPair)>) -> Client {
    let root = Certificate::from_pem(authority.as_ref().pem().as_bytes()).unwrap();
    let mut builder = client_builder().tls_certs_only([root]);
    if let Some((certificate, key)) = identity {
        let pem = certificate.pem() + &key.serialize_pem();
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).unwrap());
    }
    builder.build().unwrap()
}

#[tokio::test]
async fn a_private_authority_is_enough_and_needed() {
    let (authority, stranger) = (authority("made-up authority"), authority("somebody else"));
    let config = NgspConfig { tls: Some(server(&authority, None)), ..NgspConfig::default() };
    let ngsp = Ngsp::start(config).await.unwrap();
    assert!(ngsp.url().starts_with("https://127.0.0.1:"));
    let url = ngsp.url() + "/nothing";
    assert_eq!(trusting(&authority, None).get(&url).send().await.unwrap().status(), 404);
    assert!(trusting(&stranger, None).get(&url).send().await.is_err());
    let plain = url.replace("https", "http");
    assert!(trusting(&authority, None).get(plain).send().await.is_err());
    ngsp.stop().await;
}

#[tokio::test]
async fn a_client_certificate_can_be_demanded() {
    let (authority, stranger) = (authority("made-up authority"), authority("somebody else"));
    let config = NgspConfig { tls: Some(server(&authority, Some(&authority))), ..NgspConfig::default() };
    let ngsp = Ngsp::start(config).await.unwrap();
    let right = trusting(&authority, Some(issue(&authority, &["client"])));
    assert_eq!(right.get(ngsp.url()).send().await.unwrap().status(), 404);
    assert!(trusting(&authority, None).get(ngsp.url()).send().await.is_err());
    let wrong = trusting(&authority, Some(issue(&stranger, &["client"])));
    assert!(wrong.get(ngsp.url()).send().await.is_err());
}
