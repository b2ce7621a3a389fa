//! What can go wrong with the durable state, and whose turn it is then.
//!
//! Invariant: a message names the thing and says what to do where something can be done, and it never prints its
//! source; who logs it prints the chain.

use crate::deployment::DeploymentId;
use crate::record::RecordError;
use nhip_exchange::Digest;
use nhip_policies::{AdapterName, CallerName, ServiceName};
use semver::Version;
use std::path::PathBuf;

/// Why the registry did not do what was asked. A change that fails has changed nothing, except where it is
/// [`RegistryError::Uncertain`] whether it failed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The data folder, or something in it, cannot be made, read or written.
    #[error("`{}` cannot be used", path.display())]
    Folder {
        /// What could not be used.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another gateway holds the data folder.
    #[error("another gateway is running on the data folder `{}`; stop it, or give this one a folder of its own", folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// The database was written by a newer gateway.
    #[error(
        "the database `{database}` was written by a newer gateway (schema {found}, this one knows up to {known}); run that one"
    )]
    Newer {
        /// The file, or database and host.
        database: String,
        /// The schema it has.
        found: i64,
        /// The newest schema that this binary knows.
        known: i64,
    },
    /// The database cannot be opened.
    #[error("the database `{database}` cannot be opened")]
    Open {
        /// The file, or database and host.
        database: String,
        /// Why.
        source: sqlx::Error,
    },
    /// The database cannot be brought to this binary's schema.
    #[error("the database `{database}` cannot be brought to this gateway's schema")]
    Migrate {
        /// The file, or database and host.
        database: String,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// The URL of the database is not one that can be used. It is never repeated: it may hold a password.
    #[error(
        "the URL of the database cannot be used: {why}; write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with special characters of the password as `%XX`"
    )]
    DatabaseUrl {
        /// What is wrong with it.
        why: String,
    },
    /// The database would not keep what it is given.
    #[error("the database `{database}` {why}")]
    Unfit {
        /// Database and host.
        database: String,
        /// What is wrong with it, and the cure.
        why: &'static str,
    },
    /// The name given to this gateway is not one.
    #[error("`{name}` cannot name a gateway: take 1 to 64 letters, digits, `-`, `.` and `_`")]
    GatewayName {
        /// The name, or its beginning.
        name: String,
    },
    /// The shared database gives no connection.
    #[error("the database `{database}` cannot be reached now")]
    Unreachable {
        /// Database and host.
        database: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// The connection was lost while a change was being kept.
    #[error(
        "the connection to the registry's database was lost while it was to {doing}; look whether it did before you repeat"
    )]
    Uncertain {
        /// What was to be kept, as a verb and its object.
        doing: &'static str,
        /// How it was lost.
        source: sqlx::Error,
    },
    /// The database refused an operation.
    #[error("the registry's database cannot {doing} now")]
    Database {
        /// What was tried, as a verb and its object.
        doing: &'static str,
        /// Why it was refused.
        source: sqlx::Error,
    },
    /// What is stored cannot be understood.
    #[error("{what} is stored in a form that this gateway does not understand")]
    Corrupt {
        /// What is stored.
        what: String,
        /// Why it is not understood.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The work was cut off because the process is ending.
    #[error("the gateway is stopping")]
    Stopping,
    /// The machine has no random numbers for a key.
    #[error("the machine gave no random numbers for a key")]
    Random {
        /// Why.
        source: getrandom::Error,
    },

    /// The record of exchanges and control acts cannot do it.
    #[error(transparent)]
    Record(#[from] RecordError),

    /// A blob is not there.
    #[error("the component `{digest}` is not stored")]
    BlobMissing {
        /// Its digest.
        digest: Digest,
    },
    /// A blob's bytes are not those that its name promises.
    #[error(
        "the stored component `{digest}` is damaged: its bytes are those of `{found}`; deploy it again from the vendor's file"
    )]
    BlobDamaged {
        /// The digest that it is stored under.
        digest: Digest,
        /// The digest of its bytes.
        found: Digest,
    },
    /// A blob is larger than any that is taken.
    #[error("{size} bytes are too large to store: the limit is {limit}")]
    BlobTooLarge {
        /// Its size, in bytes.
        size: u64,
        /// The largest size, in bytes.
        limit: u64,
    },

    /// A version exists already, with another component.
    #[error(
        "version `{version}` of `{adapter}` is already known as `{known}`, and this is `{given}`: a version never changes, so give the changed component a new one"
    )]
    VersionTaken {
        /// The adapter.
        adapter: AdapterName,
        /// The version.
        version: Box<Version>,
        /// The digest that it has.
        known: Digest,
        /// The digest that it was to have.
        given: Digest,
    },
    /// Another adapter serves a public name.
    #[error(
        "the service `{service}` is served by `{by}`; retire that adapter, or serve `{adapter}` under another name"
    )]
    ServiceTaken {
        /// The public name.
        service: ServiceName,
        /// The adapter that serves it.
        by: AdapterName,
        /// The adapter that was to serve it.
        adapter: AdapterName,
    },
    /// Something else went live, or was retired, since the decision was made.
    #[error("`{adapter}` changed meanwhile: {} was live when this was decided, and now {} is; look again and repeat", shown(*expected), shown(*found))]
    Changed {
        /// The adapter.
        adapter: AdapterName,
        /// What was live when the decision was made.
        expected: Option<DeploymentId>,
        /// What is live.
        found: Option<DeploymentId>,
    },
    /// No adapter of that name was ever deployed.
    #[error("no adapter `{adapter}` was ever deployed")]
    UnknownAdapter {
        /// The name.
        adapter: AdapterName,
    },
    /// The adapter is not in service.
    #[error("the adapter `{adapter}` is not in service")]
    NotLive {
        /// The adapter.
        adapter: AdapterName,
    },
    /// There is nothing to roll back to.
    #[error("`{adapter}` has no earlier deployment that differs from the live one")]
    NothingBefore {
        /// The adapter.
        adapter: AdapterName,
    },
    /// There is no deployment of that version to roll back to.
    #[error("`{adapter}` has no earlier deployment of version `{version}` that differs from the live one")]
    NoSuchVersion {
        /// The adapter.
        adapter: AdapterName,
        /// The version.
        version: Version,
    },

    /// A caller of that name exists.
    #[error("the caller `{caller}` exists already; give it a further key instead")]
    CallerExists {
        /// The name.
        caller: CallerName,
    },
    /// There is no such caller.
    #[error("there is no caller `{caller}`")]
    UnknownCaller {
        /// The name.
        caller: CallerName,
    },
    /// The caller has no such key.
    #[error("the caller `{caller}` has no key {key}")]
    UnknownKey {
        /// The caller.
        caller: CallerName,
        /// The key's number.
        key: i64,
    },
}

