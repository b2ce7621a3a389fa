//! Claims: an exchange with an idempotency key is done by one of its repeats at a time.
//!
//! Invariant: a claim is ended, given back or taken over by its number of attempts and its boot, so that whoever lost
//! it cannot say anything any more. An end that was kept is never changed.

use super::lease::{self, MARGIN};
use super::{Durables, kept, what};
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::store::{Connection, text};
use nhip_exchange::durable::{Claimed, End, Work};
use nhip_exchange::{Digest, ExchangeId};
use nhip_policies::CallerName;
use std::time::Duration;

/// The repeats of one key have their turn; others go on beside them.
pub(super) const TURN: &str = "idempotency-key";

/// The key as it is kept.
pub(crate) fn digest_of(key: &str) -> String {
    Digest::of(key.as_bytes()).hex()
}

/// What a turn is named by.
pub(super) fn turn_of(caller: &CallerName, key: &str) -> String {
    format!("{caller} {key}")
}

/// The exchange that was first with a key.
#[derive(sqlx::FromRow)]
pub(super) struct First {
    pub(super) id: String,
    service: String,
    function: String,
    request: String,
    state: String,
    attempts: i64,
    held_until_ms: Option<i64>,
    answer: Option<Vec<u8>>,
    fault: Option<String>,
}

impl First {
    /// The exchange that was first, if there is one.
    pub(super) async fn find(
        reading: &mut Connection,
        caller: &CallerName,
        key: &str,
    ) -> Result<Option<Self>, RegistryError> {
        sqlx::query_as(
            "SELECT id, service, function, request, state, attempts, held_until_ms, answer, fault FROM durable \
             WHERE caller = $1 AND key = $2",
        )
        .bind(caller.as_str())
        .bind(key)
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))
    }

    /// What a repeat is told; the row again where it is for the repeat to do it.
    pub(super) fn tell(self, work: &Work, now: i64) -> Result<Result<Self, Claimed>, RegistryError> {
        let same = self.service == text(&work.service) && self.function == text(&work.function);
        if !same || self.request != work.request.to_string() {
            return Ok(Err(Claimed::OtherRequest));
        }
        let id = kept::id(&self.id)?;
        Ok(Err(match self.state.as_str() {
            "claimed" if lease::holds(self.held_until_ms, now) => Claimed::UnderWay(id),
            "claimed" | "free" => return Ok(Ok(self)),
            "waiting" | "trying" => Claimed::Accepted(id),
            "done" | "dead" | "discarded" => {
                Claimed::Ended { id, end: kept::end(&self.id, self.answer, self.fault.as_deref())? }
            }
            other => return Err(corrupt(what(&self.id))(format!("`{other}` is not a state"))),
        }))
    }

    /// Which try the next is.
    pub(super) fn next_attempt(&self) -> i64 {
        self.attempts.saturating_add(1)
    }

    /// How often it was tried.
    pub(super) fn attempts(&self) -> i64 {
        self.attempts
    }
}

impl Durables {
    /// Claim a key, without waiting for who has it.
    pub(crate) async fn try_claim(
        &self,
        key: &str,
        work: &Work,
        id: ExchangeId,
        left: Duration,
    ) -> Result<Claimed, RegistryError> {
        let mut change = self.store.begin_of(TURN, &turn_of(&work.caller, key)).await?;
        let now = lease::now(&self.store, &mut change).await?;
        let until = lease::until(now, left.saturating_add(MARGIN));
        let (id, attempt) = match First::find(&mut change, &work.caller, key).await? {
            None => {
                self.insert_claim(&mut change, key, work, id, until).await?;
                (id, 1)
            }
            Some(first) => match first.tell(work, now)? {
                Err(told) => return Ok(told),
                Ok(first) if self.take_claim(&mut change, &first, until).await? => {
                    (kept::id(&first.id)?, kept::count(first.next_attempt()))
                }
                // It was forgotten in this very moment.
                Ok(_) => {
                    self.insert_claim(&mut change, key, work, id, until).await?;
                    (id, 1)
                }
            },
        };
        change.commit().await.map_err(unsure("claim an exchange"))?;
        Ok(Claimed::Mine { id, attempt })
    }

