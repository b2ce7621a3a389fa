//! `kill -9` of the gateway while exchanges are accepted, done and repeated.

use super::Stage;
use super::work::{Work, all_done, each_once, the_record_verifies};
use crate::harness::{folder, run};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Exchanges of each kind.
const EACH: usize = 1000;
/// How often it is killed, at least.
const KILLS: usize = 20;

#[test]
fn killed_at_random_instants_every_exchange_has_its_effect_exactly_once() {
    run(async {
        let stage = Stage::set(&folder("durable-kills").join("data")).await;
        let mut process = stage.serve().await;
        stage.deploy(&process, "").await;
        let key = process.caller("van-thu").await;
        let (place, gateway) = watch::channel((*process).clone());
        let mut callers = Work::begin(vec![gateway], &key, EACH);
        let mut kills = 0;
        let mut accepted = Vec::new();
        // A different instant after each start, from the middle of the start-up work to well into the traffic.
        while !callers.is_empty() || kills < KILLS {
            sleep(Duration::from_millis(20 + (kills as u64 * 7919) % 600)).await;
            process.kill().await;
            kills += 1;
            process = stage.serve().await;
            place.send_replace((*process).clone());
            while let Some(done) = callers.try_join_next() {
                accepted.extend(done.unwrap());
            }
        }
        assert!(kills >= KILLS);
        assert!((EACH / 2..=EACH).contains(&accepted.len()), "{} were accepted", accepted.len());
        all_done(&process, &key, &accepted).await;
        each_once(&stage, EACH);
        the_record_verifies(process).await;
    });
}
