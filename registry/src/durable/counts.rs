//! How much waits and how much lies dead: the counts that bound the queue, and those for metrics.

use super::{Amount, DurableConfig, Durables};
use crate::error::{RegistryError, cannot};
use crate::store::{Connection, from_db, to_db};

/// What there is of one service in one state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InState {
    /// The service.
    pub service: String,
    /// `waiting`, `trying` or `dead`.
    pub state: String,
    /// How many exchanges.
    pub exchanges: u64,
    /// When the one that is longest in the queue came into it, in milliseconds since 1970.
    pub oldest_ms: u64,
}

/// How much there is to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counts {
    /// What waits or is tried.
    pub waiting: Amount,
    /// What lies dead.
    pub dead: Amount,
    /// Each service and state of which there is any.
    pub by_service: Vec<InState>,
}

impl Counts {
    /// When the one that is longest in the queue, and not dead, came into it, in milliseconds since 1970.
    #[must_use]
    pub fn oldest_ms(&self) -> Option<u64> {
        self.by_service.iter().filter(|one| one.state != "dead").map(|one| one.oldest_ms).min()
    }
}

impl Durables {
    /// How much there is to do.
    ///
    /// # Errors
    /// `Database`.
    pub async fn counts(&self) -> Result<Counts, RegistryError> {
        let mut reading = self.store.read().await?;
        let (waiting, dead) = amounts(&mut reading).await?;
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT service, state, COUNT(*), MIN(since_ms) FROM durable \
             WHERE state IN ('waiting', 'trying', 'dead') GROUP BY state, service ORDER BY service, state",
        )
        .fetch_all(&mut *reading)
        .await
        .map_err(cannot("be read"))?;
        let in_state = |(service, state, exchanges, oldest)| InState {
            service,
            state,
            exchanges: from_db(exchanges),
            oldest_ms: from_db(oldest),
        };
        Ok(Counts { waiting, dead, by_service: rows.into_iter().map(in_state).collect() })
    }
}

/// How much waits and how much lies dead.
pub(super) async fn amounts(reading: &mut Connection) -> Result<(Amount, Amount), RegistryError> {
    let row = sqlx::query_as("SELECT waiting, waiting_bytes, dead, dead_bytes FROM durable_usage");
    let (waiting, waiting_bytes, dead, dead_bytes): (i64, i64, i64, i64) =
        row.fetch_one(reading).await.map_err(cannot("be read"))?;
    let amount = |exchanges, bytes| Amount { exchanges: from_db(exchanges), bytes: from_db(bytes) };
    Ok((amount(waiting, waiting_bytes), amount(dead, dead_bytes)))
}

/// Count one more that waits, if the bounds have room for it. Gives its place in the order of acceptance. From here to
/// the commit nobody else is counted, so the order is that of the commits.
pub(super) async fn add(
    change: &mut Connection,
    bytes: u64,
    config: &DurableConfig,
) -> Result<Option<i64>, RegistryError> {
    sqlx::query_scalar(
        "UPDATE durable_usage SET number = number + 1, waiting = waiting + 1, waiting_bytes = waiting_bytes + $1 \
         WHERE waiting < $2 AND waiting_bytes + $1 <= $3 AND dead < $4 AND dead_bytes <= $5 RETURNING number",
    )
    .bind(to_db(bytes))
    .bind(to_db(config.waiting.exchanges))
    .bind(to_db(config.waiting.bytes))
    .bind(to_db(config.dead.exchanges))
    .bind(to_db(config.dead.bytes))
    .fetch_optional(change)
    .await
    .map_err(cannot("count the exchanges"))
}

/// What becomes of one that is counted.
#[derive(Clone, Copy)]
pub(super) enum Move {
    /// It waited and is over.
    Over,
    /// It waited and is dead.
    Bury,
    /// It was dead and waits.
    Revive,
    /// It was dead and is given up.
    Discard,
}

/// Count what becomes of one. Gives the next place in the order of acceptance, for one that waits again.
pub(super) async fn shift(change: &mut Connection, what: Move, bytes: i64) -> Result<i64, RegistryError> {
    let (waiting, dead) = match what {
        Move::Over => (-1, 0),
        Move::Bury => (-1, 1),
        Move::Revive => (1, -1),
        Move::Discard => (0, -1),
    };
    sqlx::query_scalar(
        "UPDATE durable_usage SET number = number + 1, waiting = waiting + $1, waiting_bytes = waiting_bytes + $2, \
         dead = dead + $3, dead_bytes = dead_bytes + $4 RETURNING number",
    )
    .bind(waiting)
    .bind(waiting * bytes)
    .bind(dead)
    .bind(dead * bytes)
    .fetch_one(change)
    .await
    .map_err(cannot("count the exchanges"))
}
