//! What a component finds around itself: nothing of the machine, nothing of the exchange before, and of its own exchange
//! what the contract says.

use super::{attack, harmless, judged, stage};
use crate::harness::run;
use futures_util::future::join_all;
use serde_json::{Value, json};

#[test]
fn the_environment_is_empty() {
    run(async {
        let (found, _) = harmless(&attack("environment", json!({})).await).await;
        assert_eq!(found, json!([]));
    });
}

#[test]
fn nothing_is_left_of_the_exchange_before() {
    run(async {
        // More than the pool has slots, so that slots are used again, and many at once.
        for _ in 0..8 {
            let marks = join_all((0..32).map(|_| attack("residue", json!({})))).await;
            for mark in marks {
                assert_eq!(mark.ok(), 0, "something was left by the exchange before");
            }
        }
    });
}

#[test]
fn memory_that_an_attack_filled_is_empty_for_the_next_exchange() {
    run(async {
        judged(&attack("allocate", json!({})).await, 500, "memory-exceeded").await;
        assert_eq!(attack("residue", json!({})).await.ok(), 0);
    });
}

#[test]
fn a_component_knows_its_exchange_and_nothing_more() {
    run(async {
        let house = &stage().await.house;
        let key = house.caller("attacker").await;
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = [("x-purpose", "tiep-nhan"), ("traceparent", trace)];
        let answer = house.call_with(&key, "hostile", "who", &json!({}), &headers).await;
        let (who, record) = harmless(&answer).await;
        assert_eq!(who["id"], answer.id());
        assert_eq!((&who["service"], &who["function"]), (&json!("hostile"), &json!("who")));
        assert_eq!((&who["caller"], &who["purpose"]), (&json!("attacker"), &json!("tiep-nhan")));
        assert_eq!(who["attempt"], 1);
        let remaining = who["remainingMs"].as_u64().unwrap();
        assert!((1..=10_000).contains(&remaining), "{remaining}");
        assert!(who["traceparent"].as_str().unwrap().starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{who}");
        assert_eq!(record.purpose.as_deref(), Some("tiep-nhan"));
        let without = attack("who", json!({})).await.ok();
        assert_eq!(without.get("purpose").unwrap_or(&Value::Null), &Value::Null);
    });
}

#[test]
fn a_component_reads_the_settings_it_was_given_and_no_others() {
    run(async {
        assert_eq!(attack("setting", json!({ "name": "greeting" })).await.ok(), "xin chào");
        for other in ["PATH", "NHIP_TOKEN", "greeting ", ""] {
            assert_eq!(attack("setting", json!({ "name": other })).await.ok(), Value::Null, "{other}");
        }
    });
}

#[test]
fn an_error_of_the_contracts_own_type_reaches_the_caller_and_nobody_else() {
    run(async {
        let reason = "Nguyễn Thị Kín không được duyệt";
        let answer = attack("refuse", json!({ "reason": reason })).await;
        assert_eq!(answer.refusal(), reason);
        let (record, inside) = judged(&answer, 422, "contract-fault").await;
        assert!(!inside.contains(reason), "{inside}");
        assert!(!serde_json::to_string(&record).unwrap().contains(reason));
        assert!(record.response.is_some(), "the digest of what was answered is kept");
    });
}
