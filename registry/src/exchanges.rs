//! The records of exchanges: written in groups, as the spine closes them, and found again.
//!
//! Invariant: a record that the spine handed over is written exactly once. When the database cannot take it, it is
//! kept and tried again for as long as it takes; the queue then fills, and the spine refuses new exchanges rather
//! than run them without a record.

use crate::error::{RegistryError, cannot, chain, corrupt};
use crate::query::Statement;
use crate::store::{Store, text, to_db};
use nhip_exchange::{ExchangeId, Record};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep};

/// The most records of one listing.
pub const MOST_RECORDS: u32 = 1000;

/// The most records of one transaction: enough that the wait for the disk is shared by many, few enough that the
/// statement stays far below the database's limit of parameters (32 766).
const GROUP: usize = 512;
/// How soon a refused group is tried again, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the log is told that the database still refuses.
const REMIND: Duration = Duration::from_secs(10);

/// Which records to list. The default is the newest 100.
#[derive(Clone, Debug)]
pub struct ExchangeFilter {
    /// The one of this id.
    pub id: Option<ExchangeId>,
    /// Those of this service.
    pub service: Option<String>,
    /// Those of this caller.
    pub caller: Option<String>,
    /// Those that ended so: `ok` or the code of a fault.
    pub outcome: Option<String>,
    /// Those opened since this moment, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// How many at most; never more than [`MOST_RECORDS`].
    pub limit: u32,
}

impl Default for ExchangeFilter {
    fn default() -> Self {
        Self { id: None, service: None, caller: None, outcome: None, since_ms: None, limit: 100 }
    }
}

/// The records of exchanges. Cheap to clone.
#[derive(Clone)]
pub struct ExchangeLog {
    store: Store,
    /// How often in a row the database has refused the group that is to be written.
    refusals: Arc<AtomicU32>,
}

impl ExchangeLog {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, refusals: Arc::default() }
    }

    /// Whether the database refuses the records now: the gateway is then not ready.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.refusals() > 0
    }

    pub(crate) fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Write the records of the spine's queue. Ends when the queue is closed and everything in it is written.
    pub async fn write(self, mut queue: Receiver<Record>) {
        let mut group = Vec::with_capacity(GROUP);
        while queue.recv_many(&mut group, GROUP).await > 0 {
            self.write_at_last(&group).await;
            group.clear();
        }
    }

    /// Write a group, however long the database refuses it.
    async fn write_at_last(&self, group: &[Record]) {
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        while let Err(error) = self.write_group(group).await {
            self.refusals.fetch_add(1, Ordering::Relaxed);
            if told.is_none_or(|told| told.elapsed() >= REMIND) {
                tracing::error!(
                    records = group.len(),
                    error = chain(&error),
                    "cannot write the records of exchanges; keeping them and trying again"
                );
                told = Some(Instant::now());
            }
            sleep(pause).await;
            pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
        if told.is_some() {
            self.refusals.store(0, Ordering::Relaxed);
            tracing::info!(records = group.len(), "the records of exchanges are written again");
        }
    }

    /// Write a group in one transaction.
    async fn write_group(&self, group: &[Record]) -> Result<(), RegistryError> {
        let mut rows = Vec::with_capacity(group.len());
        for record in group {
            let json =
                serde_json::to_string(record).map_err(corrupt(format!("the record of exchange {}", record.id)))?;
            rows.push((record, json));
        }
        let mut insert = Statement::new("INSERT INTO exchanges (id, opened_ms, service, caller, outcome, record) ");
        insert.rows(rows, |row, (record, json)| {
            row.bind(record.id.to_string())
                .bind(to_db(record.opened_ms))
                .bind(&*text(&record.service))
                .bind(record.caller.as_deref().map(|caller| text(caller).into_owned()))
                .bind(&record.outcome)
                .bind(json);
        });
        // A commit that was reported as failed may have happened: then the group is there already.
        insert.push(" ON CONFLICT (id) DO NOTHING");
        let insert = insert.build().map_err(cannot("keep the records of exchanges"))?;
        let mut change = self.store.begin_beside().await?;
        insert.execute(&mut *change).await.map_err(cannot("keep the records of exchanges"))?;
        change.commit().await.map_err(cannot("keep the records of exchanges"))
    }

    /// The records that match, the newest first.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn recent(&self, filter: &ExchangeFilter) -> Result<Vec<Record>, RegistryError> {
        let mut query = Statement::new("SELECT id, record FROM exchanges WHERE 1 = 1");
        if let Some(id) = filter.id {
            query.push(" AND id = ").bind(id.to_string());
        }
        if let Some(service) = &filter.service {
            query.push(" AND service = ").bind(&*text(service));
        }
        if let Some(caller) = &filter.caller {
            query.push(" AND caller = ").bind(&*text(caller));
        }
        if let Some(outcome) = &filter.outcome {
            query.push(" AND outcome = ").bind(&*text(outcome));
        }
        if let Some(since) = filter.since_ms {
            query.push(" AND opened_ms >= ").bind(to_db(since));
        }
        query.push(" ORDER BY opened_ms DESC, id DESC LIMIT ").bind(i64::from(filter.limit.min(MOST_RECORDS)));
        let query = query.build_as::<(String, String)>().map_err(cannot("be read"))?;
        let rows = query.fetch_all(&mut *self.store.read().await?).await.map_err(cannot("be read"))?;
        let read = |(id, record): (String, String)| {
            serde_json::from_str(&record).map_err(corrupt(format!("the record of exchange `{id}`")))
        };
        rows.into_iter().map(read).collect()
    }
}
