//! What is handed over to be done later.

use crate::guests::{messenger, office};
use crate::world::{OFFICE, World, arrival};
use nhip_exchange::{Arrival, Kind, run};

fn policy(extra: &str) -> String {
    format!(
        "adapter = \"front\"\n[services]\nmessenger = \"test:front/messenger@1.0.0\"\n[callers]\nallow = [\"mot-cua\"]\n\
         [imports]\n\"test:office/inbox@1.0.0\" = {{ service = \"office-inbox\", delivery = \"durable\" }}\n{extra}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_accepted_before_the_adapter_goes_on_and_told_as_done_well() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    let report = world.deploy(&messenger(), &policy("")).await;
    assert!(
        report
            .imports
            .contains(&("test:office/inbox@1.0.0".to_owned(), "served by `office-inbox` (durable)".to_owned())),
        "{:?}",
        report.imports
    );
    assert!(world.answer("messenger", "hand-over", r#"{"items":[]}"#).await.is_null());
    let (first, second, outer) = (world.record().await, world.record().await, world.record().await);
    assert_eq!(world.book.accepted(), [first.id, second.id]);
    assert_eq!(world.book.depths(), [1, 1]);
    for record in [&first, &second] {
        assert_eq!((record.outcome.as_str(), record.status, record.parent), ("accepted", 202, Some(outer.id)));
        assert_eq!(record.caller.as_deref(), Some("front"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_told_as_busy_and_nothing_is_taken_for_done() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&messenger(), &policy("")).await;
    world.book.fill();
    let fault = world.fault("messenger", "hand-over", r#"{"items":[]}"#).await;
    assert_eq!((fault.kind, fault.upstream_code.as_deref()), (Kind::Busy, Some("queue-full")));
    assert!(fault.retry_after.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_hands_nothing_over_again() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&messenger(), &policy("")).await;
    let keyed = || Arrival { key: Some("k".into()), ..arrival("messenger", "hand-over", r#"{"items":[]}"#) };
    for _ in 0..2 {
        assert!(run(&world.spine, keyed()).await.result.is_ok());
    }
    assert_eq!(world.book.accepted().len(), 2, "the two calls of the first");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_makes_no_more_calls_than_its_policy_grants() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&messenger(), &policy("[limits]\nupstream-calls = 1\n")).await;
    let fault = world.fault("messenger", "hand-over", r#"{"items":[]}"#).await;
    assert_eq!((fault.kind, &*fault.outside), (Kind::Busy, "the exchange has used up its calls"));
    assert_eq!(world.book.accepted().len(), 1);
}
