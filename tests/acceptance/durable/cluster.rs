//! Two gateways on one PostgreSQL: one is killed again and again, and the database falls and comes back.

use super::work::{Work, all_done, each_once, the_record_verifies};
use super::{Stage, archive};
use crate::harness::{Gateway, Manner, Process, eventually, eventually_within, fixture, folder, run, with_manifest};
use nhip_exchange::{Clock, SystemClock};
use nhip_postgres::{Scratch, Server};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Exchanges of each kind.
const EACH: usize = 300;
/// How often one gateway is killed, at least; at every third time, the database falls, too.
const KILLS: usize = 9;

/// The axis, and a database for the gateways.
pub(super) struct Pair {
    pub(super) stage: Stage,
    pub(super) server: Server,
    pub(super) scratch: Scratch,
}

impl Pair {
    pub(super) async fn set(name: &str) -> Self {
        let stage = Stage::set(&folder(name)).await;
        let server = Server::start();
        let scratch = Scratch::on(&server).await;
        Self { stage, server, scratch }
    }

    pub(super) async fn serve(&self, gateway: &str) -> Process {
        let options = ["--gateway", gateway, "--database", &self.scratch.url, "--segment-age", "1 s"];
        let environment = [("VXP_SECRET", self.stage.secret.as_str())];
        let manner = Manner { options: &options, environment: &environment, ..Manner::default() };
        Process::start(&self.stage.data.join(gateway), &manner).await
    }

    /// The database falls as in a crash, and comes back.
    fn restart(&mut self) {
        self.server.stop("QUIT");
        self.server.go_on();
    }
}

/// Wait until a gateway serves what was deployed, and to whom was added, at the other.
async fn known(gateway: &Gateway, key: &str, service: &str) {
    eventually(&format!("`{service}` at the other gateway"), async || {
        let catalogue = gateway.get(key, "/services").await;
        (catalogue.status == 200 && catalogue.text().contains(service)).then_some(())
    })
    .await;
}

#[test]
#[cfg_attr(
    not(nhip_postgres_binaries),
    ignore = "no PostgreSQL when this was built: install it (Debian: postgresql) and touch runtime/cli/build.rs"
)]
fn one_gateway_is_killed_and_the_database_falls_and_every_effect_comes_once() {
    run(async {
        let mut pair = Pair::set("cluster").await;
        let mut first = pair.serve("bridge-1").await;
        let second = pair.serve("bridge-2").await;
        pair.stage.deploy(&first, "").await;
        let key = first.caller("van-thu").await;
        known(&second, &key, "documents").await;
        let (place, here) = watch::channel((*first).clone());
        let (_stays, there) = watch::channel((*second).clone());
        let mut callers = Work::begin(vec![here, there], &key, EACH);
        let (mut kills, mut accepted) = (0, Vec::new());
        while !callers.is_empty() || kills < KILLS {
            sleep(Duration::from_millis(50 + (kills as u64 * 7919) % 900)).await;
            first.kill().await;
            // While only one gateway is there, and, at the next kill, while both are.
            if kills % 3 == 1 {
                pair.restart();
            }
            first = pair.serve("bridge-1").await;
            place.send_replace((*first).clone());
            if kills % 3 == 2 {
                pair.restart();
            }
            kills += 1;
            while let Some(done) = callers.try_join_next() {
                accepted.extend(done.unwrap());
            }
        }
        assert!((EACH / 2..=EACH).contains(&accepted.len()), "{} were accepted", accepted.len());
        all_done(&second, &key, &accepted).await;
        each_once(&pair.stage, EACH);
        // What the killed one sealed, now and then between the kills, came to the database without a gap.
        archive::sealed(&first).await;
        archive::fetched(&second, "bridge-1", &pair.stage.data.join("fetched")).await;
        for process in [first, second] {
            the_record_verifies(process).await;
        }
    });
}

#[test]
#[cfg_attr(
    not(nhip_postgres_binaries),
    ignore = "no PostgreSQL when this was built: install it (Debian: postgresql) and touch runtime/cli/build.rs"
)]
fn what_one_gateway_deploys_the_other_serves_and_a_scheduled_run_happens_once() {
    run(async {
        let pair = Pair::set("cluster-schedule").await;
        let (first, second) = (pair.serve("bridge-1").await, pair.serve("bridge-2").await);
        let policy = super::ticking();
        let minute = || SystemClock.unix_millis() / 60_000;
        let begun = minute();
        let manifest = with_manifest("ticker", "1.0.0");
        second.deploy_as(fixture("hostile"), &policy, Some(&manifest)).await.unwrap();
        let key = second.caller("van-thu").await;
        known(&first, &key, "ticker").await;
        assert_eq!(first.call(&key, "ticker", "calm", &json!({ "word": "an" })).await.ok(), "an");

        let runs = async || {
            let mut runs = BTreeSet::new();
            for gateway in [&first, &second] {
                let records = gateway.records("service=ticker").await;
                runs.extend(records.into_iter().filter(|record| record.origin == "schedule").map(|record| record.id));
            }
            runs
        };
        let two = Duration::from_secs(300);
        let runs = eventually_within(two, "two runs", async || Some(runs().await).filter(|runs| runs.len() >= 2)).await;
        let most = minute() - begun;
        assert!(runs.len() as u64 <= most, "{} runs in {most} minutes", runs.len());
        for process in [first, second] {
            the_record_verifies(process).await;
        }
    });
}
