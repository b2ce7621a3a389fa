//! Leases: who does an exchange, and until when that is believed.
//!
//! A lease ends by its time, by the clock of the database where gateways share one, so that their own clocks need not
//! agree; and at once when its gateway starts again. Invariant: a lease that reaches further into the future than any
//! can is none: the clock was set back.

use crate::database::Kind;
use crate::error::{RegistryError, cannot};
use crate::store::{Connection, Store, to_db};
use std::time::Duration;

/// What a claim is given beyond its deadline, to say how it ended.
pub(super) const MARGIN: Duration = Duration::from_secs(5);
/// No lease is longer, in milliseconds: the longest deadline of a policy is 10 min.
pub(super) const LONGEST: i64 = 11 * 60 * 1000;

/// A name that no other run of a gateway has.
pub(super) fn new_boot() -> Result<String, RegistryError> {
    let random = |source| RegistryError::Random { source };
    let (high, low) = (getrandom::u64().map_err(random)?, getrandom::u64().map_err(random)?);
    Ok(format!("{high:016x}{low:016x}"))
}

/// Now, as leases count it: milliseconds since 1970.
pub(crate) async fn now(store: &Store, change: &mut Connection) -> Result<i64, RegistryError> {
    match store.kind() {
        Kind::Sqlite => Ok(store.now_ms()),
        Kind::Postgres => sqlx::query_scalar("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")
            .fetch_one(change)
            .await
            .map_err(cannot("tell the time")),
    }
}

/// The end of a lease of this length that begins now.
pub(crate) fn until(now: i64, length: Duration) -> i64 {
    now.saturating_add(to_db(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)).min(LONGEST))
}

/// Whether a lease that ends then holds.
pub(crate) fn holds(until: Option<i64>, now: i64) -> bool {
    until.is_some_and(|until| until > now && until <= now.saturating_add(LONGEST))
}

/// End the leases of this gateway's earlier runs. A data folder's own database has no other gateways. Gives how many.
pub(super) async fn end_earlier_boots(
    store: &Store,
    change: &mut Connection,
    boot: &str,
) -> Result<u64, RegistryError> {
    let (gateway, alone) = (change.gateway().to_owned(), i64::from(store.kind() == Kind::Sqlite));
    let mut ended = 0;
    // Each by its own index: what is over is kept for long, and is much.
    for statement in [
        "UPDATE durable SET held_until_ms = 0 WHERE state = 'claimed' AND held_until_ms > 0 \
         AND boot <> $1 AND (gateway = $2 OR $3 = 1)",
        "UPDATE durable SET held_until_ms = 0 WHERE state = 'trying' AND held_until_ms > 0 \
         AND boot <> $1 AND (gateway = $2 OR $3 = 1)",
    ] {
        let done = sqlx::query(statement)
            .bind(boot)
            .bind(&*gateway)
            .bind(alone)
            .execute(&mut *change)
            .await
            .map_err(cannot("take up the durable exchanges"))?;
        ended += done.rows_affected();
    }
    Ok(ended)
}

/// End the leases of schedules that this gateway's earlier runs held.
pub(crate) async fn end_earlier_schedules(
    store: &Store,
    change: &mut Connection,
    boot: &str,
) -> Result<(), RegistryError> {
    let gateway = change.gateway().to_owned();
    sqlx::query(
        "UPDATE schedules SET gateway = NULL, boot = NULL, held_until_ms = NULL \
         WHERE boot <> $1 AND (gateway = $2 OR $3 = 1)",
    )
    .bind(boot)
    .bind(gateway)
    .bind(i64::from(store.kind() == Kind::Sqlite))
    .execute(change)
    .await
    .map_err(cannot("take up the schedules"))?;
    Ok(())
}
