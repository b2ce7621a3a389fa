//! What crosses: values of every kind, faults as far as the contract has words for them.

use crate::guests::{desk, office, other_office};
use crate::world::{DIRECT, OFFICE, World, desk_policy};
use nhip_exchange::{Digest, Kind};

/// Two items in the one form that the gateway writes.
pub(crate) const ITEMS: &str = concat!(
    r#"{"items":[{"itemId":"số 1","pages":3,"tags":["a","b"],"state":{"tag":"signed","val":"chủ tịch"},"raw":"AAEC","#,
    r#""pair":[-5,0.5],"colour":"dark-green","marks":["secret"],"inner":{"tag":"some"},"done":{"tag":"err","val":"no"},"letter":"ệ"},"#,
    r#"{"itemId":"","tags":[],"state":{"tag":"refused"},"raw":"","pair":["9007199254740993",-1.0],"colour":"red","marks":[],"#,
    r#""done":{"tag":"ok","val":1},"letter":"a"}]}"#
);

async fn house() -> World {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&desk(), &desk_policy(DIRECT, "")).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_kind_cross_and_come_back_and_both_exchanges_are_on_record() {
    let world = house().await;
    let answer = world.answer("desk", "echo", ITEMS).await;
    let sent: serde_json::Value = serde_json::from_str(ITEMS).unwrap();
    assert_eq!(answer, sent["items"]);
    let (inner, outer) = (world.record().await, world.record().await);
    assert_eq!((outer.service.as_str(), outer.parent), ("desk", None));
    assert_eq!((inner.service.as_str(), inner.function.as_str()), ("office-inbox", "echo"));
    assert_eq!((inner.origin.as_str(), inner.parent, inner.status), ("adapter", Some(outer.id), 200));
    assert_eq!((inner.caller.as_deref(), inner.purpose.as_deref()), (Some("front"), Some("P-1")));
    assert!(inner.trace.to_string().contains("4bf92f3577b34da6a3ce929d0e0e4736"), "{}", inner.trace);
    // Equal values are equal bytes, whoever wrote them.
    assert_eq!(inner.request, Some(Digest::of(ITEMS.as_bytes())));
    assert_eq!(inner.response, outer.response);
    assert_eq!(world.answer("desk", "count", "{}").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_fault_comes_back_with_all_that_it_says() {
    let world = house().await;
    let fault = world.fault("desk", "tell", r#"{"how":1}"#).await;
    assert_eq!((fault.kind, &*fault.outside), (Kind::Busy, "later"));
    assert_eq!((fault.upstream_code.as_deref(), fault.retry_after), (Some("E7"), Some(7)));
    assert!(world.answer("desk", "tell", r#"{"how":0}"#).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_contracts_own_comes_back_as_its_value() {
    let world = house().await;
    let fault = world.fault("desk", "decide", r#"{"how":1}"#).await;
    assert_eq!((fault.kind, fault.value.as_deref()), (Kind::ContractFault, Some(b"\"no\"".as_slice())));
    assert_eq!(world.answer("desk", "decide", r#"{"how":0}"#).await, 41);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_on_the_other_side_is_a_fault_here_and_the_desk_lives_on() {
    let world = house().await;
    let fault = world.fault("desk", "tell", r#"{"how":2}"#).await;
    assert_eq!((fault.kind, fault.upstream_code.as_deref()), (Kind::UpstreamTimeout, Some("adapter-trapped")));
    let (inner, outer) = (world.record().await, world.record().await);
    assert_eq!((inner.outcome.as_str(), inner.adapter.as_deref()), ("adapter-trapped", Some("office")));
    assert_eq!(outer.outcome, "upstream-timeout");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_contract_has_no_words_for_it_the_adapter_ends_and_the_log_says_why() {
    let world = house().await;
    let fault = world.fault("desk", "decide", r#"{"how":2}"#).await;
    assert_eq!(fault.kind, Kind::AdapterTrapped);
    let inside = fault.inside.unwrap();
    for word in ["`decide`", "test:office/inbox@1.0.0", "`office-inbox`", "adapter-trapped"] {
        assert!(inside.contains(word), "{word}: {inside}");
    }
    assert!(!fault.outside.contains("office"), "{}", fault.outside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_is_not_allowed_is_denied_and_a_service_that_is_not_there_is_unavailable() {
    let world = World::new();
    world.deploy(&desk(), &desk_policy(DIRECT, "")).await;
    let nobody = world.fault("desk", "tell", r#"{"how":0}"#).await;
    assert_eq!((nobody.kind, nobody.upstream_code.as_deref()), (Kind::UpstreamUnavailable, Some("unknown-service")));
    let closed = OFFICE.replace("any-authenticated = true", "allow = [\"mot-cua\"]");
    world.deploy(&office(), &closed).await;
    let denied = world.fault("desk", "tell", r#"{"how":0}"#).await;
    assert_eq!((denied.kind, denied.upstream_code.as_deref()), (Kind::Denied, Some("forbidden")));
    world.record().await;
    world.record().await;
    let refused = world.record().await;
    assert_eq!((refused.outcome.as_str(), refused.caller.as_deref()), ("forbidden", Some("front")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_other_types_is_no_answer() {
    let world = house().await;
    // Deployed after the desk, so that its admission could not see it.
    world.deploy(&other_office(), &OFFICE.replace("@1.0.0", "@1.1.0")).await;
    let fault = world.fault("desk", "echo", r#"{"items":[]}"#).await;
    assert_eq!(fault.kind, Kind::UpstreamInvalid);
    assert!(fault.outside.contains("`office-inbox`"), "{}", fault.outside);
    assert_eq!(world.record().await.outcome, "ok", "the office has answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_in_the_other_adapter_is_not_this_ones_and_its_neighbours_go_on() {
    let world = World::new();
    world.deploy(&office(), &format!("{OFFICE}[limits]\ncpu = \"1500 ms\"\n")).await;
    world.deploy(&desk(), &desk_policy(DIRECT, "[limits]\ncpu = \"1 s\"\n")).await;
    let (spins, neighbour) =
        tokio::join!(world.fault("desk", "tell", r#"{"how":3}"#), world.answer("desk", "decide", r#"{"how":0}"#));
    assert_eq!(neighbour, 41);
    assert_eq!((spins.kind, spins.upstream_code.as_deref()), (Kind::UpstreamTimeout, Some("cpu-exceeded")));
}
