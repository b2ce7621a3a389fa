//! Forgetting what is long over: the ends that were kept for repeats and for callers who ask.
//!
//! Invariant: nothing is forgotten that waits, is tried or lies dead.

use super::{Durables, KEPT, lease};
use crate::error::{RegistryError, cannot, unsure};
use crate::store::to_db;

/// The most of one transaction, so that nobody waits long.
const GROUP: i64 = 500;

impl Durables {
    /// Forget the ends that are older than [`KEPT`]. Gives how many.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`.
    pub async fn sweep(&self) -> Result<u64, RegistryError> {
        let mut swept = 0;
        loop {
            let some = self.sweep_some().await?;
            swept += some;
            if some < GROUP.unsigned_abs() {
                return Ok(swept);
            }
        }
    }

    async fn sweep_some(&self) -> Result<u64, RegistryError> {
        let kept = to_db(u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX));
        let before = self.store.now_ms().saturating_sub(kept);
        let mut change = self.store.begin_beside().await?;
        let ended = sqlx::query(
            "DELETE FROM durable WHERE id IN (SELECT id FROM durable \
             WHERE state IN ('free', 'done', 'discarded') AND finished_ms < $1 LIMIT $2) \
             AND state IN ('free', 'done', 'discarded')",
        )
        .bind(before)
        .bind(GROUP)
        .execute(&mut *change)
        .await
        .map_err(cannot("forget what is long over"))?;
        // Claims whose gateway never came back to say how they ended.
        let now = lease::now(&self.store, &mut change).await?;
        let lost = sqlx::query(
            "DELETE FROM durable WHERE id IN (SELECT id FROM durable \
             WHERE state = 'claimed' AND accepted_ms < $1 AND held_until_ms <= $2 LIMIT $3) \
             AND state = 'claimed' AND held_until_ms <= $2",
        )
        .bind(before)
        .bind(now)
        .bind(GROUP)
        .execute(&mut *change)
        .await
        .map_err(cannot("forget what is long over"))?;
        change.commit().await.map_err(unsure("forget what is long over"))?;
        Ok(ended.rows_affected() + lost.rows_affected())
    }
}
