//! What became of a try: it is done, it is tried again, it did not take place, or it is dead.
//!
//! Invariant: only who holds the lease of the try says so, and once; `false` means that it does not hold it any more,
//! because it said so before or because another gateway has taken over.

use super::counts::{self, Move};
use super::story::{self, Line};
use super::{Durables, Job, kept, lane};
use crate::error::{RegistryError, cannot, unsure};
use crate::store::{Connection, to_db};
use nhip_exchange::Fault;

/// The condition under which a try may still say what became of it, by parameters 1 to 3, and what ends its lease.
macro_rules! if_held {
    ($set:literal) => {
        concat!(
            "UPDATE durable SET ",
            $set,
            ", gateway = NULL, boot = NULL, held_until_ms = NULL \
             WHERE id = $1 AND state = 'trying' AND attempts = $2 AND boot = $3"
        )
    };
}

impl Durables {
    /// It is done. Its answer is kept for its caller, its body is not.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`: say it again.
    pub async fn succeed(&self, job: &Job, answer: &[u8]) -> Result<bool, RegistryError> {
        let now = self.store.now_ms();
        let mut change = self.store.begin_beside().await?;
        let Some(lane) = self.over(&mut change, job, Move::Over).await? else { return Ok(false) };
        let story = told(&mut change, job, Line::ok(now, job.attempt)).await?;
        let done = sqlx::query(if_held!(
            "state = 'done', ready = 0, next_ms = NULL, body = NULL, answer = $4, fault = NULL, code = NULL, story = $5, \
             finished_ms = $6"
        ))
        .bind(job.id.to_string())
        .bind(i64::from(job.attempt))
        .bind(&*self.shared.boot)
        .bind(answer)
        .bind(story)
        .bind(now)
        .execute(&mut *change)
        .await
        .map_err(cannot("keep an answer"))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        lane::go_on(&mut change, lane.as_deref()).await?;
        change.commit().await.map_err(unsure("keep an answer"))?;
        self.shared.accepted.notify_one();
        Ok(true)
    }

    /// It is not tried any more: a dead letter, with its body and its story. Its lane goes on without it.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`: say it again.
    pub async fn bury(&self, job: &Job, fault: &Fault) -> Result<bool, RegistryError> {
        let now = self.store.now_ms();
        let mut change = self.store.begin_beside().await?;
        let Some(lane) = self.over(&mut change, job, Move::Bury).await? else { return Ok(false) };
        let story = told(&mut change, job, Line::fault(now, job.attempt, fault, None)).await?;
        let done = sqlx::query(if_held!(
            "state = 'dead', ready = 0, next_ms = NULL, fault = $4, code = $5, story = $6, finished_ms = $7"
        ))
        .bind(job.id.to_string())
        .bind(i64::from(job.attempt))
        .bind(&*self.shared.boot)
        .bind(kept::fault_text(fault)?)
        .bind(fault.kind.row().code)
        .bind(story)
        .bind(now)
        .execute(&mut *change)
        .await
        .map_err(cannot("keep a dead letter"))?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        lane::go_on(&mut change, lane.as_deref()).await?;
        change.commit().await.map_err(unsure("keep a dead letter"))?;
        self.shared.accepted.notify_one();
        Ok(true)
    }

    /// It failed and is tried again at that time, in milliseconds since 1970.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`: say it again.
    pub async fn retry(&self, job: &Job, fault: &Fault, at_ms: u64) -> Result<bool, RegistryError> {
        let now = self.store.now_ms();
        self.again(job, fault, Line::fault(now, job.attempt, fault, Some(at_ms))).await
    }

    /// It did not reach the adapter, and is tried at that time, in milliseconds since 1970. That was no attempt.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`: say it again.
    pub async fn not_tried(&self, job: &Job, fault: &Fault, at_ms: u64) -> Result<bool, RegistryError> {
        let now = self.store.now_ms();
        let line = Line { tried: false, ..Line::fault(now, job.attempt, fault, Some(at_ms)) };
        self.again(job, fault, line).await
    }

    async fn again(&self, job: &Job, fault: &Fault, line: Line) -> Result<bool, RegistryError> {
        let (at_ms, back) = (line.next_ms.unwrap_or(line.at_ms), i64::from(!line.tried));
        let mut change = self.store.begin_beside().await?;
        let story = told(&mut change, job, line).await?;
        let done = sqlx::query(if_held!(
            "state = 'waiting', next_ms = $4, attempts = attempts - $5, fault = $6, code = $7, story = $8"
        ))
        .bind(job.id.to_string())
        .bind(i64::from(job.attempt))
        .bind(&*self.shared.boot)
        .bind(to_db(at_ms))
        .bind(back)
        .bind(kept::fault_text(fault)?)
        .bind(fault.kind.row().code)
        .bind(story)
        .execute(&mut *change)
        .await
        .map_err(cannot("put an exchange off"))?;
        change.commit().await.map_err(unsure("put an exchange off"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Count it as over. Gives its lane, if it is there and may still be held.
    async fn over(
        &self,
        change: &mut Connection,
        job: &Job,
        what: Move,
    ) -> Result<Option<Option<String>>, RegistryError> {
        let row: Option<(i64, Option<String>)> = sqlx::query_as(
            "SELECT body_bytes, lane FROM durable WHERE id = $1 AND state = 'trying' AND attempts = $2 AND boot = $3",
        )
        .bind(job.id.to_string())
        .bind(i64::from(job.attempt))
        .bind(&*self.shared.boot)
        .fetch_optional(&mut *change)
        .await
        .map_err(cannot("be read"))?;
        let Some((bytes, lane)) = row else { return Ok(None) };
        counts::shift(change, what, bytes).await?;
        Ok(Some(lane))
    }
}

/// The story with one more line, as text.
async fn told(change: &mut Connection, job: &Job, line: Line) -> Result<String, RegistryError> {
    let mut story = story::read(change, job.id).await?.unwrap_or_default();
    story.add(line);
    story.text()
}
