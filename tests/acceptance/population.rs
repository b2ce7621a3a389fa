//! The adapter `population` against the simulated register, end to end: what callers get, what the register is told, and
//! what becomes of every way in which the register can break.

mod faults;

use crate::harness::{Answer, House, adapter, eventually, run};
use futures_util::future::join_all;
use nhip_systems::ngsp::Citizen;
use nhip_systems::{Ngsp, NgspConfig};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// The policy of the adapter for a simulator; `wait` is how long the register may take.
pub(crate) fn policy(ngsp: &Ngsp, wait: &str) -> String {
    format!(
        r#"adapter = "population"
[services]
population = "lgsp:population/register@1.0.0"
[limits]
memory = "32 MiB"
cpu = "2 s"
deadline = "10 s"
upstream-response = "1 MiB"
[endpoints.population-db]
url = "{url}"
methods = ["POST"]
paths = ["/tracuu"]
credential = {{ oauth2 = {{ token-url = "{token}", client-id = "env:NGSP_ID", client-secret = "env:NGSP_SECRET" }} }}
private-network = true
timeouts = {{ total = "{wait}" }}
[config]
"unit-code" = "H99"
"integration-code" = "037"
[callers]
allow = ["mot-cua"]
"#,
        url = ngsp.population_url().trim_end_matches("/tracuu"),
        token = ngsp.token_url()
    )
}

/// The body of `find` for somebody the register knows.
pub(crate) fn find(citizen: &Citizen) -> Value {
    json!({ "request": {
        "officer": { "account": "canbo.motcua", "code": "CB-017" },
        "purpose": "TTHC-01",
        "number": { "tag": "personal-id", "val": citizen.id },
        "fullName": citizen.full_name(),
        "birth": birth(citizen),
    } })
}

fn birth(citizen: &Citizen) -> Value {
    match &citizen.birth.day {
        None => json!({ "tag": "year", "val": citizen.birth.year }),
        Some(day) => json!({ "tag": "date", "val": format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]) }),
    }
}

fn verify(citizen: &Citizen, more: Value) -> Value {
    let mut body = find(citizen);
    let request = body["request"].as_object_mut().unwrap();
    let mut claims = more;
    for moved in ["number", "fullName", "birth"] {
        claims[moved] = request.remove(moved).unwrap();
    }
    request.insert("claims".to_owned(), claims);
    body
}

struct Stage {
    house: House,
    ngsp: Ngsp,
}

/// For one test at a time: the register's fault switch is shared.
async fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: OnceCell<Mutex<Stage>> = OnceCell::const_new();
    let set = || async { Mutex::new(Stage::set(NgspConfig::default()).await) };
    let stage = STAGE.get_or_init(set).await.lock().await;
    stage.ngsp.faults().clear();
    stage
}

impl Stage {
    async fn set(config: NgspConfig) -> Self {
        let ngsp = Ngsp::start(config).await.unwrap();
        let secrets = [("NGSP_ID", ngsp.client_id()), ("NGSP_SECRET", ngsp.client_secret())];
        let house = House::with_secrets("population", &secrets).await;
        house.deploy(adapter("population-1.0.0"), &policy(&ngsp, "1500 ms")).await.unwrap();
        Self { house, ngsp }
    }

    async fn call(&self, function: &str, body: &Value) -> Answer {
        self.house.call(&self.house.caller("mot-cua").await, "population", function, body).await
    }

    /// `find` for the first citizen.
    async fn find(&self) -> Answer {
        self.call("find", &find(&self.ngsp.citizens()[0])).await
    }

    /// Call until the register is well again and the gateway has noticed: after a refused token it waits a moment.
    async fn recover(&self) {
        self.ngsp.faults().clear();
        eventually("the register to answer again", async || (self.find().await.status == 200).then_some(())).await;
    }
}

#[test]
fn every_citizen_is_found_with_what_the_register_knows() {
    run(async {
        let stage = stage().await;
        for citizen in stage.ngsp.citizens() {
            let found = stage.call("find", &find(citizen)).await.ok();
            let [found] = found.as_array().unwrap().as_slice() else { panic!("{found}") };
            assert_eq!(found["personalId"], citizen.id);
            assert_eq!(found["identityCard"].as_str(), citizen.old_id.as_deref());
            assert_eq!(found["birth"], birth(citizen));
            assert_eq!(found["gender"], citizen.gender);
            assert_eq!(found["permanentResidence"]["detail"], citizen.permanent_residence.detail);
            assert_eq!(found["householdBook"].as_str(), citizen.household_book.as_deref());
            assert_eq!(found["nationality"].as_str(), citizen.nationality.as_deref());
            assert_eq!(found["father"].is_object(), citizen.father.is_some());
            assert_eq!(found["spouse"].is_object(), citizen.spouse.is_some());
            let name = &found["name"];
            let parts = ["family", "middle", "given"].map(|part| name[part].as_str().unwrap_or_default());
            let told = name["whole"].as_str().map_or_else(|| parts.join(" ").replace("  ", " "), str::to_owned);
            assert_eq!(told, citizen.full_name(), "{name}");
            assert!(found.get("displayName").is_none_or(Value::is_null), "1.0.0 has no display name: {found}");
        }
    });
}

