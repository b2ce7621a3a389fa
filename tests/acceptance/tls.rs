//! TLS towards upstream systems: certificates are verified, by name and by authority, whatever else the policy says.

use crate::harness::{Answer, House, adapter, folder, run};
use nhip_systems::{Ngsp, NgspConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::fs;
use std::sync::Arc;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "a made-up authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A register with a certificate of that authority for that name.
async fn register(authority: &Authority, name: &str) -> Ngsp {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let chain = vec![certificate.der().clone()];
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    Ngsp::start(NgspConfig { tls: Some(Arc::new(tls)), ..NgspConfig::default() }).await.unwrap()
}

/// Deploy towards a register, trusting an authority, and ask it.
async fn ask(house: &House, ngsp: &Ngsp, trusted: &Authority, name: &str) -> Answer {
    let file = folder("tls").join(format!("{name}.pem"));
    fs::write(&file, trusted.as_ref().pem()).unwrap();
    let policy = crate::population::policy(ngsp, "3 s");
    let policy = policy.replace("timeouts =", &format!("tls = {{ ca = \"{}\" }}\ntimeouts =", file.display()));
    house.deploy(adapter("population-1.0.0"), &policy).await.unwrap();
    let body = crate::population::find(&ngsp.citizens()[0]);
    house.call(&house.caller("mot-cua").await, "population", "find", &body).await
}

#[test]
fn tls_is_verified() {
    run(async {
        let secrets = [("NGSP_ID", "nhip-demo"), ("NGSP_SECRET", "made-up-client-secret")];
        let house = House::with_secrets("tls", &secrets).await;
        let (ours, strange) = (authority(), authority());

        let right = register(&ours, "127.0.0.1").await;
        ask(&house, &right, &ours, "right").await.ok();
        assert_eq!(right.token_requests(), 1);

        // Another authority; another name. The operator must act, and neither token nor request left the gateway.
        let other = register(&strange, "127.0.0.1").await;
        let wrong_name = register(&ours, "elsewhere.example").await;
        for (what, ngsp) in [("another-authority", &other), ("another-name", &wrong_name)] {
            let answer = ask(&house, ngsp, &ours, what).await;
            let problem = answer.fault(502, "upstream-refused");
            assert!(!problem.to_string().contains("elsewhere"), "{what}: {problem}");
            assert_eq!((ngsp.token_requests(), ngsp.requests().len()), (0, 0), "{what}");
        }
    });
}
