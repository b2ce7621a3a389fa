//! Opening an exchange: its id, its clock, its place in the record.
//!
//! [`Open`] is the guard that keeps this crate's invariant: it holds a reserved place in the record queue from its
//! first moment on, so ending an exchange never waits and never fails, and when its future is dropped, it still leaves a
//! record, as `abandoned`.

use crate::arrival::{Arrival, Origin};
use crate::fault::{Fault, Kind};
use crate::id::ExchangeId;
use crate::once::Claim;
use crate::outcome::Reply;
use crate::record::{Entry, Record};
use crate::route::Live;
use crate::spine::Spine;
use crate::trace::TraceContext;
use crate::trail::Trail;
use compact_str::CompactString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Permit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, timeout};

/// What a stranger can make us keep of each of its words.
const WORD: usize = 128;

/// The longest that an exchange waits for its place while the queue is full: a disk that stands still for a moment sends nobody away. Who
/// is refused at once comes again at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// An exchange under way.
pub(crate) struct Open<'a> {
    pub(crate) spine: &'a Arc<Spine>,
    pub(crate) started: Instant,
    pub(crate) record: Record,
    pub(crate) trail: Arc<Trail>,
    /// The version that serves it, once it is known.
    pub(crate) live: Option<Arc<Live>>,
    /// The place in the record queue; taken when the exchange is closed.
    pub(crate) place: Option<Permit<'a, Entry>>,
    /// Why it cannot go on, though it was opened.
    pub(crate) refusal: Option<Fault>,
}

/// Open an exchange, as soon as there is a place for it. The peer's address goes into its record.
pub(crate) async fn open<'a>(spine: &'a Arc<Spine>, arrival: &mut Arrival) -> Open<'a> {
    let (fresh, opened_ms) = spine.ids.next(spine.clock.as_ref());
    let (id, attempt) = match &arrival.origin {
        Origin::Delivery { id, attempt, .. } => (*id, *attempt),
        _ => (fresh, 1),
    };
    let started = Instant::now();
    let place = place(spine).await;
    let refusal = if place.is_none() || spine.is_stalled() {
        Some(
            Fault::new(Kind::RecordUnavailable, "the gateway cannot put the exchange on record; try again in a moment")
                .inside("the record queue is full or closed, or the disk refuses the record: it is slow, full or gone")
                .retry_after(1),
        )
    } else if spine.is_stopping() && !matches!(arrival.origin, Origin::Adapter { .. }) {
        // What an exchange under way needs is a part of it.
        Some(Fault::new(Kind::Stopping, "the gateway is stopping; try again in a moment").retry_after(1))
    } else {
        None
    };
    let record = Record {
        opened_ms,
        origin: CompactString::const_new(arrival.origin.word()),
        peer: arrival.peer.take(),
        trace: TraceContext::of(arrival.traceparent.as_deref(), id),
        caller: arrival.caller.as_ref().ok().map(CompactString::from),
        purpose: arrival.purpose.as_deref().map(cut),
        service: cut(&arrival.service),
        function: cut(&arrival.function),
        attempt,
        parent: match &arrival.origin {
            Origin::Adapter { chain, .. } => Some(chain.parent),
            _ => None,
        },
        schedule: match &arrival.origin {
            Origin::Schedule(name) => Some(CompactString::new(name)),
            _ => None,
        },
        ..Record::of(id)
    };
    Open { spine, started, record, trail: Arc::default(), live: None, place, refusal }
}

/// A place in the record queue, if there is one in time.
async fn place(spine: &Spine) -> Option<Permit<'_, Entry>> {
    match spine.records.try_reserve() {
        Ok(place) => Some(place),
        // Boxed, since it is rare, and would be a part of every exchange.
        Err(TrySendError::Full(())) if !spine.is_stalled() => {
            Box::pin(timeout(PATIENCE, spine.records.reserve())).await.ok()?.ok()
        }
        Err(_) => None,
    }
}

impl Open<'_> {
    /// Note which version serves the exchange.
    pub(crate) fn served_by(&mut self, live: &Arc<Live>) {
        live.stats.opened();
        self.record.adapter = Some(live.adapter.clone());
        self.record.version = Some(live.version.clone());
        self.record.component = Some(live.component);
        self.record.policy = Some(live.policy_digest);
        self.live = Some(Arc::clone(live));
    }
}

impl Open<'_> {
    /// Note whose effect it does, and which try of it that is.
    pub(crate) fn doing(&mut self, claim: &Claim) {
        self.record.attempt = claim.attempt;
        if claim.id != self.record.id {
            self.record.repeats = Some(claim.id);
        }
    }

    /// Note that it repeats an exchange that was first, and pass its reply on.
    pub(crate) fn repeats(&mut self, reply: Result<Reply, Fault>, first: ExchangeId) -> Result<Reply, Fault> {
        if first != self.record.id {
            self.record.repeats = Some(first);
        }
        reply
    }

    /// The moment it must be over, in milliseconds since 1970.
    pub(crate) fn deadline_ms(&self, deadline: Instant) -> u64 {
        let left = deadline.saturating_duration_since(self.started);
        self.record.opened_ms.saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.place.is_some() {
            let end = if std::thread::panicking() {
                Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
                    .inside("a panic ended the exchange; the log has where")
            } else {
                Fault::new(Kind::Abandoned, "the caller went away before the answer")
            };
            let _ = self.finish(&Err(end));
        }
    }
}

/// At most [`WORD`] bytes of a text, cut between characters.
fn cut(text: &str) -> CompactString {
    let end = (0..=WORD.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    CompactString::new(text.get(..end).unwrap_or_default())
}
