//! The process is killed at any instant, while it writes; what it had acknowledged is on the record afterwards.
//!
//! The one test has two roles, as in the registry's own test of this kind: it starts itself in a process of its own.

use super::{Gateway, HandClock, acts, exchanges, opened, record};
use crate::record::{JournalConfig, PublicKey, verify_folder};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const NAME: &str = "record::tests::kill::a_killed_gateway_has_what_it_acknowledged_on_record";
const FOLDER: &str = "NHIP_RECORD_KILL_TEST";
const ROUNDS: u64 = 25;
/// Exchanges of one round have numbers of their own.
const ROUND: u64 = 1_000_000;

#[test]
#[expect(clippy::disallowed_methods, reason = "how the test tells its other process what to do")]
fn a_killed_gateway_has_what_it_acknowledged_on_record() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        runtime.block_on(write_for_ever(Path::new(&folder)));
        return;
    }
    let folder = TempDir::new().unwrap();
    let (mut acknowledged, mut recovered) = (BTreeSet::new(), 0);
    for round in 0..ROUNDS {
        std::fs::write(folder.path().join("round"), round.to_string()).unwrap();
        let said = killed_at_random(folder.path());
        acknowledged.extend(said.iter().filter_map(|line| line.strip_prefix("kept ")?.parse::<u64>().ok()));
        let record = folder.path().join("record");
        if !record.join("0000000001.seg").exists() {
            continue;
        }
        // As it was left, before anybody repairs it.
        let key = runtime.block_on(public_key(folder.path()));
        let report = verify_folder(&record, &key, None).unwrap();
        assert!(report.is_good(), "round {round}: {}", report.fault.unwrap());
        recovered += u32::from(report.unsealed.is_some());
        let found = exchanges(&record);
        let unique: BTreeSet<u64> = found.iter().copied().collect();
        assert_eq!(unique.len(), found.len(), "round {round}: an exchange is on record twice");
        let lost: Vec<_> = acknowledged.difference(&unique).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?} were acknowledged and are gone");
    }
    // Otherwise nothing was tried.
    assert!(acknowledged.len() > 100, "only {} exchanges in all rounds", acknowledged.len());
    assert!(recovered > ROUNDS as u32 / 2, "only {recovered} rounds ended in the middle");
    runtime.block_on(acts_are_complete(folder));
}

/// The key can be had without changing anything.
async fn public_key(folder: &Path) -> PublicKey {
    let registry = opened(folder, config(), HandClock::new()).await.unwrap();
    let key = registry.journal.public_key();
    registry.close().await;
    key
}

/// After one more start, every act of the registry is on the chain, once and in order.
async fn acts_are_complete(folder: TempDir) {
    let gateway = Gateway::on(folder, HandClock::new(), config()).await.restarted().await;
    gateway.verified();
    let mut on_record: Vec<u64> = Vec::new();
    let newest = gateway.registry.acts.list(&crate::ActFilter::default(), 1).await.unwrap();
    on_record.extend(1..=newest.first().map_or(0, |act| act.id));
    assert!(on_record.len() > 10, "only {} acts", on_record.len());
    assert_eq!(acts(&gateway.record_folder()), on_record);
}

fn config() -> JournalConfig {
    JournalConfig { segment_bytes: 20_000, ..JournalConfig::default() }
}

/// Start the other process, and kill it after it has said some lines and a moment more.
fn killed_at_random(folder: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said: Vec<String> = Vec::new();
    let wanted = random(120);
    while said.iter().filter(|line| line.starts_with("kept")).count() < wanted {
        let Some(line) = lines.next() else { break };
        said.push(line.unwrap());
    }
    // Into the middle of what comes next: this is the instant, not a wait for something.
    std::thread::sleep(Duration::from_micros(random(8_000) as u64));
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines.map_while(Result::ok));
    said
}

/// The other process: exchanges and control acts, until killed.
async fn write_for_ever(folder: &Path) {
    let round: u64 = std::fs::read_to_string(folder.join("round")).unwrap().parse().unwrap();
    let registry = opened(folder, config(), HandClock::new()).await.unwrap();
    let (queue, records) = tokio::sync::mpsc::channel(256);
    let writing = tokio::spawn(registry.journal.clone().write(records));
    let next = Arc::new(std::sync::atomic::AtomicU64::new(round * ROUND));
    for _ in 0..8 {
        let (queue, next) = (queue.clone(), Arc::clone(&next));
        tokio::spawn(async move {
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let (written, done) = tokio::sync::oneshot::channel();
                let entry = nhip_exchange::record::Entry { record: record(at), written: Some(written) };
                queue.send(entry).await.unwrap();
                done.await.unwrap();
                say(&format!("kept {at}"));
            }
        });
    }
    for at in 0.. {
        registry.callers.add(&format!("caller-{round}-{at}").parse().unwrap(), "killed").await.unwrap();
    }
    writing.await.unwrap();
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
