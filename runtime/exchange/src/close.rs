//! Closing an exchange: the record, the counters, the log line. Happens exactly once for each exchange.

use crate::fault::Fault;
use crate::judge;
use crate::open::Open;
use crate::outcome::Outcome;
use crate::record::Entry;
use bytes::Bytes;

/// Close it and hand the outcome to the listener.
pub(crate) fn close(mut open: Open<'_>, result: Result<Bytes, Fault>) -> Outcome {
    open.finish(&result);
    Outcome { id: open.record.id, trace: open.trace, result }
}

impl Open<'_> {
    /// The end of the exchange: judged, counted, logged and put on record.
    pub(crate) fn finish(&mut self, result: &Result<Bytes, Fault>) {
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
        if let Some(place) = self.place.take() {
            place.send(Entry { record: self.record.clone(), written: None });
        }
    }
}
