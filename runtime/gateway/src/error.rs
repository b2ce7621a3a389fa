//! Why the listener cannot start. Everything here is told before the first connection is taken.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the data listener cannot start.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`: {cure}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What to do about it.
        cure: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A TLS file cannot be read.
    #[error("cannot read the TLS file `{path}`: check the path and that this user may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A TLS file does not hold what it should. Without a source: it would quote the file.
    #[error("the TLS file `{path}` holds no {wanted} in PEM form: it must have a `-----BEGIN {label}-----` section")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        wanted: &'static str,
        /// The label of its section.
        label: &'static str,
    },
    /// Certificate and key do not make a server.
    #[error("the certificate `{certificate}` and the key `{key}` cannot be used together: check that they are a pair")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the TLS library said.
        source: rustls::Error,
    },
}

impl GatewayError {
    pub(crate) fn bind(address: SocketAddr, source: io::Error) -> Self {
        let cure = match source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there; stop it or choose another port, 0 for any free one"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose a higher one",
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; choose one of its own, such as 127.0.0.1"
            }
            _ => "choose another address or see what the system says",
        };
        Self::Bind { address, cure, source }
    }
}
