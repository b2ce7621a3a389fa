//! Why the admin listener cannot start. Everything here is told before the first connection is taken.

use std::io;
use std::net::SocketAddr;

/// Why the admin listener cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Other machines could reach it, and nobody said that they may.
    #[error(
        "the admin address `{address}` can be reached from other machines, and the control API speaks plain HTTP: listen on `127.0.0.1`, or say `--admin-remote` where TLS is in front of it"
    )]
    Remote {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen for administration on `{address}`: {cure}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What to do about it.
        cure: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

impl AdminError {
    pub(crate) fn bind(address: SocketAddr, source: io::Error) -> Self {
        let cure = match source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there; stop it or choose another port, 0 for any free one"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 need a privilege; choose a higher one",
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; choose one of its own, such as `127.0.0.1`"
            }
            _ => "choose another address or see what the system says",
        };
        Self::Bind { address, cure, source }
    }
}
