//! The thread that owns the file of the record: groups what waits, writes it, and answers when it is on the disk.
//!
//! One write and one sync serve all who wait at that moment; meanwhile the next group gathers. While the disk refuses,
//! the thread keeps its group and tries again until it succeeds; the queue then fills, and the spine refuses new
//! exchanges. It is a thread of its own, so that no sync ever holds up a worker of the gateway.

use super::archiver::Progress;
use super::checkpoint::Checkpoint;
use super::entry::{EntryKind, Event, Facts};
use super::pace;
use super::tail::Tail;
use super::writer::Writer;
use crate::acts::Act;
use nhip_exchange::Record;
use nhip_exchange::record::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// The most entries of one group: enough that a sync is shared by all who can wait at once.
const GROUP: usize = 512;
/// The longest that an entry nobody waits for is written and not synced. A power cut loses at most that much; the end
/// of the process alone loses nothing.
pub const RELAXED_SYNC: Duration = Duration::from_millis(200);
/// How much may be unsynced for that long.
const MOST_UNSYNCED: usize = 1 << 20;
/// How long entries gather that nobody waits for, once they come one right after the other: waking this thread for each
/// would cost more than writing it.
const GATHER: Duration = Duration::from_millis(3);
/// How long what is written waits for its sync: what is promised, less what it may have waited to be written.
const SYNC_AFTER: Duration = RELAXED_SYNC.saturating_sub(GATHER);
/// How soon a refused write is tried again, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the log is told that the disk still refuses.
const REMIND: Duration = Duration::from_secs(10);

/// What else the thread is asked to do.
pub(crate) enum Order {
    /// Put control acts on the chain, in this order. Answered with the last one that is there.
    Acts(Vec<Act>, oneshot::Sender<u64>),
    /// Seal what is not sealed. Answered with a checkpoint of the end.
    Seal(oneshot::Sender<Checkpoint>),
    /// Note that segments are about to be emptied, and seal that.
    Emptied { through: u64, segments: u64, entries: u64, done: oneshot::Sender<()> },
    /// End, once the queue is empty.
    Stop,
}

/// What others see of the thread.
#[derive(Default)]
pub(crate) struct Health {
    /// Whether the disk refuses.
    pub(crate) stalled: std::sync::Arc<AtomicBool>,
    /// How often it has refused, in a row.
    pub(crate) refusals: AtomicU32,
}

/// Nobody waits for the thread any more, so it gave up.
pub(crate) struct GaveUp;

/// What the thread is given.
pub(crate) struct Run {
    pub(crate) writer: Writer,
    pub(crate) queue: Receiver<Entry>,
    /// Orders of the future that the thread works for, and of everybody else.
    pub(crate) own: Receiver<Order>,
    pub(crate) others: Receiver<Order>,
    /// Closed when that future is dropped.
    pub(crate) alive: watch::Receiver<()>,
    /// Told when the queue has ended and everything in it is on the disk.
    pub(crate) ended: Option<oneshot::Sender<()>>,
    pub(crate) health: std::sync::Arc<Health>,
    /// Notified when an entry is sent that somebody waits for.
    pub(crate) hurry: std::sync::Arc<Notify>,
    /// To be notified when a segment was sealed, and the number of the last.
    pub(crate) sealed: std::sync::Arc<Notify>,
    pub(crate) progress: std::sync::Arc<Progress>,
    /// Who waits for the group.
    pub(crate) waiting: Vec<oneshot::Sender<()>>,
    /// When the last sync was done.
    pub(crate) synced: Instant,
    /// When the oldest unsynced entry was written.
    pub(crate) unsynced: Option<Instant>,
    /// The unsealed segment, and when it is to be sealed.
    pub(crate) due: Option<(u64, Instant)>,
}

impl Run {
    /// Work until the end. Gives the writer back, with everything sealed.
    pub(crate) async fn run(mut self) -> Result<Writer, GaveUp> {
        self.start().await?;
        let mut group = Vec::with_capacity(GROUP);
        let (hurry, mut last) = (std::sync::Arc::clone(&self.hurry), Instant::now());
        // Until when the queue is left alone.
        let mut gathering: Option<Instant> = None;
        loop {
            let wake = self.wake();
            tokio::select! {
                read = self.queue.recv_many(&mut group, GROUP), if self.ended.is_some() && gathering.is_none() => match read {
                    0 => self.queue_ended().await?,
                    _ => {
                        let close = std::mem::replace(&mut last, Instant::now()).elapsed() < 2 * GATHER;
                        let alone = group.iter().all(|entry| entry.written.is_none());
                        self.put(&mut group).await?;
                        gathering = (close && alone).then(|| Instant::now() + GATHER);
                    }
                },
                () = hurry.notified(), if gathering.is_some() => gathering = None,
                () = sleep_until(gathering.unwrap_or_else(Instant::now)), if gathering.is_some() => gathering = None,
                order = self.own.recv() => match order {
                    None | Some(Order::Stop) => break,
                    Some(order) => self.obey(order).await?,
                },
                Some(order) = self.others.recv() => self.obey(order).await?,
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.woken().await?,
            }
        }
        self.stop(&mut group).await?;
        Ok(self.writer)
    }

