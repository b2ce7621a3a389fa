//! Deployments that must not happen: a refused one changes nothing, says everything that is wrong at once, and stands in
//! the acts.

mod policies;

use crate::harness::{House, Refusal, fixture, run, with_manifest};
use nhip_manage::wire::{Refused, RefusedCode};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

const ENDPOINT: &str = "[endpoints.system]\nurl = \"http://system.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n";

fn policy(adapter: &str, service: &str, more: &str) -> String {
    format!(
        "adapter = \"{adapter}\"\n[services]\n{service} = \"test:hostile/attacks@1.0.0\"\n[callers]\nany-authenticated = true\n\
         [key-value]\n{ENDPOINT}{more}"
    )
}

/// The gateway with `hostile` 1.0.0 live, for one test at a time: what is live is looked at as a whole.
async fn house() -> MutexGuard<'static, House> {
    static HOUSE: OnceCell<Mutex<House>> = OnceCell::const_new();
    let set = || async {
        let house = House::start("refusals").await;
        house.deploy(fixture("hostile"), &policy("hostile", "hostile", "")).await.unwrap();
        Mutex::new(house)
    };
    HOUSE.get_or_init(set).await.lock().await
}

/// Everything that a refused deployment must leave as it is, as callers and operators see it.
async fn state(house: &House) -> Value {
    let key = house.caller("mot-cua").await;
    let called = house.call(&key, "hostile", "calm", &json!({ "word": "an" })).await;
    let record = house.record(&called.id()).await;
    let history = house.adapter("hostile").await.history;
    let mut adapters = house.admin_get::<Value>("/api/adapters").await;
    // How many callers there are at this moment is no part of it.
    adapters["adapters"].as_array_mut().unwrap().iter_mut().for_each(|adapter| adapter["in_flight"] = Value::Null);
    json!({
        "catalogue": house.get(&key, "/services").await.ok(),
        "openapi": house.get(&key, "/services/hostile/openapi.json").await.ok(),
        "services": house.admin_get::<Value>("/api/services").await,
        "adapters": adapters,
        "history": history,
        "answer": called.ok(),
        "served by": [record.version, record.component.map(|digest| digest.to_string()), record.policy.map(|digest| digest.to_string())],
    })
}

/// Try it: refused, nothing changed, the attempt is an act with the same words.
async fn refused(house: &House, component: Vec<u8>, policy: &str, manifest: Option<&str>) -> Box<Refused> {
    let (before, acts) = (state(house).await, house.acts().await.len());
    let refused = match house.try_deploy(component, policy, manifest).await {
        Err(Refusal::Refused(refused)) => refused,
        other => panic!("{other:?}"),
    };
    assert_eq!(state(house).await, before);
    let after = house.acts().await;
    assert_eq!(after.len(), acts + 1);
    let act = &after[0];
    assert!(act.refused && act.deployment.is_none(), "{act:?}");
    let told: String = refused.detail.chars().take(300).collect();
    assert_eq!((act.actor.as_str(), act.detail["detail"].as_str()), ("admin", Some(told.as_str())));
    assert!(!refused.cure.is_empty() && !refused.detail.is_empty(), "{refused:?}");
    refused
}

/// What the report says against it: `subject: message`.
fn findings(refused: &Refused) -> Vec<String> {
    let report = refused.report.as_ref().expect("a report");
    let against = report.findings.iter().filter(|finding| finding.refuses);
    against.map(|finding| format!("{}: {}", finding.subject, finding.message)).collect()
}

fn says(findings: &[String], subject: &str, words: &str) {
    let found = findings.iter().any(|finding| finding.starts_with(&format!("{subject}: ")) && finding.contains(words));
    assert!(found, "nothing says `{words}` of `{subject}`: {findings:#?}");
}

#[test]
fn what_is_no_component_is_refused_whatever_it_looks_like() {
    run(async {
        let house = house().await;
        let whole = fixture("hostile");
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle..middle + 64].fill(0xff);
        for (what, bytes) in [
            ("nothing", Vec::new()),
            ("a text", b"this is no component".to_vec()),
            ("an ELF", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec()),
            ("zeros", vec![0; 100_000]),
            ("a core module", b"\0asm\x01\0\0\0".to_vec()),
            ("a header alone", b"\0asm\x0d\0\x01\0".to_vec()),
            ("half a component", whole[..whole.len() / 2].to_vec()),
            ("a component without its end", whole[..whole.len() - 1].to_vec()),
            ("a damaged component", flipped),
        ] {
            let refused = refused(&house, bytes, &policy("hostile", "hostile", ""), None).await;
            assert_eq!(refused.code, RefusedCode::Admission, "{what}: {refused:?}");
            let findings = findings(&refused);
            assert!(
                !findings.is_empty() && findings.iter().all(|finding| finding.len() < 3000),
                "{what}: {findings:?}"
            );
        }
    });
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    run(async {
        let refused =
            refused(&*house().await, b"\0asm\x01\0\0\0".to_vec(), &policy("hostile", "hostile", ""), None).await;
        says(&findings(&refused), "component", "module");
    });
}

