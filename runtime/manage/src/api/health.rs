//! For supervisors and scrapers: is it alive, can callers be sent here, and the numbers.

use super::{Context, Refusal};
use crate::metrics::{CONTENT_TYPE as METRICS, scrape};
use crate::wire::Ready;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use nhip_registry::{ActFilter, Counts};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// How long the database may take to answer a small question.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /healthz`: this process serves.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: callers can be sent here, or why not.
pub(crate) async fn readyz(State(context): State<Arc<Context>>) -> Response {
    let deployments = &context.deployments;
    let mut reasons = Vec::new();
    let mut unless = |holds: bool, reason: &str| {
        if !holds {
            reasons.push(reason.to_owned());
        }
    };
    unless(deployments.is_restored(), "the deployments on record are not served yet");
    unless(!deployments.is_unsettled(), "it is not known whether the last change of what is live was kept");
    for adapter in deployments.late() {
        unless(false, &format!("the live version of {adapter} is not served yet: its component cannot be read"));
    }
    unless(!context.registry.journal.is_stalled(), "the records of exchanges cannot be written");
    unless(context.spine.free_record_places() > 0, "every place in the queue of records is taken: the disk is slow");
    unless(!context.spine.is_stopping() && !context.stop.is_stopping(), "the gateway is stopping");
    unless(answers(&context).await, "the database does not answer");
    let ready = reasons.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let broken = deployments.broken().iter().map(ToString::to_string).collect();
    let (gateway, database) = (context.registry.gateway().to_owned(), context.registry.database().to_owned());
    (status, Json(Ready { gateway, database, ready, reasons, broken })).into_response()
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(context): State<Arc<Context>>) -> Result<Response, Refusal> {
    match scrape(&context, context.refusals(), counts(&context).await) {
        Ok(text) => Ok(([(CONTENT_TYPE, METRICS)], text).into_response()),
        Err(_) => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the metrics cannot be written",
            "this is a defect of the gateway",
        )),
    }
}

async fn answers(context: &Context) -> bool {
    let filter = ActFilter::default();
    matches!(timeout(PATIENCE, context.registry.acts.list(&filter, 1)).await, Ok(Ok(_)))
}

/// The durable exchanges, if the database tells them in time.
pub(super) async fn counts(context: &Context) -> Option<Counts> {
    let counted = timeout(PATIENCE, context.registry.durables.counts()).await;
    let why = match counted {
        Ok(Ok(counts)) => return Some(counts),
        Ok(Err(error)) => crate::deployments::chain(&error),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    tracing::warn!(error = why, "the durable exchanges cannot be counted");
    None
}