    async fn start(&mut self) -> Result<(), GaveUp> {
        let (at_ms, version) = (self.writer.now_ms(), env!("CARGO_PKG_VERSION").to_owned());
        let event = match self.writer.cut.take() {
            Some(cut_bytes) => Event::Recovered { at_ms, version, cut_bytes },
            None => Event::Started { at_ms, version },
        };
        self.note(&event).await
    }

    /// End: whatever is left in the queue, the last word, the seal.
    async fn stop(&mut self, group: &mut Vec<Entry>) -> Result<(), GaveUp> {
        self.queue.close();
        while self.queue.recv_many(group, GROUP).await > 0 {
            self.put(group).await?;
        }
        let at_ms = self.writer.now_ms();
        self.note(&Event::Stopped { at_ms }).await?;
        self.seal().await
    }

    async fn queue_ended(&mut self) -> Result<(), GaveUp> {
        self.sync().await?;
        if let Some(ended) = self.ended.take() {
            // Whoever does not listen has dropped the future, and that is seen elsewhere.
            let _ = ended.send(());
        }
        Ok(())
    }

    /// Put a group of exchanges on the chain; what is waited for, on the disk.
    async fn put(&mut self, group: &mut Vec<Entry>) -> Result<(), GaveUp> {
        let mut room = GROUP;
        while !group.is_empty() {
            room = room.saturating_sub(group.len());
            for Entry { record, written } in group.iter_mut() {
                self.make_room().await?;
                if self.append_exchange(record) {
                    self.waiting.extend(written.take());
                }
            }
            group.clear();
            // Whoever comes before the sync shares it, as long as there is room.
            if room > 0 && !self.waiting.is_empty() {
                pace::put_off(self.writer.config.lull.as_deref(), self.synced);
            }
            group.extend(std::iter::from_fn(|| self.queue.try_recv().ok()).take(room));
        }
        if self.waiting.is_empty() && self.unsynced_bytes() < MOST_UNSYNCED {
            self.write().await
        } else {
            self.sync().await
        }
    }

    /// Whether it is on the chain. If not, whoever waits is told by the end of the wait.
    fn append_exchange(&mut self, record: &Record) -> bool {
        let kept = self.writer.append(record, &Facts::of_exchange(record));
        if let Err(error) = &kept {
            tracing::error!(exchange = %record.id, %error, "the record of an exchange cannot be kept");
        }
        kept.is_ok()
    }

    async fn obey(&mut self, order: Order) -> Result<(), GaveUp> {
        // An answer that nobody takes is nobody's loss.
        match order {
            Order::Acts(acts, done) => {
                let _ = done.send(self.put_acts(&acts).await?);
            }
            Order::Seal(done) => {
                self.seal().await?;
                if let Some(checkpoint) = self.writer.checkpoint() {
                    let _ = done.send(checkpoint);
                }
            }
            Order::Emptied { through, segments, entries, done } => {
                let at_ms = self.writer.now_ms();
                self.note(&Event::Retention { at_ms, through_segment: through, segments, entries }).await?;
                self.writer.end.emptied_through = std::cmp::max(self.writer.end.emptied_through, through);
                self.seal().await?;
                let _ = done.send(());
            }
            Order::Stop => {}
        }
        Ok(())
    }

    /// Put acts on the chain and the disk, those that are not there yet.
    async fn put_acts(&mut self, acts: &[Act]) -> Result<u64, GaveUp> {
        for act in acts {
            if act.id <= self.writer.end.acts_through {
                continue;
            }
            self.make_room().await?;
            if let Err(error) = self.writer.append(act, &Facts::new(EntryKind::Act, act.at_ms)) {
                tracing::error!(act = act.id, %error, "a control act cannot be put on the chain");
                break;
            }
            self.writer.end.acts_through = act.id;
        }
        self.sync().await?;
        Ok(self.writer.end.acts_through)
    }

