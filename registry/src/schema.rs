//! The schema, and whether a database is fit for it: what happens once, before anything else.
//!
//! Invariant: migrations run one after the other, under a lock, so gateways that start at the same time do not meet;
//! a schema of a newer gateway is left alone. A PostgreSQL that would forget what it acknowledged is refused.

use crate::connection::within;
use crate::database::ACQUIRE;
use crate::error::RegistryError;
use crate::location::Location;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// All schemas, oldest first. A number means the same in both; the first of PostgreSQL is 2.
///
/// They are run by `run_direct`: what `run` gives cannot be moved between threads (the driver says so beside it).
pub(crate) static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// Bring a file to the schema.
pub(crate) async fn prepare_sqlite(file: &Path, name: &str) -> Result<(), RegistryError> {
    let unopened = |source| RegistryError::Open { database: name.to_owned(), source };
    let options = SqliteConnectOptions::new().filename(file).journal_mode(SqliteJournalMode::Wal);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(unopened)?;
    SQLITE.run_direct(None, &mut connection, false).await.map_err(refused(&SQLITE, name))?;
    connection.close().await.map_err(unopened)
}

/// Bring a shared database to the schema, if it is fit for it.
pub(crate) async fn prepare_postgres(location: &Location) -> Result<(), RegistryError> {
    let name = location.to_string();
    let unopened = |source| RegistryError::Open { database: name.clone(), source };
    // Another gateway's migration may take its time.
    let options = PgConnectOptions::from_url(location.url()).map_err(unopened)?.options([
        ("statement_timeout", "10min"),
        ("lock_timeout", "2min"),
        ("idle_in_transaction_session_timeout", "2min"),
    ]);
    let connecting = within(Some(ACQUIRE), PgConnection::connect_with(&options));
    let mut connection = connecting.await.map_err(unopened)?;
    fit(&mut connection, &name).await?;
    // A migration that fails leaves its lock to the connection, which ends here.
    POSTGRES.run_direct(None, &mut connection, false).await.map_err(refused(&POSTGRES, &name))?;
    connection.close().await.map_err(unopened)
}

/// Refuse a server that would not keep what it is given.
async fn fit(connection: &mut PgConnection, name: &str) -> Result<(), RegistryError> {
    let settings = sqlx::query_as(
        "SELECT current_setting('server_version_num')::bigint, current_setting('server_encoding'), \
         current_setting('synchronous_commit'), current_setting('fsync'), pg_is_in_recovery()",
    );
    let settings: (i64, String, String, String, bool) = within(Some(ACQUIRE), settings.fetch_one(connection))
        .await
        .map_err(|source| RegistryError::Open { database: name.to_owned(), source })?;
    let (version, encoding, commit, sync, standby) = settings;
    let why = if version < OLDEST {
        "is older than PostgreSQL 13; take a newer server"
    } else if encoding != "UTF8" {
        "is not encoded in UTF8; create it with `ENCODING 'UTF8'`"
    } else if standby {
        "is a standby that cannot be written; name the primary"
    } else if commit == "off" || sync == "off" {
        "may lose what it has acknowledged; turn `synchronous_commit` and `fsync` on"
    } else {
        return Ok(());
    };
    Err(RegistryError::Unfit { database: name.to_owned(), why })
}

/// The oldest server that is taken, as it counts its versions.
const OLDEST: i64 = 130_000;

fn refused(schemas: &Migrator, name: &str) -> impl Fn(MigrateError) -> RegistryError {
    let known = schemas.iter().map(|migration| migration.version).max().unwrap_or(0);
    let database = name.to_owned();
    move |error| match error {
        MigrateError::VersionMissing(found) if found > known => {
            RegistryError::Newer { database: database.clone(), found, known }
        }
        source => RegistryError::Migrate { database: database.clone(), source },
    }
}
