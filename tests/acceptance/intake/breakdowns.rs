//! The office is down, the axis takes no acknowledgement, the gateway is killed.

use super::{Deposited, Stage, poll};
use crate::durable::the_record_verifies;
use crate::harness::{Gateway, eventually, eventually_within, run};
use nhip_systems::{Fault, Mode, QlvbConfig, TransportState};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

#[test]
fn what_is_polled_while_the_office_is_down_arrives_when_it_is_back_and_once() {
    run(async {
        // One that answers a repeat as a conflict.
        let config = QlvbConfig { repeats_conflict: true, ..QlvbConfig::default() };
        let stage = Stage::set("intake-outage", config).await;
        let process = stage.serve().await;
        stage.deploy(&process, "0 0 1 1 *").await;
        let key = process.caller("van-hanh").await;
        stage.qlvb.faults().set(Mode::Down);
        let mut deposited = Deposited::new();

        // The gateway has it, so the axis is told that it arrived.
        stage.deposit(0..5, &mut deposited);
        let polled = poll(&process, &key).await;
        assert_eq!(polled, json!({ "listed": 5, "handedOver": 5, "failed": 0, "left": 0, "complete": true }));
        assert!(deposited.keys().all(|packet| stage.state(packet) == TransportState::Done));

        // The axis takes no acknowledgement, run after run: what was handed over is remembered.
        stage.vxp.faults().set(Fault::from(Mode::Down).path("/updateStatus"));
        stage.deposit(5..10, &mut deposited);
        let mut handed_over = Vec::new();
        for _ in 0..3 {
            let polled = poll(&process, &key).await;
            assert_eq!((&polled["listed"], &polled["left"]), (&5.into(), &5.into()), "{polled}");
            handed_over.push(polled["handedOver"].as_u64().unwrap());
        }
        assert_eq!(handed_over, [5, 0, 0]);

        // Neither forgets it when it is killed.
        process.kill().await;
        let process = stage.serve().await;
        let polled = poll(&process, &key).await;
        assert_eq!((&polled["handedOver"], &polled["left"]), (&0.into(), &5.into()), "{polled}");
        stage.vxp.faults().clear();
        let polled = poll(&process, &key).await;
        assert_eq!(polled, json!({ "listed": 0, "handedOver": 0, "failed": 0, "left": 0, "complete": true }));
        assert!(stage.qlvb.documents().is_empty());

        // Something before it says 200 and means nothing: that is not taken for an answer.
        let hits = stage.qlvb.faults().hits();
        stage.qlvb.faults().set(Mode::Garbage);
        eventually("several answers that mean nothing", async || {
            (stage.qlvb.faults().hits() > hits + 10).then_some(())
        })
        .await;
        assert!(stage.qlvb.documents().is_empty());

        // It is back, but at first its answers are cut off: it has what it does not get to say.
        stage.qlvb.faults().set(Fault::from(Mode::Truncated).times(3));
        eventually("everything arrives", async || stage.settled(&deposited)).await;
        stage.each_once(&deposited);
        eventually("the repeats are recognised", async || {
            let requests = stage.qlvb.requests();
            let recognised = requests.iter().filter(|request| request.repeat && request.status == 409).count();
            (recognised >= 3).then_some(())
        })
        .await;
        let accepted = process.records("service=office-inbox").await;
        let accepted = accepted.iter().filter(|record| record.outcome == "accepted").count();
        assert_eq!(accepted, deposited.len(), "each was handed over once");
        eventually("nothing waits any more", async || {
            let metrics = process.admin_text("/metrics").await;
            let counts = metrics.lines().filter(|line| {
                line.starts_with("nhip_durable_exchanges{") && line.contains("office-inbox") && !line.ends_with(" 0")
            });
            (counts.count() == 0).then_some(())
        })
        .await;
    });
}

/// Documents that come in while the gateway is killed.
const DOCUMENTS: usize = 120;
/// What they may need after the last kill on a slow machine.
const LONG: Duration = Duration::from_secs(240);
/// How often it is killed, at least.
const KILLS: usize = 12;

#[test]
fn a_gateway_that_is_killed_again_and_again_takes_in_every_document_once() {
    run(async {
        let stage = Arc::new(Stage::set("intake-kills", QlvbConfig::default()).await);
        let mut process = stage.serve().await;
        stage.deploy(&process, "* * * * *").await;
        let key = process.caller("van-hanh").await;
        let (place, gateway) = watch::channel((*process).clone());
        let (over, polls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let poller = tokio::spawn(poll_until(gateway, key, Arc::clone(&over), Arc::clone(&polls)));

        let mut deposited = Deposited::new();
        let mut kills = 0;
        // A different instant after each start, from the middle of the start-up work to well into the traffic.
        while kills < KILLS || polls.load(Ordering::Relaxed) == 0 {
            let next = (kills + 1) * DOCUMENTS / KILLS;
            stage.deposit(deposited.len()..next.max(deposited.len()).min(DOCUMENTS), &mut deposited);
            sleep(Duration::from_millis(100 + (kills as u64 * 7919) % 900)).await;
            process.kill().await;
            kills += 1;
            process = stage.serve().await;
            place.send_replace((*process).clone());
        }
        assert_eq!(deposited.len(), DOCUMENTS);
        eventually_within(LONG, "everything is taken in", async || stage.settled(&deposited)).await;
        over.store(true, Ordering::Relaxed);
        poller.await.unwrap();
        stage.each_once(&deposited);
        the_record_verifies(process).await;
    });
}

/// Poll again and again, wherever the gateway is now.
async fn poll_until(gateway: watch::Receiver<Gateway>, key: String, over: Arc<AtomicBool>, polls: Arc<AtomicUsize>) {
    while !over.load(Ordering::Relaxed) {
        let now = gateway.borrow().clone();
        match now.try_call(&key, "intake", "poll", &json!({}), &[]).await {
            Ok(answer) if answer.status == 200 => {
                polls.fetch_add(1, Ordering::Relaxed);
            }
            // It starts, it stops, or the clock's own run has the only place.
            Ok(answer) if matches!(answer.status, 502..=504) => {}
            Ok(answer) => panic!("{} {}", answer.status, answer.text()),
            Err(_) => {}
        }
        sleep(Duration::from_millis(20)).await;
    }
}