    async fn note(&mut self, event: &Event) -> Result<(), GaveUp> {
        self.make_room().await?;
        if let Err(error) = self.writer.note(event) {
            tracing::error!(?event, %error, "an event cannot be put on the chain");
        }
        self.sync().await
    }

    /// Seal the segment if it has reached its size.
    async fn make_room(&mut self) -> Result<(), GaveUp> {
        if self.writer.is_full() { self.seal().await } else { Ok(()) }
    }

    async fn seal(&mut self) -> Result<(), GaveUp> {
        if !self.writer.is_unsealed() {
            return Ok(());
        }
        if self.unsynced_bytes() > 0 {
            self.sync().await?;
        }
        if let Err(error) = self.writer.seal() {
            tracing::error!(%error, "a segment of the record cannot be sealed");
            return Ok(());
        }
        self.at_last(Tail::end).await?;
        self.unsynced = None;
        self.writer.close();
        self.progress.sealed.store(self.writer.sealed.segment, Ordering::Relaxed);
        self.sealed.notify_one();
        Ok(())
    }

    /// When something is due that nobody asks for.
    fn wake(&mut self) -> Option<Instant> {
        let segment = self.writer.unsealed.as_ref().map(|unsealed| unsealed.header.segment);
        if segment != self.due.map(|(segment, _)| segment) {
            self.due = segment.map(|segment| (segment, self.seal_due()));
        }
        let sync = self.unsynced.map(|since| since + SYNC_AFTER);
        let seal = self.due.map(|(_, due)| due);
        sync.into_iter().chain(seal).min()
    }

    /// When the unsealed segment has its age. One of a gateway that was killed has some already.
    fn seal_due(&self) -> Instant {
        let begun = self.writer.unsealed.as_ref().map_or(0, |unsealed| unsealed.header.created_ms);
        let old = Duration::from_millis(self.writer.now_ms().saturating_sub(begun));
        Instant::now() + self.writer.config.segment_age.saturating_sub(old)
    }

    async fn woken(&mut self) -> Result<(), GaveUp> {
        let now = Instant::now();
        if let Some((segment, due)) = self.due
            && due <= now
        {
            // Not again at once, should it not be sealed now.
            self.due = Some((segment, now + self.writer.config.segment_age));
            self.seal().await
        } else if self.unsynced.is_some_and(|since| since + SYNC_AFTER <= now) {
            self.sync().await
        } else {
            Ok(())
        }
    }

    fn unsynced_bytes(&self) -> usize {
        self.writer.unsealed.as_ref().map_or(0, |unsealed| unsealed.tail.unsynced())
    }

    /// Give everything to the operating system.
    async fn write(&mut self) -> Result<(), GaveUp> {
        self.at_last(Tail::write).await?;
        self.unsynced.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Put everything on the disk, and tell who waits. Nobody waits for what is prepared then for those who come next.
    async fn sync(&mut self) -> Result<(), GaveUp> {
        self.at_last(Tail::sync).await?;
        self.unsynced = None;
        let waited = !self.waiting.is_empty();
        self.synced = Instant::now();
        for waiting in self.waiting.drain(..) {
            // Whoever went away meanwhile has its record all the same.
            let _ = waiting.send(());
        }
        if let Some(unsealed) = self.writer.unsealed.as_mut().filter(|_| waited) {
            unsealed.tail.fill(self.writer.config.segment_bytes);
        }
        Ok(())
    }

    /// Ask the disk until it does it, or until nobody waits for this thread any more.
    async fn at_last(&mut self, ask: impl Fn(&mut Tail) -> io::Result<()>) -> Result<(), GaveUp> {
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        while let Err(error) = self.writer.unsealed.as_mut().map_or(Ok(()), |unsealed| ask(&mut unsealed.tail)) {
            self.health.stalled.store(true, Ordering::Relaxed);
            self.health.refusals.fetch_add(1, Ordering::Relaxed);
            if told.is_none_or(|told| told.elapsed() >= REMIND) {
                tracing::error!(%error, "cannot write the record; keeping what waits and trying again");
                told = Some(Instant::now());
            }
            tokio::select! {
                () = sleep(pause) => {}
                gone = self.alive.changed() => if gone.is_err() {
                    tracing::error!("the record's last entries could not be written before the end");
                    return Err(GaveUp);
                }
            }
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
        if told.is_some() {
            self.health.refusals.store(0, Ordering::Relaxed);
            self.health.stalled.store(false, Ordering::Relaxed);
            tracing::info!("the record is written again");
        }
        Ok(())
    }
}
