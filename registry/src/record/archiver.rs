//! Brings sealed segments from the gateway's folder to the archive, and empties there what was emptied here.
//!
//! Invariant: the archive itself says what it has, so it does not matter how often, and when, this is begun. While the
//! database is away, segments wait on the disk.

use super::archive::Archive;
use super::error::RecordError;
use super::sealed::Sealed;
use super::segments;
use crate::blobs::blocking;
use crate::error::{RegistryError, chain};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

/// How often it is looked for segments though nobody told of one.
const LOOK: Duration = Duration::from_secs(30);
/// How soon it is tried again when the database refuses, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the log is told.
const REMIND: Duration = Duration::from_secs(60);

/// How far the folder and the archive have come, for whoever watches.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The last segment that is sealed in the folder.
    pub(crate) sealed: AtomicU64,
    /// The last segment that is in the archive.
    pub(crate) archived: AtomicU64,
}

/// The way of the segments.
pub(crate) struct Archiver {
    archive: Archive,
    folder: PathBuf,
    more: Arc<Notify>,
    progress: Arc<Progress>,
}

impl Archiver {
    /// `more` is notified when a segment was sealed or emptied.
    pub(crate) fn new(archive: Archive, folder: PathBuf, more: Arc<Notify>, progress: Arc<Progress>) -> Self {
        Self { archive, folder, more, progress }
    }

    /// Bring segments, now and whenever there are more. Ends when it is dropped.
    pub(crate) async fn run(&self) {
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        loop {
            match self.pass().await {
                Ok(()) => {
                    if told.take().is_some() {
                        tracing::info!("the segments of the record are in the database again");
                    }
                    pause = FIRST_PAUSE;
                    // Either way it is looked again. A permit is kept for what was sealed meanwhile.
                    let _ = timeout(LOOK, self.more.notified()).await;
                }
                Err(error) => {
                    if told.is_none_or(|told| told.elapsed() >= REMIND) {
                        let error = chain(&error);
                        tracing::error!(error, "cannot bring the record to the database; it waits on the disk");
                        told = Some(Instant::now());
                    }
                    sleep(pause).await;
                    pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                }
            }
        }
    }

    /// Bring what there is now.
    pub(crate) async fn pass(&self) -> Result<(), RegistryError> {
        let mut next = self.known().await? + 1;
        while let Some(sealed) = self.sealed(next).await? {
            let begun = Instant::now();
            self.archive.put(&sealed).await?;
            self.progress.archived.store(next, Ordering::Relaxed);
            next += 1;
            // Half of the database's time, at most, is for this: exchanges that are done later need it, too.
            sleep(begun.elapsed()).await;
        }
        while let Some(first) = self.archive.first_kept().await? {
            let folder = self.folder.clone();
            let ends = blocking(move || Ok(segments::ends(&folder, first)?)).await?;
            if !ends.is_some_and(|ends| ends.husk) {
                break;
            }
            self.archive.empty(first).await?;
        }
        Ok(())
    }

    /// The last segment that the archive has, which must be the one in the folder.
    async fn known(&self) -> Result<u64, RegistryError> {
        let Some((archived, seal)) = self.archive.newest().await? else { return Ok(0) };
        self.progress.archived.store(archived, Ordering::Relaxed);
        let (folder, gateway) = (self.folder.clone(), self.archive.gateway().to_owned());
        blocking(move || Ok(same(&folder, &gateway, archived, &seal)?)).await?;
        Ok(archived)
    }

    async fn sealed(&self, segment: u64) -> Result<Option<Sealed>, RegistryError> {
        let folder = self.folder.clone();
        blocking(move || Ok(Sealed::read(&folder, segment)?)).await
    }
}

/// That a segment in the folder has this seal.
fn same(folder: &Path, gateway: &str, segment: u64, seal: &[u8]) -> Result<(), RecordError> {
    let ours = segments::ends(folder, segment)?.and_then(|ends| ends.seal);
    if ours.is_some_and(|(_, line)| line == seal) {
        return Ok(());
    }
    Err(RecordError::Forked { gateway: gateway.to_owned(), segment, folder: folder.to_owned() })
}

/// Before anything is written: that the name is this record's, and that the folder has what the archive has of it.
pub(crate) async fn joined(
    archive: &Archive,
    folder: &Path,
    key: super::key::PublicKey,
    sealed: u64,
) -> Result<(), RegistryError> {
    archive.claim(key).await?;
    let Some((archived, seal)) = archive.newest().await? else { return Ok(()) };
    let (folder, gateway) = (folder.to_owned(), archive.gateway().to_owned());
    if archived > sealed {
        return Err(RecordError::Behind { gateway, archived, folder, sealed }.into());
    }
    blocking(move || Ok(same(&folder, &gateway, archived, &seal)?)).await
}
