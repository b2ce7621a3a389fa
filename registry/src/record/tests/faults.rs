//! A bad disk: what is acknowledged is on it, once and in order, whatever it did before.
//!
//! The disk is one in memory that knows what would be left after a power cut, and that fails when it likes: writes
//! that stop short, no space, failed syncs that lose the pages, files whose names are lost.

use super::{DEADLINE, Gateway, HandClock, entries, eventually, exchanges, good, id, record};
use crate::acts::{Acts, Bell};
use crate::record::disk::{Disk, SegmentFile};
use crate::record::{Journal, JournalConfig};
use crate::{RegistryError, record::RecordError};
use nhip_exchange::record::Entry;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

/// How the disk is now.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mood {
    Good,
    /// Anything fails, one time in four.
    Bad,
    /// Nothing more fits.
    Full,
    /// So many bytes fit in all.
    Small(usize),
}

#[derive(Default)]
struct File {
    /// What programs see.
    cached: Vec<u8>,
    /// What a power cut leaves.
    durable: Vec<u8>,
    /// Whether a power cut leaves the file at all.
    named: bool,
}

struct Platter {
    files: BTreeMap<PathBuf, File>,
    mood: Mood,
    failures: u32,
    /// How many syncs of lines made a file longer or shorter, and how many syncs there were.
    resized: u32,
    synced: u32,
    /// What a power cut would have left in the middle of a sync, one of eight times.
    torn: Vec<Torn>,
}

/// What a power cut left in the middle of a sync.
pub(super) struct Torn {
    /// The files, with some sectors of what was being written.
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
    /// The files as they were after the sync before.
    pub(super) before: Vec<(PathBuf, Vec<u8>)>,
}

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub(super) struct BadDisk(Arc<Mutex<Platter>>);

/// Without what it is filled with.
fn written(segment: &[u8]) -> &[u8] {
    &segment[..segment.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
}

/// What comes before the seal, if there is one at the end.
fn before_seal(segment: &[u8]) -> Option<&[u8]> {
    let rest = segment.strip_suffix(b"\n")?;
    let (before, last) = rest.split_at(rest.iter().rposition(|byte| *byte == b'\n')? + 1);
    last.get(64..)?.starts_with(b" {\"seal\":").then_some(before)
}

fn chance(one_in: u32) -> bool {
    getrandom::u32().unwrap().is_multiple_of(one_in)
}

impl BadDisk {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Platter {
            files: BTreeMap::new(),
            mood: Mood::Good,
            failures: 0,
            resized: 0,
            synced: 0,
            torn: Vec::new(),
        })))
    }

    pub(super) fn set(&self, mood: Mood) {
        self.0.lock().unwrap().mood = mood;
    }

    pub(super) fn failures(&self) -> u32 {
        self.0.lock().unwrap().failures
    }

    /// What a power cut would leave now.
    pub(super) fn after_a_power_cut(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.0.lock().unwrap().left(|file| file.durable.clone())
    }

    /// How many syncs of lines made a file longer or shorter, and how many syncs there were.
    pub(super) fn syncs(&self) -> (u32, u32) {
        let platter = self.0.lock().unwrap();
        (platter.resized, platter.synced)
    }

    pub(super) fn take_torn(&self) -> Vec<Torn> {
        std::mem::take(&mut self.0.lock().unwrap().torn)
    }

    /// Whether an exchange would be there after a power cut.
    pub(super) fn would_keep(&self, at: u64) -> bool {
        let wanted = id(at).to_string();
        self.after_a_power_cut().iter().any(|(_, bytes)| memchr::memmem::find(bytes, wanted.as_bytes()).is_some())
    }
}

impl File {
    /// What is left when the power goes in the middle of a sync: each sector is written or not, and so is the length.
    fn torn(&self) -> Vec<u8> {
        let mut left = self.durable.clone();
        if chance(2) {
            left.resize(self.cached.len(), 0);
        }
        for (sector, cached) in left.chunks_mut(SECTOR).zip(self.cached.chunks(SECTOR)) {
            let both = std::cmp::min(sector.len(), cached.len());
            if chance(2) {
                sector[..both].copy_from_slice(&cached[..both]);
            }
        }
        left
    }
}

impl Platter {
    /// The files whose names a power cut leaves.
    fn left(&self, bytes: impl Fn(&File) -> Vec<u8>) -> Vec<(PathBuf, Vec<u8>)> {
        let named = self.files.iter().filter(|(_, file)| file.named);
        named.map(|(path, file)| (path.clone(), bytes(file))).collect()
    }

