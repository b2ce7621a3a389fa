//! The verdict on a try: it is done, it is tried again, it did not take place, or it is dead.
//!
//! The fault's own row of the table says whether a try can help; the policy says when, how often and until when.
//! Invariant: a try that did not reach the adapter is never counted as one.

use bytes::Bytes;
use nhip_exchange::{Fault, Kind, Reply, Retry};
use nhip_policies::Delivery;
use std::time::Duration;

/// The pause where nothing says another.
const PAUSE: Duration = Duration::from_secs(5);
/// The most of such a pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the verdict goes by, besides the end of the try.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Try {
    /// Which it was, from 1.
    pub(crate) nth: u32,
    /// Since when the exchange waits, in milliseconds since 1970.
    pub(crate) since_ms: u64,
    /// Now, in milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// The chance in the pause.
    pub(crate) seed: u64,
}

/// What is to be done with the exchange.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Keep its answer.
    Done(Bytes),
    /// Try it again, then.
    Again(Fault, u64),
    /// It was not tried; do that, then.
    NotTried(Fault, u64),
    /// Try it no more.
    Dead(Fault),
}

/// Judge the end of a try.
pub(crate) fn verdict(end: Result<Reply, Fault>, this: Try, policy: &Delivery) -> Verdict {
    let fault = match end {
        Ok(Reply::Answer(answer)) => return Verdict::Done(answer),
        Ok(Reply::Accepted(_)) => Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
            .inside("a try was accepted for later"),
        Err(fault) => fault,
    };
    if let Some(ends) = not_tried(fault.kind) {
        let at_ms = after(this.now_ms, soon(&fault, this.seed));
        let over = ends && is_over(this, policy, at_ms);
        return if over { Verdict::Dead(fault) } else { Verdict::NotTried(fault, at_ms) };
    }
    if fault.kind.row().retry == Retry::Never {
        return Verdict::Dead(fault);
    }
    let asked = fault.retry_after.map(|seconds| Duration::from_secs(seconds.into()));
    let at_ms = after(this.now_ms, policy.pause(this.nth, asked, this.seed));
    if this.nth >= policy.attempts || is_over(this, policy, at_ms) {
        return Verdict::Dead(fault);
    }
    Verdict::Again(fault, at_ms)
}

/// Why an exchange is not tried once more, though it was taken: its last tries allowed were lost with their gateways.
pub(crate) fn exhausted(this: Try, policy: &Delivery) -> Option<Fault> {
    (this.nth > policy.attempts).then(|| {
        let text = "each of its tries ended with the gateway that made it; it is not tried any more";
        Fault::new(Kind::GatewayInternal, text)
    })
}

/// Whether a fault of this kind means that nothing was tried; and if so, whether the age can end that. What is the
/// gateway's own trouble of the moment does not.
fn not_tried(kind: Kind) -> Option<bool> {
    match kind {
        Kind::Saturated | Kind::Stopping | Kind::RecordUnavailable => Some(false),
        // The adapter is being replaced, or it was retired and may come back.
        Kind::AdapterUnavailable | Kind::UnknownService | Kind::UnknownFunction => Some(true),
        _ => None,
    }
}

/// A short pause; with a little chance, so that not all come back at once.
fn soon(fault: &Fault, seed: u64) -> Duration {
    let asked = fault.retry_after.map_or(PAUSE, |seconds| Duration::from_secs(seconds.into()));
    asked.min(LONGEST_PAUSE) + Duration::from_millis(seed % 1000)
}

/// Whether a try at that time would be one after its age.
fn is_over(this: Try, policy: &Delivery, at_ms: u64) -> bool {
    u128::from(at_ms.saturating_sub(this.since_ms)) >= policy.age.as_millis()
}

