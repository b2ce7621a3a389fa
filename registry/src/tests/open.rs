//! Opening a data folder.

use super::{Bench, adapter, candidate, open};
use crate::database::Kind;
use crate::{Registry, RegistryError};
use nhip_exchange::SystemClock;
use tempfile::TempDir;

on_both! {
    a_second_gateway_on_the_folder_is_refused_until_the_first_is_gone,
    a_part_that_is_still_in_use_keeps_the_folder_held,
    a_database_of_a_newer_gateway_is_refused_and_left_alone,
    the_database_itself_refuses_to_change_what_happened,
    readers_cannot_write,
}

#[cfg(unix)]
#[tokio::test]
async fn the_folder_and_its_files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let above = TempDir::new().unwrap();
    let data = above.path().join("a").join("nhip-data");
    let registry = open(&data, None).await;
    registry.blobs.put("a component".into()).await.unwrap();
    let mut seen = 0;
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700, "{folder:?}");
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            seen += 1;
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
    }
    assert!(seen >= 4, "the lock, the database, its log and a component, but only {seen} files");
}

async fn a_second_gateway_on_the_folder_is_refused_until_the_first_is_gone(kind: Kind) {
    let bench = Bench::new(kind).await;
    let folder = bench.folder.path();
    let refused = Registry::open_with(bench.config(), SystemClock::shared()).await.err().unwrap();
    assert!(matches!(refused, RegistryError::InUse { .. }) && refused.is_conflict(), "{refused:?}");
    assert!(refused.to_string().contains(folder.to_str().unwrap()), "{refused}");
    bench.reopened().await;
}

async fn a_part_that_is_still_in_use_keeps_the_folder_held(kind: Kind) {
    let bench = Bench::new(kind).await;
    let journal = bench.registry.journal.clone();
    let (config, scratch) = (bench.config(), bench.scratch);
    bench.registry.close().await;
    assert!(Registry::open_with(config, SystemClock::shared()).await.is_err());
    drop(journal);
    open(bench.folder.path(), scratch.as_ref()).await;
}

async fn a_database_of_a_newer_gateway_is_refused_and_left_alone(kind: Kind) {
    let bench = Bench::new(kind).await;
    bench
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (999, 'from the future', true, '', 0)",
        )
        .await
        .unwrap();
    let (config, _scratch) = (bench.config(), bench.scratch);
    bench.registry.close().await;
    for _ in 0..2 {
        let refused = Registry::open_with(config.clone(), SystemClock::shared()).await.err().unwrap();
        assert!(matches!(refused, RegistryError::Newer { found: 999, known: 2, .. }), "{refused:?}");
        let name = if kind == Kind::Sqlite { "nhip.db" } else { "nhip_test_" };
        assert!(refused.to_string().contains(name), "{refused}");
    }
}

#[tokio::test]
async fn what_is_no_database_or_no_folder_is_refused_by_name() {
    let above = TempDir::new().unwrap();
    std::fs::write(above.path().join("nhip.db"), "not a database at all, but long enough to look at ".repeat(100))
        .unwrap();
    let refused = Registry::open(above.path(), SystemClock::shared()).await.err().unwrap();
    assert!(matches!(refused, RegistryError::Open { .. }) && refused.to_string().contains("nhip.db"), "{refused:?}");

    let file = above.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let refused = Registry::open(&file, SystemClock::shared()).await.err().unwrap();
    assert!(matches!(refused, RegistryError::Folder { .. }) && refused.to_string().contains("a-file"), "{refused:?}");
}

async fn the_database_itself_refuses_to_change_what_happened(kind: Kind) {
    let bench = Bench::new(kind).await;
    bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    for statement in [
        "UPDATE acts SET actor = 'nobody'",
        "DELETE FROM acts",
        "UPDATE deployments SET policy_text = ''",
        "DELETE FROM deployments",
        "UPDATE versions SET component = 'x'",
        "DELETE FROM versions",
    ] {
        let refused = bench.sql(statement).await.unwrap_err();
        assert!(refused.to_string().contains("is never"), "{statement}: {refused}");
    }
    assert_eq!(bench.registry.versions.of(&adapter("population")).await.unwrap().len(), 1);
}

async fn readers_cannot_write(kind: Kind) {
    let bench = Bench::new(kind).await;
    let mut reading = bench.registry.store.read().await.unwrap();
    assert!(
        sqlx::query("INSERT INTO callers (name, created_ms) VALUES ('x', 0)").execute(&mut *reading).await.is_err()
    );
}
