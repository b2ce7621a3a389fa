//! The record of a gateway, as the rest of the gateway sees it.
//!
//! Invariant: there is at most one writer, and the folder is held as long as there is one. Reading never disturbs it:
//! readers see the files as they are, up to the last whole line.

use super::archive::{Archive, Archived};
use super::archiver::{Archiver, Progress, joined};
use super::checkpoint::Checkpoint;
use super::disk::Disk;
use super::error::RecordError;
use super::key::PublicKey;
use super::pull::Puller;
use super::recover::recover;
use super::run::{Health, Order, Run};
use super::writer::Writer;
use crate::acts::Acts;
use crate::error::RegistryError;
use crate::folder;
use nhip_exchange::Clock;
use nhip_exchange::lull::Lull;
use nhip_exchange::record::Entry;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::sync::{Notify, Semaphore, oneshot, watch};

/// How many searches and exports run at once; further ones wait.
const READERS: usize = 2;
/// How long the end waits for the control acts of the last moment. They are not lost: the next start finds them.
const LAST_ACTS: Duration = Duration::from_secs(5);

/// How long the end waits for the last segment to be archived. The next start goes on with it.
const LAST_SEGMENT: Duration = Duration::from_secs(5);

/// How the record is written.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The gateway's name, which the record carries for ever.
    pub gateway: String,
    /// A segment is sealed when it has this size, in bytes.
    pub segment_bytes: u64,
    /// And when its first entry has this age.
    pub segment_age: Duration,
    /// When one of the shards whose exchanges wait for the record has nothing left to do: until then a sync is put off for a moment. None:
    /// no sync is.
    pub lull: Option<Arc<Lull>>,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            gateway: "gateway".to_owned(),
            segment_bytes: 8 << 20,
            segment_age: Duration::from_secs(600),
            lull: None,
        }
    }
}

/// The record of a gateway. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) folder: PathBuf,
    pub(super) gateway: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) key: Arc<super::key::SigningKey>,
    pub(super) readers: Semaphore,
    /// One emptying of old segments at a time.
    pub(super) retaining: tokio::sync::Mutex<()>,
    /// Where gateways share a database.
    pub(super) archive: Option<Archive>,
    /// Notified when a segment was sealed or emptied.
    pub(super) to_archive: Arc<Notify>,
    progress: Arc<Progress>,
    // Holds the store, and with it the data folder.
    acts: Acts,
    health: Arc<Health>,
    hurry: Arc<Notify>,
    state: Mutex<State>,
}

/// Who has the writer.
enum State {
    Idle(Box<Writer>),
    Running(Sender<Order>),
    /// The thread gave up, or was never made.
    Lost,
}

impl Journal {
    /// Open the record in this folder; on first start, make it.
    pub(crate) async fn open(
        folder: &Path,
        config: JournalConfig,
        disk: Arc<dyn Disk>,
        acts: Acts,
        archive: Option<Archive>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RegistryError> {
        folder::make(folder).map_err(folder::cannot_use(folder))?;
        let (path, its_clock) = (folder.to_owned(), Arc::clone(&clock));
        let open = move || recover(&path, config, disk, its_clock);
        let writer = tokio::task::spawn_blocking(open).await.map_err(|_| RegistryError::Stopping)??;
        // Acts with numbers that are on the chain already would never come there.
        let (registry, record) = (acts.newest().await?, writer.end.acts_through);
        if registry < record {
            return Err(RecordError::ActsBehind { folder: folder.to_owned(), registry, record }.into());
        }
        let progress = Arc::new(Progress::default());
        progress.sealed.store(writer.sealed.segment, Ordering::Relaxed);
        if let Some(archive) = &archive {
            joined(archive, folder, writer.key.public(), writer.sealed.segment).await?;
        }
        Ok(Self {
            inner: Arc::new(Inner {
                folder: folder.to_owned(),
                gateway: writer.config.gateway.clone(),
                clock,
                key: Arc::clone(&writer.key),
                readers: Semaphore::new(READERS),
                retaining: tokio::sync::Mutex::default(),
                archive,
                to_archive: Arc::default(),
                progress,
                acts,
                health: Arc::default(),
                hurry: Arc::default(),
                state: Mutex::new(State::Idle(Box::new(writer))),
            }),
        })
    }

    /// The key to verify this record with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.inner.key.public()
    }

