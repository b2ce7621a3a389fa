//! The data folder: made on first start, readable by its owner alone, held by one gateway at a time.
//!
//! Invariant: while a [`Folder`] lives, no other process has one for the same path. The lock is the operating
//! system's, so it ends with the process, however that ends; who needs to know when it ends sooner asks
//! [`Folder::freed`].

use crate::error::RegistryError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// The data folder, held.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    // In this order: whoever hears that the folder is given back finds it unlocked.
    _lock: File,
    held: watch::Sender<()>,
}

impl Folder {
    /// Make the folder if it is not there, and hold it.
    pub(crate) fn hold(path: &Path) -> Result<Self, RegistryError> {
        make(path).map_err(cannot_use(path))?;
        if let Some(above) = path.parent() {
            // As well as may be: a folder above that we may enter but not list cannot be synced.
            let _ = sync(above);
        }
        let file = path.join("nhip.lock");
        let lock = private(OpenOptions::new().create(true).truncate(false).write(true))
            .open(&file)
            .map_err(cannot_use(&file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock, held: watch::Sender::default() }),
            Err(TryLockError::WouldBlock) => Err(RegistryError::InUse { folder: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(RegistryError::Folder { path: file, source }),
        }
    }

    /// The database file, made empty if it is not there, so that it is the owner's alone from its first byte. SQLite
    /// gives the files beside it the same mode.
    pub(crate) fn database(&self) -> Result<PathBuf, RegistryError> {
        let file = self.path.join("nhip.db");
        private(OpenOptions::new().create(true).truncate(false).write(true)).open(&file).map_err(cannot_use(&file))?;
        sync(&self.path).map_err(cannot_use(&self.path))?;
        Ok(file)
    }

    /// Ends when the folder is no longer held. Waiting does not hold it.
    pub(crate) fn freed(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut held = self.held.subscribe();
        // Nothing is ever sent: the only change is that the sender is gone.
        async move { while held.changed().await.is_ok() {} }
    }

    /// Where the blobs are.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }
}

/// Turns an error of the file system into ours, naming the path.
pub(crate) fn cannot_use(path: &Path) -> impl Fn(std::io::Error) -> RegistryError {
    move |source| RegistryError::Folder { path: path.to_owned(), source }
}

/// Make a folder and those above it, where they are missing; the new ones are the owner's alone.
pub(crate) fn make(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Files made with these options are the owner's alone.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Make durable which files a folder holds. Only Unix has to be asked.
pub(crate) fn sync(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
