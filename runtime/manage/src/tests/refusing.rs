//! What is refused changes nothing and says everything that is wrong.

use super::client;
use super::fake_host::{PLANTED, component};
use super::world::{World, name, policy, serving, smoke};
use crate::deployments::{LARGEST_COMPONENT, LARGEST_POLICY};
use crate::wire::{Line, Refused, RefusedCode, Step};
use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use nhip_exchange::Digest;
use nhip_registry::{ActFilter, ActKind, RegistryError};
use serde_json::json;

/// The parts of an upload.
type Parts<'a> = &'a [(&'a str, &'a [u8])];

/// A world in which `population` 1.0.0 serves.
async fn world() -> World {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    world
}

/// Upload it, see it refused, and see that nothing has changed but that it is on record.
async fn refused(world: &World, component: &[u8], policy: &str, subject: &str) -> Refused {
    let live = world.registry.deployments.live().await.unwrap();
    let routes = world.spine.routes();
    let stored = world.registry.blobs.size(&Digest::of(component)).await.is_ok();
    let answer = world.upload(component, policy).await;
    assert!(!answer.text().contains(PLANTED), "{}", answer.text());
    let lines = answer.lines();
    let Some(Line::Refused(refused)) = lines.last() else { panic!("{lines:?}") };
    assert!(!refused.detail.is_empty() && !refused.cure.is_empty());
    assert!(!lines.iter().any(|line| matches!(line, Line::Step(Step::Switch))), "{lines:?}");

    assert_eq!(world.registry.deployments.live().await.unwrap(), live);
    assert!(std::sync::Arc::ptr_eq(&world.spine.routes(), &routes), "the routes were touched");
    assert_eq!(world.registry.blobs.size(&Digest::of(component)).await.is_ok(), stored, "the component stayed behind");
    let filter = ActFilter { refused: Some(true), ..ActFilter::default() };
    let acts = world.registry.acts.list(&filter, 1).await.unwrap();
    assert_eq!(
        (acts[0].kind, acts[0].subject.as_str(), acts[0].actor.as_str()),
        (ActKind::Deploy, subject, "admin/lan.nguyen")
    );
    assert_eq!(acts[0].detail["code"], json!(refused.code));
    assert!(!acts[0].detail.to_string().contains(PLANTED));
    (**refused).clone()
}

#[tokio::test]
async fn a_policy_with_mistakes_is_refused_with_all_their_places() {
    let world = world().await;
    let policy = "adapter = \"population\"\nfoo = 1\n[services]\npopulation = \"no contract\"\n";
    let refused = refused(&world, &component("population", "1.1.0"), policy, "-").await;
    assert_eq!(refused.code, RefusedCode::Policy);
    let places: Vec<(usize, &str)> = refused.mistakes.iter().map(|mistake| (mistake.line, &*mistake.key)).collect();
    assert_eq!(places, [(2, "foo"), (4, "services.population")], "{refused:?}");
    assert!(refused.mistakes.iter().all(|mistake| mistake.column > 0 && !mistake.message.is_empty()));
    assert!(refused.report.is_none());
}

#[tokio::test]
async fn all_findings_of_admission_and_all_taken_names_are_told_at_once() {
    let world = world().await;
    let findings = ["`wasi:sockets/tcp` is not granted", "`wasi:cli/environment` is not granted"];
    let component = json!({ "adapter": "documents", "version": "1.0.0", "refuse": findings }).to_string();
    let policy = serving("documents", &["documents", "population"]);
    let refused = refused(&world, component.as_bytes(), &policy, "documents").await;
    assert_eq!(refused.code, RefusedCode::Admission);
    let report = refused.report.unwrap();
    assert_eq!(report.findings.iter().map(|finding| &*finding.message).collect::<Vec<_>>(), findings);
    assert_eq!(refused.conflicts.len(), 1);
    assert_eq!(refused.conflicts[0].subject, "population");
    assert!(refused.detail.starts_with('3'), "{}", refused.detail);
}

#[tokio::test]
async fn a_taken_name_alone_is_a_conflict() {
    let world = world().await;
    let refused =
        refused(&world, &component("documents", "1.0.0"), &serving("documents", &["population"]), "documents").await;
    assert_eq!(refused.code, RefusedCode::Conflict);
    assert!(refused.detail.contains("served by `population`"), "{}", refused.detail);
}

