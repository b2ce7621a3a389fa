//! Taking what is due: the work of a gateway that delivers.
//!
//! Invariant: what is taken is marked as tried by this run of this gateway, under a lease, and counted as an attempt,
//! before anybody works it; what is worked here is not taken again until its [`Job`] is gone.

use super::lease;
use super::story::{Line, Story};
use super::{Durables, Shared, kept, what};
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::query::Statement;
use crate::store::{Connection, from_db, to_db};
use bytes::Bytes;
use nhip_exchange::ExchangeId;
use nhip_exchange::durable::Work;
use std::sync::Arc;
use std::time::Duration;

/// The gateways take one after the other.
const TURN: &str = "durable-take";
/// The most that are found to be lost at once; the others the next time.
const LOST: i64 = 100;
/// What a time may be further ahead than the longest pause, before the clock must have been set back.
const AHEAD: Duration = Duration::from_secs(60);

/// How much of a service may be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// How many exchanges.
    pub jobs: usize,
    /// The longest pause of its policy: what is due much later than that is due now, for the clock was set back.
    pub longest_pause: Duration,
}

/// An exchange that was taken, to be tried.
pub struct Job {
    /// Its id, the same at every try.
    pub id: ExchangeId,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// Which try it is since it was accepted, or since an operator had it tried again.
    pub nth: u32,
    /// Since when it waits to be done, in milliseconds since 1970.
    pub since_ms: u64,
    /// What it asks for.
    pub work: Work,
    _hold: Hold,
}

/// Keeps an exchange from being taken again while it is worked here.
struct Hold(Arc<Shared>, ExchangeId);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.working().remove(&self.1);
    }
}

/// What was taken.
#[derive(Default)]
pub struct Taken {
    /// What is to be tried now.
    pub jobs: Vec<Job>,
    /// When more of what there was room for is due, in milliseconds since 1970.
    pub next_ms: Option<u64>,
}

impl Durables {
    /// Take what is due: of every lane the first, of every service as much as there is room for, those that are due
    /// longest first. What a gateway was trying that is not heard of any more is taken over, as a further attempt.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`. Nothing is lost then: a lease that nobody works runs out.
    pub async fn take(&self, room: impl Fn(&str) -> Room + Sync) -> Result<Taken, RegistryError> {
        let mut change = self.store.begin_of(TURN, "").await?;
        let lease_now = lease::now(&self.store, &mut change).await?;
        self.end_lost(&mut change, lease_now).await?;
        let (mut taken, mut service) = (Taken::default(), String::new());
        while let Some(next) = next_service(&mut change, &service).await? {
            let room = room(&next);
            if room.jobs > 0 {
                self.take_of(&mut change, &next, room, lease_now, &mut taken).await?;
            }
            service = next;
        }
        change.commit().await.map_err(unsure("take what is due"))?;
        Ok(taken)
    }

