//! Where each schedule is: the last run that was decided upon, the runs that are to be made, and who makes them.
//!
//! Which runs are due is decided, and kept as to be made, in one transaction; each is crossed off when it was made. So
//! of several gateways one makes a run, under a lease, and nobody decides anew before it is over: there is no overlap.
//! A gateway that dies between deciding and crossing off leaves the run, and another makes it when the lease ends.
//!
//! Invariant: a run that was decided upon is made at least once. At most once would lose the run of a gateway that
//! dies, and what is called by the clock is asked again and again anyway.

use crate::durable::lease;
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::store::{Connection, Store, from_db, to_db};
use nhip_policies::{AdapterName, Schedule, ScheduleName};
use std::time::Duration;

/// Each schedule has its turn.
const TURN: &str = "schedule";

/// Where a schedule is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScheduleState {
    /// The adapter.
    pub adapter: String,
    /// The schedule, of the adapter's policy.
    pub name: String,
    /// The expression and the time zone that it was decided by.
    pub cron: String,
    /// The last run that was decided upon, in milliseconds since 1970.
    pub last_run_ms: u64,
    /// The runs that are to be made, by the time for which they were planned, the earliest first.
    pub pending: Vec<u64>,
    /// Whether a gateway is making them now.
    pub held: bool,
}

/// The schedules. Cheap to clone.
#[derive(Clone)]
pub struct Schedules {
    store: Store,
    boot: String,
}

impl Schedules {
    /// Take up the schedules. What an earlier run of this gateway held is free at once.
    pub(crate) async fn open(store: Store, boot: String) -> Result<Self, RegistryError> {
        let mut change = store.begin_beside().await?;
        lease::end_earlier_schedules(&store, &mut change, &boot).await?;
        change.commit().await.map_err(cannot("take up the schedules"))?;
        Ok(Self { store, boot })
    }

