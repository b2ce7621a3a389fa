//! Exchanges: the records of what was called.

use super::extract::Params;
use super::{Context, Refusal};
use crate::wire::{ExchangeList, ExchangeQuery};
use axum::Json;
use axum::extract::State;
use nhip_exchange::ExchangeId;
use nhip_registry::{ExchangeFilter, MOST_RECORDS};
use std::sync::Arc;
use uuid::Uuid;

/// `GET /api/exchanges`.
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    Params(query): Params<ExchangeQuery>,
) -> Result<Json<ExchangeList>, Refusal> {
    let filter = ExchangeFilter {
        id: query.id.as_deref().map(id).transpose()?,
        service: query.service,
        caller: query.caller,
        outcome: query.outcome,
        since_ms: query.since,
        limit: limit(query.limit, MOST_RECORDS)?,
        ..ExchangeFilter::default()
    };
    let (exchanges, reach) = context.registry.journal.recent(&filter).await?;
    Ok(Json(ExchangeList { exchanges, reach }))
}

/// The id of an exchange.
pub(super) fn id(text: &str) -> Result<ExchangeId, Refusal> {
    let cure = "take it from `X-Exchange-Id` or from a problem's `exchange`";
    let malformed = |_| Refusal::malformed("`id` is not the id of an exchange", cure);
    Uuid::parse_str(text).map(ExchangeId::from).map_err(malformed)
}

/// The limit of a listing: 100 where none is said.
pub(super) fn limit(asked: Option<u32>, most: u32) -> Result<u32, Refusal> {
    match asked.unwrap_or(100) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        other => Err(Refusal::malformed(format!("`limit` is {other}"), format!("ask for 1 to {most}"))),
    }
}