#[test]
fn who_is_not_in_the_register_is_not_found_and_nothing_says_what_was_wrong() {
    run(async {
        let stage = stage().await;
        let citizen = &stage.ngsp.citizens()[0];
        let mut answers = Vec::new();
        for (member, value) in [
            ("fullName", json!("Người Không Có")),
            ("number", json!({ "tag": "personal-id", "val": "999999999999" })),
            ("birth", json!({ "tag": "year", "val": 1901 })),
        ] {
            let mut body = find(citizen);
            body["request"][member] = value;
            answers.push(stage.call("find", &body).await.fault(404, "not-found")["detail"].clone());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    });
}

#[test]
fn verifying_gives_verdicts_and_nothing_of_the_person() {
    run(async {
        let stage = stage().await;
        let citizen = stage.ngsp.citizens().iter().find(|citizen| citizen.nationality.is_some()).unwrap();
        let claims = json!({ "gender": citizen.gender, "nationality": "LA",
            "permanentResidence": { "detail": citizen.permanent_residence.detail } });
        let answer = stage.call("verify", &verify(citizen, claims)).await;
        let verdicts = answer.ok();
        for (member, verdict) in [
            ("number", "match"),
            ("fullName", "match"),
            ("birth", "match"),
            ("gender", "match"),
            ("nationality", "mismatch"),
            ("permanentResidence", "match"),
        ] {
            assert_eq!(verdicts[member], verdict, "{member}: {verdicts}");
        }
        assert!(verdicts.get("currentResidence").is_none_or(Value::is_null), "no claim, no verdict: {verdicts}");
        let told = answer.text();
        assert!(!told.contains(&citizen.id) && !told.contains(&citizen.full_name()), "{told}");
    });
}

#[test]
fn purpose_and_officer_arrive_at_the_register() {
    run(async {
        let stage = stage().await;
        let citizen = &stage.ngsp.citizens()[3];
        let key = stage.house.caller("mot-cua").await;
        let mut body = find(citizen);
        let request = body["request"].as_object_mut().unwrap();
        request.remove("purpose");
        request["officer"]["unit"] = json!("H99.01");
        let answer = stage.house.call_with(&key, "population", "find", &body, &[("x-purpose", "KHAI-SINH")]).await;
        answer.ok();
        let seen = stage.ngsp.requests().pop().unwrap();
        assert_eq!(seen.operation.as_deref(), Some("TraCuuThongTinCongDan"));
        assert_eq!(seen.purpose.as_deref(), Some("KHAI-SINH"), "the purpose of the exchange");
        assert_eq!((seen.officer.as_deref(), seen.account.as_deref()), (Some("CB-017"), Some("canbo.motcua")));
        assert_eq!((seen.unit.as_deref(), seen.integration.as_deref()), (Some("H99.01"), Some("037")));
        assert_eq!(
            seen.request_code,
            Some(answer.id()),
            "the exchange's id, where the caller has no number of its own"
        );
        assert!(seen.authorization_seen);
        let record = stage.house.record(&answer.id()).await;
        assert_eq!(record.purpose.as_deref(), Some("KHAI-SINH"));
        assert_eq!((record.upstream.len(), record.upstream[0].status), (1, Some(200)));
    });
}

#[test]
fn who_does_not_say_why_or_says_two_reasons_is_refused_before_the_register_is_asked() {
    run(async {
        let stage = stage().await;
        let before = stage.ngsp.requests().len();
        let mut body = find(&stage.ngsp.citizens()[0]);
        body["request"].as_object_mut().unwrap().remove("purpose");
        stage.call("find", &body).await.fault(400, "invalid-input");
        let key = stage.house.caller("mot-cua").await;
        let both = find(&stage.ngsp.citizens()[0]);
        stage
            .house
            .call_with(&key, "population", "find", &both, &[("x-purpose", "KHAC")])
            .await
            .fault(400, "invalid-input");
        body["request"]["purpose"] = json!("TTHC-01");
        body["request"]["officer"]["code"] = json!("  ");
        stage.call("find", &body).await.fault(400, "invalid-input");
        assert_eq!(stage.ngsp.requests().len(), before);
    });
}

#[test]
fn one_token_serves_fifty_exchanges_at_once() {
    run(async {
        let stage = Stage::set(NgspConfig::default()).await;
        let bodies: Vec<Value> = stage.ngsp.citizens().iter().cycle().take(50).map(find).collect();
        let answers = join_all(bodies.iter().map(|body| stage.call("find", body))).await;
        for (answer, body) in answers.iter().zip(&bodies) {
            assert_eq!(
                answer.ok()[0]["personalId"],
                body["request"]["number"]["val"],
                "every caller gets its own citizen"
            );
        }
        assert_eq!(stage.ngsp.token_requests(), 1);
        assert_eq!(stage.ngsp.requests().len(), 50);
    });
}

#[test]
fn a_token_is_renewed_before_it_ends_and_replaced_when_it_is_revoked() {
    run(async {
        let lifetime = Duration::from_secs(2);
        let stage = Stage::set(NgspConfig { token_lifetime: lifetime, ..NgspConfig::default() }).await;
        // Without a pause over three lifetimes: every exchange succeeds at its first attempt.
        let began = Instant::now();
        while began.elapsed() < 3 * lifetime {
            stage.find().await.ok();
        }
        let refused = stage.ngsp.requests().iter().filter(|seen| seen.status == 401).count();
        assert_eq!(refused, 0, "a token was used beyond its end");
        let renewed = stage.ngsp.token_requests();
        assert!((3..=8).contains(&renewed), "{renewed} tokens in {:?}", began.elapsed());

        stage.ngsp.revoke_tokens();
        let answer = stage.find().await;
        answer.ok();
        let record = stage.house.record(&answer.id()).await;
        assert_eq!((record.upstream.len(), record.upstream[0].status), (1, Some(200)), "the caller notices nothing");
    });
}
