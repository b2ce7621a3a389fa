//! The archive: the sealed segments of all gateways that share a database, in that database, with an index.
//!
//! Each gateway brings its own segments, in their order, after they are sealed on its disk; no exchange waits for that.
//! Invariants: what is here of a gateway is its segments from the first through the last without a gap, each as it is in
//! the gateway's folder, whole or emptied; and under one name there are segments of one key only.

use super::error::RecordError;
use super::key::PublicKey;
use super::seal::Seal;
use super::sealed::Sealed;
use crate::database::Kind;
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::shared_blobs::PART;
use crate::store::{Connection, Store, from_db, to_db};
use nhip_exchange::ExchangeId;
use serde::{Deserialize, Serialize};

/// What the archive has of a gateway.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Archived {
    /// The gateway's name.
    pub gateway: String,
    /// The key of its record, as it was told to the database.
    pub key: PublicKey,
    /// Its last segment that is here, or 0.
    pub segment: u64,
    /// The last entry of that, or 0.
    pub entry: u64,
    /// When that was sealed, in milliseconds since 1970, or 0. What came later is only with the gateway itself.
    pub sealed_ms: u64,
}

/// The archive of a shared database.
#[derive(Clone)]
pub(crate) struct Archive {
    store: Store,
}

impl Archive {
    /// The archive, where gateways share a database. In a data folder it would be a copy on the same disk.
    pub(crate) fn of(store: &Store) -> Option<Self> {
        (store.kind() == Kind::Postgres).then(|| Self { store: store.clone() })
    }

    /// What this gateway is called.
    pub(crate) fn gateway(&self) -> &str {
        self.store.gateway()
    }

    /// Take the gateway's name for the record with this key, for ever.
    pub(crate) async fn claim(&self, ours: PublicKey) -> Result<(), RegistryError> {
        let mut change = self.store.begin_beside().await?;
        sqlx::query(
            "INSERT INTO record_gateways (gateway, key, segment, entry, sealed_ms) VALUES ($1, $2, 0, 0, 0) \
             ON CONFLICT (gateway) DO NOTHING",
        )
        .bind(self.gateway().to_owned())
        .bind(ours.to_string())
        .execute(&mut *change)
        .await
        .map_err(cannot("take the gateway's name"))?;
        let found: String = sqlx::query_scalar("SELECT key FROM record_gateways WHERE gateway = $1")
            .bind(self.gateway().to_owned())
            .fetch_one(&mut *change)
            .await
            .map_err(cannot("take the gateway's name"))?;
        change.commit().await.map_err(unsure("take the gateway's name"))?;
        let found: PublicKey = found.parse().map_err(corrupt("the key of a gateway's record"))?;
        if found != ours {
            let gateway = self.gateway().to_owned();
            return Err(RecordError::NameTaken { gateway, found, ours }.into());
        }
        Ok(())
    }

