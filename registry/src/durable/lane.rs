//! Lanes: exchanges of one key are tried one at a time, in the order in which they were accepted.
//!
//! Invariant: of those in a lane that wait or are tried, the earliest is ready, and no other. Who changes who is in a
//! lane has counted it before, so that only one does at a time.

use crate::error::{RegistryError, cannot};
use crate::store::Connection;

/// Whether nobody is in the lane.
pub(super) async fn is_free(change: &mut Connection, lane: Option<&str>) -> Result<bool, RegistryError> {
    let Some(lane) = lane else { return Ok(true) };
    let first: Option<i64> = sqlx::query_scalar(
        "SELECT number FROM durable WHERE lane = $1 AND state IN ('waiting', 'trying') ORDER BY number LIMIT 1",
    )
    .bind(lane)
    .fetch_optional(change)
    .await
    .map_err(cannot("be read"))?;
    Ok(first.is_none())
}

/// Let the next of a lane be tried, since the one before it is over.
pub(super) async fn go_on(change: &mut Connection, lane: Option<&str>) -> Result<(), RegistryError> {
    let Some(lane) = lane else { return Ok(()) };
    sqlx::query(
        "UPDATE durable SET ready = 1 WHERE id = \
         (SELECT id FROM durable WHERE lane = $1 AND state IN ('waiting', 'trying') ORDER BY number LIMIT 1)",
    )
    .bind(lane)
    .execute(change)
    .await
    .map_err(cannot("let a lane go on"))?;
    Ok(())
}
