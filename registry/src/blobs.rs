//! Blobs: files named by the digest of their bytes, `blobs/sha256/ab/<64 hex digits>`.
//!
//! Invariant: a blob's file appears whole, by renaming a file that is already on the disk, and what is read is
//! checked against its name. So a process killed at any instant leaves either the whole blob or none.
//!
//! Where gateways share a database, the blobs are there (`shared_blobs.rs`) and these files are a cache of them.

use crate::database::Kind;
use crate::error::{RegistryError, chain};
use crate::folder::{cannot_use, make, private, sync};
use crate::shared_blobs;
use crate::store::Store;
use bytes::Bytes;
use nhip_exchange::Digest;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest blob, in bytes: far above any component that the instance pool could run.
pub const LARGEST_BLOB: u64 = 256 * 1024 * 1024;

/// What the files that were not finished are called.
const UNFINISHED: &str = ".unfinished-";

/// The store of blobs. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    root: Arc<Path>,
    next: Arc<AtomicU64>,
    shared: Option<Store>,
}

impl std::fmt::Debug for Blobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blobs({})", self.root.display())
    }
}

impl Blobs {
    /// Open the store in this folder and remove what a killed process left unfinished.
    pub(crate) fn open(folder: &Path) -> Result<Self, RegistryError> {
        let root = folder.join("sha256");
        make(&root).map_err(cannot_use(&root))?;
        sync(folder).map_err(cannot_use(folder))?;
        clear(&root).map_err(cannot_use(&root))?;
        Ok(Self { root: root.into(), next: Arc::default(), shared: None })
    }

    /// Keep the blobs in the database as well, if gateways share it.
    pub(crate) fn shared(self, store: &Store) -> Self {
        Self { shared: (store.kind() == Kind::Postgres).then(|| store.clone()), ..self }
    }

    /// Store some bytes. Storing them again changes nothing, but mends a damaged file.
    ///
    /// # Errors
    /// `BlobTooLarge` above [`LARGEST_BLOB`]; `Folder` when the file system refuses; `Database` and its like when the
    /// shared database does.
    pub async fn put(&self, bytes: Bytes) -> Result<Digest, RegistryError> {
        let size = bytes.len() as u64;
        if size > LARGEST_BLOB {
            return Err(RegistryError::BlobTooLarge { size, limit: LARGEST_BLOB });
        }
        let digest = self.put_file(bytes.clone()).await?;
        if let Some(store) = &self.shared {
            shared_blobs::put(store, &digest, &bytes).await?;
        }
        Ok(digest)
    }

    /// The bytes of a blob.
    ///
    /// # Errors
    /// `BlobMissing`, `BlobDamaged`, or `Folder` when the file system refuses; `Database` and its like when the shared
    /// database does.
    pub async fn get(&self, digest: &Digest) -> Result<Bytes, RegistryError> {
        let (this, wanted) = (self.clone(), *digest);
        let file = blocking(move || this.get_now(&wanted)).await;
        let (Some(store), Err(error)) = (&self.shared, &file) else {
            return file;
        };
        tracing::debug!(%digest, why = chain(error), "reading a component from the shared database");
        let bytes = shared_blobs::get(store, digest).await?;
        if let Err(error) = self.put_file(bytes.clone()).await {
            tracing::warn!(%digest, error = chain(&error), "a component cannot be kept in the data folder");
        }
        Ok(bytes)
    }

    /// The size of a blob in bytes, without reading it.
    ///
    /// # Errors
    /// `BlobMissing`, or `Folder` when the file system refuses; `Database` and its like when the shared database does.
    pub async fn size(&self, digest: &Digest) -> Result<u64, RegistryError> {
        if let Some(store) = &self.shared {
            return shared_blobs::size(store, digest).await;
        }
        let (this, digest) = (self.clone(), *digest);
        blocking(move || {
            let path = this.path(&digest);
            std::fs::metadata(&path).map(|found| found.len()).map_err(missing(&digest, &path))
        })
        .await
    }

    async fn put_file(&self, bytes: Bytes) -> Result<Digest, RegistryError> {
        let this = self.clone();
        blocking(move || this.put_now(&bytes)).await
    }

    /// Where a blob is.
    pub(crate) fn path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.root.join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    fn put_now(&self, bytes: &[u8]) -> Result<Digest, RegistryError> {
        let digest = Digest::of(bytes);
        match self.get_now(&digest) {
            Ok(_) => return Ok(digest),
            Err(RegistryError::BlobMissing { .. } | RegistryError::BlobDamaged { .. }) => {}
            Err(other) => return Err(other),
        }
        let path = self.path(&digest);
        let shard = path.parent().unwrap_or(&self.root);
        make(shard).and_then(|()| sync(&self.root)).map_err(cannot_use(shard))?;
        let unfinished = shard.join(format!("{UNFINISHED}{}", self.next.fetch_add(1, Ordering::Relaxed)));
        let written =
            write(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, &path)).and_then(|()| sync(shard));
        if let Err(source) = written {
            // A full disk is the likely cause: what was written of it must not stay.
            let _ = std::fs::remove_file(&unfinished);
            return Err(RegistryError::Folder { path, source });
        }
        Ok(digest)
    }

    fn get_now(&self, digest: &Digest) -> Result<Bytes, RegistryError> {
        let path = self.path(digest);
        let file = File::open(&path).map_err(missing(digest, &path))?;
        let size = file.metadata().map_err(cannot_use(&path))?.len();
        if size > LARGEST_BLOB {
            return Err(RegistryError::BlobTooLarge { size, limit: LARGEST_BLOB });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        // A file that grew since is not the blob; its first bytes tell as well.
        file.take(size).read_to_end(&mut bytes).map_err(cannot_use(&path))?;
        let found = Digest::of(&bytes);
        if found != *digest {
            return Err(RegistryError::BlobDamaged { digest: *digest, found });
        }
        Ok(bytes.into())
    }
}

/// Write a new file that is on the disk when this returns.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = private(OpenOptions::new().create_new(true).write(true)).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Remove the unfinished files of all shards.
fn clear(root: &Path) -> std::io::Result<()> {
    for shard in std::fs::read_dir(root)? {
        let shard = shard?;
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(shard.path())? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}

fn missing(digest: &Digest, path: &Path) -> impl Fn(std::io::Error) -> RegistryError {
    move |source| match source.kind() {
        ErrorKind::NotFound => RegistryError::BlobMissing { digest: *digest },
        _ => RegistryError::Folder { path: path.to_owned(), source },
    }
}

/// Run file work where it may wait for the disk.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RegistryError> + Send + 'static,
) -> Result<T, RegistryError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(RegistryError::Stopping))
}