    async fn insert_claim(
        &self,
        change: &mut Connection,
        key: &str,
        work: &Work,
        id: ExchangeId,
        until: i64,
    ) -> Result<(), RegistryError> {
        let gateway = change.gateway().to_owned();
        sqlx::query(
            "INSERT INTO durable (id, caller, key, service, function, purpose, trace, request, body_bytes, ready, state, \
             attempts, attempts_before, accepted_ms, since_ms, gateway, boot, held_until_ms, story, depth) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 'claimed', 1, 0, $9, $9, $10, $11, $12, '{\"lines\":[]}', $13)",
        )
        .bind(id.to_string())
        .bind(work.caller.as_str())
        .bind(key)
        .bind(&*text(&work.service))
        .bind(&*text(&work.function))
        .bind(work.purpose.as_deref().map(text).as_deref())
        .bind(&*text(&work.trace))
        .bind(work.request.to_string())
        .bind(self.store.now_ms())
        .bind(gateway)
        .bind(&*self.shared.boot)
        .bind(until)
        .bind(i64::from(work.depth))
        .execute(change)
        .await
        .map_err(cannot("claim an exchange"))?;
        Ok(())
    }

    async fn take_claim(&self, change: &mut Connection, first: &First, until: i64) -> Result<bool, RegistryError> {
        let gateway = change.gateway().to_owned();
        let done = sqlx::query(
            "UPDATE durable SET state = 'claimed', attempts = $2, gateway = $3, boot = $4, held_until_ms = $5, \
             finished_ms = NULL WHERE id = $1",
        )
        .bind(&*first.id)
        .bind(first.next_attempt())
        .bind(gateway)
        .bind(&*self.shared.boot)
        .bind(until)
        .execute(change)
        .await
        .map_err(cannot("claim an exchange"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Keep the end of a claim; `false` where it is not held any more.
    pub(super) async fn end_claim(&self, id: ExchangeId, attempt: u32, end: &End) -> Result<bool, RegistryError> {
        let (answer, fault) = match &end.result {
            Ok(answer) => (Some(&**answer), None),
            Err(fault) => (None, Some(fault)),
        };
        let mut change = self.store.begin_beside().await?;
        let done = sqlx::query(
            "UPDATE durable SET state = 'done', answer = $4, fault = $5, code = $6, finished_ms = $7, \
             gateway = NULL, boot = NULL, held_until_ms = NULL \
             WHERE id = $1 AND state = 'claimed' AND attempts = $2 AND boot = $3",
        )
        .bind(id.to_string())
        .bind(i64::from(attempt))
        .bind(&*self.shared.boot)
        .bind(answer)
        .bind(fault.map(kept::fault_text).transpose()?)
        .bind(fault.map(|fault| fault.kind.row().code))
        .bind(self.store.now_ms())
        .execute(&mut *change)
        .await
        .map_err(cannot("keep the end of an exchange"))?;
        change.commit().await.map_err(unsure("keep the end of an exchange"))?;
        let _ = self.shared.ended.send(id);
        Ok(done.rows_affected() > 0)
    }

    /// Give a claim back.
    pub(crate) async fn free_claim(&self, id: ExchangeId, attempt: u32) -> Result<(), RegistryError> {
        let mut change = self.store.begin_beside().await?;
        sqlx::query(
            "UPDATE durable SET state = 'free', finished_ms = $4, gateway = NULL, boot = NULL, held_until_ms = NULL \
             WHERE id = $1 AND state = 'claimed' AND attempts = $2 AND boot = $3",
        )
        .bind(id.to_string())
        .bind(i64::from(attempt))
        .bind(&*self.shared.boot)
        .bind(self.store.now_ms())
        .execute(&mut *change)
        .await
        .map_err(cannot("give an exchange back"))?;
        change.commit().await.map_err(unsure("give an exchange back"))?;
        let _ = self.shared.ended.send(id);
        Ok(())
    }
}