#[tokio::test]
async fn a_version_never_changes() {
    let world = world().await;
    let other = json!({ "adapter": "population", "version": "1.0.0", "changed": true }).to_string();
    let refused = refused(&world, other.as_bytes(), &policy("population"), "population").await;
    assert_eq!((refused.code, &*refused.conflicts[0].subject), (RefusedCode::Conflict, "1.0.0"));
}

#[tokio::test]
async fn what_is_no_component_or_another_adapter_is_refused() {
    let world = world().await;
    for wrong in [
        &b"\0asm nonsense"[..],
        b"",
        br#"{"version":"1.0.0"}"#,
        br#"{"adapter":"population"}"#,
        br#"{"adapter":"population","version":"one"}"#,
        br#"{"adapter":"documents","version":"1.0.0"}"#,
    ] {
        let refused = refused(&world, wrong, &policy("population"), "population").await;
        assert_eq!(refused.code, RefusedCode::Admission, "{}", String::from_utf8_lossy(wrong));
        assert!(refused.report.unwrap().refuses());
    }
    assert_eq!(world.answers("population").await, "1.0.0");
}

#[tokio::test]
async fn a_smoke_call_that_ends_otherwise_keeps_the_old_version() {
    let world = world().await;
    let policy = policy("population")
        + &smoke("population", "miss", "ok")
        + &smoke("population", "find", "ok")
        + &smoke("population", "find", "fault")
        + &smoke("population", "trap", "fault")
        + &smoke("population", "unheard-of", "ok");
    let refused = refused(&world, &component("population", "1.1.0"), &policy, "population").await;
    assert_eq!(refused.code, RefusedCode::Smoke);
    let came: Vec<(usize, &str, &str, u16)> =
        refused.smoke.iter().map(|call| (call.number, &*call.expected, &*call.came, call.status)).collect();
    assert_eq!(
        came,
        [
            (1, "ok", "not-found", 404),
            (3, "fault", "ok", 200),
            (4, "fault", "adapter-trapped", 500),
            (5, "ok", "unknown-function", 404),
        ]
    );
    assert_eq!(world.answers("population").await, "1.0.0");
}

#[tokio::test]
async fn what_is_too_large_is_refused_clearly() {
    let world = world().await;
    let policy_text = policy("population") + &"#".repeat(LARGEST_POLICY);
    let answer = world.upload(&component("population", "1.1.0"), &policy_text).await;
    let problem = answer.problem(413, "too-large");
    assert!(problem.detail.contains(&format!("{} bytes", policy_text.len())), "{problem:?}");

    let component = vec![0; LARGEST_COMPONENT + 1];
    let answer = world.upload(&component, &policy("population")).await;
    answer.problem(413, "too-large");
    let direct = world.core.deploy(Bytes::from(component), &policy("population")).await.unwrap_err();
    assert_eq!(direct.code, RefusedCode::TooLarge);
    assert!(direct.detail.contains("67108865 bytes"), "{}", direct.detail);
    let filter = ActFilter { refused: Some(true), ..ActFilter::default() };
    assert_eq!(world.registry.acts.list(&filter, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_upload_that_is_not_one_is_refused_with_what_is_wrong() {
    let world = world().await;
    let (component, policy) = (component("population", "1.1.0"), policy("population"));
    let (component, policy): (&[u8], &[u8]) = (&component, policy.as_bytes());
    let cases: [(Parts<'_>, &str); 6] = [
        (&[("component", component)], "`policy` is missing"),
        (&[("policy", policy)], "`component` is missing"),
        (&[], "missing"),
        (&[("component", component), ("policy", policy), ("policy", policy)], "`policy` comes twice"),
        (&[("component", component), ("policy", policy), ("extra", b"")], "another name"),
        (&[("component", component), ("policy", b"adapter = \"\xff\"")], "not UTF-8 text (byte 11)"),
    ];
    for (parts, wanted) in cases {
        let answer = client::send(world.address, client::upload(world.address, parts)).await;
        let problem = answer.problem(400, "malformed");
        assert!(problem.detail.contains(wanted), "{wanted}: {problem:?}");
    }
    let request = client::request(world.address, Method::POST, "/api/deployments")
        .header(CONTENT_TYPE, "application/wasm")
        .body(Full::from(component.to_vec()))
        .unwrap();
    client::send(world.address, request).await.problem(400, "malformed");
    assert_eq!(world.answers("population").await, "1.0.0");
    let blob = world.registry.blobs.size(&Digest::of(component)).await;
    assert!(matches!(blob, Err(RegistryError::BlobMissing { .. })));
    assert_eq!(world.registry.deployments.history(&name("population"), 10).await.unwrap().len(), 1);
}
