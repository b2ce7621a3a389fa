//! What becomes of every way in which the register and its token service can break: status, code, blame and retry.

use super::{Stage, stage};
use crate::harness::{eventually, run};
use nhip_systems::Mode;
use nhip_systems::faults::Fault;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What the caller gets for a fault of the register: status and code; blame and retry follow by the one table.
async fn becomes(stage: &Stage, fault: impl Into<Fault>, status: u16, code: &str) -> Value {
    let fault = fault.into();
    stage.recover().await;
    let hits = stage.ngsp.faults().hits();
    stage.ngsp.faults().set(fault.clone());
    let began = Instant::now();
    let answer = stage.find().await;
    assert!(stage.ngsp.faults().hits() > hits, "the fault did not strike: {fault:?}");
    assert!(began.elapsed() < Duration::from_secs(8), "{fault:?} took {:?}", began.elapsed());
    assert_eq!((answer.status, answer.code().as_str()), (status, code), "{fault:?}: {}", answer.text());
    let record = stage.house.record(&answer.id()).await;
    assert_eq!((record.status, record.outcome.as_str()), (status, code), "{fault:?}");
    let problem = answer.fault(status, code);
    let citizen = &stage.ngsp.citizens()[0];
    assert!(!answer.text().contains(&citizen.id) && !answer.text().contains(&citizen.full_name()), "{}", answer.text());
    problem
}

#[test]
fn the_register_can_break_in_every_way() {
    run(async {
        let stage = stage().await;
        let register = |mode: Mode| Fault::from(mode).path("/dancu");
        for (mode, status, code, blame, retry) in [
            (Mode::Slow { millis: 60_000 }, 504, "upstream-timeout", "upstream", "if-idempotent"),
            (Mode::Down, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Truncated, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Garbage, 502, "upstream-invalid", "upstream", "never"),
            (Mode::EndlessBody { pause_millis: 0 }, 502, "upstream-invalid", "upstream", "never"),
            (Mode::EndlessBody { pause_millis: 200 }, 504, "upstream-timeout", "upstream", "if-idempotent"),
            (Mode::SlowBody { millis: 50 }, 504, "upstream-timeout", "upstream", "if-idempotent"),
            (Mode::HugeHeaders { bytes: 1 << 20 }, 502, "upstream-invalid", "upstream", "never"),
            (
                Mode::Redirect { location: "http://127.0.0.1:9/".to_owned() },
                502,
                "upstream-invalid",
                "upstream",
                "never",
            ),
            (Mode::Status { code: 500 }, 502, "upstream-unavailable", "upstream", "later"),
            (Mode::Status { code: 501 }, 501, "unsupported", "upstream", "never"),
            (Mode::Status { code: 404 }, 502, "upstream-refused", "gateway", "never"),
            (Mode::Status { code: 429 }, 503, "busy", "upstream", "later"),
            (Mode::Status { code: 204 }, 502, "upstream-invalid", "upstream", "never"),
            (Mode::WrongKey, 502, "upstream-refused", "gateway", "never"),
            (Mode::ExpiredToken, 502, "upstream-refused", "gateway", "never"),
        ] {
            let problem = becomes(&stage, register(mode.clone()), status, code).await;
            assert_eq!((&problem["blame"], &problem["retry"]), (&json!(blame), &json!(retry)), "{mode:?}");
        }
        stage.recover().await;
    });
}

#[test]
fn a_register_that_asks_for_patience_is_handed_on_with_its_time() {
    run(async {
        let stage = stage().await;
        stage.ngsp.faults().set(Fault::from(Mode::Refuse { retry_after: 17 }).path("/dancu"));
        let answer = stage.find().await;
        answer.fault(502, "upstream-unavailable");
        assert_eq!(answer.header("retry-after"), Some("17"));
        assert_eq!(answer.json()["upstreamCode"], "503");
    });
}

#[test]
fn an_expired_token_is_replaced_without_the_caller_noticing() {
    run(async {
        let stage = stage().await;
        stage.recover().await;
        // The gateway leaves a token service that just gave a useless token alone for a moment.
        let tokens = stage.ngsp.token_requests();
        eventually("an expired token to be replaced", async || {
            stage.ngsp.faults().set(Fault::from(Mode::ExpiredToken).times(1));
            (stage.find().await.status == 200).then_some(())
        })
        .await;
        assert!(stage.ngsp.token_requests() > tokens);
        assert_eq!(stage.ngsp.faults().current().mode, Mode::None, "the fault has struck");
    });
}

#[test]
fn a_token_service_in_trouble_is_told_apart_from_a_register_in_trouble() {
    run(async {
        let token = |mode: Mode| Fault::from(mode).path("/token");
        for mode in [
            Mode::WrongKey,
            Mode::Down,
            Mode::Garbage,
            Mode::Slow { millis: 60_000 },
            Mode::EndlessBody { pause_millis: 0 },
            Mode::Redirect { location: "http://127.0.0.1:9/token".to_owned() },
        ] {
            let stage = stage().await;
            stage.recover().await;
            stage.ngsp.revoke_tokens();
            stage.ngsp.faults().set(token(mode.clone()));
            let asked = stage.ngsp.requests().len();
            let answer = stage.find().await;
            let told = (answer.status, answer.code());
            // Where no token came at all it is the credential that is missing; where the wait for one was the wait of the
            // exchange, it is time.
            let wanted = if matches!(mode, Mode::Slow { .. }) {
                [(502, "upstream-refused"), (502, "upstream-unavailable")]
            } else {
                [(502, "upstream-refused"); 2]
            };
            assert!(
                wanted.iter().any(|(status, code)| told == (*status, (*code).to_owned())),
                "{mode:?}: {}",
                answer.text()
            );
            answer.fault(told.0, &told.1);
            assert_eq!(
                stage.ngsp.requests().len(),
                asked + 1,
                "{mode:?}: nothing was asked without a token but the try with the revoked one"
            );
            stage.recover().await;
        }
    });
}
