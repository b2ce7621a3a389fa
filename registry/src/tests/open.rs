//! Opening a data folder.

use super::{Bench, adapter, caller, candidate, open, opened};
use crate::database::Kind;
use crate::{ActFilter, Registry, RegistryError, schema};
use nhip_exchange::SystemClock;
use nhip_exchange::port::KeyValue;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

on_both! {
    a_second_gateway_on_the_folder_is_refused_until_the_first_is_gone,
    a_part_that_is_still_in_use_keeps_the_folder_held,
    a_database_of_a_newer_gateway_is_refused_and_left_alone,
    the_database_itself_refuses_to_change_what_happened,
    readers_cannot_write,
    connections_are_made_at_home_whoever_asks_for_them,
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
    let newest = if kind == Kind::Sqlite { 4 } else { 5 };
    for _ in 0..2 {
        let refused = opened(&config).await.err().unwrap();
        assert!(matches!(refused, RegistryError::Newer { found: 999, known, .. } if known == newest), "{refused:?}");
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

#[tokio::test]
async fn what_an_older_gateway_kept_is_there_after_the_step_to_this_schema() {
    let folder = TempDir::new().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join("nhip.db")).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    schema::SQLITE.run_direct(Some(1), &mut connection, false).await.unwrap();
    for statement in [
        "INSERT INTO callers (name, created_ms) VALUES ('mot-cua', 1)",
        "INSERT INTO acts (id, at_ms, actor, kind, subject, refused, detail) \
         VALUES (1, 1, 'admin', 'caller-add', 'mot-cua', 0, '{}')",
        "INSERT INTO key_values (adapter, key, value) VALUES ('one', 'khoá', X'010203')",
        "INSERT INTO key_value_usage (adapter, bytes, keys) VALUES ('one', 8, 1)",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let registry = open(folder.path(), None).await;
    assert_eq!(registry.key_values.get("one", "khoá").await.unwrap().unwrap(), &[1, 2, 3][..]);
    assert_eq!(registry.key_values.keys("one", 0, 9).await.unwrap(), ["khoá"]);
    registry.callers.add_key(&caller("mot-cua"), "admin").await.unwrap();
    let acts = registry.acts.list(&ActFilter::default(), 9).await.unwrap();
    let acts: Vec<_> = acts.iter().map(|act| (act.id, act.gateway.as_str())).collect();
    assert_eq!(acts, [(2, "a-gateway"), (1, "")]);
}

#[tokio::test]
async fn after_a_full_disk_changes_begin_again() {
    let bench = Bench::new(Kind::Sqlite).await;
    let store = &bench.registry.store;
    let mut change = store.begin_beside().await.unwrap();
    sqlx::query("CREATE TABLE filler (text BLOB)").execute(&mut *change).await.unwrap();
    change.commit().await.unwrap();
    let mut writer = store.writers().acquire().await.unwrap();
    // SQLite takes a change back by itself when there is no room; a limit of its own does the same as the disk's.
    sqlx::query("PRAGMA max_page_count = 1").execute(&mut *writer).await.unwrap();
    drop(writer);
    let mut change = store.begin_beside().await.unwrap();
    let full = sqlx::query("INSERT INTO filler VALUES (zeroblob(10000000))").execute(&mut *change).await.unwrap_err();
    assert!(full.to_string().contains("full"), "{full}");
    drop(change);
    let mut writer = store.writers().acquire().await.unwrap();
    sqlx::query("PRAGMA max_page_count = 1000000").execute(&mut *writer).await.unwrap();
    drop(writer);
    bench.registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
}

/// The thread that asks is nicer than the others, and its runtime is gone before the connections are used.
async fn connections_are_made_at_home_whoever_asks_for_them(kind: Kind) {
    let bench = Bench::new(kind).await;
    let store = bench.registry.store.clone();
    let ask = move || {
        #[cfg(target_os = "linux")]
        rustix::process::nice(3).unwrap();
        let elsewhere = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        elsewhere.block_on(async {
            let four = [store.read().await, store.read().await, store.read().await, store.read().await];
            four.map(Result::unwrap)
        })
    };
    // On a thread that nobody else uses after it.
    let (done, asked) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || done.send(ask()).map_err(drop).unwrap());
    let mut four = asked.await.unwrap();
    for reading in &mut four {
        let one: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM callers").fetch_one(&mut **reading).await.unwrap();
        assert_eq!(one, 0);
    }
    #[cfg(target_os = "linux")]
    if kind == Kind::Sqlite {
        let own = rustix::process::getpriority_process(None).unwrap();
        let priorities = priorities_of("sqlx-sqlite");
        assert!(priorities.len() > four.len(), "{priorities:?}");
        assert!(priorities.iter().all(|nice| *nice == own), "{priorities:?}");
    }
}

/// How nice the threads of this process with such a name are.
#[cfg(target_os = "linux")]
fn priorities_of(name: &str) -> Vec<i32> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    // A thread may end meanwhile.
    let all = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok());
    let of = |stat: String| {
        let (head, fields) = stat.rsplit_once(") ")?;
        // The nineteenth field of `proc_pid_stat(5)`; the first here is its third.
        head.contains(name).then(|| fields.split(' ').nth(16)?.parse().ok())?
    };
    all.filter_map(of).collect()
}
