//! The server's certificate and key, from PEM files. TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN (RFC 7301).

use crate::error::GatewayError;
use rustls::ServerConfig;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;

/// Load the certificate chain (server first) and its private key (PKCS#8, PKCS#1 or SEC1).
///
/// # Errors
/// When a file cannot be read, holds no such section, or the two are no pair.
pub fn load_tls(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, GatewayError> {
    let no_chain = |error| wrong(certificate, "certificate", "CERTIFICATE", error);
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(no_chain)?;
    if chain.is_empty() {
        return Err(no_chain(PemError::NoItemsFound));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, "private key", "PRIVATE KEY", error))?;

    // The provider is named, so that it does not depend on what else is linked into the process.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|source| GatewayError::Pair { certificate: certificate.to_owned(), key: key.to_owned(), source })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn wrong(path: &Path, wanted: &'static str, label: &'static str, error: PemError) -> GatewayError {
    match error {
        PemError::Io(source) => GatewayError::Read { path: path.to_owned(), source },
        _ => GatewayError::Pem { path: path.to_owned(), wanted, label },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_be_wrong_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (pair(folder.path(), "one"), pair(folder.path(), "other"));
        assert!(load_tls(&one.0, &one.1).is_ok());

        let missing = folder.path().join("missing.pem");
        let text = load_tls(&missing, &one.1).unwrap_err().to_string();
        assert!(text.contains("missing.pem") && text.contains("cannot read"), "{text}");

        let text = load_tls(&one.0, &one.0).unwrap_err().to_string();
        assert!(text.contains("one.crt") && text.contains("private key"), "{text}");

        let text = load_tls(&one.1, &one.1).unwrap_err().to_string();
        assert!(text.contains("one.key") && text.contains("certificate"), "{text}");

        let text = load_tls(&one.0, &other.1).unwrap_err().to_string();
        assert!(text.contains("one.crt") && text.contains("other.key") && text.contains("pair"), "{text}");
    }

    fn pair(folder: &Path, name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.join(format!("{name}.crt")), folder.join(format!("{name}.key")));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }
}
