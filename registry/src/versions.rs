//! Versions of adapters: which component a version number stands for.
//!
//! Invariant: a version never changes. Adapter and version number name one component for ever.

use crate::error::{RegistryError, cannot, corrupt};
use crate::store::{Connection, Store, from_db, to_db};
use nhip_exchange::Digest;
use nhip_policies::AdapterName;
use semver::Version;

/// A version of an adapter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdapterVersion {
    /// The adapter.
    pub adapter: AdapterName,
    /// The version.
    pub version: Version,
    /// Digest of the component.
    pub component: Digest,
    /// The manifest that it was first deployed with.
    pub manifest_text: String,
    /// The contracts that it exports.
    pub contracts: Vec<String>,
    /// Bytes of the component.
    pub size: u64,
    /// When it was first deployed, in milliseconds since 1970.
    pub first_seen_ms: u64,
}

/// The versions that were ever deployed. Cheap to clone.
#[derive(Clone)]
pub struct Versions {
    store: Store,
}

impl Versions {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// All versions of an adapter, first deployed first; none of one that was never deployed.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn of(&self, adapter: &AdapterName) -> Result<Vec<AdapterVersion>, RegistryError> {
        let mut reading = self.store.read().await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT adapter, version, component, manifest, contracts, size, first_seen_ms FROM versions \
             WHERE adapter = $1 ORDER BY first_seen_ms, version",
        )
        .bind(adapter.as_str())
        .fetch_all(&mut *reading)
        .await
        .map_err(cannot("be read"))?;
        rows.into_iter().map(AdapterVersion::try_from).collect()
    }
}

/// Note a version as part of a change, if it is new. Refused when it is known with another component.
pub(crate) async fn note(change: &mut Connection, version: &AdapterVersion) -> Result<(), RegistryError> {
    let known: Option<String> =
        sqlx::query_scalar("SELECT component FROM versions WHERE adapter = $1 AND version = $2")
            .bind(version.adapter.as_str())
            .bind(version.version.to_string())
            .fetch_optional(&mut *change)
            .await
            .map_err(cannot("be read"))?;
    if let Some(known) = known {
        let known: Digest =
            known.parse().map_err(corrupt(format!("version `{}` of `{}`", version.version, version.adapter)))?;
        if known == version.component {
            return Ok(());
        }
        return Err(RegistryError::VersionTaken {
            adapter: version.adapter.clone(),
            version: Box::new(version.version.clone()),
            known,
            given: version.component,
        });
    }
    sqlx::query(
        "INSERT INTO versions (adapter, version, component, manifest, contracts, size, first_seen_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(version.adapter.as_str())
    .bind(version.version.to_string())
    .bind(version.component.to_string())
    .bind(&version.manifest_text)
    .bind(serde_json::json!(version.contracts).to_string())
    .bind(to_db(version.size))
    .bind(to_db(version.first_seen_ms))
    .execute(change)
    .await
    .map_err(cannot("note a version"))?;
    Ok(())
}

/// A version as the database gives it.
#[derive(sqlx::FromRow)]
struct Row {
    adapter: String,
    version: String,
    component: String,
    manifest: String,
    contracts: String,
    size: i64,
    first_seen_ms: i64,
}

impl TryFrom<Row> for AdapterVersion {
    type Error = RegistryError;

    fn try_from(row: Row) -> Result<Self, RegistryError> {
        let what = format!("version `{}` of `{}`", row.version, row.adapter);
        Ok(Self {
            adapter: row.adapter.parse().map_err(corrupt(&what))?,
            version: row.version.parse().map_err(corrupt(&what))?,
            component: row.component.parse().map_err(corrupt(&what))?,
            manifest_text: row.manifest,
            contracts: serde_json::from_str(&row.contracts).map_err(corrupt(&what))?,
            size: from_db(row.size),
            first_seen_ms: from_db(row.first_seen_ms),
        })
    }
}
