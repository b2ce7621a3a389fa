//! The registry's tests. What they share: a registry of its own for each, and the oracle [`sound`].
//!
//! What is true of the registry is true on both databases: [`on_both`] runs a test on each.

/// Run these tests on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name($crate::database::Kind::Sqlite).await; })+
        }
        mod on_postgres {
            $(
                #[tokio::test]
                #[cfg_attr(not(nhip_postgres), ignore = "no PostgreSQL when this was built: install it (Debian: postgresql) or set NHIP_TEST_POSTGRES, and touch registry/build.rs")]
                async fn $name() { super::$name($crate::database::Kind::Postgres).await; }
            )+
        }
    };
}

/// A test that needs a server.
macro_rules! on_postgres {
    ($($needs:ident $name:ident),+ $(,)?) => {
        mod on_postgres {
            $(
                #[tokio::test]
                #[cfg_attr(not($needs), ignore = "no PostgreSQL of its own when this was built: install it (Debian: postgresql) and touch registry/build.rs")]
                async fn $name() { super::$name().await; }
            )+
        }
    };
}

mod archive;
mod blobs;
mod callers;
mod deployments;
mod durable;
mod key_value;
mod kill;
mod model;
mod open;
mod outage;
mod postgres;

use crate::database::Kind;
use crate::{Config, Deployment, JournalConfig, NewDeployment, Registry, RegistryError};
use bytes::Bytes;
use nhip_exchange::{Digest, SystemClock};
use nhip_policies::{AdapterName, CallerName};
use nhip_postgres::Scratch;
use proptest::prelude::{ProptestConfig, Strategy};
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

/// How long a test waits for what must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// A registry in a folder of its own and, on PostgreSQL, a database of its own.
struct Bench {
    folder: TempDir,
    registry: Registry,
    scratch: Option<Scratch>,
}

impl Bench {
    async fn new(kind: Kind) -> Self {
        let scratch = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Scratch::shared().await),
        };
        Self::with(scratch).await
    }

    async fn with(scratch: Option<Scratch>) -> Self {
        let folder = TempDir::new().unwrap();
        let registry = open(folder.path(), scratch.as_ref()).await;
        Self { folder, registry, scratch }
    }

    /// Close the registry and open it again.
    async fn reopened(self) -> Self {
        self.registry.close().await;
        let registry = open(self.folder.path(), self.scratch.as_ref()).await;
        Self { registry, ..self }
    }

    /// What it was opened with.
    fn config(&self) -> Config {
        config(self.folder.path(), self.scratch.as_ref())
    }

    /// Run a statement as somebody who has the database open would.
    async fn sql(&self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(statement).execute(self.registry.store.writers()).await.map(|_| ())
    }

    /// Deploy over what is live.
    async fn deploy(&self, new: NewDeployment) -> Deployment {
        let live = self.registry.deployments.live_of(&new.adapter).await.unwrap().map(|live| live.id);
        self.registry.deployments.deploy(new, live).await.unwrap()
    }
}

fn config(folder: &Path, scratch: Option<&Scratch>) -> Config {
    let database = scratch.map(|scratch| scratch.url.clone());
    gateway(folder.to_owned(), database)
}

/// A gateway with this folder and, perhaps, this shared database.
fn gateway(data: PathBuf, database: Option<String>) -> Config {
    Config { data, database, gateway: "a-gateway".to_owned(), journal: JournalConfig::default() }
}

async fn open(folder: &Path, scratch: Option<&Scratch>) -> Registry {
    opened(&config(folder, scratch)).await.unwrap()
}