    /// This gateway's last segment that is here, and its seal's line.
    pub(crate) async fn newest(&self) -> Result<Option<(u64, Vec<u8>)>, RegistryError> {
        let newest: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT segment, seal FROM record_segments WHERE gateway = $1 ORDER BY segment DESC LIMIT 1",
        )
        .bind(self.gateway().to_owned())
        .fetch_optional(&mut *self.store.read().await?)
        .await
        .map_err(cannot("be read"))?;
        Ok(newest.map(|(segment, seal)| (from_db(segment), seal)))
    }

    /// Bring this gateway's next segment. One that is there already is refused by the database.
    pub(crate) async fn put(&self, sealed: &Sealed) -> Result<(), RegistryError> {
        let keep = || cannot("keep a segment of the record");
        let (gateway, segment) = (self.gateway().to_owned(), to_db(sealed.segment));
        let mut change = self.store.begin_beside().await?;
        sqlx::query(
            "INSERT INTO record_segments (gateway, segment, header, seal, emptied) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&*gateway)
        .bind(segment)
        .bind(&*sealed.header_line)
        .bind(&*sealed.seal_line)
        .bind(i64::from(sealed.entries.is_empty()))
        .execute(&mut *change)
        .await
        .map_err(keep())?;
        for (part, bytes) in (0_i64..).zip(sealed.entries.chunks(PART)) {
            sqlx::query("INSERT INTO record_parts (gateway, segment, part, bytes) VALUES ($1, $2, $3, $4)")
                .bind(&*gateway)
                .bind(segment)
                .bind(part)
                .bind(bytes)
                .execute(&mut *change)
                .await
                .map_err(keep())?;
        }
        // All ids in one value: a statement of its own for each would take a second of the database's time.
        sqlx::query(
            "INSERT INTO record_exchanges (id, gateway, segment) \
             SELECT DISTINCT substring($1 FROM (at * 16 + 1)::integer FOR 16), $2, $3 \
             FROM generate_series(0, $4 - 1) AS at ON CONFLICT DO NOTHING",
        )
        .bind(&*sealed.exchanges)
        .bind(&*gateway)
        .bind(segment)
        .bind(to_db(sealed.exchanges.len() as u64 / 16))
        .execute(&mut *change)
        .await
        .map_err(keep())?;
        sqlx::query("UPDATE record_gateways SET segment = $2, entry = $3, sealed_ms = $4 WHERE gateway = $1")
            .bind(&*gateway)
            .bind(segment)
            .bind(to_db(sealed.seal.last))
            .bind(to_db(sealed.seal.sealed_ms))
            .execute(&mut *change)
            .await
            .map_err(keep())?;
        change.commit().await.map_err(unsure("keep a segment of the record"))
    }

    /// This gateway's first segment that is not emptied here.
    pub(crate) async fn first_kept(&self) -> Result<Option<u64>, RegistryError> {
        let first: Option<i64> =
            sqlx::query_scalar("SELECT MIN(segment) FROM record_segments WHERE gateway = $1 AND emptied = 0")
                .bind(self.gateway().to_owned())
                .fetch_one(&mut *self.store.read().await?)
                .await
                .map_err(cannot("be read"))?;
        Ok(first.map(from_db))
    }

    /// Empty a segment of this gateway, as it was emptied in its folder.
    pub(crate) async fn empty(&self, segment: u64) -> Result<(), RegistryError> {
        let mut change = self.store.begin_beside().await?;
        for statement in [
            "DELETE FROM record_parts WHERE gateway = $1 AND segment = $2",
            "DELETE FROM record_exchanges WHERE gateway = $1 AND segment = $2",
            "UPDATE record_segments SET emptied = 1 WHERE gateway = $1 AND segment = $2",
        ] {
            sqlx::query(statement)
                .bind(self.gateway().to_owned())
                .bind(to_db(segment))
                .execute(&mut *change)
                .await
                .map_err(cannot("empty a segment of the record"))?;
        }
        change.commit().await.map_err(unsure("empty a segment of the record"))
    }

    /// What there is of every gateway, by name.
    pub(crate) async fn gateways(&self) -> Result<Vec<Archived>, RegistryError> {
        type Row = (String, String, i64, i64, i64);
        let rows: Vec<Row> =
            sqlx::query_as("SELECT gateway, key, segment, entry, sealed_ms FROM record_gateways ORDER BY gateway")
                .fetch_all(&mut *self.store.read().await?)
                .await
                .map_err(cannot("be read"))?;
        let archived = |(gateway, key, segment, entry, sealed_ms): Row| {
            let key = key.parse().map_err(corrupt("the key of a gateway's record"))?;
            let (segment, entry, sealed_ms) = (from_db(segment), from_db(entry), from_db(sealed_ms));
            Ok(Archived { gateway, key, segment, entry, sealed_ms })
        };
        rows.into_iter().map(archived).collect()
    }

    /// Segments of a gateway that have entries, before the one with this number, the newest first, with their seals.
    pub(crate) async fn before(
        &self,
        gateway: &str,
        segment: u64,
        limit: u32,
    ) -> Result<Vec<(u64, Seal)>, RegistryError> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT segment, seal FROM record_segments WHERE gateway = $1 AND emptied = 0 AND segment < $2 \
             ORDER BY segment DESC LIMIT $3",
        )
        .bind(gateway.to_owned())
        .bind(to_db(segment))
        .bind(i64::from(limit))
        .fetch_all(&mut *self.store.read().await?)
        .await
        .map_err(cannot("be read"))?;
        let sealed = |(segment, line): (i64, Vec<u8>)| {
            let segment = from_db(segment);
            let seal = super::entry::split(&line).and_then(|(_, json)| Seal::parse(json));
            let damaged = |wrong| RecordError::ArchiveDamaged { gateway: gateway.to_owned(), segment, line: 0, wrong };
            Ok((segment, seal.map_err(damaged)?))
        };
        rows.into_iter().map(sealed).collect()
    }

    /// The segments of a gateway that an exchange is in, the newest first.
    pub(crate) async fn with(&self, gateway: &str, id: ExchangeId) -> Result<Vec<u64>, RegistryError> {
        let segments: Vec<i64> = sqlx::query_scalar(
            "SELECT segment FROM record_exchanges WHERE id = $1 AND gateway = $2 ORDER BY segment DESC",
        )
        .bind(id.uuid().as_bytes().as_slice())
        .bind(gateway.to_owned())
        .fetch_all(&mut *self.store.read().await?)
        .await
        .map_err(cannot("be read"))?;
        Ok(segments.into_iter().map(from_db).collect())
    }

    /// A segment as it is in its gateway's folder. Gives nothing if it is not here.
    pub(crate) async fn segment(&self, gateway: &str, segment: u64) -> Result<Option<Vec<u8>>, RegistryError> {
        let mut reading = self.store.read().await?;
        let lines: Option<(Vec<u8>, Vec<u8>)> =
            sqlx::query_as("SELECT header, seal FROM record_segments WHERE gateway = $1 AND segment = $2")
                .bind(gateway.to_owned())
                .bind(to_db(segment))
                .fetch_optional(&mut *reading)
                .await
                .map_err(cannot("be read"))?;
        let Some((mut bytes, seal)) = lines else { return Ok(None) };
        bytes.push(b'\n');
        for part in 0_i64.. {
            let Some(part) = part_of(&mut reading, gateway, segment, part).await? else { break };
            bytes.extend_from_slice(&part);
        }
        bytes.extend_from_slice(&seal);
        bytes.push(b'\n');
        Ok(Some(bytes))
    }
}

async fn part_of(
    reading: &mut Connection,
    gateway: &str,
    segment: u64,
    part: i64,
) -> Result<Option<Vec<u8>>, RegistryError> {
    sqlx::query_scalar("SELECT bytes FROM record_parts WHERE gateway = $1 AND segment = $2 AND part = $3")
        .bind(gateway.to_owned())
        .bind(to_db(segment))
        .bind(part)
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))
}
