//! TLS towards upstream systems: whom we trust, and what we prove ourselves with.
//!
//! The authorities are the machine's, or those of the PEM file the policy names, and then only those. Invariant: certificate and name
//! are always verified; there is no switch to leave that out.

use std::path::Path;
use std::sync::Arc;

use nhip_policies::{ClientCertificate, Endpoint, TlsVersion};
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::problem::Problems;
use super::secret::{Bounded, SecretSource, read_bounded};

/// Longest file of authorities, in bytes: a whole system's bundle fits.
const LONGEST_CA: u64 = 4 * 1024 * 1024;

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
const NEWEST: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

/// The authorities of the machine, loaded once and shared by all adapters.
#[derive(Debug, Clone)]
pub struct Roots {
    store: Arc<RootCertStore>,
}

impl Roots {
    /// Loads the machine's authorities. What cannot be read is logged and left out; a machine without any is found out by the first
    /// endpoint that needs one.
    #[must_use]
    pub fn system() -> Self {
        let loaded = rustls_native_certs::load_native_certs();
        for error in &loaded.errors {
            tracing::warn!(%error, "an authority of this machine cannot be read");
        }
        let mut store = RootCertStore::empty();
        let (added, ignored) = store.add_parsable_certificates(loaded.certs);
        tracing::debug!(added, ignored, "authorities of this machine");
        Self { store: Arc::new(store) }
    }

    /// Trusts nobody: for a gateway whose endpoints all bring their own authority.
    #[must_use]
    pub fn none() -> Self {
        Self { store: Arc::new(RootCertStore::empty()) }
    }
}

/// The TLS configuration of one endpoint. `needed` says whether any of its URLs is `https`.
pub(super) fn configure(
    endpoint: &Endpoint,
    needed: bool,
    roots: &Roots,
    secrets: &dyn SecretSource,
    problems: &mut Problems<'_>,
) -> Option<Arc<ClientConfig>> {
    let store = match &endpoint.tls.ca {
        Some(path) => Arc::new(authorities(path, problems)?),
        None => Arc::clone(&roots.store),
    };
    if needed && store.is_empty() {
        problems.add(
            "this machine trusts no authority, so no certificate can be verified",
            "install the system's CA certificates, or name a PEM file in `tls.ca`",
        );
        return None;
    }
    let versions = match endpoint.tls.min_version {
        TlsVersion::V1_2 => BOTH,
        TlsVersion::V1_3 => NEWEST,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions);
    let builder = problems.keep(builder, "this is a defect of the gateway")?.with_root_certificates(store);
    let mut config = match &endpoint.tls.client_certificate {
        Some(certificate) => prove(builder, certificate, secrets, problems)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Some(Arc::new(config))
}

fn authorities(path: &Path, problems: &mut Problems<'_>) -> Option<RootCertStore> {
    let shown = path.display();
    let cure = "`tls.ca` names a PEM file with the certificates of the authorities to trust";
    let pem = match read_bounded(path, LONGEST_CA) {
        Ok(pem) => pem,
        Err(Bounded::TooLong) => {
            problems.add(format_args!("`{shown}` is longer than {LONGEST_CA} bytes"), cure);
            return None;
        }
        Err(Bounded::Io(error)) => {
            problems.add(format_args!("`{shown}` cannot be read: {error}"), cure);
            return None;
        }
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let added = certificate
            .map_err(|error| error.to_string())
            .and_then(|certificate| store.add(certificate).map_err(|error| error.to_string()));
        if let Err(error) = added {
            problems.add(format_args!("`{shown}` holds a certificate that cannot be used: {error}"), cure);
            return None;
        }
    }
    if store.is_empty() {
        problems.add(format_args!("`{shown}` holds no certificate"), cure);
        return None;
    }
    Some(store)
}

/// Adds the client certificate.
fn prove(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    certificate: &ClientCertificate,
    secrets: &dyn SecretSource,
    problems: &mut Problems<'_>,
) -> Option<ClientConfig> {
    let cure = "the client certificate is two PEM texts: the chain, own certificate first, and its private key";
    let chain = problems.keep(secrets.resolve(&certificate.cert), cure);
    let key = problems.keep(secrets.resolve(&certificate.key), cure);
    let (chain, key) = (chain?, key?);
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.expose().as_bytes()).collect();
    let chain = match parsed {
        Ok(chain) if !chain.is_empty() => chain,
        _ => {
            problems.add(format_args!("`{}` holds no certificate in PEM", certificate.cert), cure);
            return None;
        }
    };
    // The parser's own message is left out: it could repeat a part of the key.
    let Ok(key) = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()) else {
        problems.add(format_args!("`{}` holds no private key in PEM", certificate.key), cure);
        return None;
    };
    match builder.with_client_auth_cert(chain, key) {
        Ok(config) => Some(config),
        Err(error) => {
            let (cert, key) = (&certificate.cert, &certificate.key);
            problems.add(format_args!("`{cert}` and `{key}` are not a usable pair: {error}"), cure);
            None
        }
    }
}
