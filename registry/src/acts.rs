//! Control acts: who changed what, when, and who tried to and was refused.
//!
//! Invariant: an act is written in the transaction of the change that it tells of, so there is neither a change
//! without its act nor an act without its change; and it is never altered (the database itself refuses).

use crate::connection::Transaction;
use crate::deployment::DeploymentId;
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::query::Statement;
use crate::store::{Connection, Store, from_db, text, to_db};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Notify;

/// The most acts of one listing.
pub const MOST_ACTS: u32 = 1000;

/// What was done, or tried.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActKind {
    /// A component was put in service.
    Deploy,
    /// An earlier deployment was put in service again.
    Rollback,
    /// An adapter was taken out of service.
    Retire,
    /// A caller was made, with its first key.
    CallerAdd,
    /// A caller was given a further key.
    KeyAdd,
    /// Keys of a caller were revoked.
    KeyRevoke,
    /// Old segments of the record were to be emptied; what was emptied is on the chain.
    Retain,
    /// Dead letters were told to be tried again.
    DeadLetterRetry,
    /// Dead letters were given up.
    DeadLetterDiscard,
}

impl ActKind {
    const ALL: [Self; 9] = [
        Self::Deploy,
        Self::Rollback,
        Self::Retire,
        Self::CallerAdd,
        Self::KeyAdd,
        Self::KeyRevoke,
        Self::Retain,
        Self::DeadLetterRetry,
        Self::DeadLetterDiscard,
    ];

    /// The word in the database and in listings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Retire => "retire",
            Self::CallerAdd => "caller-add",
            Self::KeyAdd => "key-add",
            Self::KeyRevoke => "key-revoke",
            Self::Retain => "retain",
            Self::DeadLetterRetry => "dead-letter-retry",
            Self::DeadLetterDiscard => "dead-letter-discard",
        }
    }
}

/// One control act.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Act {
    /// Its number; grows with time.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// Who.
    pub actor: String,
    /// What.
    pub kind: ActKind,
    /// The adapter, caller, service or exchange it was about.
    pub subject: String,
    /// Whether it was only tried.
    pub refused: bool,
    /// The deployment that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// What else there is to know of it.
    pub detail: Value,
    /// The gateway that made it; empty for an act from before gateways had names.
    pub gateway: String,
}

/// Which acts to list. The default is all.
#[derive(Clone, Debug, Default)]
pub struct ActFilter {
    /// Those of this actor.
    pub actor: Option<String>,
    /// Those of this kind.
    pub kind: Option<ActKind>,
    /// Those about this adapter or caller.
    pub subject: Option<String>,
    /// Those that were, or that were not, refused.
    pub refused: Option<bool>,
    /// Those since this moment, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Those that this gateway made.
    pub gateway: Option<String>,
}

/// The control acts. Cheap to clone.
#[derive(Clone)]
pub struct Acts {
    store: Store,
    bell: Bell,
}

/// Rung when an act was committed, for whoever brings the acts to the record's chain.
pub(crate) type Bell = Arc<Notify>;

impl Acts {
    pub(crate) fn new(store: Store, bell: Bell) -> Self {
        Self { store, bell }
    }

    /// The newest acts first, at most `limit` and never more than [`MOST_ACTS`].
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn list(&self, filter: &ActFilter, limit: u32) -> Result<Vec<Act>, RegistryError> {
        let mut query = Statement::new(acts!("WHERE 1 = 1"));
        if let Some(actor) = &filter.actor {
            query.push(" AND actor = ").bind(&*text(actor));
        }
        if let Some(kind) = filter.kind {
            query.push(" AND kind = ").bind(kind.word());
        }
        if let Some(subject) = &filter.subject {
            query.push(" AND subject = ").bind(&*text(subject));
        }
        if let Some(refused) = filter.refused {
            query.push(" AND refused = ").bind(i64::from(refused));
        }
        if let Some(since) = filter.since_ms {
            query.push(" AND at_ms >= ").bind(to_db(since));
        }
        if let Some(gateway) = &filter.gateway {
            query.push(" AND gateway = ").bind(&*text(gateway));
        }
        query.push(" ORDER BY id DESC LIMIT ").bind(i64::from(limit.min(MOST_ACTS)));
        let query = query.build_as::<Row>().map_err(cannot("be read"))?;
        let rows = query.fetch_all(&mut *self.store.read().await?).await.map_err(cannot("be read"))?;
        rows.into_iter().map(Act::try_from).collect()
    }

