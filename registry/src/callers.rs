//! Calling systems and their keys.
//!
//! Invariant: a change of the table, its control act and the new state of the [`Directory`] go together: once a call
//! here returns, the directory knows, also when whoever asked went away in the middle. A revoked key stays in the
//! table, so that it is known later that it once was good.

use crate::acts::{self, ActKind, Bell, Entry};
use crate::database::Kind;
use crate::directory::{Directory, digest, follow, snapshot};
use crate::error::{RegistryError, cannot, corrupt, unsure};
use crate::key::NewKey;
use crate::store::{Connection, Store, from_db};
use nhip_exchange::Digest;
use nhip_policies::CallerName;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Mutex;

/// A calling system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Caller {
    /// Its name.
    pub name: CallerName,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// Its keys, oldest first, the revoked ones too.
    pub keys: Vec<CallerKey>,
}

/// What is known of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CallerKey {
    /// Its number.
    pub id: i64,
    /// The first 6 hex digits of its SHA-256: enough to tell keys apart, useless to guess one.
    pub hint: String,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it was revoked, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<u64>,
}

/// Which keys to revoke.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Revoke {
    /// All of the caller's.
    All,
    /// The one of this number.
    Key(i64),
}

/// The callers. Cheap to clone.
#[derive(Clone)]
pub struct Callers {
    store: Store,
    bell: Bell,
    directory: Arc<Directory>,
    // One change at a time, so that an older snapshot never takes the place of a newer one.
    turn: Arc<Mutex<()>>,
}

impl Callers {
    /// Read the keys into a directory.
    pub(crate) async fn open(store: Store, bell: Bell) -> Result<Self, RegistryError> {
        let (directory, turn) = (Arc::<Directory>::default(), Arc::default());
        let watcher = store.watcher();
        directory.set(snapshot(&mut *store.read().await?).await?);
        // Other gateways change them too, where the database is shared.
        if store.kind() == Kind::Postgres {
            tokio::spawn(follow(watcher, Arc::clone(&directory), Arc::clone(&turn)));
        }
        Ok(Self { store, bell, directory, turn })
    }

    /// Who calls, by key: for the data listener.
    #[must_use]
    pub fn directory(&self) -> Arc<Directory> {
        Arc::clone(&self.directory)
    }

    /// Make a caller and its first key.
    ///
    /// # Errors
    /// `CallerExists`; `Random`; `Database`.
    pub async fn add(&self, name: &CallerName, actor: &str) -> Result<NewKey, RegistryError> {
        self.give(name, actor, ActKind::CallerAdd).await
    }

    /// Give a caller a further key, so that it can change over before the old one is revoked.
    ///
    /// # Errors
    /// `UnknownCaller`; `Random`; `Database`.
    pub async fn add_key(&self, name: &CallerName, actor: &str) -> Result<NewKey, RegistryError> {
        self.give(name, actor, ActKind::KeyAdd).await
    }

    async fn give(&self, name: &CallerName, actor: &str, kind: ActKind) -> Result<NewKey, RegistryError> {
        let (this, name, actor) = (self.clone(), name.clone(), actor.to_owned());
        to_the_end(async move {
            let mut key = NewKey::make()?;
            let _turn = this.turn.lock().await;
            let now = this.store.now_ms();
            let mut change = this.store.begin().await?;
            match (exists(&mut change, &name).await?, kind) {
                (true, ActKind::CallerAdd) => return Err(RegistryError::CallerExists { caller: name }),
                (false, ActKind::CallerAdd) => insert_caller(&mut change, &name, now).await?,
                (true, _) => {}
                (false, _) => return Err(RegistryError::UnknownCaller { caller: name }),
            }
            key.id = insert_key(&mut change, &name, &key, now).await?;
            let detail = json!({ "key": key.id, "hint": hint(key.hash()) });
            acts::record(&mut change, now, Entry::new(&actor, kind, &name, &detail)).await?;
            let keys = snapshot(&mut change).await?;
            change.announce().await.map_err(cannot("keep a key"))?;
            acts::commit(change, &this.bell).await.map_err(unsure("keep a key"))?;
            this.directory.set(keys);
            Ok(key)
        })
        .await
    }

    /// Revoke keys: they prove nothing from the moment this returns. Gives how many were good until now.
    ///
    /// # Errors
    /// `UnknownCaller`; `UnknownKey`; `Database`.
    pub async fn revoke(&self, name: &CallerName, which: Revoke, actor: &str) -> Result<u64, RegistryError> {
        let (this, name, actor) = (self.clone(), name.clone(), actor.to_owned());
        to_the_end(async move {
            let _turn = this.turn.lock().await;
            let now = this.store.now_ms();
            let mut change = this.store.begin().await?;
            if !exists(&mut change, &name).await? {
                return Err(RegistryError::UnknownCaller { caller: name });
            }
            let revoked = match which {
                Revoke::All => revoke_all(&mut change, &name, now).await?,
                Revoke::Key(key) => revoke_one(&mut change, &name, key, now).await?,
            };
            let detail = match which {
                Revoke::All => json!({ "keys": "all", "revoked": revoked }),
                Revoke::Key(key) => json!({ "keys": [key], "revoked": revoked }),
            };
            acts::record(&mut change, now, Entry::new(&actor, ActKind::KeyRevoke, &name, &detail)).await?;
            let keys = snapshot(&mut change).await?;
            change.announce().await.map_err(cannot("revoke a key"))?;
            acts::commit(change, &this.bell).await.map_err(unsure("revoke a key"))?;
            this.directory.set(keys);
            Ok(revoked)
        })
        .await
    }

