//! What a component writes into the log: bounded, marked with its exchange, and unable to pass for somebody else's line.

use super::{attack, harmless, stage};
use crate::harness::{eventually, log, run, unnoticed};
use serde_json::json;

/// Of the policy's 8 KiB each line costs its text, its context and 64 bytes.
const ALLOWANCE: usize = 8 << 10;
const ENTRY: usize = 64;

#[test]
fn a_log_flood_is_cut() {
    run(async {
        let house = &stage().await.house;
        let answer = unnoticed(house, attack("log", json!({ "lines": 20_000, "bytes": 100 }))).await;
        harmless(&answer).await;
        let kept = log::said(&answer.id(), "flood");
        assert_eq!(kept.len(), ALLOWANCE / (100 + "flood".len() + ENTRY));
        assert!(kept.iter().all(|line| *line == "l".repeat(100)));
        let mut events = log::of_exchange(&answer.id());
        events.retain(|event| event["target"] == "nhip::adapter");
        let cut = events
            .iter()
            .filter(|event| event["message"].as_str().is_some_and(|text| text.contains("allowance is used up")));
        assert_eq!(cut.count(), 1, "that lines were dropped is said, once");
        assert!(events.iter().all(|event| event["adapter"] == "hostile" && event["version"] == "1.0.0"), "{events:?}");
    });
}

#[test]
fn empty_lines_and_long_ones_are_bounded_as_well() {
    run(async {
        let empty = attack("log", json!({ "lines": 20_000, "bytes": 0 })).await;
        harmless(&empty).await;
        assert_eq!(log::said(&empty.id(), "flood").len(), ALLOWANCE / ("flood".len() + ENTRY));
        let long = attack("log", json!({ "lines": 3, "bytes": 1 << 20 })).await;
        harmless(&long).await;
        let kept = log::said(&long.id(), "flood");
        assert_eq!(kept.len(), 1);
        assert!(kept[0].len() < 4200 && kept[0].ends_with('…'), "{} bytes", kept[0].len());
    });
}

#[test]
fn a_forged_log_line_stays_one_line() {
    run(async {
        let message = "một dòng\n2026-11-22T00:00:00Z ERROR nhip: forged\r\u{1b}[2J\u{202e}";
        let answer = attack("say", json!({ "message": message })).await;
        harmless(&answer).await;
        let said = log::said(&answer.id(), "said");
        let shown = r"một dòng\u{a}2026-11-22T00:00:00Z ERROR nhip: forged\u{d}\u{1b}[2J\u{202e}";
        assert_eq!(said, [shown]);
    });
}

#[test]
fn what_is_printed_goes_to_the_log_within_the_same_allowance() {
    run(async {
        let answer = attack("print", json!({ "lines": 2, "bytes": 20 })).await;
        harmless(&answer).await;
        // The streams end with the sandbox, which is torn down beside the answer.
        let both = eventually("what was printed", async || {
            let both = [log::said(&answer.id(), "stdout"), log::said(&answer.id(), "stderr")];
            both.iter().all(|lines| lines.len() == 2).then_some(both)
        });
        assert!(both.await.concat().iter().all(|line| *line == "p".repeat(20)));
        let house = &stage().await.house;
        let flood = unnoticed(house, attack("print", json!({ "lines": 5_000, "bytes": 100 }))).await;
        harmless(&flood).await;
        let kept = log::said(&flood.id(), "stdout").len() + log::said(&flood.id(), "stderr").len();
        assert!((40..=ALLOWANCE / (100 + ENTRY)).contains(&kept), "{kept} lines");
    });
}
