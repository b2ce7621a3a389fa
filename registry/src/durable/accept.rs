//! Acceptance: an exchange is on disk, with its place in the order, or it is refused.

use super::claim::{First, TURN, digest_of, turn_of};
use super::{Durables, counts, kept, lane, lease};
use crate::error::{RegistryError, cannot, unsure};
use crate::store::{Connection, text, to_db};
use nhip_exchange::ExchangeId;
use nhip_exchange::durable::{Claimed, Work};

/// What became of an exchange that was to be accepted.
pub(super) enum Acceptance {
    /// It is accepted, or was before.
    Told(Claimed),
    /// There is no room; in words.
    Full(String),
}

/// An exchange about to be accepted.
struct New<'a> {
    id: String,
    key: Option<String>,
    work: &'a Work,
    lane: Option<&'a str>,
    /// How often it was tried before, by somebody who waited for the answer.
    attempts: i64,
}

impl Durables {
    /// Accept it, if nobody was first with its key and there is room.
    pub(super) async fn try_accept(
        &self,
        key: Option<&str>,
        work: &Work,
        id: ExchangeId,
        lane: Option<&str>,
    ) -> Result<Acceptance, RegistryError> {
        let key = key.map(digest_of);
        let mut change = match &key {
            Some(key) => self.store.begin_of(TURN, &turn_of(&work.caller, key)).await?,
            None => self.store.begin_beside().await?,
        };
        let (mut new, mut before) = (New { id: id.to_string(), key, work, lane, attempts: 0 }, None);
        if let Some(key) = &new.key
            && let Some(first) = First::find(&mut change, &work.caller, key).await?
        {
            let now = lease::now(&self.store, &mut change).await?;
            match first.tell(work, now)? {
                Err(told) => return Ok(Acceptance::Told(told)),
                // It was tried while its caller waited, and may be tried again: from now on without the caller.
                Ok(first) => {
                    (new.attempts, new.id) = (first.attempts(), first.id.clone());
                    before = Some(first.id);
                }
            }
        }
        let Some(number) = counts::add(&mut change, work.body.len() as u64, &self.config).await? else {
            let (waiting, dead) = counts::amounts(&mut change).await?;
            let most = self.config;
            return Ok(Acceptance::Full(format!(
                "{} exchanges with {} bytes wait, of at most {} and {}; {} dead letters with {} bytes lie, of at most {} and {}",
                waiting.exchanges,
                waiting.bytes,
                most.waiting.exchanges,
                most.waiting.bytes,
                dead.exchanges,
                dead.bytes,
                most.dead.exchanges,
                most.dead.bytes
            )));
        };
        if let Some(before) = before {
            remove(&mut change, &before).await?;
        }
        self.insert(&mut change, &new, number).await?;
        let id = kept::id(&new.id)?;
        change.commit().await.map_err(unsure("accept an exchange"))?;
        self.shared.accepted.notify_one();
        Ok(Acceptance::Told(Claimed::Mine { id, attempt: 0 }))
    }

    async fn insert(&self, change: &mut Connection, new: &New<'_>, number: i64) -> Result<(), RegistryError> {
        let ready = lane::is_free(change, new.lane).await?;
        sqlx::query(
            "INSERT INTO durable (id, caller, key, service, function, purpose, trace, request, body, body_bytes, lane, \
             number, ready, state, attempts, attempts_before, accepted_ms, since_ms, next_ms, story, depth) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'waiting', $14, $14, $15, $15, $15, \
             '{\"lines\":[]}', $16)",
        )
        .bind(&*new.id)
        .bind(new.work.caller.as_str())
        .bind(new.key.as_deref())
        .bind(&*text(&new.work.service))
        .bind(&*text(&new.work.function))
        .bind(new.work.purpose.as_deref().map(text).as_deref())
        .bind(&*text(&new.work.trace))
        .bind(new.work.request.to_string())
        .bind(&*new.work.body)
        .bind(to_db(new.work.body.len() as u64))
        .bind(new.lane)
        .bind(number)
        .bind(i64::from(ready))
        .bind(new.attempts)
        .bind(self.store.now_ms())
        .bind(i64::from(new.work.depth))
        .execute(change)
        .await
        .map_err(cannot("accept an exchange"))?;
        Ok(())
    }
}

/// Remove the row of a key, to be written anew in the same change.
async fn remove(change: &mut Connection, id: &str) -> Result<(), RegistryError> {
    sqlx::query("DELETE FROM durable WHERE id = $1")
        .bind(id)
        .execute(change)
        .await
        .map_err(cannot("accept an exchange"))?;
    Ok(())
}
