//! By the clock, and what the record tells of it.

use super::{Deposited, SYSTEM, Stage};
use crate::harness::{eventually, eventually_within, run};
use nhip_exchange::trace::TraceContext;
use nhip_systems::{MessageType, QlvbConfig, TransportState, samples};
use std::collections::BTreeMap;
use std::time::Duration;

/// A schedule comes at the next full minute at the earliest; the machine may be slow besides.
const NEXT_MINUTE: Duration = Duration::from_secs(240);

#[test]
fn what_waits_on_the_axis_is_taken_in_by_the_clock_and_is_in_the_office_once() {
    run(async {
        let stage = Stage::set("intake-clock", QlvbConfig::default()).await;
        let process = stage.serve().await;
        let mut deposited = Deposited::new();
        // Every oddity of real packets, too. Reports of status are not documents: nobody asks for them here.
        for (name, bytes) in samples::ALL {
            if name.starts_with("status") {
                stage.vxp.deposit(super::ORGAN, *bytes, MessageType::Status).unwrap();
            } else {
                stage.deposit_bytes(bytes.to_vec(), &mut deposited);
            }
        }
        stage.deposit(100..110, &mut deposited);
        stage.deploy(&process, "* * * * *").await;
        eventually_within(NEXT_MINUTE, "everything is taken in", async || stage.settled(&deposited)).await;
        stage.each_once(&deposited);
        for request in stage.vxp.requests() {
            assert_eq!(request.system.as_deref(), Some(SYSTEM));
        }

        let runs = eventually("the record of the run", async || {
            let runs = process.records("service=intake").await;
            let done: u32 = runs.iter().filter(|run| run.outcome == "ok").count().try_into().ok()?;
            (done > 0).then_some(runs)
        })
        .await;
        let mut polls = BTreeMap::new();
        for run in runs {
            assert_eq!((run.origin.as_str(), run.schedule.as_deref(), run.parent), ("schedule", Some("poll"), None));
            assert_eq!((run.caller.as_deref(), run.function.as_str()), (Some("intake"), "poll"));
            polls.insert(run.id, trace(run.trace));
        }
        let mut functions = BTreeMap::<String, usize>::new();
        for call in process.records("caller=intake").await.into_iter().filter(|record| record.origin == "adapter") {
            let parent = call.parent.unwrap();
            assert_eq!(polls.get(&parent), Some(&trace(call.trace)), "{call:?}");
            let outcome = if call.service == "office-inbox" { "accepted" } else { "ok" };
            assert_eq!(call.outcome, outcome, "{call:?}");
            *functions.entry(format!("{}/{}", call.service, call.function)).or_default() += 1;
        }
        for function in ["documents/fetch-packet", "office-inbox/receive", "documents/acknowledge"] {
            assert_eq!(functions.get(function), Some(&deposited.len()), "{function}: {functions:?}");
        }
        assert!(functions.contains_key("documents/list-received"), "{functions:?}");
        for delivery in process.records("service=office-inbox").await {
            assert!(polls.values().any(|known| *known == trace(delivery.trace)), "{delivery:?}");
            assert_eq!(delivery.caller.as_deref(), Some("intake"));
        }
    });
}

#[test]
fn a_packet_that_nobody_can_read_is_acknowledged_as_failed_and_the_others_arrive() {
    run(async {
        let stage = Stage::set("intake-unreadable", QlvbConfig::default()).await;
        let process = stage.serve().await;
        stage.deploy(&process, "0 0 1 1 *").await;
        let key = process.caller("van-hanh").await;
        let mut deposited = Deposited::new();
        stage.deposit(0..3, &mut deposited);
        let mut bad = Vec::new();
        for bytes in [&b"<edXML>\n<a></b></edXML>"[..], b"\x00\xff no XML at all", samples::STATUS_05] {
            bad.push(stage.vxp.deposit(super::ORGAN, bytes, MessageType::Edoc).unwrap());
        }
        stage.deposit(3..6, &mut deposited);

        let polled = super::poll(&process, &key).await;
        assert_eq!(
            polled,
            serde_json::json!({ "listed": 9, "handedOver": 6, "failed": 3, "left": 0, "complete": true })
        );
        eventually("the readable ones arrive", async || stage.settled(&deposited)).await;
        stage.each_once(&deposited);
        for packet in bad {
            assert_eq!(stage.state(&packet), TransportState::Fail);
        }
        let polled = super::poll(&process, &key).await;
        assert_eq!((&polled["listed"], &polled["complete"]), (&0.into(), &true.into()));
    });
}

/// The id of a trace.
fn trace(context: TraceContext) -> String {
    context.to_string().split('-').nth(1).unwrap_or_default().to_owned()
}