    /// How much more fits at the end of a file.
    fn room(&self) -> usize {
        let used: usize = self.files.values().map(|file| file.cached.len()).sum();
        if let Mood::Small(size) = self.mood { size.saturating_sub(used) } else { usize::MAX }
    }

    fn fails(&mut self, one_in: u32) -> bool {
        let fails = self.mood == Mood::Bad && chance(one_in);
        self.failures += u32::from(fails);
        fails
    }
}

impl Disk for BadDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn SegmentFile>> {
        let mut platter = self.0.lock().unwrap();
        if platter.mood == Mood::Full || platter.fails(4) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        platter.files.entry(path.to_owned()).or_default();
        Ok(Box::new(BadFile { disk: self.clone(), path: path.to_owned() }))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        if platter.fails(4) {
            return Err(io::Error::other("the folder is not synced"));
        }
        platter.files.values_mut().for_each(|file| file.named = true);
        Ok(())
    }
}

struct BadFile {
    disk: BadDisk,
    path: PathBuf,
}

impl SegmentFile for BadFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut platter = self.disk.0.lock().unwrap();
        let full = platter.mood == Mood::Full;
        let offset = usize::try_from(offset).unwrap();
        let more = (offset + bytes.len()).saturating_sub(platter.files[&self.path].cached.len());
        let room = platter.room();
        let fails = full || more > room || platter.fails(4);
        platter.failures += u32::from(full || more > room);
        let end = match fails {
            true if more > room => bytes.len() - more + room,
            true => usize::try_from(getrandom::u32().unwrap()).unwrap() % bytes.len(),
            false => bytes.len(),
        };
        let file = platter.files.get_mut(&self.path).unwrap();
        assert!(offset <= file.cached.len(), "a hole in the record");
        file.cached.resize(std::cmp::max(file.cached.len(), offset + end), 0);
        file.cached[offset..offset + end].copy_from_slice(&bytes[..end]);
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let mut platter = self.disk.0.lock().unwrap();
        if platter.fails(4) {
            return Err(io::Error::other("not cut"));
        }
        let length = usize::try_from(length).unwrap();
        let file = platter.files.get_mut(&self.path).unwrap();
        file.cached.resize(length, 0);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut platter = self.disk.0.lock().unwrap();
        if chance(8) {
            let torn = Torn { files: platter.left(File::torn), before: platter.left(|file| file.durable.clone()) };
            platter.torn.push(torn);
        }
        let fails = platter.fails(4);
        let platter = &mut *platter;
        let file = platter.files.get_mut(&self.path).unwrap();
        let before_seal = before_seal(&file.cached).unwrap_or_default();
        assert!(file.durable.starts_with(before_seal), "a seal is written before its entries are on the disk");
        if fails {
            // Some pages came to the disk, the others are marked clean and lost: the next sync would say all is well.
            let length = file.cached.len();
            file.cached = file.torn();
            file.cached.resize(length, 0);
            file.durable = file.cached.clone();
            return Err(io::Error::other("not synced"));
        }
        platter.synced += 1;
        let resized = file.durable.len() != file.cached.len() && written(&file.durable) != written(&file.cached);
        platter.resized += u32::from(resized);
        file.durable = file.cached.clone();
        Ok(())
    }
}

/// A record on such a disk. Its key is on the real one.
pub(super) struct Bench {
    gateway: Gateway,
    pub(super) folder: tempfile::TempDir,
    pub(super) disk: BadDisk,
    pub(super) journal: Journal,
    pub(super) queue: mpsc::Sender<Entry>,
    writing: tokio::task::JoinHandle<()>,
}

impl Bench {
    pub(super) async fn new(segment_bytes: u64) -> Self {
        Self::with(JournalConfig { segment_bytes, ..JournalConfig::default() }).await
    }

    pub(super) async fn with(config: JournalConfig) -> Self {
        // For the store of the control acts; its own record is another.
        let gateway = Gateway::start(1 << 20).await;
        let folder = tempfile::TempDir::new().unwrap();
        let disk = BadDisk::new();
        let acts = Acts::new(gateway.registry.store.clone(), Bell::default());
        let journal =
            Journal::open(folder.path(), config, Arc::new(disk.clone()), acts, None, HandClock::new()).await.unwrap();
        let (queue, records) = mpsc::channel(64);
        let writing = tokio::spawn(journal.clone().write(records));
        Self { gateway, folder, disk, journal, queue, writing }
    }