    /// All callers, by name.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn list(&self) -> Result<Vec<Caller>, RegistryError> {
        let mut reading = self.store.read().await?;
        let callers: Vec<(String, i64)> = sqlx::query_as("SELECT name, created_ms FROM callers ORDER BY name")
            .fetch_all(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        let rows: Vec<KeyRow> =
            sqlx::query_as("SELECT id, caller, hash, created_ms, revoked_ms FROM caller_keys ORDER BY id")
                .fetch_all(&mut *reading)
                .await
                .map_err(cannot("be read"))?;
        let mut keys: BTreeMap<String, Vec<CallerKey>> = BTreeMap::new();
        for row in rows {
            let key = CallerKey {
                id: row.id,
                hint: hint(digest(&row.hash, &row.caller)?),
                created_ms: from_db(row.created_ms),
                revoked_ms: row.revoked_ms.map(from_db),
            };
            keys.entry(row.caller).or_default().push(key);
        }
        let read = |(name, created_ms): (String, i64)| {
            Ok(Caller {
                keys: keys.remove(&name).unwrap_or_default(),
                created_ms: from_db(created_ms),
                name: name.parse().map_err(corrupt(format!("the caller `{name}`")))?,
            })
        };
        callers.into_iter().map(read).collect()
    }
}

/// A key as the database gives it.
#[derive(sqlx::FromRow)]
struct KeyRow {
    id: i64,
    caller: String,
    hash: Vec<u8>,
    created_ms: i64,
    revoked_ms: Option<i64>,
}

/// Run a change to its end even when whoever asked stops waiting: a key that is revoked in the table and still good
/// in the directory would be worse than a change nobody heard of.
async fn to_the_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, RegistryError>> + Send + 'static,
) -> Result<T, RegistryError> {
    tokio::spawn(change).await.unwrap_or(Err(RegistryError::Stopping))
}

async fn exists(change: &mut Connection, name: &CallerName) -> Result<bool, RegistryError> {
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM callers WHERE name = $1")
        .bind(name.as_str())
        .fetch_one(change)
        .await
        .map_err(cannot("be read"))?;
    Ok(found > 0)
}

async fn insert_caller(change: &mut Connection, name: &CallerName, now: i64) -> Result<(), RegistryError> {
    sqlx::query("INSERT INTO callers (name, created_ms) VALUES ($1, $2)")
        .bind(name.as_str())
        .bind(now)
        .execute(change)
        .await
        .map_err(cannot("keep a caller"))?;
    Ok(())
}

async fn insert_key(change: &mut Connection, name: &CallerName, key: &NewKey, now: i64) -> Result<i64, RegistryError> {
    sqlx::query_scalar(
        "INSERT INTO caller_keys (id, caller, hash, created_ms) \
         VALUES ((SELECT COALESCE(MAX(id), 0) + 1 FROM caller_keys), $1, $2, $3) RETURNING id",
    )
    .bind(name.as_str())
    .bind(key.hash().as_bytes().to_vec())
    .bind(now)
    .fetch_one(change)
    .await
    .map_err(cannot("keep a key"))
}

async fn revoke_all(change: &mut Connection, name: &CallerName, now: i64) -> Result<u64, RegistryError> {
    let done = sqlx::query("UPDATE caller_keys SET revoked_ms = $1 WHERE caller = $2 AND revoked_ms IS NULL")
        .bind(now)
        .bind(name.as_str())
        .execute(change)
        .await
        .map_err(cannot("revoke a key"))?;
    Ok(done.rows_affected())
}

async fn revoke_one(change: &mut Connection, name: &CallerName, key: i64, now: i64) -> Result<u64, RegistryError> {
    let found: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM caller_keys WHERE caller = $1 AND id = $2")
        .bind(name.as_str())
        .bind(key)
        .fetch_one(&mut *change)
        .await
        .map_err(cannot("be read"))?;
    if found == 0 {
        return Err(RegistryError::UnknownKey { caller: name.clone(), key });
    }
    let done = sqlx::query("UPDATE caller_keys SET revoked_ms = $1 WHERE id = $2 AND revoked_ms IS NULL")
        .bind(now)
        .bind(key)
        .execute(change)
        .await
        .map_err(cannot("revoke a key"))?;
    Ok(done.rows_affected())
}

fn hint(hash: Digest) -> String {
    hash.hex().chars().take(6).collect()
}
