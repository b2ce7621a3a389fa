//! Control acts: who changed what, when, and who tried to.

use super::exchanges::limit;
use super::extract::Params;
use super::{Context, Refusal};
use crate::wire::{Act, ActList, ActQuery};
use axum::Json;
use axum::extract::State;
use nhip_registry::{ActFilter, MOST_ACTS};
use std::sync::Arc;

/// `GET /api/acts`.
pub(crate) async fn list(
    State(context): State<Arc<Context>>,
    Params(query): Params<ActQuery>,
) -> Result<Json<ActList>, Refusal> {
    let limit = limit(query.limit, MOST_ACTS)?;
    let filter = ActFilter {
        actor: query.actor,
        kind: query.kind,
        subject: query.subject,
        refused: query.refused,
        since_ms: query.since,
        gateway: query.gateway,
    };
    let acts = context.registry.acts.list(&filter, limit).await?;
    Ok(Json(ActList { acts: acts.into_iter().map(Act::from).collect() }))
}
