//! Dead letters: listed, shown, tried again and given up.
//!
//! Invariant: which ones are meant is said in one way; nothing said does not mean all. Every change is a control act,
//! and so is one that was refused.

use super::deployments::noted;
use super::exchanges::{id, limit};
use super::extract::{Json, Params};
use super::{Context, Refusal};
use crate::actor::Actor;
use crate::wire::{
    DeadLetter, DeadLetterChoice, DeadLetterDetails, DeadLetterList, DeadLetterQuery, Discarded, Retried,
};
use axum::extract::{Path, State};
use http::StatusCode;
use nhip_exchange::ExchangeId;
use nhip_registry::{ActKind, DeadFilter, MOST_DEAD_LETTERS, RegistryError, Which};
use std::sync::Arc;

/// `GET /api/dead-letters`.
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    Params(query): Params<DeadLetterQuery>,
) -> Result<axum::Json<DeadLetterList>, Refusal> {
    let limit = limit(query.limit, MOST_DEAD_LETTERS)?;
    let letters = context.registry.durables.dead_letters(&query.into(), limit).await?;
    Ok(axum::Json(DeadLetterList { dead_letters: letters.into_iter().map(DeadLetter::from).collect() }))
}

/// `GET /api/dead-letters/{id}`: with the whole story.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Path(text): Path<String>,
) -> Result<axum::Json<DeadLetterDetails>, Refusal> {
    let id = id(&text)?;
    let Some((letter, story)) = context.registry.durables.dead_letter(id).await? else { return Err(unknown(id)) };
    Ok(axum::Json(DeadLetterDetails { dead_letter: letter.into(), story }))
}

/// `POST /api/dead-letters/retry`.
pub(crate) async fn retry(
    State(context): State<Arc<Context>>,
    actor: Actor,
    Json(choice): Json<DeadLetterChoice>,
) -> Result<axum::Json<Retried>, Refusal> {
    let retried = act(&context, &actor, choice, Do::Retry).await?;
    Ok(axum::Json(Retried { retried }))
}

/// `POST /api/dead-letters/discard`.
pub(crate) async fn discard(
    State(context): State<Arc<Context>>,
    actor: Actor,
    Json(choice): Json<DeadLetterChoice>,
) -> Result<axum::Json<Discarded>, Refusal> {
    let discarded = act(&context, &actor, choice, Do::Discard).await?;
    Ok(axum::Json(Discarded { discarded }))
}

/// What is done with them.
#[derive(Clone, Copy)]
enum Do {
    Retry,
    Discard,
}

impl Do {
    fn kind(self) -> ActKind {
        match self {
            Self::Retry => ActKind::DeadLetterRetry,
            Self::Discard => ActKind::DeadLetterDiscard,
        }
    }
}

/// Do it. Gives with how many.
async fn act(context: &Context, actor: &Actor, choice: DeadLetterChoice, what: Do) -> Result<u64, Refusal> {
    let which = match meant(choice) {
        Ok(which) => which,
        Err(refusal) => return Err(noted(context, actor, what.kind(), "-", refusal).await),
    };
    let (durables, asked, by) = (context.registry.durables.clone(), which.clone(), actor.clone());
    // To the end, also when whoever asked stops waiting.
    let done = tokio::spawn(async move {
        match what {
            Do::Retry => durables.retry_dead(&asked, by.as_str()).await,
            Do::Discard => durables.discard_dead(&asked, by.as_str()).await,
        }
    });
    let refusal = match (done.await.unwrap_or(Err(RegistryError::Stopping)), &which) {
        (Ok(0), Which::One(id)) => unknown(*id),
        (Ok(number), _) => {
            tracing::info!(%actor, act = what.kind().word(), number, "dead letters were worked on");
            return Ok(number);
        }
        (Err(error), _) => failed(&error, &which),
    };
    let subject = match &which {
        Which::One(id) => id.to_string(),
        Which::All(filter) => filter.service.clone().unwrap_or_else(|| "dead-letters".to_owned()),
    };
    Err(noted(context, actor, what.kind(), &subject, refusal).await)
}

/// Which dead letters are meant.
fn meant(choice: DeadLetterChoice) -> Result<Which, Refusal> {
    let DeadLetterChoice { id: one, all, service, function, caller, outcome, since, until } = choice;
    let filter = DeadFilter { service, function, caller, code: outcome, since_ms: since, until_ms: until };
    let cure = "name one by `id`, or some by a filter, or say `\"all\": true`";
    match (one, filter != DeadFilter::default(), all) {
        (Some(text), false, false) => Ok(Which::One(id(&text)?)),
        (None, true, false) | (None, false, true) => Ok(Which::All(filter)),
        (None, false, false) => Err(Refusal::malformed("it is not said which dead letters are meant", cure)),
        _ => Err(Refusal::malformed("it is said in more than one way which dead letters are meant", cure)),
    }
}

fn unknown(id: ExchangeId) -> Refusal {
    let detail = format!("there is no dead letter `{id}`");
    let cure = "`nhip dead-letters list` shows those there are; `nhip audit show` tells what became of an exchange";
    Refusal::new(StatusCode::NOT_FOUND, "not-found", detail, cure)
}

/// Many are done in groups, and those before the one that failed stay done.
fn failed(error: &RegistryError, which: &Which) -> Refusal {
    let mut refusal = Refusal::of(error);
    if matches!(which, Which::All(_)) {
        refusal.0.cure = Some("some may have been done: `nhip acts` tells; then ask again for the rest".to_owned());
    }
    refusal
}
