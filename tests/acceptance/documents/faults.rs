//! What becomes of every way in which the axis can break: status, code, blame and retry, and no document sent twice or
//! called unsent that may have been sent.

use super::{Stage, document, stage};
use crate::harness::run;
use nhip_systems::Mode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The fault of a call while the axis is broken in this way.
async fn becomes(stage: &Stage, mode: Mode, function: &str, body: &Value, status: u16, code: &str) -> Value {
    let hits = stage.vxp.faults().hits();
    stage.vxp.faults().set(mode.clone());
    let began = Instant::now();
    let answer = stage.call(function, body).await;
    stage.vxp.faults().clear();
    assert!(stage.vxp.faults().hits() > hits, "the fault did not strike: {mode:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{mode:?} took {:?}", began.elapsed());
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{function} {mode:?}: {}", answer.text());
    let record = stage.house.record(&answer.id()).await;
    assert_eq!((record.status, record.outcome.as_str()), (status, code), "{mode:?}");
    answer.fault(status, code)
}

#[test]
fn the_axis_can_break_in_every_way() {
    run(async {
        let stage = stage().await;
        for (mode, status, code, blame, retry) in [
            (Mode::Slow { millis: 60_000 }, 504, "upstream-timeout", "upstream", "if-idempotent"),
            (Mode::Down, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Truncated, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Garbage, 502, "upstream-invalid", "upstream", "never"),
            (Mode::EndlessBody { pause_millis: 0 }, 502, "upstream-invalid", "upstream", "never"),
            (Mode::SlowBody { millis: 100 }, 504, "upstream-timeout", "upstream", "if-idempotent"),
            (Mode::HugeHeaders { bytes: 1 << 20 }, 502, "upstream-invalid", "upstream", "never"),
            (
                Mode::Redirect { location: "http://127.0.0.1:9/".to_owned() },
                502,
                "upstream-invalid",
                "upstream",
                "never",
            ),
            (Mode::Status { code: 500 }, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Refuse { retry_after: 5 }, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::WrongKey, 502, "upstream-refused", "gateway", "never"),
            (Mode::ExpiredToken, 502, "upstream-refused", "gateway", "never"),
        ] {
            let problem = becomes(&stage, mode.clone(), "agencies", &json!({}), status, code).await;
            assert_eq!((&problem["blame"], &problem["retry"]), (&json!(blame), &json!(retry)), "{mode:?}");
        }
        stage.call("agencies", &json!({})).await.ok();
    });
}

#[test]
fn a_document_that_may_have_been_sent_is_never_called_unsent() {
    run(async {
        let stage = stage().await;
        // The answer is lost on the way back: whether the axis took the document is unknown to the caller.
        for (number, mode) in [Mode::Down, Mode::Truncated, Mode::Slow { millis: 60_000 }].into_iter().enumerate() {
            let mut body = document(json!([]));
            body["document"]["subject"] = json!(format!("Văn bản mất trả lời {number}"));
            let problem = becomes(&stage, mode.clone(), "send", &body, 504, "upstream-timeout").await;
            assert_eq!(problem["retry"], "if-idempotent", "{mode:?}");
        }
    });
}

#[test]
fn what_the_axis_refuses_is_told_with_its_own_code() {
    run(async {
        let stage = stage().await;
        let problem = stage
            .call("fetch", &json!({ "packetId": "0199c0de-0000-7000-8000-000000000000" }))
            .await
            .fault(404, "not-found");
        assert_eq!(problem["upstreamCode"], "906");
        let mut body = document(json!([]));
        body["document"]["recipients"] = json!([{ "code": "H77" }]);
        let problem = stage.call("send", &body).await.fault(400, "invalid-input");
        assert_eq!(problem["upstreamCode"], "18");
        body = document(json!([]));
        body["document"]["sender"] = json!({ "code": "G99" });
        let problem = stage.call("send", &body).await.fault(403, "denied");
        assert_eq!(problem["upstreamCode"], "19");
    });
}
