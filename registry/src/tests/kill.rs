//! The process is killed at any instant; the registry opens again into the last completed state.
//!
//! The one test has two roles: it starts itself in a process of its own, which changes deployments as fast as it can
//! and says each one that it was told is done, and kills that.

use super::{adapter, candidate, config, gateway, opened, sound};
use crate::database::Kind;
use crate::{Config, Registry, RegistryError};
use bytes::Bytes;
use nhip_postgres::Scratch;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const FOLDER: &str = "NHIP_REGISTRY_KILL_TEST";
const DATABASE: &str = "NHIP_REGISTRY_KILL_TEST_DATABASE";
const ROUNDS: u32 = 30;

#[test]
fn a_killed_gateway_finds_its_last_completed_state() {
    killed_again_and_again("tests::kill::a_killed_gateway_finds_its_last_completed_state", Kind::Sqlite);
}

#[test]
#[cfg_attr(not(nhip_postgres), ignore = "no PostgreSQL when this was built; see the other tests that say so")]
fn a_killed_gateway_leaves_a_shared_database_in_its_last_completed_state() {
    let name = "tests::kill::a_killed_gateway_leaves_a_shared_database_in_its_last_completed_state";
    killed_again_and_again(name, Kind::Postgres);
}

#[expect(clippy::disallowed_methods, reason = "how the test tells its other process what to do")]
fn killed_again_and_again(name: &str, kind: Kind) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    if let Some(data) = std::env::var_os(FOLDER) {
        let database = std::env::var(DATABASE).ok();
        runtime.block_on(change_for_ever(Config { gateway: "killed".to_owned(), ..gateway(data.into(), database) }));
        return;
    }
    let folder = TempDir::new().unwrap();
    let scratch = (kind == Kind::Postgres).then(|| runtime.block_on(Scratch::shared()));
    let config = config(folder.path(), scratch.as_ref());
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let said = killed_at_random(name, &config);
        for line in said {
            assert!(!line.starts_with("wrong"), "round {round}: {line}");
            acknowledged.extend(line.strip_prefix("made ").map(|id| id.parse::<i64>().unwrap()));
        }
        let found = runtime.block_on(look(&config));
        let lost: Vec<_> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "round {round}: deployments {lost:?} were acknowledged and are gone");
    }
    // Otherwise nothing was tried.
    assert!(acknowledged.len() > 20, "only {} deployments in all rounds", acknowledged.len());
}

/// Start the other process, kill it after some changes or, every third time, after some time; gives what it said.
fn killed_at_random(name: &str, config: &Config) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, &config.data)
        .envs(config.database.iter().map(|url| (DATABASE, url)))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = Vec::new();
    if random(3) > 0 {
        let wanted = said.len() + 1 + random(12);
        while said.iter().filter(|line: &&String| line.starts_with("made")).count() < wanted {
            let Some(line) = lines.next() else { break };
            said.push(line.unwrap());
        }
        // Into the middle of the next change: this is the instant, not a wait for something.
        std::thread::sleep(Duration::from_micros(random(8_000) as u64));
    } else {
        // Perhaps while it still opens.
        std::thread::sleep(Duration::from_millis(random(80) as u64));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines.map_while(Result::ok));
    said
}

/// Open the registry as after a restart, ask the oracle, and give all deployments' numbers.
async fn look(config: &Config) -> BTreeSet<i64> {
    let registry = opened(config).await.unwrap();
    // A server may still be at the last commit of the killed one: that ends before this turn begins.
    let turn = registry.store.begin().await.unwrap();
    sound(&registry).await;
    drop(turn);
    let mut found = BTreeSet::new();
    for name in ["one", "two"] {
        let history = registry.deployments.history(&adapter(name), 1000).await.unwrap_or_default();
        found.extend(history.iter().map(|deployment| deployment.id.to_db()));
    }
    registry.close().await;
    found
}

/// The other process: change deployments until killed.
async fn change_for_ever(config: Config) {
    let registry = opened(&config).await.unwrap();
    loop {
        let name = ["one", "two"][random(2)];
        let done = match random(6) {
            0..=2 => deploy(&registry, name).await,
            3 | 4 => rollback(&registry, name).await,
            _ => retire(&registry, name).await,
        };
        match done {
            Ok(Some(id)) => say(&format!("made {id}")),
            Ok(None) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => say(&format!("wrong: {error:?}")),
        }
    }
}

async fn deploy(registry: &Registry, name: &str) -> Result<Option<i64>, RegistryError> {
    let mut new = candidate(registry, name, &format!("1.{}.0", random(1_000_000)), "p", &[name]).await;
    // Large enough that writing it takes a while.
    let content = format!("{name} {} ", new.version).repeat(1 + random(20_000));
    new.component = registry.blobs.put(Bytes::from(content)).await?;
    let live = registry.deployments.live_of(&new.adapter).await?.map(|live| live.id);
    registry.deployments.deploy(new, live).await.map(|made| Some(made.id.to_db()))
}

async fn rollback(registry: &Registry, name: &str) -> Result<Option<i64>, RegistryError> {
    let target = registry.deployments.rollback_target(&adapter(name), None).await?;
    registry.deployments.rollback(target, "killed").await.map(|made| Some(made.id.to_db()))
}

async fn retire(registry: &Registry, name: &str) -> Result<Option<i64>, RegistryError> {
    if let Some(live) = registry.deployments.live_of(&adapter(name)).await? {
        registry.deployments.retire(&live.adapter, live.id, "killed").await?;
    }
    Ok(None)
}

/// A line of its own, whatever the test harness has begun to print.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

/// A number below `bound`.
fn random(bound: usize) -> usize {
    usize::try_from(getrandom::u32().unwrap()).unwrap() % bound
}