/// Open a folder that nobody has. Another test's process that is just being made has it for a moment nevertheless:
/// all that was open here, until it becomes another program.
async fn opened(config: &Config) -> Result<Registry, RegistryError> {
    let until = Instant::now() + DEADLINE;
    loop {
        match Registry::open_with(config.clone(), SystemClock::shared()).await {
            Err(RegistryError::InUse { .. }) if Instant::now() < until => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

fn adapter(name: &str) -> AdapterName {
    name.parse().unwrap()
}

fn caller(name: &str) -> CallerName {
    name.parse().unwrap()
}

/// A deployment whose component is stored: of this version, with this policy, serving these names.
async fn candidate(registry: &Registry, name: &str, version: &str, policy: &str, services: &[&str]) -> NewDeployment {
    let component = registry.blobs.put(Bytes::from(format!("{name} {version}"))).await.unwrap();
    let contract = "test:made-up/contract@1.0.0";
    NewDeployment {
        adapter: adapter(name),
        version: version.parse().unwrap(),
        component,
        policy_text: policy.to_owned(),
        policy: Digest::of(policy.as_bytes()),
        manifest_text: format!("name = \"{name}\""),
        contracts: vec![contract.to_owned()],
        services: services.iter().map(|name| (name.parse().unwrap(), contract.parse().unwrap())).collect(),
        actor: "an-operator".to_owned(),
    }
}

/// Try a behaviour on so many made-up inputs, and on smaller ones when it fails.
fn for_all<T: std::fmt::Debug, F: Future<Output = ()>>(
    cases: u32,
    inputs: impl Strategy<Value = T> + Send,
    holds: impl Fn(T) -> F + Send,
) {
    let config =
        ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    // A thread and a runtime of its own: the runner is not asynchronous.
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let done = TestRunner::new(config).run(&inputs, |input| {
                runtime.block_on(holds(input));
                Ok(())
            });
            assert!(done.is_ok(), "{}", done.unwrap_err());
        });
    });
}

/// Wait until the number changes.
async fn ticks(changes: &mut watch::Receiver<u64>) {
    tokio::time::timeout(DEADLINE, changes.changed()).await.expect("a change that is never told").unwrap();
}

/// Wait until something holds.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < until, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The oracle: what must hold of a registry at any time, whatever was done to the process before.
async fn sound(registry: &Registry) {
    let mut reading = registry.store.read().await.unwrap();
    if registry.store.kind() == Kind::Sqlite {
        let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *reading).await.unwrap();
        assert_eq!(check, "ok");
        assert!(sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *reading).await.unwrap().is_empty());
    }

    let without_act: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM deployments d LEFT JOIN acts a ON a.deployment = d.id \
         WHERE a.id IS NULL OR a.kind <> d.kind OR a.subject <> d.adapter OR a.actor <> d.actor OR a.refused <> 0",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(without_act, 0, "deployments without their act");
    let without_deployment: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM acts WHERE refused = 0 AND (kind IN ('deploy', 'rollback')) <> (deployment IS NOT NULL)",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!(without_deployment, 0, "acts without their deployment");

    // What is live is what the last act of each adapter made live.
    let live: BTreeMap<String, i64> = sqlx::query_as("SELECT adapter, deployment FROM live")
        .fetch_all(&mut *reading)
        .await
        .unwrap()
        .into_iter()
        .collect();
    let by_acts: BTreeMap<String, i64> = sqlx::query_as(
        "SELECT subject, deployment FROM acts WHERE deployment IS NOT NULL AND id IN \
         (SELECT MAX(id) FROM acts WHERE refused = 0 AND kind IN ('deploy', 'rollback', 'retire') GROUP BY subject)",
    )
    .fetch_all(&mut *reading)
    .await
    .unwrap()
    .into_iter()
    .collect();
    assert_eq!(live, by_acts);

    let mut names: Vec<(String, String)> =
        sqlx::query_as("SELECT name, adapter FROM services").fetch_all(&mut *reading).await.unwrap();
    names.sort();
    drop(reading);
    let mut served = Vec::new();
    for deployment in registry.deployments.live().await.unwrap() {
        registry.blobs.get(&deployment.component).await.expect("the component of what is live");
        served.extend(deployment.services.keys().map(|name| (name.to_string(), deployment.adapter.to_string())));
    }
    served.sort();
    assert_eq!(names, served);
}