    pub(super) async fn hand_over(&self, at: u64) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        self.queue.send(Entry { record: record(at), written: Some(written) }).await.unwrap();
        done
    }

    /// Hand over some that nobody waits for, and see them come to the disk.
    pub(super) async fn keep_without_waiting(&self) {
        for at in 0..10 {
            self.queue.send(Entry { record: record(at), written: None }).await.unwrap();
        }
        eventually("they are on the disk", || (0..10).all(|at| self.disk.would_keep(at))).await;
    }

    /// End it, and put what a power cut would leave into the folder.
    pub(super) async fn end(self) -> (tempfile::TempDir, super::super::PublicKey) {
        drop(self.queue);
        tokio::time::timeout(DEADLINE, self.writing).await.unwrap().unwrap();
        for (path, bytes) in self.disk.after_a_power_cut() {
            std::fs::write(path, bytes).unwrap();
        }
        drop(self.gateway);
        (self.folder, self.journal.public_key())
    }
}

#[tokio::test]
async fn on_a_disk_that_fails_all_the_time_nothing_acknowledged_is_lost_or_doubled() {
    let bench = Bench::new(6000).await;
    bench.disk.set(Mood::Bad);
    let mut at = 0;
    while bench.disk.failures() < 25 {
        let group = 1 + u64::from(getrandom::u32().unwrap() % 30);
        let mut waiting = Vec::new();
        for _ in 0..group {
            waiting.push((at, bench.hand_over(at).await));
            at += 1;
        }
        for (at, done) in waiting {
            tokio::time::timeout(DEADLINE, done).await.expect("in time").expect("acknowledged");
            assert!(bench.disk.would_keep(at), "{at} was acknowledged and is not on the disk");
        }
    }
    bench.disk.set(Mood::Good);
    let (folder, key) = bench.end().await;
    assert_eq!(exchanges(folder.path()), (0..at).collect::<Vec<_>>());
    let report = good(folder.path(), &key);
    assert!(report.last_segment > 2 && report.unsealed.is_none(), "{report:?}");
    assert_eq!(report.entries, entries(&super::lines(folder.path())).len() as u64);
}

#[tokio::test]
async fn a_full_disk_stalls_the_record_and_what_waited_is_written_when_there_is_room() {
    let bench = Bench::new(6000).await;
    let mut waiting = vec![bench.hand_over(0).await];
    waiting.pop().unwrap().await.unwrap();
    bench.disk.set(Mood::Full);
    for at in 1..20 {
        waiting.push(bench.hand_over(at).await);
    }
    let journal = &bench.journal;
    eventually("the disk is asked again and again", || journal.refusals() > 2).await;
    assert!(journal.is_stalled() && journal.stalled().load(std::sync::atomic::Ordering::Relaxed));
    assert!(waiting.iter_mut().all(|done| done.try_recv().is_err()), "acknowledged on a full disk");
    let refused = journal.checkpoint().await.unwrap_err();
    assert!(matches!(refused, RegistryError::Record(RecordError::Stalled)) && refused.is_unavailable(), "{refused:?}");
    // The queue holds back who fills it, rather than growing or forgetting.
    let mut at = 20;
    while let Ok(place) = bench.queue.try_reserve() {
        place.send(Entry { record: record(at), written: None });
        at += 1;
        assert!(at < 200, "the queue has no end");
    }
    bench.disk.set(Mood::Good);
    for done in waiting {
        tokio::time::timeout(DEADLINE, done).await.expect("in time").expect("acknowledged");
    }
    eventually("all is well again", || !journal.is_stalled()).await;
    let (folder, key) = bench.end().await;
    assert_eq!(exchanges(folder.path()), (0..at).collect::<Vec<_>>());
    good(folder.path(), &key);
}

#[tokio::test]
async fn what_nobody_waits_for_is_synced_soon_though_nothing_more_comes() {
    let bench = Bench::new(1 << 20).await;
    bench.keep_without_waiting().await;
}

#[tokio::test]
async fn the_end_is_not_held_up_by_a_disk_that_stays_full() {
    let bench = Bench::new(6000).await;
    bench.hand_over(0).await.await.unwrap();
    bench.disk.set(Mood::Full);
    let mut lost = bench.hand_over(1).await;
    eventually("the disk is asked again", || bench.journal.refusals() > 0).await;
    bench.writing.abort();
    tokio::time::timeout(DEADLINE, &mut lost).await.expect("in time").expect_err("it was not kept");
    let refused = bench.journal.checkpoint().await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
}
