//! What is accepted to be done later, and what is done once.

use crate::raw::{Raw, ask, request};
use crate::world::{KEY, OTHER_KEY, World, eventually};
use bytes::Bytes;
use nhip_exchange::{Fault, Kind};
use serde_json::json;

fn post(function: &str, headers: &str, body: &str) -> String {
    let headers =
        format!("X-Api-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{headers}", body.len());
    request("POST", &format!("/services/register/{function}"), &headers, body)
}

fn get(key: &str, path: &str) -> String {
    request("GET", path, &format!("X-Api-Key: {key}\r\n"), "")
}

#[tokio::test]
async fn what_is_preferred_later_is_accepted_and_told_to_its_owner_alone() {
    let mut world = World::new().await;
    let reply = ask(world.address, post("refuse", "Prefer: respond-async\r\n", "{}")).await;
    let id = world.book.accepted()[0];
    let place = format!("/exchanges/{id}");
    assert_eq!((reply.status, reply.header("location")), (202, Some(place.as_str())));
    assert_eq!(reply.header("preference-applied"), Some("respond-async"));
    assert_eq!(reply.header("x-exchange-id"), Some(id.to_string().as_str()));
    assert_eq!(reply.json(), json!({ "exchange": id, "state": "accepted", "location": place }));
    let record = world.record_of("accepted").await;
    assert_eq!((record.id, record.status), (id, 202));

    let waiting = ask(world.address, get(KEY, &place)).await;
    let wanted = json!({
        "exchange": id, "service": "register", "function": "refuse", "state": "waiting",
        "acceptedAt": "2027-01-15T08:00:00Z", "attempts": 0, "nextAttemptAt": "2027-01-15T08:00:01Z",
    });
    assert_eq!((waiting.status, waiting.json()), (200, wanted));
    for (key, path) in [(OTHER_KEY, place.as_str()), (KEY, "/exchanges/nonsense"), (KEY, &place[..place.len() - 1])] {
        let hidden = ask(world.address, get(key, path)).await;
        assert_eq!((hidden.status, hidden.json()["type"].as_str()), (404, Some("urn:nhip:fault:unknown-exchange")));
    }
    world.nothing_recorded();
    assert_eq!(ask(world.address, get("guessed", &place)).await.status, 401);
    world.record_of("unauthenticated").await;

    world.book.finish(id, Ok(Bytes::from_static(b"{\"a\":[1]}")));
    let done = ask(world.address, get(KEY, &place)).await.json();
    assert_eq!((&done["state"], &done["result"]), (&json!("done"), &json!({ "a": [1] })));
    world.book.finish(id, Err(Fault::new(Kind::Conflict, "it exists").inside("inside-text")));
    let dead = ask(world.address, get(KEY, &place)).await;
    assert_eq!((&dead.json()["state"], &dead.json()["problem"]["status"]), (&json!("dead"), &json!(409)));
    assert!(!String::from_utf8_lossy(&dead.body).contains("inside-text"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_it_is_accepted() {
    let mut world = World::new().await;
    let reply = ask(world.address, post("echo", "Prefer: respond-async\r\n", "[]")).await;
    assert_eq!(reply.status, 400);
    world.record_of("invalid-parameters").await;
    assert!(world.book.accepted().is_empty());
    world.book.fill();
    let reply = ask(world.address, post("echo", "Prefer: respond-async\r\n", "{}")).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("30")));
}

#[tokio::test]
async fn a_repeat_with_the_same_key_gets_the_first_answer_again() {
    let mut world = World::new().await;
    let first = ask(world.address, post("tell", "Idempotency-Key: \"k-1\"\r\n", "{}")).await;
    assert_eq!((first.status, first.header("x-repeats-exchange")), (200, None));
    let again = ask(world.address, post("tell", "Idempotency-Key: k-1\r\n", "{}")).await;
    assert_eq!((again.status, &again.body), (200, &first.body), "word by word, its trace too");
    assert_eq!(again.header("x-repeats-exchange"), first.header("x-exchange-id"));
    assert_ne!(again.header("x-exchange-id"), first.header("x-exchange-id"));
    let other = ask(world.address, post("tell", "Idempotency-Key: k-1\r\n", "{\"a\":1}")).await;
    assert_eq!((other.status, other.json()["type"].as_str()), (422, Some("urn:nhip:fault:key-reused")));
    world.record_of("ok").await;
    let repeat = world.record_of("ok").await;
    assert_eq!(repeat.repeats.map(|id| id.to_string()).as_deref(), first.header("x-exchange-id"));
}

#[tokio::test]
async fn a_caller_that_hangs_up_finds_the_first_answer_when_it_comes_again() {
    let mut world = World::new().await;
    let free = world.spine.free_slots();
    let mut raw = Raw::connect(world.address).await;
    raw.send(post("wait", "Idempotency-Key: k-2\r\n", "{}")).await;
    eventually(|| world.spine.free_slots() < free).await;
    let busy = ask(world.address, post("wait", "Idempotency-Key: k-2\r\n", "{}")).await;
    assert_eq!((busy.status, busy.json()["retry"].as_str()), (409, Some("later")));
    drop(raw);
    world.gate.add_permits(1);
    world.record_of("under-way").await;
    world.record_of("ok").await;
    let again = ask(world.address, post("wait", "Idempotency-Key: k-2\r\n", "{}")).await;
    assert_eq!((again.status, &*again.body), (200, &b"{}"[..]));
}
