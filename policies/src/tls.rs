//! `[endpoints.NAME.tls]`: how the connection to an endpoint is secured. Invariant: the name on the certificate is always checked; no
//! setting turns that off.

use std::path::PathBuf;

use crate::credential::{self, ClientCertificate};
use crate::mistakes::Invalid;
use crate::names::quoted;
use crate::reader::Table;
use crate::secret_ref::absolute_path;

/// TLS towards an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// A PEM file with the authorities to trust instead of the system's.
    pub ca: Option<PathBuf>,
    /// What the host proves itself with in the handshake.
    pub client_certificate: Option<ClientCertificate>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl TlsVersion {
    const WORDS: [(&'static str, Self); 2] = [("1.2", Self::V1_2), ("1.3", Self::V1_3)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

impl Tls {
    pub(crate) fn read(endpoint: &Table<'_>) -> Self {
        let Some(table) = endpoint.table("tls") else {
            return Self::default();
        };
        let client_certificate = table.table("client-certificate").and_then(|section| {
            let certificate = credential::read_certificate(&section);
            section.finish();
            certificate
        });
        let min_version = table.get("min-version").and_then(|node| node.choice(&TlsVersion::WORDS));
        let tls = Self {
            ca: table.get("ca").and_then(|node| node.parse(pem_file)),
            client_certificate,
            min_version: min_version.unwrap_or_default(),
        };
        table.finish();
        tls
    }
}

fn pem_file(text: &str) -> Result<PathBuf, Invalid> {
    absolute_path(text).map_err(|invalid| {
        Invalid::new(format!("{} {}", quoted(text), invalid.message), "write the absolute path of a PEM file")
    })
}
