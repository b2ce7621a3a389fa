//! What the caller of an exchange may know of it.

use super::{Durables, kept};
use crate::error::{RegistryError, cannot};
use crate::store::from_db;
use nhip_exchange::ExchangeId;
use nhip_exchange::durable::{State, Status};
use nhip_policies::CallerName;

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    service: String,
    function: String,
    state: String,
    attempts: i64,
    accepted_ms: i64,
    next_ms: Option<i64>,
    ready: i64,
    answer: Option<Vec<u8>>,
    fault: Option<String>,
}

impl Durables {
    /// Where an exchange is that this caller had accepted; nothing of anybody else's.
    pub(super) async fn status_of(&self, caller: &CallerName, id: ExchangeId) -> Result<Option<Status>, RegistryError> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, service, function, state, attempts, accepted_ms, next_ms, ready, answer, fault \
             FROM durable \
             WHERE id = $1 AND caller = $2 AND number IS NOT NULL",
        )
        .bind(id.to_string())
        .bind(caller.as_str())
        .fetch_optional(&mut *self.store.read().await?)
        .await
        .map_err(cannot("be read"))?;
        row.map(Status::try_from).transpose()
    }
}

impl TryFrom<Row> for Status {
    type Error = RegistryError;

    fn try_from(row: Row) -> Result<Self, RegistryError> {
        let state = kept::state(&row.state, &row.id)?;
        let result = match (row.answer, row.fault) {
            (None, None) => None,
            (answer, fault) => Some(kept::end(&row.id, answer, fault.as_deref())?.result),
        };
        Ok(Self {
            id: kept::id(&row.id)?,
            service: row.service,
            function: row.function,
            state,
            accepted_ms: from_db(row.accepted_ms),
            attempts: kept::count(row.attempts),
            // Who is behind another in its lane has no time of its own.
            next_ms: row.next_ms.filter(|_| state == State::Waiting && row.ready != 0).map(from_db),
            result,
        })
    }
}
