//! A hundred swaps between two versions under load: no exchange fails, each is answered by exactly one of the two, and
//! the gateway's memory stays flat.

use crate::harness::{Gateway, Process, adapter, folder, run};
use nhip_systems::ngsp::Citizen;
use nhip_systems::{Ngsp, NgspConfig};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::task::JoinSet;

const SWAPS: usize = 100;
const CLIENTS: usize = 6;

/// What memory may grow in the second half of the swaps: far less than one leaked version would take (the
/// compiled code of `population` alone is some hundred kilobytes, times fifty), more than an allocator's own drift.
const DRIFT: u64 = 12 << 20;

/// What the clients saw.
#[derive(Default)]
struct Tally {
    on_1_0: AtomicUsize,
    on_1_1: AtomicUsize,
    stop: AtomicBool,
}

impl Tally {
    fn total(&self) -> usize {
        self.on_1_0.load(Ordering::Relaxed) + self.on_1_1.load(Ordering::Relaxed)
    }
}

#[test]
fn a_hundred_swaps_under_load_fail_no_exchange_and_take_no_memory() {
    run(async {
        let ngsp = Ngsp::start(NgspConfig::default()).await.unwrap();
        let secrets = [("NGSP_ID", ngsp.client_id()), ("NGSP_SECRET", ngsp.client_secret())];
        let process = Process::serve(&folder("swaps").join("data"), &secrets).await;
        let policy = crate::population::policy(&ngsp, "10 s");
        let (old, new) = (adapter("population-1.0.0"), adapter("population-1.1.0"));
        process.deploy(old.clone(), &policy).await.unwrap();

        let tally = Arc::new(Tally::default());
        let clients = load(&process, ngsp.citizens(), &tally).await;
        let mut resident = Vec::new();
        for swap in 1..=SWAPS {
            // Exchanges under way on the version before, and some begun on the one that now serves.
            progress(&tally, 3).await;
            let deployed = match swap % 4 {
                1 => process.deploy(new.clone(), &policy).await.unwrap(),
                0 => process.deploy(old.clone(), &policy).await.unwrap(),
                // To the version before, and from there back again.
                _ => process.rollback("population", None).await,
            };
            assert!(
                deployed.replaced.is_some_and(|before| before.version != deployed.version),
                "swap {swap} changed nothing"
            );
            // Always after a swap of the same kind: a deployment has a component in hand, a rollback has not.
            if swap >= SWAPS / 2 && swap % 4 == 0 {
                resident.push(process.resident());
            }
        }
        progress(&tally, 10).await;
        tally.stop.store(true, Ordering::Relaxed);
        clients.join_all().await;

        let (on_1_0, on_1_1) = (tally.on_1_0.load(Ordering::Relaxed), tally.on_1_1.load(Ordering::Relaxed));
        assert!(on_1_0 >= SWAPS && on_1_1 >= SWAPS, "{on_1_0} on 1.0.0, {on_1_1} on 1.1.0");
        let (first, last) = (resident[0], resident[resident.len() - 1]);
        assert!(last <= first + DRIFT, "{first} bytes halfway, {last} after {SWAPS} swaps: {resident:?}");
        let history = process.adapter("population").await.history;
        assert!(history.len() >= SWAPS, "{} deployments on record", history.len());
    });
}

/// Wait until the clients have got that many more answers.
async fn progress(tally: &Arc<Tally>, more: usize) {
    let wanted = tally.total() + more;
    crate::harness::eventually("answers under load", async || (tally.total() >= wanted).then_some(())).await;
}

/// Clients that call one after the other until they are told to stop. Each answer is looked at.
async fn load(gateway: &Gateway, citizens: &[Citizen], tally: &Arc<Tally>) -> JoinSet<()> {
    let key = gateway.caller("mot-cua").await;
    let bodies: Arc<Vec<Value>> = Arc::new(citizens.iter().map(crate::population::find).collect());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (gateway, key, bodies, tally) = (gateway.clone(), key.clone(), Arc::clone(&bodies), Arc::clone(tally));
        clients.spawn(async move {
            for body in bodies.iter().cycle().skip(client) {
                if tally.stop.load(Ordering::Relaxed) {
                    break;
                }
                let answer = gateway.call(&key, "population", "find", body).await.ok();
                let citizens = answer.as_array().filter(|found| !found.is_empty()).expect("a citizen");
                let named = citizens.iter().filter(|citizen| citizen["displayName"].is_string()).count();
                let counter = match named {
                    0 => &tally.on_1_0,
                    all if all == citizens.len() => &tally.on_1_1,
                    _ => panic!("an answer of two versions at once"),
                };
                counter.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    clients
}
