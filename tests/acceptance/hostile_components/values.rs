//! The durable store: an adapter's own, within its quota, and there after a rollback.

use super::{attack, stage};
use crate::harness::{Answer, House, fixture, run, with_manifest};
use serde_json::{Value, json};

async fn neighbour(function: &str, body: Value) -> Answer {
    let house = &stage().await.house;
    house.call(&house.caller("neighbour").await, "neighbour", function, &body).await
}

/// The store of `hostile` is shared by these tests, so they are one.
#[test]
fn key_values_are_apart() {
    run(async {
        attack("set", json!({ "key": "số", "value": "của kẻ tấn công" })).await.ok();
        neighbour("set", json!({ "key": "số", "value": "của hàng xóm" })).await.ok();
        assert_eq!(attack("get", json!({ "key": "số" })).await.ok(), "của kẻ tấn công");
        assert_eq!(neighbour("get", json!({ "key": "số" })).await.ok(), "của hàng xóm");
        assert_eq!(attack("get", json!({ "key": "khác" })).await.ok(), Value::Null);
        assert_eq!(attack("keys", json!({})).await.ok(), json!(["số"]));

        // One value over the quota, many values over it, many keys over their number.
        for bytes in [4096, 1 << 20] {
            let refused = attack("set-filler", json!({ "key": "lớn", "bytes": bytes })).await;
            assert!(
                refused.refusal().contains("quota") || refused.refusal().contains("at most"),
                "{}",
                refused.refusal()
            );
        }
        attack("set-filler", json!({ "key": "vừa", "bytes": 3000 })).await.ok();
        let refused = attack("set-filler", json!({ "key": "thêm", "bytes": 2000 })).await.refusal();
        assert!(refused.contains("quota of 4096 bytes and 8 keys"), "{refused}");
        attack("set-filler", json!({ "key": "vừa", "bytes": 1 })).await.ok();
        for number in 3..=8 {
            attack("set", json!({ "key": format!("khoá {number}"), "value": "" })).await.ok();
        }
        let refused = attack("set", json!({ "key": "khoá 9", "value": "" })).await.refusal();
        assert!(refused.contains("quota"), "{refused}");
        assert_eq!(attack("keys", json!({})).await.ok().as_array().map(Vec::len), Some(8));
        assert_eq!(neighbour("keys", json!({})).await.ok(), json!(["số"]), "nothing of it at the neighbour");
    });
}

#[test]
fn values_are_there_after_a_new_version_and_after_its_rollback() {
    run(async {
        let house: &House = &stage().await.house;
        let policy = "adapter = \"keeper\"\n[services]\nkeeper = \"test:hostile/attacks@1.0.0\"\n[key-value]\n\
             [endpoints.unused]\nurl = \"http://unused.example\"\nmethods = [\"GET\"]\npaths = [\"/\"]\n\
             [callers]\nany-authenticated = true\n";
        let key = house.caller("keeper").await;
        let call = async |function: &str, body: Value| house.call(&key, "keeper", function, &body).await.ok();
        house.deploy_as(fixture("hostile"), policy, Some(&with_manifest("keeper", "1.0.0"))).await.unwrap();
        call("set", json!({ "key": "mốc", "value": "1.0.0" })).await;
        house.deploy_as(fixture("hostile"), policy, Some(&with_manifest("keeper", "1.1.0"))).await.unwrap();
        assert_eq!(call("get", json!({ "key": "mốc" })).await, "1.0.0");
        call("set", json!({ "key": "mốc", "value": "1.1.0" })).await;
        assert_eq!(house.rollback("keeper", None).await.version, "1.0.0");
        assert_eq!(call("get", json!({ "key": "mốc" })).await, "1.1.0");
    });
}
