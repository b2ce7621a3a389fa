//! The record: its key, its entries, a checkpoint of its end, and emptying what is old. The export is in `export.rs`.

use super::deployments::noted;
use super::exchanges::{id, limit};
use super::extract::{Json, Params};
use super::{Context, Refusal};
use crate::actor::Actor;
use crate::wire::{AuditKey, EntryList, EntryQuery, GatewayList, Retain, Retained};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use nhip_registry::record::Findings;
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
        gateway: query.gateway,
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
    let found = context.registry.journal.search(&filter).await.map_err(|error| refusal(&error))?;
    Ok(axum::Json(EntryList { entries: found.entries, reach: found.reach }))
}

/// `GET /api/audit/exchanges/{id}`: every attempt, the oldest first.
pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Path(text): Path<String>,
) -> Result<axum::Json<EntryList>, Refusal> {
    let Findings { entries, reach } =
        context.registry.journal.show(id(&text)?).await.map_err(|error| refusal(&error))?;
    if entries.is_empty() {
        let detail = match reach.unreached {
            None => format!("there is no record of an exchange `{text}`"),
            Some(why) => {
                format!("this gateway has no record of an exchange `{text}`, and others were not asked: {why}")
            }
        };
        let cure = "its segment may have been emptied by retention, or another gateway has it and not sealed it yet";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not-found", detail, cure));
    }
    Ok(axum::Json(EntryList { entries, reach }))
}

/// `GET /api/audit/gateways`.
pub(crate) async fn gateways(State(context): State<Arc<Context>>) -> Result<axum::Json<GatewayList>, Refusal> {
    let gateways = context.registry.journal.archived().await.map_err(|error| refusal(&error))?;
    Ok(axum::Json(GatewayList { gateways }))
}

/// `GET /api/audit/gateways/{gateway}/segments/{number}`: the segment itself, as it is in that gateway's folder.
pub(crate) async fn segment(
    State(context): State<Arc<Context>>,
    Path((gateway, number)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let malformed =
        |_| Refusal::malformed("the number of a segment is a number, from 1", "`/api/audit/gateways` tells");
    let segment: u64 = number.parse().map_err(malformed)?;
    let found = context.registry.journal.archived_segment(&gateway, segment).await.map_err(|error| refusal(&error))?;
    let Some(lines) = found else {
        let detail = format!("the database has no segment {segment} of the record of a gateway `{gateway}`");
        let cure = "`nhip audit gateways` shows what there is";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "not-found", detail, cure));
    };
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], lines).into_response())
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
        RecordError::Damaged { .. } | RecordError::Missing { .. } | RecordError::ArchiveDamaged { .. } => {
            tracing::error!(error = crate::deployments::chain(record), "the record is damaged");
            let cure = "`nhip audit verify` on its folder says what can still be trusted; keep the folder as evidence";
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", record.to_string(), cure)
        }
        _ => Refusal::of(error),
    }
}
