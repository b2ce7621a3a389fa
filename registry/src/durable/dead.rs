//! Dead letters, for who looks after the gateway. What they carry is not shown: it is somebody's data.

use super::story::Story;
use super::{Durables, kept, what};
use crate::error::{RegistryError, cannot, corrupt};
use crate::query::Statement;
use crate::store::{from_db, text, to_db};
use nhip_exchange::durable::KeptFault;
use nhip_exchange::{Digest, ExchangeId};
use serde::{Deserialize, Serialize};

/// The most dead letters of one listing.
pub const MOST_DEAD_LETTERS: u32 = 1000;

/// Which dead letters. The default is all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DeadFilter {
    /// Those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Those of this function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Those of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Those whose last fault has this code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Those that died at this moment or later, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// Those that died before this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
}

/// A dead letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id.
    pub id: ExchangeId,
    /// Who had it accepted.
    pub caller: String,
    /// The service.
    pub service: String,
    /// The function.
    pub function: String,
    /// Why the caller asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Its lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
    /// Digest of its body.
    pub request: Digest,
    /// Bytes of its body.
    pub bytes: u64,
    /// When it was accepted, in milliseconds since 1970.
    pub accepted_ms: u64,
    /// When it died, in milliseconds since 1970.
    pub died_ms: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// The last fault.
    pub fault: KeptFault,
}

impl DeadFilter {
    /// Append the conditions to a statement that has a `WHERE` already.
    pub(super) fn narrow(&self, query: &mut Statement) {
        let words: [(&'static str, &Option<String>); 4] = [
            (" AND service = ", &self.service),
            (" AND function = ", &self.function),
            (" AND caller = ", &self.caller),
            (" AND code = ", &self.code),
        ];
        for (condition, word) in words {
            if let Some(word) = word {
                query.push(condition).bind(&*text(word));
            }
        }
        if let Some(since) = self.since_ms {
            query.push(" AND finished_ms >= ").bind(to_db(since));
        }
        if let Some(until) = self.until_ms {
            query.push(" AND finished_ms < ").bind(to_db(until));
        }
    }
}

/// The statement that reads dead letters, with this tail.
macro_rules! dead {
    ($tail:literal) => {
        concat!(
            "SELECT id, caller, service, function, purpose, lane, request, body_bytes, accepted_ms, finished_ms, attempts, \
             fault FROM durable WHERE state = 'dead'",
            $tail
        )
    };
}

impl Durables {
    /// The dead letters, those that died last first, at most `limit` and never more than [`MOST_DEAD_LETTERS`].
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn dead_letters(&self, filter: &DeadFilter, limit: u32) -> Result<Vec<DeadLetter>, RegistryError> {
        let mut query = Statement::new(dead!(""));
        filter.narrow(&mut query);
        query.push(" ORDER BY finished_ms DESC, number DESC LIMIT ").bind(i64::from(limit.min(MOST_DEAD_LETTERS)));
        let query = query.build_as::<Row>().map_err(cannot("be read"))?;
        let rows = query.fetch_all(&mut *self.store.read().await?).await.map_err(cannot("be read"))?;
        rows.into_iter().map(DeadLetter::try_from).collect()
    }

    /// A dead letter and its story.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn dead_letter(&self, id: ExchangeId) -> Result<Option<(DeadLetter, Story)>, RegistryError> {
        let mut reading = self.store.read().await?;
        let row: Option<Row> = sqlx::query_as(dead!(" AND id = $1"))
            .bind(id.to_string())
            .fetch_optional(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        let Some(row) = row else { return Ok(None) };
        let story = super::story::read(&mut reading, id).await?.unwrap_or_default();
        Ok(Some((row.try_into()?, story)))
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    caller: String,
    service: String,
    function: String,
    purpose: Option<String>,
    lane: Option<String>,
    request: String,
    body_bytes: i64,
    accepted_ms: i64,
    finished_ms: i64,
    attempts: i64,
    fault: String,
}

impl TryFrom<Row> for DeadLetter {
    type Error = RegistryError;

    fn try_from(row: Row) -> Result<Self, RegistryError> {
        Ok(Self {
            id: kept::id(&row.id)?,
            fault: kept::fault(&row.fault, &row.id)?,
            request: row.request.parse().map_err(corrupt(what(&row.id)))?,
            caller: row.caller,
            service: row.service,
            function: row.function,
            purpose: row.purpose,
            lane: row.lane,
            bytes: from_db(row.body_bytes),
            accepted_ms: from_db(row.accepted_ms),
            died_ms: from_db(row.finished_ms),
            attempts: kept::count(row.attempts),
        })
    }
}
