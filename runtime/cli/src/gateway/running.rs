//! The handle of a gateway that serves: where it is, how to stop it, when it has ended.

use nhip_manage::{Restored, Stop};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// A gateway that serves. Dropping it asks it to stop.
pub struct Running {
    pub(super) data: PathBuf,
    pub(super) data_addr: SocketAddr,
    pub(super) admin_addr: SocketAddr,
    pub(super) tls: bool,
    pub(super) token: Zeroizing<String>,
    pub(super) restored: Restored,
    pub(super) stop: Stop,
    pub(super) end: JoinHandle<anyhow::Result<Stopped>>,
}

/// How a gateway ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stopped {
    /// Connections that were cut because their exchanges did not end in time; 0 after a clean stop.
    pub cut: usize,
}

impl Running {
    /// The data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Where callers call.
    #[must_use]
    pub fn data_addr(&self) -> SocketAddr {
        self.data_addr
    }

    /// Where the control API is.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// The data listener's URL.
    #[must_use]
    pub fn data_url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.data_addr)
    }

    /// The admin listener's URL.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin_addr)
    }

    /// What opens the control API.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What was put in service again at the start.
    #[must_use]
    pub fn restored(&self) -> &Restored {
        &self.restored
    }

    /// Something to ask for the stop with, from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// Ask for the stop: no new exchanges, those under way end.
    pub fn stop(&self) {
        self.stop.stop();
    }

    /// Wait until it has ended, for whatever reason: every exchange has left its record, the data folder is free.
    ///
    /// # Errors
    /// The last records could not be written, or a part of the gateway broke.
    pub async fn wait(mut self) -> anyhow::Result<Stopped> {
        (&mut self.end).await?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
    }
}
