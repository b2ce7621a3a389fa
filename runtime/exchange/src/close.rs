//! Closing an exchange: the record, the counters, the log line. Happens exactly once for each exchange.

use crate::fault::{Fault, Kind};
use crate::judge;
use crate::open::Open;
use crate::outcome::{Outcome, Reply};
use crate::record::{Entry, Record};
use nhip_policies::RecordMode;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long an answer waits for its record to be on disk. A disk that takes longer is full or broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Close it and hand the outcome to the listener, once the record is where its policy wants it to be by then.
pub(crate) async fn close(open: &mut Open<'_>, result: Result<Reply, Fault>) -> Outcome {
    let (id, trace, repeats) = (open.record.id, open.record.trace, open.record.repeats);
    let written = open.finish(&result);
    let outcome = Outcome { id, trace, repeats, result };
    match written {
        // Apart, so that exchanges which do not wait are not larger by what those need that do: a future is copied as it is handed on.
        Some(written) => Box::pin(when_written(outcome, written)).await,
        None => outcome,
    }
}

/// The same outcome, when its record is on disk; a fault, when that takes too long.
async fn when_written(outcome: Outcome, written: oneshot::Receiver<()>) -> Outcome {
    if let Ok(Ok(())) = timeout(PATIENCE, written).await {
        return outcome;
    }
    tracing::error!(exchange = %outcome.id, "an exchange was done and its record could not be written in time");
    let fault = Fault::new(
        Kind::RecordUnwritten,
        "the exchange was done and cannot be put on record now; repeat it only where repeating is harmless",
    );
    Outcome { result: Err(fault.retry_after(5)), ..outcome }
}

impl Open<'_> {
    /// The end of the exchange: judged, counted, logged and put on record. Gives what tells that the record is on
    /// disk, where the policy wants the answer to wait for that.
    pub(crate) fn finish(&mut self, result: &Result<Reply, Fault>) -> Option<oneshot::Receiver<()>> {
        let took = self.started.elapsed();
        let kind = judge::judge(&mut self.record, result);
        let stats = self.live.as_ref().map_or(&self.spine.unrouted, |live| &live.stats);
        stats.closed(kind, took);
        self.record.micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        (self.record.upstream, self.record.cpu_micros) = self.trail.take();
        match result {
            Err(fault) => judge::log(&self.record, fault),
            Ok(_) => {
                tracing::debug!(exchange = %self.record.id, service = %self.record.service, micros = self.record.micros, "exchange done")
            }
        }
        // Without a place there is no exchange: `open` has refused it, and the counters say so.
        let place = self.place.take()?;
        let (tell, written) = match self.waits_for_the_disk() {
            true => {
                let (tell, written) = oneshot::channel();
                (Some(tell), Some(written))
            }
            false => (None, None),
        };
        // The exchange is over: its record goes as it is, and what stays behind is never looked at.
        let left = Record::of(self.record.id);
        let record = std::mem::replace(&mut self.record, left);
        place.send(Entry { record, written: tell });
        if written.is_some() {
            self.spine.hurry();
        }
        written
    }

    /// Whether the answer waits for its record to be on disk. What reached no adapter had no effect, and need not.
    fn waits_for_the_disk(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.policy.record == RecordMode::Durable)
    }
}