    /// The folder that the record is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Whether the disk refuses the record now: the gateway is then not ready.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.inner.health.stalled.load(Ordering::Relaxed)
    }

    /// The same, for whoever asks often.
    #[must_use]
    pub fn stalled(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.inner.health.stalled)
    }

    /// To be notified whenever a record is sent that somebody waits for. Without that it may wait some milliseconds
    /// with the others.
    #[must_use]
    pub fn hurry(&self) -> Arc<Notify> {
        Arc::clone(&self.inner.hurry)
    }

    #[cfg(test)]
    pub(crate) fn refusals(&self) -> u32 {
        self.inner.health.refusals.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        matches!(&*self.state(), State::Idle(_))
    }

    /// Write the records of the spine's queue and the control acts. Ends when the queue is closed and everything in it
    /// is written and sealed. Dropping this future ends the writing, too, after what is in the queue by then.
    pub async fn write(self, queue: Receiver<Entry>) {
        let (own, own_orders) = mpsc::channel(1);
        let (ended, queue_ended) = oneshot::channel();
        let (_alive, alive) = watch::channel(());
        let Some((writer, others)) = self.take() else {
            tracing::error!("the record is being written already, or its writer gave up; restart the gateway");
            return;
        };
        let acts_through = writer.end.acts_through;
        let run = Run {
            writer,
            queue,
            own: own_orders,
            others,
            alive,
            ended: Some(ended),
            health: Arc::clone(&self.inner.health),
            hurry: Arc::clone(&self.inner.hurry),
            sealed: Arc::clone(&self.inner.to_archive),
            progress: Arc::clone(&self.inner.progress),
            waiting: Vec::new(),
            synced: tokio::time::Instant::now(),
            unsynced: None,
            due: None,
        };
        let Some(done) = self.spawn(run) else { return };
        let mut puller = Puller::new(self.inner.acts.clone(), own.clone(), acts_through);
        let archiver = self.archiver();
        let archiving = async {
            match &archiver {
                Some(archiver) => archiver.run().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = puller.run() => {}
            () = archiving => {}
            _ = queue_ended => {}
        }
        if tokio::time::timeout(LAST_ACTS, puller.pull()).await.is_err() {
            tracing::warn!("the last control acts are put on the chain at the next start");
        }
        // Fails only when the thread is gone, which is told next.
        let _ = own.send(Order::Stop).await;
        if done.await.is_err() {
            self.inner.health.stalled.store(true, Ordering::Relaxed);
            tracing::error!("the thread that writes the record has died; restart the gateway");
        }
        if let Some(archiver) = archiver
            && !matches!(tokio::time::timeout(LAST_SEGMENT, archiver.pass()).await, Ok(Ok(())))
        {
            tracing::warn!("the last segment of the record is brought to the database at the next start");
        }
    }

    /// Who brings sealed segments to the archive, where there is one.
    fn archiver(&self) -> Option<Archiver> {
        let inner = &self.inner;
        let archive = inner.archive.clone()?;
        let (more, progress) = (Arc::clone(&inner.to_archive), Arc::clone(&inner.progress));
        Some(Archiver::new(archive, inner.folder.clone(), more, progress))
    }

    /// How many sealed segments are only on this gateway's disk; nothing where there is no archive.
    #[must_use]
    pub fn unarchived(&self) -> Option<u64> {
        self.inner.archive.as_ref()?;
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        Some(of(&self.inner.progress.sealed).saturating_sub(of(&self.inner.progress.archived)))
    }

    /// What the archive has of every gateway; nothing where there is no archive.
    ///
    /// # Errors
    /// `Unreachable`, `Database`.
    pub async fn archived(&self) -> Result<Vec<Archived>, RegistryError> {
        match &self.inner.archive {
            Some(archive) => archive.gateways().await,
            None => Ok(Vec::new()),
        }
    }

    /// A segment of a gateway's record from the archive, as it is in that gateway's folder; nothing if it is not there.
    ///
    /// # Errors
    /// `Unreachable`, `Database`.
    pub async fn archived_segment(&self, gateway: &str, segment: u64) -> Result<Option<Vec<u8>>, RegistryError> {
        match &self.inner.archive {
            Some(archive) => archive.segment(gateway, segment).await,
            None => Ok(None),
        }
    }

    /// Take the writer, and be the one who takes orders for it.
    fn take(&self) -> Option<(Writer, Receiver<Order>)> {
        let (orders, others) = mpsc::channel(8);
        let mut state = self.state();
        match std::mem::replace(&mut *state, State::Lost) {
            State::Idle(writer) => {
                *state = State::Running(orders);
                Some((*writer, others))
            }
            other => {
                *state = other;
                None
            }
        }
    }

    /// Start the thread. What is returned resolves at its end.
    fn spawn(&self, run: Run) -> Option<oneshot::Receiver<()>> {
        let (finished, done) = oneshot::channel();
        let this = self.clone();
        let thread = move || {
            let end = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime.block_on(run.run()).map_or(State::Lost, |writer| State::Idle(Box::new(writer))),
                Err(error) => {
                    tracing::error!(%error, "the record's thread cannot be set up");
                    State::Lost
                }
            };
            *this.state() = end;
            // The folder is free before anybody hears of the end.
            drop(this);
            let _ = finished.send(());
        };
        match std::thread::Builder::new().name("nhip-record".to_owned()).spawn(thread) {
            Ok(_) => Some(done),
            Err(error) => {
                tracing::error!(%error, "the record's thread cannot be started");
                *self.state() = State::Lost;
                None
            }
        }
    }

    /// Ask the thread for something.
    pub(super) async fn order<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, RecordError> {
        if self.is_stalled() {
            return Err(RecordError::Stalled);
        }
        let running = match &*self.state() {
            State::Running(orders) => orders.clone(),
            State::Idle(_) | State::Lost => return Err(RecordError::NotRunning),
        };
        let (done, answer) = oneshot::channel();
        running.send(order(done)).await.map_err(|_| RecordError::NotRunning)?;
        answer.await.map_err(|_| RecordError::NotRunning)
    }

    /// Seal what is not sealed, and sign how far the record has come: a line to be kept elsewhere.
    ///
    /// # Errors
    /// `Record`: nobody writes the record, or the disk refuses it.
    pub async fn checkpoint(&self) -> Result<Checkpoint, RegistryError> {
        Ok(self.order(Order::Seal).await?)
    }

    /// Run something that reads the record's files.
    pub(super) async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Inner) -> Result<T, RecordError> + Send + 'static,
    ) -> Result<T, RegistryError> {
        let stopping = |_| RegistryError::Stopping;
        let _turn = self.inner.readers.acquire().await.map_err(|_| RegistryError::Stopping)?;
        let inner = Arc::clone(&self.inner);
        Ok(tokio::task::spawn_blocking(move || read(&inner)).await.map_err(stopping)??)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What it holds is whole at any moment.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