    /// The acts of this gateway with greater numbers than `through`, oldest first, at most `limit`: what its record's
    /// chain lacks.
    pub(crate) async fn after(&self, through: u64, limit: u32) -> Result<Vec<Act>, RegistryError> {
        let mut reading = self.store.read().await?;
        let rows: Vec<Row> = sqlx::query_as(acts!("WHERE gateway = $1 AND id > $2 ORDER BY id LIMIT $3"))
            .bind(reading.gateway().to_owned())
            .bind(to_db(through))
            .bind(i64::from(limit))
            .fetch_all(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        rows.into_iter().map(Act::try_from).collect()
    }

    /// The number of the newest act of this gateway, or 0.
    pub(crate) async fn newest(&self) -> Result<u64, RegistryError> {
        let mut reading = self.store.read().await?;
        let newest: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM acts WHERE gateway = $1")
            .bind(reading.gateway().to_owned())
            .fetch_one(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        Ok(from_db(newest))
    }

    /// Resolves when an act was committed, once for all those since the last time.
    pub(crate) async fn more(&self) {
        self.bell.notified().await;
    }

    /// Note that something was tried and refused.
    ///
    /// # Errors
    /// `Database`.
    pub async fn note_refusal(
        &self,
        actor: &str,
        kind: ActKind,
        subject: &str,
        detail: &Value,
    ) -> Result<(), RegistryError> {
        self.keep(Entry { refused: true, ..Entry::new(actor, kind, subject, detail) }, "keep a refusal").await
    }

    /// Note that something is about to be done that changes nothing in the database: it is on record before it is done.
    ///
    /// # Errors
    /// `Database`: then it must not be done.
    pub async fn note(&self, actor: &str, kind: ActKind, subject: &str, detail: &Value) -> Result<(), RegistryError> {
        self.keep(Entry::new(actor, kind, subject, detail), "keep a control act").await
    }

    /// Keep an act that stands alone.
    async fn keep(&self, entry: Entry<'_>, doing: &'static str) -> Result<(), RegistryError> {
        let mut change = self.store.begin().await?;
        record(&mut change, self.store.now_ms(), entry).await?;
        commit(change, &self.bell).await.map_err(unsure(doing))
    }
}

/// An act about to be written.
pub(crate) struct Entry<'a> {
    pub(crate) actor: &'a str,
    pub(crate) kind: ActKind,
    pub(crate) subject: &'a str,
    pub(crate) deployment: Option<DeploymentId>,
    pub(crate) refused: bool,
    pub(crate) detail: &'a Value,
}

impl<'a> Entry<'a> {
    /// An act that makes no deployment and is not refused.
    pub(crate) fn new(actor: &'a str, kind: ActKind, subject: &'a str, detail: &'a Value) -> Self {
        Self { actor, kind, subject, deployment: None, refused: false, detail }
    }
}

/// Write an act, as part of the change that it tells of.
pub(crate) async fn record(change: &mut Connection, at_ms: i64, entry: Entry<'_>) -> Result<(), RegistryError> {
    sqlx::query(
        "INSERT INTO acts (id, at_ms, actor, kind, subject, refused, deployment, detail, gateway) \
         VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM acts), $1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(at_ms)
    .bind(&*text(entry.actor))
    .bind(entry.kind.word())
    .bind(&*text(entry.subject))
    .bind(i64::from(entry.refused))
    .bind(entry.deployment.map(DeploymentId::to_db))
    .bind(entry.detail.to_string())
    .bind(change.gateway().to_owned())
    .execute(change)
    .await
    .map_err(cannot("put a control act on record"))?;
    Ok(())
}

/// Commit a change with its act. The bell is rung also when that fails: the commit may have happened.
pub(crate) async fn commit(change: Transaction, bell: &Bell) -> Result<(), sqlx::Error> {
    let done = change.commit().await;
    bell.notify_one();
    done
}

/// The statement that reads acts, with this tail.
macro_rules! acts {
    ($tail:literal) => {
        concat!("SELECT id, at_ms, actor, kind, subject, refused, deployment, detail, gateway FROM acts ", $tail)
    };
}
use acts;

/// An act as the database gives it.
#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    at_ms: i64,
    actor: String,
    kind: String,
    subject: String,
    refused: i64,
    deployment: Option<i64>,
    detail: String,
    gateway: String,
}

impl TryFrom<Row> for Act {
    type Error = RegistryError;

    fn try_from(row: Row) -> Result<Self, RegistryError> {
        let what = format!("control act {}", row.id);
        let kind = ActKind::ALL
            .into_iter()
            .find(|kind| kind.word() == row.kind)
            .ok_or_else(|| corrupt(&what)(format!("`{}` is not a kind of act", row.kind)))?;
        Ok(Self {
            id: from_db(row.id),
            at_ms: from_db(row.at_ms),
            actor: row.actor,
            kind,
            subject: row.subject,
            refused: row.refused != 0,
            deployment: row.deployment.map(DeploymentId::from_db),
            detail: serde_json::from_str(&row.detail).map_err(corrupt(&what))?,
            gateway: row.gateway,
        })
    }
}
