//! The system behind is down for the whole of a run, then comes back.

use super::{Stage, numbered, over};
use crate::harness::{eventually, folder, run};
use nhip_systems::Mode;
use serde_json::json;

const LANES: [&str; 4] = ["UBND", "SNV", "STC", "VP"];
const EACH: usize = 15;

#[test]
fn what_was_accepted_while_the_system_was_down_arrives_in_lane_order_and_once() {
    run(async {
        let stage = Stage::set(&folder("durable-outage").join("data")).await;
        let process = stage.serve().await;
        let lanes = "[[delivery.lanes]]\nfunctions = [\"documents/send\"]\nby = \"/document/code/notation\"\n";
        stage.deploy(&process, lanes).await;
        crate::process::deploy(&process, "neighbour", "1.0.0").await;
        let key = process.caller("van-thu").await;
        stage.vxp.faults().set(Mode::Down);

        let later = [("prefer", "respond-async")];
        let mut places = Vec::new();
        for number in 0..EACH {
            for lane in LANES {
                let answer = process.call_with(&key, "documents", "send", &numbered(number, lane), &later).await;
                assert_eq!(answer.status, 202, "{}", answer.text());
                places.push(answer.header("location").unwrap().to_owned());
            }
        }
        // It is tried, and tried again, and only the first of each lane.
        eventually("several tries of each lane's first", async || {
            let firsts = &places[..LANES.len()];
            for place in firsts {
                let state = process.get(&key, place).await.ok();
                assert!(matches!(state["state"].as_str(), Some("waiting" | "trying")), "{state}");
                if state["attempts"].as_u64()? < 3 {
                    return None;
                }
            }
            Some(())
        })
        .await;
        let behind = process.get(&key, &places[LANES.len()]).await.ok();
        assert_eq!(behind["attempts"], 0, "{behind}");
        assert!(stage.arrived().is_empty());

        // Meanwhile others are served, now and later.
        let word = json!({ "word": "bình an" });
        let answer = process.call_with(&key, "neighbour", "calm", &word, &later).await;
        let state = over(&process, &key, answer.header("location").unwrap()).await;
        assert_eq!((&state["state"], &state["result"]), (&json!("done"), &json!("bình an")));

        // Killed while it waits, it has forgotten nothing.
        process.kill().await;
        let process = stage.serve().await;
        stage.vxp.faults().clear();
        for place in &places {
            assert_eq!(over(&process, &key, place).await["state"], "done");
        }
        let arrived = stage.arrived();
        assert_eq!(arrived.len(), LANES.len() * EACH, "{arrived:?}");
        for lane in LANES {
            let suffix = format!("/{lane}");
            let numbers: Vec<&str> = arrived.iter().filter_map(|notation| notation.strip_suffix(&suffix)).collect();
            let wanted: Vec<String> = (0..EACH).map(|number| number.to_string()).collect();
            assert_eq!(numbers, wanted, "{lane}");
        }
    });
}