    /// Take what is due of one service.
    async fn take_of(
        &self,
        change: &mut Connection,
        service: &str,
        room: Room,
        lease_now: i64,
        taken: &mut Taken,
    ) -> Result<(), RegistryError> {
        let now = self.store.now_ms();
        let far = u64::try_from(room.longest_pause.saturating_add(AHEAD).as_millis()).unwrap_or(u64::MAX);
        let far = now.saturating_add(to_db(far));
        let mut due = due(change, service, (i64::MIN, now), room.jobs).await?;
        if due.len() < room.jobs {
            let rest = room.jobs - due.len();
            due.extend(self::due(change, service, (far.saturating_add(1), i64::MAX), rest).await?);
        }
        let until = lease::until(lease_now, self.config.lease);
        for id in due {
            // Held before it is marked, given back if that fails: nothing here takes it twice.
            let Some(hold) = self.hold(kept::id(&id)?) else { continue };
            if let Some(job) = self.mark(change, &id, until, hold).await? {
                taken.jobs.push(job);
            }
        }
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT MIN(next_ms) FROM durable WHERE state = 'waiting' AND ready = 1 AND service = $1",
        )
        .bind(service)
        .fetch_one(change)
        .await
        .map_err(cannot("be read"))?;
        let next = next.filter(|next| *next > now).map(from_db);
        taken.next_ms = taken.next_ms.into_iter().chain(next).min();
        Ok(())
    }

    fn hold(&self, id: ExchangeId) -> Option<Hold> {
        self.shared.working().insert(id).then(|| Hold(Arc::clone(&self.shared), id))
    }

    /// Mark one as tried here.
    async fn mark(
        &self,
        change: &mut Connection,
        id: &str,
        until: i64,
        hold: Hold,
    ) -> Result<Option<Job>, RegistryError> {
        let gateway = change.gateway().to_owned();
        let row: Option<Row> = sqlx::query_as(
            "UPDATE durable SET state = 'trying', attempts = attempts + 1, gateway = $2, boot = $3, held_until_ms = $4 \
             WHERE id = $1 AND state = 'waiting' AND ready = 1 \
             RETURNING id, caller, service, function, purpose, trace, depth, request, body, attempts, \
             attempts_before, since_ms",
        )
        .bind(id)
        .bind(gateway)
        .bind(&*self.shared.boot)
        .bind(until)
        .fetch_optional(change)
        .await
        .map_err(cannot("take what is due"))?;
        row.map(|row| row.job(hold)).transpose()
    }

    /// Let those wait again that a gateway was trying whose lease ran out.
    async fn end_lost(&self, change: &mut Connection, lease_now: i64) -> Result<(), RegistryError> {
        let lost: Vec<(String, i64, String)> = sqlx::query_as(
            "SELECT id, attempts, story FROM durable WHERE state = 'trying' \
             AND (held_until_ms <= $1 OR held_until_ms > $2) ORDER BY held_until_ms LIMIT $3",
        )
        .bind(lease_now)
        .bind(lease_now.saturating_add(lease::LONGEST))
        .bind(LOST)
        .fetch_all(&mut *change)
        .await
        .map_err(cannot("be read"))?;
        for (id, attempts, story) in lost {
            if self.shared.working().contains(&kept::id(&id)?) {
                continue;
            }
            let (now, mut story) = (self.store.now_ms(), Story::parse(&story, &id)?);
            story.add(Line::lost(now, kept::count(attempts)));
            let done = sqlx::query(
                "UPDATE durable SET state = 'waiting', next_ms = $3, story = $4, gateway = NULL, boot = NULL, \
                 held_until_ms = NULL WHERE id = $1 AND state = 'trying' AND attempts = $2 \
                 AND (held_until_ms <= $5 OR held_until_ms > $6)",
            )
            .bind(&*id)
            .bind(attempts)
            .bind(now)
            .bind(story.text()?)
            .bind(lease_now)
            .bind(lease_now.saturating_add(lease::LONGEST))
            .execute(&mut *change)
            .await
            .map_err(cannot("take an exchange over"))?;
            if done.rows_affected() > 0 {
                tracing::warn!(exchange = %id, attempt = attempts, "a try was lost with its gateway; it is tried again");
            }
        }
        Ok(())
    }

    /// Renew the leases of all that is worked here.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`: then another gateway may take over what is worked here.
    pub async fn renew(&self) -> Result<(), RegistryError> {
        let working: Vec<ExchangeId> = self.shared.working().iter().copied().collect();
        if working.is_empty() {
            return Ok(());
        }
        let mut change = self.store.begin_beside().await?;
        let now = lease::now(&self.store, &mut change).await?;
        for some in working.chunks(500) {
            let mut statement = Statement::new("UPDATE durable SET held_until_ms = ");
            statement.bind(lease::until(now, self.config.lease));
            statement.push(" WHERE state = 'trying' AND boot = ").bind(&*self.shared.boot).push(" AND id IN (");
            for (at, id) in some.iter().enumerate() {
                statement.push(if at == 0 { "" } else { ", " }).bind(id.to_string());
            }
            statement.push(")");
            let statement = statement.build().map_err(cannot("renew the leases"))?;
            statement.execute(&mut *change).await.map_err(cannot("renew the leases"))?;
        }
        change.commit().await.map_err(unsure("renew the leases"))
    }
}

/// The first service after this name of which something waits.
async fn next_service(change: &mut Connection, after: &str) -> Result<Option<String>, RegistryError> {
    sqlx::query_scalar(
        "SELECT service FROM durable WHERE state = 'waiting' AND ready = 1 AND service > $1 ORDER BY service LIMIT 1",
    )
    .bind(after)
    .fetch_optional(change)
    .await
    .map_err(cannot("be read"))
}

/// What of a service is ready and was to be tried between these times, the earliest first.
async fn due(
    change: &mut Connection,
    service: &str,
    (from, to): (i64, i64),
    most: usize,
) -> Result<Vec<String>, RegistryError> {
    sqlx::query_scalar(
        "SELECT id FROM durable WHERE state = 'waiting' AND ready = 1 AND service = $1 \
         AND next_ms >= $2 AND next_ms <= $3 ORDER BY next_ms, number LIMIT $4",
    )
    .bind(service)
    .bind(from)
    .bind(to)
    .bind(to_db(most as u64))
    .fetch_all(change)
    .await
    .map_err(cannot("be read"))
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    caller: String,
    service: String,
    function: String,
    purpose: Option<String>,
    trace: String,
    depth: i64,
    request: String,
    body: Vec<u8>,
    attempts: i64,
    attempts_before: i64,
    since_ms: i64,
}

impl Row {
    fn job(self, hold: Hold) -> Result<Job, RegistryError> {
        let work = Work {
            caller: self.caller.parse().map_err(corrupt(what(&self.id)))?,
            service: self.service,
            function: self.function,
            purpose: self.purpose,
            trace: self.trace,
            depth: kept::count(self.depth),
            body: Bytes::from(self.body),
            request: self.request.parse().map_err(corrupt(what(&self.id)))?,
        };
        Ok(Job {
            id: hold.1,
            attempt: kept::count(self.attempts),
            nth: kept::count(self.attempts - self.attempts_before),
            since_ms: from_db(self.since_ms),
            work,
            _hold: hold,
        })
    }
}
