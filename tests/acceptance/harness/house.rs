//! A gateway in this process: the same assembly as `nhip serve`, on free ports and a folder of its own.

use super::{Gateway, folder};
use nhip_cli::gateway::{Assembly, Options, Running, Stopped};
use std::collections::HashMap;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

/// A gateway in this process.
pub(crate) struct House {
    gateway: Gateway,
    running: Running,
    /// A folder beside its state, for the test's own files.
    pub(crate) folder: PathBuf,
}

impl Deref for House {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl House {
    /// Start one with all defaults, but for a smaller pool.
    pub(crate) async fn start(name: &str) -> Self {
        Self::start_with(name, |_| {}).await
    }

    /// Start one with secrets in its environment.
    pub(crate) async fn with_secrets(name: &str, secrets: &[(&str, &str)]) -> Self {
        let owned = |(name, secret): &(&str, &str)| ((*name).to_owned(), (*secret).to_owned());
        let secrets: HashMap<String, String> = secrets.iter().map(owned).collect();
        Self::start_with(name, |options| options.variable = Arc::new(move |name| secrets.get(name).cloned())).await
    }

    /// Start one with options changed.
    pub(crate) async fn start_with(name: &str, change: impl FnOnce(&mut Options)) -> Self {
        let folder = folder(name);
        let mut options = Options::new(folder.join("data"));
        // Several live in one process, and each reserves address space for its whole pool.
        options.pool.instances = 96;
        change(&mut options);
        let running = Assembly::start(options).await.unwrap_or_else(|error| panic!("{error:#}"));
        let gateway = Gateway::new(running.data_addr(), running.admin_addr(), running.token());
        Self { gateway, running, folder }
    }

    /// The folder of its state.
    pub(crate) fn data_folder(&self) -> PathBuf {
        self.running.data().to_owned()
    }

    /// Stop it and wait until all is written.
    pub(crate) async fn stop(self) -> Stopped {
        self.running.stop();
        self.running.wait().await.unwrap_or_else(|error| panic!("{error:#}"))
    }
}
