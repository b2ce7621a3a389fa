//! The durable values of adapters.
//!
//! Invariant: an adapter sees its own keys alone, and setting one never takes it past its quota: what its keys and
//! values take is counted in the transaction that changes them, and changes of one adapter happen one after the other.

use crate::error::{RegistryError, cannot, chain, corrupt, unsure};
use crate::store::{Connection, Store, from_db, to_db};
use async_trait::async_trait;
use bytes::Bytes;
use nhip_exchange::port::{KeyValue, KeyValueError, Quota};

/// The changes of one adapter's values have their turn; those of others go on beside them.
const TURN: &str = "key-value";
/// The longest key, in bytes.
pub const LONGEST_KEY: usize = 512;

/// What an adapter keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// Bytes of all its keys and values.
    pub bytes: u64,
    /// How many keys.
    pub keys: u64,
}

impl Usage {
    /// One key of this length with a value of this length.
    fn one(key: &str, value: u64) -> Self {
        Self { bytes: value.saturating_add(key.len() as u64), keys: 1 }
    }

    fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), keys: self.keys.saturating_add(other.keys) }
    }

    fn minus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_sub(other.bytes), keys: self.keys.saturating_sub(other.keys) }
    }

    fn within(self, quota: Quota) -> bool {
        self.bytes <= quota.bytes && self.keys <= u64::from(quota.keys)
    }
}

/// The durable values of all adapters. Cheap to clone.
#[derive(Clone)]
pub struct KeyValues {
    store: Store,
}

impl KeyValues {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// What an adapter keeps now.
    ///
    /// # Errors
    /// `Database`.
    pub async fn used(&self, adapter: &str) -> Result<Usage, RegistryError> {
        used(&mut *self.store.read().await?, adapter).await
    }

    async fn read(&self, adapter: &str, key: &str) -> Result<Option<Bytes>, RegistryError> {
        let value: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM key_values WHERE adapter = $1 AND key = $2")
            .bind(adapter)
            .bind(key.as_bytes())
            .fetch_optional(&mut *self.store.read().await?)
            .await
            .map_err(cannot("be read"))?;
        Ok(value.map(Bytes::from))
    }

    /// Set a key; `false` when the quota forbids it.
    async fn write(&self, adapter: &str, key: &str, value: &[u8], quota: Quota) -> Result<bool, RegistryError> {
        let mut change = self.store.begin_of(TURN, adapter).await?;
        let held = held(&mut change, adapter, key).await?.unwrap_or_default();
        let wanted = used(&mut change, adapter).await?.minus(held).plus(Usage::one(key, value.len() as u64));
        if !wanted.within(quota) {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO key_values (adapter, key, value) VALUES ($1, $2, $3) \
             ON CONFLICT (adapter, key) DO UPDATE SET value = excluded.value",
        )
        .bind(adapter)
        .bind(key.as_bytes())
        .bind(value)
        .execute(&mut *change)
        .await
        .map_err(cannot("keep a value"))?;
        set_used(&mut change, adapter, wanted).await?;
        change.commit().await.map_err(unsure("keep a value"))?;
        Ok(true)
    }

    async fn remove(&self, adapter: &str, key: &str) -> Result<(), RegistryError> {
        let mut change = self.store.begin_of(TURN, adapter).await?;
        let Some(held) = held(&mut change, adapter, key).await? else {
            return Ok(());
        };
        sqlx::query("DELETE FROM key_values WHERE adapter = $1 AND key = $2")
            .bind(adapter)
            .bind(key.as_bytes())
            .execute(&mut *change)
            .await
            .map_err(cannot("remove a value"))?;
        let left = used(&mut change, adapter).await?.minus(held);
        set_used(&mut change, adapter, left).await?;
        change.commit().await.map_err(unsure("remove a value"))
    }

    async fn names(&self, adapter: &str, skip: u64, count: u32) -> Result<Vec<String>, RegistryError> {
        let keys: Vec<Vec<u8>> =
            sqlx::query_scalar("SELECT key FROM key_values WHERE adapter = $1 ORDER BY key LIMIT $2 OFFSET $3")
                .bind(adapter)
                .bind(i64::from(count))
                .bind(to_db(skip))
                .fetch_all(&mut *self.store.read().await?)
                .await
                .map_err(cannot("be read"))?;
        let read = |key| String::from_utf8(key).map_err(corrupt(format!("a key of the adapter `{adapter}`")));
        keys.into_iter().map(read).collect()
    }
}

#[async_trait]
impl KeyValue for KeyValues {
    async fn get(&self, adapter: &str, key: &str) -> Result<Option<Bytes>, KeyValueError> {
        self.read(adapter, key).await.map_err(unavailable(adapter))
    }

    /// A key above [`LONGEST_KEY`] does not fit any quota.
    async fn set(&self, adapter: &str, key: &str, value: &[u8], quota: Quota) -> Result<(), KeyValueError> {
        if key.len() > LONGEST_KEY {
            tracing::warn!(
                adapter,
                bytes = key.len(),
                limit = LONGEST_KEY,
                "the adapter's key is too long to be stored"
            );
            return Err(KeyValueError::Quota(quota));
        }
        match self.write(adapter, key, value, quota).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(KeyValueError::Quota(quota)),
            Err(error) => Err(unavailable(adapter)(error)),
        }
    }

    async fn delete(&self, adapter: &str, key: &str) -> Result<(), KeyValueError> {
        self.remove(adapter, key).await.map_err(unavailable(adapter))
    }

    async fn keys(&self, adapter: &str, skip: u64, count: u32) -> Result<Vec<String>, KeyValueError> {
        self.names(adapter, skip, count).await.map_err(unavailable(adapter))
    }
}

/// The operator reads why; the adapter only learns that.
fn unavailable(adapter: &str) -> impl Fn(RegistryError) -> KeyValueError {
    move |error| {
        tracing::error!(adapter, error = chain(&error), "the key-value store is not available");
        KeyValueError::Unavailable
    }
}

/// What a key and its value take, if it is there.
async fn held(change: &mut Connection, adapter: &str, key: &str) -> Result<Option<Usage>, RegistryError> {
    let value: Option<i64> = sqlx::query_scalar("SELECT LENGTH(value) FROM key_values WHERE adapter = $1 AND key = $2")
        .bind(adapter)
        .bind(key.as_bytes())
        .fetch_optional(change)
        .await
        .map_err(cannot("be read"))?;
    Ok(value.map(|value| Usage::one(key, from_db(value))))
}

async fn used(reading: &mut Connection, adapter: &str) -> Result<Usage, RegistryError> {
    let row: Option<(i64, i64)> = sqlx::query_as("SELECT bytes, keys FROM key_value_usage WHERE adapter = $1")
        .bind(adapter)
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))?;
    Ok(row.map_or_else(Usage::default, |(bytes, keys)| Usage { bytes: from_db(bytes), keys: from_db(keys) }))
}

async fn set_used(change: &mut Connection, adapter: &str, used: Usage) -> Result<(), RegistryError> {
    sqlx::query(
        "INSERT INTO key_value_usage (adapter, bytes, keys) VALUES ($1, $2, $3) \
         ON CONFLICT (adapter) DO UPDATE SET bytes = excluded.bytes, keys = excluded.keys",
    )
    .bind(adapter)
    .bind(to_db(used.bytes))
    .bind(to_db(used.keys))
    .execute(change)
    .await
    .map_err(cannot("count the values"))?;
    Ok(())
}