impl RegistryError {
    /// What was asked contradicts what is there: a version, a name or a change by somebody else.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::InUse { .. }
                | Self::VersionTaken { .. }
                | Self::ServiceTaken { .. }
                | Self::Changed { .. }
                | Self::CallerExists { .. }
        )
    }

    /// What was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::BlobMissing { .. }
                | Self::UnknownAdapter { .. }
                | Self::NotLive { .. }
                | Self::NothingBefore { .. }
                | Self::NoSuchVersion { .. }
                | Self::UnknownCaller { .. }
                | Self::UnknownKey { .. }
        )
    }

    /// The request itself is beyond a limit.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::BlobTooLarge { .. })
    }

    /// The store cannot do it now: neither the request nor what is stored under it is at fault.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Folder { .. }
            | Self::Database { .. }
            | Self::Unreachable { .. }
            | Self::Uncertain { .. }
            | Self::Stopping
            | Self::Random { .. } => true,
            Self::Record(error) => error.is_unavailable(),
            _ => false,
        }
    }
}

/// The deployment in words.
fn shown(deployment: Option<DeploymentId>) -> String {
    deployment.map_or_else(|| "nothing".to_owned(), |id| format!("deployment {id}"))
}

/// Turns a database error into ours, saying what was tried.
pub(crate) fn cannot(doing: &'static str) -> impl Fn(sqlx::Error) -> RegistryError {
    move |source| RegistryError::Database { doing, source }
}

/// Turns the error of a commit into ours. When the server itself refused, nothing was kept; when it was stopped or
/// the connection was lost, it may have been.
pub(crate) fn unsure(doing: &'static str) -> impl Fn(sqlx::Error) -> RegistryError {
    let stopped = |code: &str| code.starts_with("57P0") || code.starts_with("08");
    move |source| match &source {
        sqlx::Error::Database(error) if !error.code().is_some_and(|code| stopped(&code)) => {
            RegistryError::Database { doing, source }
        }
        _ => RegistryError::Uncertain { doing, source },
    }
}

/// Turns a reader's error into ours, saying what could not be understood.
pub(crate) fn corrupt<E>(what: impl Into<String>) -> impl FnOnce(E) -> RegistryError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |source| RegistryError::Corrupt { what: what.into(), source: source.into() }
}

/// An error and its sources on one line, for a log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