fn after(now_ms: u64, pause: Duration) -> u64 {
    now_ms.saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_exchange::fault::TABLE;

    const NOW: u64 = 1_800_000_000_000;

    fn this(nth: u32, waited: Duration) -> Try {
        Try { nth, since_ms: NOW - u64::try_from(waited.as_millis()).unwrap(), now_ms: NOW, seed: 7 }
    }

    fn policy() -> Delivery {
        Delivery { attempts: 3, age: Duration::from_secs(3600), ..Delivery::default() }
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Done(_) => "done",
            Verdict::Again(..) => "again",
            Verdict::NotTried(..) => "not tried",
            Verdict::Dead(_) => "dead",
        }
    }

    #[test]
    fn every_fault_is_judged_by_its_own_row() {
        let not_tried = [
            "saturated",
            "stopping",
            "record-unavailable",
            "adapter-unavailable",
            "unknown-service",
            "unknown-function",
        ];
        for row in TABLE {
            let verdict = verdict(Err(Fault::new(row.kind, "no")), this(1, Duration::ZERO), &policy());
            let expected = match row.retry {
                _ if not_tried.contains(&row.code) => "not tried",
                Retry::Never => "dead",
                Retry::Later | Retry::IfIdempotent => "again",
            };
            assert_eq!(word(&verdict), expected, "{}", row.code);
        }
        let done =
            verdict(Ok(Reply::Answer(Bytes::from_static(b"1"))), this(9, Duration::from_secs(1 << 30)), &policy());
        assert_eq!(word(&done), "done", "whenever it comes");
    }

    #[test]
    fn tries_end_with_their_number_and_with_the_age() {
        let busy = || Err(Fault::new(Kind::Busy, "no"));
        let hour = Duration::from_secs(3600);
        assert_eq!(word(&verdict(busy(), this(2, Duration::ZERO), &policy())), "again");
        assert_eq!(word(&verdict(busy(), this(3, Duration::ZERO), &policy())), "dead");
        assert_eq!(word(&verdict(busy(), this(1, hour), &policy())), "dead");
        // A next try that would come too late is not waited for.
        assert_eq!(word(&verdict(busy(), this(1, hour - Duration::from_secs(1)), &policy())), "dead");
        let gone = || Err(Fault::new(Kind::UnknownService, "no"));
        assert_eq!(word(&verdict(gone(), this(99, Duration::ZERO), &policy())), "not tried");
        assert_eq!(word(&verdict(gone(), this(1, hour), &policy())), "dead");
        // The gateway's own trouble ends nothing.
        let full = Err(Fault::new(Kind::Saturated, "no"));
        assert_eq!(word(&verdict(full, this(99, 10 * hour), &policy())), "not tried");
        assert!(exhausted(this(3, Duration::ZERO), &policy()).is_none());
        assert!(exhausted(this(4, Duration::ZERO), &policy()).is_some());
    }

    #[test]
    fn the_pause_is_the_policys_and_not_shorter_than_asked_for() {
        let at = |fault: Fault, nth| match verdict(Err(fault), this(nth, Duration::ZERO), &Delivery::default()) {
            Verdict::Again(_, at) | Verdict::NotTried(_, at) => at - NOW,
            other => panic!("{other:?}"),
        };
        assert!((2_500..=5_000).contains(&at(Fault::new(Kind::Busy, "no"), 1)));
        assert!((10_000..=20_000).contains(&at(Fault::new(Kind::Busy, "no"), 3)));
        assert_eq!(at(Fault::new(Kind::Busy, "no").retry_after(60), 1), 60_000);
        assert_eq!(at(Fault::new(Kind::Busy, "no").retry_after(u32::MAX), 1), 3_600_000);
        assert_eq!(at(Fault::new(Kind::Saturated, "no").retry_after(1), 1), 1007);
        assert_eq!(at(Fault::new(Kind::UnknownService, "no"), 1), 5007);
        assert_eq!(at(Fault::new(Kind::AdapterUnavailable, "no").retry_after(u32::MAX), 1), 30_007);
    }
}
