//! Swapping under load: no exchange is lost, and each is answered by exactly one of the versions.

use super::book::Book;
use super::fake_host::{FakeHost, component};
use super::world::{call, name, policy, version};
use crate::{Actor, DeployRequest, Deployments};
use nhip_exchange::{Spine, SpineConfig, SystemClock};
use nhip_registry::Registry;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const VERSIONS: [&str; 2] = ["1.0.0", "1.1.0"];

/// Call until told to stop, and count the answers by what they say.
async fn traffic(spine: Arc<Spine>, stop: Arc<AtomicBool>) -> BTreeMap<String, u64> {
    let mut answers = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = match call(&spine, "population", "find").await.result {
            Ok(reply) => version(reply),
            Err(fault) => fault.kind.row().code.to_owned(),
        };
        *answers.entry(answer).or_default() += 1;
        tokio::task::yield_now().await;
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_swaps_under_load_lose_nothing() {
    let data = TempDir::new().unwrap();
    let registry = Registry::open(data.path(), SystemClock::shared()).await.unwrap();
    let (spine, mut queue) =
        Spine::new(SpineConfig { pool: 64, records: 65_536 }, SystemClock::shared(), Arc::<Book>::default());
    let spine = Arc::new(spine);
    // The records are only counted: the load is on the swap, not on the disk.
    let records = tokio::spawn(async move {
        let mut count = 0_u64;
        while let Some(entry) = queue.recv().await {
            assert_eq!(entry.record.outcome, "ok");
            // Nobody waits for it longer than for a disk that is quick.
            entry.written.map(|written| written.send(()));
            count += 1;
        }
        count
    });
    let host = Arc::new(FakeHost::default());
    let deployments = Deployments::new(registry.clone(), Arc::<FakeHost>::clone(&host), Arc::clone(&spine));
    deployments.restore().await.unwrap();
    let deploy = |version: &str| {
        let (component, policy) = (component("population", version), policy("population"));
        let request = DeployRequest { component, policy, manifest: None, actor: Actor::admin() };
        deployments.deploy(request, Arc::new(|_| {}))
    };
    deploy(VERSIONS[0]).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4).map(|_| tokio::spawn(traffic(Arc::clone(&spine), Arc::clone(&stop)))).collect();
    for swap in 1..=100 {
        let version = VERSIONS[swap % 2];
        // Every other pair of swaps by rollback, which needs no admission.
        let swapped = if swap % 4 < 2 {
            deployments.rollback(name("population"), None, Actor::admin()).await
        } else {
            deploy(version).await
        };
        let swapped = match swapped {
            Err(refused) if swap == 1 => {
                assert_eq!(refused.code, crate::wire::RefusedCode::NotFound, "nothing to roll back to yet");
                deploy(version).await.unwrap()
            }
            swapped => swapped.unwrap(),
        };
        assert_eq!(swapped.version, version, "swap {swap}");
    }
    stop.store(true, Ordering::Relaxed);
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    for caller in callers {
        for (answer, count) in caller.await.unwrap() {
            *answers.entry(answer).or_default() += count;
        }
    }
    assert_eq!(answers.keys().collect::<Vec<_>>(), VERSIONS.iter().collect::<Vec<_>>(), "{answers:?}");

    // The counters have every exchange, though most of the versions that served them are gone.
    let totals = deployments.totals();
    let counted: BTreeMap<String, u64> = totals.iter().map(|total| (total.version.clone(), total.counts.ok)).collect();
    assert_eq!(counted, answers);
    assert!(totals.iter().all(|total| total.counts.in_flight == 0));
    let state = deployments.state();
    assert_eq!((state.serving.len(), state.ready(&name("population")).len()), (1, 1), "memory stays flat");
    drop(state);
    let held = Arc::strong_count(&host);
    assert_eq!(held, 2, "nothing else holds the host");
    drop(deployments);
    drop(spine);
    assert_eq!(records.await.unwrap(), answers.values().sum::<u64>());
}
