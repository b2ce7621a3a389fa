//! What is done with dead letters: they are tried again, or given up. Each is a control act, in the same transaction.
//!
//! A dead letter that is tried again goes to the end of its lane, for what came after it went on without it; its
//! attempts are counted on, and its policy counts them, and its age, anew.

use super::counts::{self, Move};
use super::dead::DeadFilter;
use super::{Durables, lane};
use crate::acts::{self, ActKind, Entry};
use crate::error::{RegistryError, cannot, unsure};
use crate::query::Statement;
use crate::store::Connection;
use nhip_exchange::ExchangeId;
use serde_json::{Value, json};

/// The most of one transaction, and of one control act.
const GROUP: usize = 500;

/// Which dead letters are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Which {
    /// One.
    One(ExchangeId),
    /// All that the filter lets through.
    All(DeadFilter),
}

/// What is done with them.
#[derive(Clone, Copy)]
enum Do {
    Retry,
    Discard,
}

impl Durables {
    /// Have dead letters tried again. Gives how many there were.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`: those of groups before are kept.
    pub async fn retry_dead(&self, which: &Which, actor: &str) -> Result<u64, RegistryError> {
        let done = self.all(which, actor, Do::Retry).await;
        self.shared.accepted.notify_one();
        done
    }

    /// Give dead letters up: their bodies are forgotten, and their fault is their end. Gives how many there were.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`: those of groups before are kept.
    pub async fn discard_dead(&self, which: &Which, actor: &str) -> Result<u64, RegistryError> {
        self.all(which, actor, Do::Discard).await
    }

    /// In groups, so that nobody waits long. What dies meanwhile is not among them.
    async fn all(&self, which: &Which, actor: &str, what: Do) -> Result<u64, RegistryError> {
        let mut done = 0;
        for group in self.meant(which).await?.chunks(GROUP) {
            done += self.group(which, group, actor, what).await?;
        }
        Ok(done)
    }

    /// The ids of those that are meant, in the order of their acceptance.
    async fn meant(&self, which: &Which) -> Result<Vec<String>, RegistryError> {
        let mut query = Statement::new("SELECT id FROM durable WHERE state = 'dead'");
        match which {
            Which::One(id) => {
                query.push(" AND id = ").bind(id.to_string());
            }
            Which::All(filter) => filter.narrow(&mut query),
        }
        query.push(" ORDER BY number");
        let query = query.build_as::<(String,)>().map_err(cannot("be read"))?;
        let ids = query.fetch_all(&mut *self.store.read().await?).await.map_err(cannot("be read"))?;
        Ok(ids.into_iter().map(|(id,)| id).collect())
    }

    async fn group(&self, which: &Which, ids: &[String], actor: &str, what: Do) -> Result<u64, RegistryError> {
        let mut change = self.store.begin().await?;
        let now = self.store.now_ms();
        let mut done: Vec<&str> = Vec::new();
        for id in ids {
            let dead: Option<(i64, Option<String>)> =
                sqlx::query_as("SELECT body_bytes, lane FROM durable WHERE id = $1 AND state = 'dead'")
                    .bind(&**id)
                    .fetch_optional(&mut *change)
                    .await
                    .map_err(cannot("be read"))?;
            // Somebody else was quicker. From here on nobody is: this is a turn of control.
            let Some((bytes, lane)) = dead else { continue };
            match what {
                Do::Retry => revive(&mut change, id, bytes, lane.as_deref(), now).await?,
                Do::Discard => discard(&mut change, id, bytes, now).await?,
            }
            done.push(id);
        }
        if done.is_empty() {
            return Ok(0);
        }
        let (kind, doing) = match what {
            Do::Retry => (ActKind::DeadLetterRetry, "have dead letters tried again"),
            Do::Discard => (ActKind::DeadLetterDiscard, "discard dead letters"),
        };
        let (subject, detail) = told(which, &done);
        acts::record(&mut change, now, Entry::new(actor, kind, &subject, &detail)).await?;
        acts::commit(change, &self.bell).await.map_err(unsure(doing))?;
        Ok(done.len() as u64)
    }
}

/// What the control act is about, and its detail.
fn told(which: &Which, ids: &[&str]) -> (String, Value) {
    match which {
        Which::One(id) => (id.to_string(), json!({ "exchanges": ids })),
        Which::All(filter) => {
            let subject = filter.service.clone().unwrap_or_else(|| "dead-letters".to_owned());
            (subject, json!({ "filter": filter, "exchanges": ids }))
        }
    }
}

async fn revive(
    change: &mut Connection,
    id: &str,
    bytes: i64,
    lane: Option<&str>,
    now: i64,
) -> Result<(), RegistryError> {
    let number = counts::shift(change, Move::Revive, bytes).await?;
    let ready = lane::is_free(change, lane).await?;
    sqlx::query(
        "UPDATE durable SET state = 'waiting', number = $2, ready = $3, attempts_before = attempts, since_ms = $4, \
         next_ms = $4, finished_ms = NULL WHERE id = $1",
    )
    .bind(id)
    .bind(number)
    .bind(i64::from(ready))
    .bind(now)
    .execute(change)
    .await
    .map_err(cannot("have a dead letter tried again"))?;
    Ok(())
}

async fn discard(change: &mut Connection, id: &str, bytes: i64, now: i64) -> Result<(), RegistryError> {
    counts::shift(change, Move::Discard, bytes).await?;
    sqlx::query("UPDATE durable SET state = 'discarded', body = NULL, finished_ms = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change)
        .await
        .map_err(cannot("discard a dead letter"))?;
    Ok(())
}
