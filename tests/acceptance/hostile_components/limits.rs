//! What one exchange may use up: processor time, memory, stack, wall clock, the size of its answer.

use super::{attack, attack_on, judged, judged_of, stage};
use crate::harness::{run, unnoticed};
use futures_util::future::join_all;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn spinning_is_stopped_and_does_not_delay_a_neighbour() {
    run(async {
        let house = &stage().await.house;
        // More at once than the machine and the runtime have threads: 3.2 s of processors that others may want, too, well before the
        // deadline.
        let answers = unnoticed(house, join_all((0..8).map(|_| attack("spin", json!({}))))).await;
        for answer in answers {
            let (record, inside) = judged(&answer, 500, "cpu-exceeded").await;
            assert!(record.cpu_micros >= 400_000, "{}", record.cpu_micros);
            assert!(inside.contains("processor time used up"), "{inside}");
        }
    });
}

#[test]
fn allocating_is_stopped() {
    run(async {
        let house = &stage().await.house;
        let answers = unnoticed(house, join_all((0..8).map(|_| attack("allocate", json!({}))))).await;
        for answer in answers {
            judged(&answer, 500, "memory-exceeded").await;
        }
    });
}

#[test]
fn recursing_is_stopped() {
    run(async {
        let house = &stage().await.house;
        let answers =
            unnoticed(house, join_all((0..8).map(|depth| attack("recurse", json!({ "depth": depth }))))).await;
        for answer in answers {
            let (_, inside) = judged(&answer, 500, "adapter-trapped").await;
            assert_eq!(answer.json()["detail"], "the adapter recursed too deeply");
            assert!(inside.contains("stack"), "{inside}");
        }
    });
}

#[test]
fn a_trap_tells_the_log_and_not_the_caller() {
    run(async {
        let house = &stage().await.house;
        let answer = unnoticed(house, attack("trap", json!({}))).await;
        let (_, inside) = judged(&answer, 500, "adapter-trapped").await;
        assert!(inside.contains("function_with_a_telling_name") && inside.contains("backtrace"), "{inside}");
    });
}

#[test]
fn a_component_that_leaves_the_process_ends_only_its_own_exchange() {
    run(async {
        let house = &stage().await.house;
        let answer = unnoticed(house, attack("leave", json!({}))).await;
        let (_, inside) = judged(&answer, 500, "adapter-trapped").await;
        assert!(inside.contains("exit"), "{inside}");
    });
}

#[test]
fn sleeping_past_the_deadline_is_stopped() {
    run(async {
        let house = &stage().await.house;
        let began = Instant::now();
        let answer = unnoticed(house, attack("sleep", json!({ "millis": 600_000 }))).await;
        let took = began.elapsed();
        let (record, inside) = judged(&answer, 504, "deadline-exceeded").await;
        assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(60), "{took:?}");
        assert!(record.cpu_micros < 400_000, "waiting costs no processor time: {}", record.cpu_micros);
        assert!(inside.contains("10s"), "{inside}");
    });
}

#[test]
fn a_giant_answer_is_refused() {
    run(async {
        let house = &stage().await.house;
        // As base64 it would be 1.3 MiB.
        let answer = unnoticed(house, attack("giant", json!({ "bytes": 1 << 20 }))).await;
        judged(&answer, 500, "answer-too-large").await;
        // And one that does not even fit into the sandbox.
        let answer = unnoticed(house, attack("giant", json!({ "bytes": 64 << 20 }))).await;
        judged(&answer, 500, "memory-exceeded").await;
        let answer = attack("giant", json!({ "bytes": 700_000 })).await;
        assert_eq!(answer.ok().as_str().map(str::len), Some(933_336));
    });
}

#[test]
fn an_answer_of_very_many_values_is_refused_like_a_large_one() {
    run(async {
        let house = &stage().await.house;
        // Three bytes of JSON each, and much more than that while it is taken out of the sandbox.
        let answer = unnoticed(house, attack_on("terse", "many", json!({ "items": 22_000 }))).await;
        judged_of("terse", &answer, 500, "answer-too-large").await;
        // And more than may be taken out of the sandbox at once, which is 3 MiB here: sixteen bytes each.
        let answer = unnoticed(house, attack_on("terse", "many", json!({ "items": 400_000 }))).await;
        judged_of("terse", &answer, 500, "answer-too-large").await;
        let few = attack("many", json!({ "items": 3 })).await;
        assert_eq!(few.ok(), json!([[], [], []]));
    });
}
