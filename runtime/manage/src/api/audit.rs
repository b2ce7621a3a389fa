//! The record: its key, its entries, a checkpoint of its end, and emptying what is old. The export is in `export.rs`.

use super::deployments::noted;
use super::exchanges::{id, limit};
use super::extract::{Json, Params};
use super::{Context, Refusal};
use crate::actor::Actor;
use crate::wire::{AuditKey, EntryList, EntryQuery, Retain, Retained};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use nhip_registry::{ActKind, ExchangeFilter, MOST_RECORDS, RecordError, RegistryError};
use std::sync::Arc;
use std::time::Duration;

/// `GET /api/audit/key`.
pub(crate) async fn key(State(context): State<Arc<Context>>) -> axum::Json<AuditKey> {
    let gateway = context.registry.gateway().to_owned();
    axum::Json(AuditKey { gateway, key: context.registry.journal.public_key() })
}

/// `GET /api/audit/entries`.
pub(crate) async fn search(
    State(context): State<Arc<Context>>,
    Params(query): Params<EntryQuery>,
) -> Result<axum::Json<EntryList>, Refusal> {
    let filter = ExchangeFilter {
        id: None,
        kind: query.kind,
        service: query.service,
        caller: query.caller,
        outcome: query.outcome,
        adapter: query.adapter,
        upstream: query.upstream,
        since_ms: query.since,
        until_ms: query.until,
        limit: limit(query.limit, MOST_RECORDS)?,
    };
    let entries = context.registry.journal.search(&filter).await.map_err(|error| refusal(&error))?;
    Ok(axum::Json(EntryList { entries }))
}

/// `GET /api/audit/exchanges/{id}`: every attempt, the oldest first.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Path(text): Path<String>,
) -> Result<axum::Json<EntryList>, Refusal> {
    let entries = context.registry.journal.show(id(&text)?).await.map_err(|error| refusal(&error))?;
    if entries.is_empty() {
        let detail = format!("there is no record of an exchange `{text}`");
        let cure = "its segment may have been emptied by retention, or another gateway has it on its record";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not-found", detail, cure));
    }
    Ok(axum::Json(EntryList { entries }))
}

/// `POST /api/audit/checkpoint`: seals what is not sealed. The answer is the signed line itself.
pub(crate) async fn checkpoint(State(context): State<Arc<Context>>) -> Result<Response, Refusal> {
    let checkpoint = context.registry.journal.checkpoint().await.map_err(|error| refusal(&error))?;
    Ok(([(CONTENT_TYPE, "application/json")], format!("{checkpoint}\n")).into_response())
}

/// `POST /api/audit/retention`. Who asked for it is on record before anything is emptied; what was emptied is told by
/// the chain itself.
pub(crate) async fn retain(
    State(context): State<Arc<Context>>,
    actor: Actor,
    Json(Retain { older_than_ms }): Json<Retain>,
) -> Result<axum::Json<Retained>, Refusal> {
    let detail = serde_json::json!({ "older_than_ms": older_than_ms });
    let (acts, gateway) = (&context.registry.acts, context.registry.gateway());
    acts.note(actor.as_str(), ActKind::Retain, gateway, &detail).await?;
    tracing::info!(%actor, older_than_ms, "old segments of the record are emptied");
    let journal = context.registry.journal.clone();
    // To the end, also when whoever asked stops waiting.
    let emptied = tokio::spawn(async move { journal.retain(Duration::from_millis(older_than_ms)).await });
    match emptied.await.unwrap_or(Err(RegistryError::Stopping)) {
        Ok(done) => Ok(axum::Json(Retained { segments: done.segments, entries: done.entries })),
        Err(error) => Err(noted(&context, &actor, ActKind::Retain, gateway, refusal(&error)).await),
    }
}

/// Why the record did not do it.
pub(super) fn refusal(error: &RegistryError) -> Refusal {
    let RegistryError::Record(record) = error else { return Refusal::of(error) };
    match record {
        RecordError::Nothing => {
            let cure = "`nhip audit search` shows what is on record";
            Refusal::new(StatusCode::NOT_FOUND, "not-found", record.to_string(), cure)
        }
        RecordError::Damaged { .. } | RecordError::Missing { .. } => {
            tracing::error!(error = crate::deployments::chain(record), "the record is damaged");
            let cure = "`nhip audit verify` on its folder says what can still be trusted; keep the folder as evidence";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", record.to_string(), cure)
        }
        _ => Refusal::of(error),
    }
}
