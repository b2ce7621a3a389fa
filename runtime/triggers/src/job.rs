//! One try of an exchange that was accepted to be done later.
//!
//! Invariant: what became of it is said until the database has heard it, or another gateway has taken over, or the
//! gateway stops and the database is away: then the lease ends, and it is tried again under the same id.

use crate::run::exchange;
use crate::stop::Stop;
use crate::verdict::{Try, Verdict, exhausted, verdict};
use nhip_exchange::{Arrival, Origin, Spine};
use nhip_policies::Delivery;
use nhip_registry::{Durables, Job, RegistryError};
use std::sync::Arc;
use std::time::Duration;

/// How soon it is said again when the database refuses, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How often it is said again while the gateway stops.
const LAST_WORDS: u32 = 3;

/// Try it, and say what became of it.
pub(crate) async fn deliver(spine: &Arc<Spine>, durables: &Durables, job: Job, stop: Stop) {
    let end = match exhausted(this(spine, &job), &policy(spine, &job)) {
        Some(fault) => Verdict::Dead(fault),
        None => {
            let end = exchange(spine, arrival(&job)).await;
            // By the policy of now: it may have been deployed anew meanwhile.
            verdict(end, this(spine, &job), &policy(spine, &job))
        }
    };
    tell(&end, &job);
    say(durables, &job, &end, stop).await;
}

fn arrival(job: &Job) -> Arrival {
    let work = &job.work;
    Arrival {
        origin: Origin::Delivery { id: job.id, attempt: job.attempt, depth: work.depth },
        peer: None,
        caller: Ok(work.caller.clone()),
        service: work.service.as_str().into(),
        function: work.function.as_str().into(),
        purpose: work.purpose.as_deref().map(Into::into),
        traceparent: Some(work.trace.clone()),
        flaw: None,
        key: None,
        later: false,
        body: Box::new(work.body.clone()),
    }
}

/// What the policy in service says; where the service is not, the defaults.
fn policy(spine: &Spine, job: &Job) -> Delivery {
    let routes = spine.routes();
    routes.service(&job.work.service).map_or_else(Delivery::default, |service| service.live.policy.delivery.clone())
}

fn this(spine: &Spine, job: &Job) -> Try {
    // The last 62 bits of an id are random; with the attempt, each pause has a chance of its own.
    let (_, random) = job.id.uuid().as_u64_pair();
    let now_ms = spine.clock().unix_millis();
    Try { nth: job.nth, since_ms: job.since_ms, now_ms, seed: random.wrapping_add(job.attempt.into()) }
}

/// For the log: what an operator must see. The try itself was logged by the spine.
fn tell(end: &Verdict, job: &Job) {
    if let Verdict::Dead(fault) = end {
        tracing::warn!(
            exchange = %job.id, service = %job.work.service, function = %job.work.function, attempt = job.attempt,
            code = fault.kind.row().code, "an accepted exchange is a dead letter: `nhip dead-letters` shows and retries it"
        );
    }
}

/// Say it until it is heard.
async fn say(durables: &Durables, job: &Job, end: &Verdict, mut stop: Stop) {
    let (mut pause, mut last_words) = (FIRST_PAUSE, LAST_WORDS);
    loop {
        let error = match say_once(durables, job, end).await {
            Ok(true) => return,
            Ok(false) => {
                tracing::warn!(exchange = %job.id, attempt = job.attempt, "another has taken this try over, or it was said before");
                return;
            }
            Err(error) => error,
        };
        if pause == FIRST_PAUSE || !error.is_unavailable() {
            tracing::error!(exchange = %job.id, %error, "what became of a try cannot be kept now; trying again");
        }
        if stop.is_said() {
            last_words -= 1;
            if last_words == 0 {
                return;
            }
            tokio::time::sleep(FIRST_PAUSE).await;
        } else {
            stop.within(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

async fn say_once(durables: &Durables, job: &Job, end: &Verdict) -> Result<bool, RegistryError> {
    match end {
        Verdict::Done(answer) => durables.succeed(job, answer).await,
        Verdict::Again(fault, at_ms) => durables.retry(job, fault, *at_ms).await,
        Verdict::NotTried(fault, at_ms) => durables.not_tried(job, fault, *at_ms).await,
        Verdict::Dead(fault) => durables.bury(job, fault).await,
    }
}