#[test]
fn a_foreign_component_hears_of_every_import_and_export_that_cannot_be_served() {
    run(async {
        let house = house().await;
        let policy = "adapter = \"foreign\"\n[services]\nforeign = \"test:foreign/handles@1.0.0\"\n\
             other = \"test:foreign/other@1.0.0\"\n[endpoints.system]\nurl = \"http://127.0.0.1:1\"\nmethods = [\"GET\"]\n\
             paths = [\"/*\"]\nprivate-network = true\ncredential = { bearer = { token = \"env:NOBODY_SET_THIS\" } }\n";
        let refused = refused(&house, fixture("foreign"), policy, None).await;
        assert_eq!(refused.code, RefusedCode::Admission);
        let findings = findings(&refused);
        says(&findings, "import test:foreign/vault@1.0.0", "`[imports]`");
        says(&findings, "contract test:foreign/handles@1.0.0", "issue");
        says(&findings, "services.other", "does not export `test:foreign/other@1.0.0`");
        says(&findings, "endpoints.system", "NOBODY_SET_THIS");
    });
}

#[test]
fn sockets_are_refused() {
    run(async {
        let policy = "adapter = \"sockets\"\n[services]\nsockets = \"test:sockets/dial@1.0.0\"\n";
        let refused = refused(&*house().await, fixture("sockets"), policy, None).await;
        let findings = findings(&refused);
        let sockets: Vec<_> = findings.iter().filter(|finding| finding.starts_with("import wasi:sockets/")).collect();
        assert!(!sockets.is_empty(), "{findings:?}");
        assert!(sockets.iter().all(|finding| finding.contains("nhip:adapter/endpoints")), "{sockets:?}");
    });
}

#[test]
fn an_oversized_upload_is_refused_without_being_kept() {
    run(async {
        let house = house().await;
        let (before, acts) = (state(&house).await, house.acts().await.len());
        let refusal = house.try_deploy(vec![0; (64 << 20) + 1], &policy("hostile", "hostile", ""), None).await;
        let Err(Refusal::Problem(problem)) = refusal else { panic!("{refusal:?}") };
        assert_eq!((problem.status, problem.code()), (413, "too-large"));
        assert!(problem.detail.contains("67108864"), "{}", problem.detail);
        assert_eq!(state(&house).await, before);
        let after = house.acts().await;
        assert_eq!((after.len(), after[0].refused, after[0].subject.as_str()), (acts + 1, true, "-"));
    });
}

#[test]
fn a_component_that_is_granted_too_little_hears_of_everything_it_lacks() {
    run(async {
        let policy = "adapter = \"hostile\"\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n";
        let refused = refused(&*house().await, fixture("hostile"), policy, None).await;
        let findings = findings(&refused);
        for import in ["nhip:adapter/endpoints@1.0.0", "wasi:http/outgoing-handler@", "wasi:http/types@"] {
            let named = findings.iter().any(|finding| {
                finding.starts_with(&format!("import {import}")) && finding.contains("[endpoints.NAME]")
            });
            assert!(named, "{import}: {findings:#?}");
        }
        assert!(
            findings
                .iter()
                .any(|finding| finding.starts_with("import wasi:keyvalue/store") && finding.contains("[key-value]"))
        );
    });
}

#[test]
fn a_version_that_fails_a_smoke_call_does_not_go_live() {
    run(async {
        let more = "[[smoke]]\nservice = \"hostile\"\nfunction = \"calm\"\nbody = { word = \"an\" }\n\
             [[smoke]]\nservice = \"hostile\"\nfunction = \"trap\"\n\
             [[smoke]]\nservice = \"hostile\"\nfunction = \"calm\"\nbody = { word = 1 }\n\
             [[smoke]]\nservice = \"hostile\"\nfunction = \"refuse\"\nbody = { reason = \"nobody may see this\" }\nexpect = \"fault\"\n\
             [[smoke]]\nservice = \"hostile\"\nfunction = \"refuse\"\nbody = { reason = \"nobody may see this\" }\n";
        let manifest = with_manifest("hostile", "1.9.0");
        let refused =
            refused(&*house().await, fixture("hostile"), &policy("hostile", "hostile", more), Some(&manifest)).await;
        assert_eq!(refused.code, RefusedCode::Smoke);
        let failed: Vec<_> = refused.smoke.iter().map(|call| (call.number, call.came.as_str())).collect();
        assert_eq!(failed, [(2, "adapter-trapped"), (3, "invalid-parameters"), (5, "contract-fault")]);
        assert!(!serde_json::to_string(&refused).unwrap().contains("nobody may see this"));
    });
}

#[test]
fn a_refused_deployment_changes_nothing() {
    run(async {
        let house = house().await;
        let (key, before) = (house.caller("mot-cua").await, state(&house).await);
        let gateway = (**house).clone();
        // All kinds of refusal while callers go on calling: none of them notices.
        let calls = tokio::spawn(async move {
            for _ in 0..200 {
                gateway.call(&key, "hostile", "calm", &json!({ "word": "an" })).await.ok();
            }
        });
        let smoke = policy("hostile", "hostile", "[[smoke]]\nservice = \"hostile\"\nfunction = \"trap\"\n");
        let (newer, rival) = (with_manifest("hostile", "2.0.0"), with_manifest("rival", "1.0.0"));
        let sound = policy("hostile", "hostile", "");
        for (code, component, policy, manifest) in [
            (RefusedCode::Policy, fixture("hostile"), "adapter = 1".to_owned(), None),
            (RefusedCode::Admission, b"no component".to_vec(), sound.clone(), None),
            (RefusedCode::Admission, fixture("foreign"), sound, None),
            (RefusedCode::Conflict, fixture("hostile"), policy("rival", "hostile", ""), Some(rival.as_str())),
            (RefusedCode::Smoke, fixture("hostile"), smoke, Some(newer.as_str())),
        ] {
            let refused = house.deploy_as(component, &policy, manifest).await.unwrap_err();
            assert_eq!(refused.code, code, "{refused:?}");
            assert_eq!(state(&house).await, before);
        }
        calls.await.expect("callers that notice nothing");
    });
}