    /// Where all schedules are, also those of adapters that are not in service.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Corrupt`.
    pub async fn states(&self) -> Result<Vec<ScheduleState>, RegistryError> {
        let mut reading = self.store.read().await?;
        let now = lease::now(&self.store, &mut reading).await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT adapter, name, cron, last_run_ms, pending, held_until_ms FROM schedules ORDER BY adapter, name",
        )
        .fetch_all(&mut *reading)
        .await
        .map_err(cannot("be read"))?;
        rows.into_iter().map(|row| row.state(now)).collect()
    }

    /// Take the runs that are to be made now, for so long as the lease is renewed; none where another makes them, or
    /// nothing is due. A schedule that was not known, or is planned otherwise than before, begins now.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`.
    pub async fn take(
        &self,
        adapter: &AdapterName,
        name: &ScheduleName,
        schedule: &Schedule,
        length: Duration,
    ) -> Result<Vec<u64>, RegistryError> {
        let (now, cron) = (self.store.now_ms(), cron_of(schedule));
        let mut change = self.store.begin_of(TURN, &format!("{adapter} {name}")).await?;
        let lease_now = lease::now(&self.store, &mut change).await?;
        let (mut last_ms, pending) = match find(&mut change, adapter, name).await? {
            None => {
                insert(&mut change, adapter, name, &cron, now).await?;
                (from_db(now), Vec::new())
            }
            Some(row) => {
                let state = row.state(lease_now)?;
                if state.held {
                    return Ok(Vec::new());
                }
                (if state.cron == cron { state.last_run_ms } else { from_db(now) }, state.pending)
            }
        };
        let runs = if pending.is_empty() {
            let due = schedule.due(last_ms, from_db(now));
            last_ms = due.last_run_ms;
            due.runs
        } else {
            pending
        };
        let until = (!runs.is_empty()).then(|| lease::until(lease_now, length));
        self.keep(&mut change, (adapter, name), (&cron, last_ms, &runs), until).await?;
        change.commit().await.map_err(unsure("take the runs of a schedule"))?;
        Ok(runs)
    }

    async fn keep(
        &self,
        change: &mut Connection,
        (adapter, name): (&AdapterName, &ScheduleName),
        (cron, last_ms, runs): (&str, u64, &[u64]),
        until: Option<i64>,
    ) -> Result<(), RegistryError> {
        let gateway = change.gateway().to_owned();
        sqlx::query(
            "UPDATE schedules SET cron = $3, last_run_ms = $4, pending = $5, gateway = $6, boot = $7, held_until_ms = $8 \
             WHERE adapter = $1 AND name = $2",
        )
        .bind(adapter.as_str())
        .bind(name.as_str())
        .bind(cron)
        .bind(to_db(last_ms))
        .bind(list(runs)?)
        .bind(until.map(|_| gateway))
        .bind(until.map(|_| &*self.boot))
        .bind(until)
        .execute(change)
        .await
        .map_err(cannot("take the runs of a schedule"))?;
        Ok(())
    }

    /// Cross off a run that was made, and give the schedule back after the last one. `false` where it is not held here
    /// any more.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`, `Corrupt`: say it again.
    pub async fn made(&self, adapter: &AdapterName, name: &ScheduleName, run: u64) -> Result<bool, RegistryError> {
        let mut change = self.store.begin_of(TURN, &format!("{adapter} {name}")).await?;
        let Some(row) = find(&mut change, adapter, name).await? else { return Ok(false) };
        let mut pending = row.pending()?;
        pending.retain(|planned| *planned != run);
        let done = sqlx::query("UPDATE schedules SET pending = $4 WHERE adapter = $1 AND name = $2 AND boot = $3")
            .bind(adapter.as_str())
            .bind(name.as_str())
            .bind(&*self.boot)
            .bind(list(&pending)?)
            .execute(&mut *change)
            .await
            .map_err(cannot("cross off the run of a schedule"))?;
        if pending.is_empty() {
            self.give_back(&mut change, adapter, name).await?;
        }
        change.commit().await.map_err(unsure("cross off the run of a schedule"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Renew the lease; `false` where it is not held here any more.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`.
    pub async fn renew(
        &self,
        adapter: &AdapterName,
        name: &ScheduleName,
        length: Duration,
    ) -> Result<bool, RegistryError> {
        let mut change = self.store.begin_beside().await?;
        let until = lease::until(lease::now(&self.store, &mut change).await?, length);
        let done =
            sqlx::query("UPDATE schedules SET held_until_ms = $4 WHERE adapter = $1 AND name = $2 AND boot = $3")
                .bind(adapter.as_str())
                .bind(name.as_str())
                .bind(&*self.boot)
                .bind(until)
                .execute(&mut *change)
                .await
                .map_err(cannot("renew the lease of a schedule"))?;
        change.commit().await.map_err(unsure("renew the lease of a schedule"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Give the schedule back, with the runs that were not made.
    ///
    /// # Errors
    /// `Database`, `Unreachable`, `Uncertain`: then the lease runs out.
    pub async fn release(&self, adapter: &AdapterName, name: &ScheduleName) -> Result<(), RegistryError> {
        let mut change = self.store.begin_beside().await?;
        self.give_back(&mut change, adapter, name).await?;
        change.commit().await.map_err(unsure("give a schedule back"))
    }

    async fn give_back(
        &self,
        change: &mut Connection,
        adapter: &AdapterName,
        name: &ScheduleName,
    ) -> Result<(), RegistryError> {
        sqlx::query(
            "UPDATE schedules SET gateway = NULL, boot = NULL, held_until_ms = NULL \
             WHERE adapter = $1 AND name = $2 AND boot = $3",
        )
        .bind(adapter.as_str())
        .bind(name.as_str())
        .bind(&*self.boot)
        .execute(change)
        .await
        .map_err(cannot("give a schedule back"))?;
        Ok(())
    }
}

impl ScheduleState {
    /// Whether there may be something to take at this moment, in milliseconds since 1970: a look that changes nothing.
    #[must_use]
    pub fn may_be_due(&self, schedule: &Schedule, now_ms: u64) -> bool {
        if self.held {
            return false;
        }
        let due = schedule.due(self.last_run_ms, now_ms);
        !self.pending.is_empty()
            || self.cron != cron_of(schedule)
            || !due.runs.is_empty()
            || due.last_run_ms != self.last_run_ms
    }
}

/// Expression and time zone.
fn cron_of(schedule: &Schedule) -> String {
    format!("{} {}", schedule.cron.expression(), schedule.cron.time_zone())
}

fn list(runs: &[u64]) -> Result<String, RegistryError> {
    serde_json::to_string(runs).map_err(corrupt("the runs of a schedule"))
}

async fn find(
    change: &mut Connection,
    adapter: &AdapterName,
    name: &ScheduleName,
) -> Result<Option<Row>, RegistryError> {
    sqlx::query_as(
        "SELECT adapter, name, cron, last_run_ms, pending, held_until_ms FROM schedules \
         WHERE adapter = $1 AND name = $2",
    )
    .bind(adapter.as_str())
    .bind(name.as_str())
    .fetch_optional(change)
    .await
    .map_err(cannot("be read"))
}

async fn insert(
    change: &mut Connection,
    adapter: &AdapterName,
    name: &ScheduleName,
    cron: &str,
    now: i64,
) -> Result<(), RegistryError> {
    sqlx::query("INSERT INTO schedules (adapter, name, cron, last_run_ms, pending) VALUES ($1, $2, $3, $4, '[]')")
        .bind(adapter.as_str())
        .bind(name.as_str())
        .bind(cron)
        .bind(now)
        .execute(change)
        .await
        .map_err(cannot("begin a schedule"))?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    adapter: String,
    name: String,
    cron: String,
    last_run_ms: i64,
    pending: String,
    held_until_ms: Option<i64>,
}

impl Row {
    fn pending(&self) -> Result<Vec<u64>, RegistryError> {
        let what = format!("the schedule `{}` of `{}`", self.name, self.adapter);
        serde_json::from_str(&self.pending).map_err(corrupt(what))
    }

    fn state(self, now: i64) -> Result<ScheduleState, RegistryError> {
        Ok(ScheduleState {
            pending: self.pending()?,
            held: lease::holds(self.held_until_ms, now),
            adapter: self.adapter,
            name: self.name,
            cron: self.cron,
            last_run_ms: from_db(self.last_run_ms),
        })
    }
}
