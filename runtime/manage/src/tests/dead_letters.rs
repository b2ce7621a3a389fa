//! Dead letters over the control API: listed, shown, tried again, given up and counted, over a real queue.

use super::client::{Answer, post, request, send};
use super::world::{World, eventually};
use crate::wire::{ActList, DeadLetterChoice, DeadLetterDetails, DeadLetterList, Discarded, Durable, Retried, Status};
use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use http_body_util::Full;
use nhip_exchange::durable::{Claimed, Ledger, State, Work};
use nhip_exchange::{Digest, ExchangeId, Fault, Kind};
use nhip_registry::{ActKind, Job, Room};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// What an exchange carries and its adapter said; must be told nowhere.
const SECRET: &str = "079-made-up-079";

fn work(service: &str, function: &str) -> Work {
    let body = Bytes::from(format!("{{\"citizen\":\"{SECRET}\"}}"));
    Work {
        caller: "mot-cua".parse().unwrap(),
        service: service.to_owned(),
        function: function.to_owned(),
        purpose: Some("TTHC-1.004".to_owned()),
        trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        request: Digest::of(&body),
        body,
    }
}

fn a_fault(kind: Kind) -> Fault {
    let value = Some(Bytes::from(format!("{{\"who\":\"{SECRET}\"}}")));
    Fault { value, upstream_code: Some("E-17".to_owned()), ..Fault::new(kind, "it would not") }
}

async fn accepted(world: &World, service: &str, function: &str) -> ExchangeId {
    let (id, lane) = (ExchangeId::from(Uuid::now_v7()), format!("{service}/{function} {SECRET}"));
    let told = world.registry.durables.accept(None, &work(service, function), id, Some(&lane)).await.unwrap();
    assert!(matches!(told, Claimed::Mine { .. }), "{told:?}");
    id
}

async fn taken(world: &World) -> Vec<Job> {
    let room = |_: &str| Room { jobs: 9, longest_pause: Duration::from_secs(3600) };
    world.registry.durables.take(room).await.unwrap().jobs
}

/// A dead letter.
async fn dead(world: &World, service: &str, function: &str, kind: Kind) -> ExchangeId {
    let id = accepted(world, service, function).await;
    let jobs = taken(world).await;
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [id]);
    assert!(world.registry.durables.bury(&jobs[0], &a_fault(kind)).await.unwrap());
    id
}

async fn state(world: &World, id: ExchangeId) -> State {
    world.registry.durables.status(&"mot-cua".parse().unwrap(), id).await.unwrap().unwrap().state
}

async fn listed(world: &World, query: &str) -> Vec<ExchangeId> {
    let list: DeadLetterList = world.get(&format!("/api/dead-letters?{query}")).await.ok();
    list.dead_letters.iter().map(|letter| letter.id).collect()
}

async fn asked(world: &World, doing: &str, choice: &DeadLetterChoice) -> Answer {
    post(world.address, &format!("/api/dead-letters/{doing}"), choice).await
}

fn one(id: ExchangeId) -> DeadLetterChoice {
    DeadLetterChoice { id: Some(id.to_string()), ..DeadLetterChoice::default() }
}

fn of(service: &str) -> DeadLetterChoice {
    DeadLetterChoice { service: Some(service.to_owned()), ..DeadLetterChoice::default() }
}

fn all() -> DeadLetterChoice {
    DeadLetterChoice { all: true, ..DeadLetterChoice::default() }
}

async fn acts(world: &World, query: &str) -> ActList {
    world.get(&format!("/api/acts?{query}")).await.ok()
}

#[tokio::test]
async fn a_dead_letter_tells_its_whole_story_and_nothing_of_what_it_carries() {
    let world = World::start().await;
    let id = accepted(&world, "population", "report").await;
    let jobs = taken(&world).await;
    // Tried again at once, and then no more.
    assert!(world.registry.durables.retry(&jobs[0], &a_fault(Kind::UpstreamRefused), 0).await.unwrap());
    drop(jobs);
    let jobs = taken(&world).await;
    assert!(world.registry.durables.bury(&jobs[0], &a_fault(Kind::Conflict)).await.unwrap());

    let list = world.get("/api/dead-letters").await;
    let shown = world.get(&format!("/api/dead-letters/{id}")).await;
    let DeadLetterDetails { dead_letter, story } = shown.ok();
    assert_eq!(list.ok::<DeadLetterList>().dead_letters, [dead_letter.clone()]);
    assert_eq!((dead_letter.id, dead_letter.caller.as_str()), (id, "mot-cua"));
    assert_eq!((dead_letter.service.as_str(), dead_letter.function.as_str()), ("population", "report"));
    assert_eq!((dead_letter.outcome.as_str(), dead_letter.detail.as_str()), ("conflict", "it would not"));
    assert_eq!(dead_letter.upstream_code.as_deref(), Some("E-17"));
    assert_eq!((dead_letter.lane.as_deref(), dead_letter.attempts), (Some("population/report"), 2));
    let asked = work("population", "report");
    assert_eq!((dead_letter.request, dead_letter.bytes), (asked.request, asked.body.len() as u64));
    let told: Vec<(u32, &str)> = story.lines.iter().map(|line| (line.attempt, line.code.as_str())).collect();
    assert_eq!((told, story.left_out), (vec![(1, "upstream-refused"), (2, "conflict")], 0));
    for answer in [&list, &shown] {
        assert!(!answer.text().contains(SECRET), "{}", answer.text());
    }

    let nobody = ExchangeId::from(Uuid::now_v7());
    world.get(&format!("/api/dead-letters/{nobody}")).await.problem(404, "not-found");
    world.get("/api/dead-letters/7").await.problem(400, "malformed");
    let waiting = accepted(&world, "population", "report").await;
    world.get(&format!("/api/dead-letters/{waiting}")).await.problem(404, "not-found");
}

#[tokio::test]
async fn dead_letters_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    let first = dead(&world, "population", "report", Kind::Conflict).await;
    let second = dead(&world, "civil-status", "enter", Kind::NotFound).await;
    assert_eq!(listed(&world, "").await.len(), 2);
    assert_eq!(listed(&world, "limit=1").await.len(), 1);
    assert_eq!(listed(&world, "service=population").await, [first]);
    assert_eq!(listed(&world, "function=enter").await, [second]);
    assert_eq!(listed(&world, "outcome=not-found&caller=mot-cua").await, [second]);
    assert_eq!(listed(&world, "caller=nobody").await, []);
    let letters: DeadLetterList = world.get("/api/dead-letters?service=population").await.ok();
    let died = letters.dead_letters[0].died_ms;
    assert_eq!(listed(&world, &format!("service=population&since={died}&until={}", died + 1)).await, [first]);
    assert_eq!(listed(&world, &format!("service=population&since={}", died + 1)).await, []);
    assert_eq!(listed(&world, &format!("service=population&until={died}")).await, []);
    for wrong in ["limit=0", "limit=1001", "since=yesterday", "servise=population", "code=conflict"] {
        world.get(&format!("/api/dead-letters?{wrong}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn dead_letters_are_tried_again_by_id_by_filter_and_all_at_once() {
    let world = World::start().await;
    let mut dead_ones = Vec::new();
    for service in ["population", "population", "civil-status", "documents"] {
        dead_ones.push(dead(&world, service, "report", Kind::Conflict).await);
    }
    let body = serde_json::to_vec(&one(dead_ones[0])).unwrap();
    let by_lan = request(world.address, Method::POST, "/api/dead-letters/retry")
        .header(CONTENT_TYPE, "application/json")
        .header(crate::wire::OPERATOR_HEADER, "lan.nguyen");
    assert_eq!(send(world.address, by_lan.body(Full::from(body)).unwrap()).await.ok::<Retried>().retried, 1);
    assert_eq!(state(&world, dead_ones[0]).await, State::Waiting);
    assert_eq!(asked(&world, "retry", &of("population")).await.ok::<Retried>().retried, 1);
    assert_eq!(asked(&world, "retry", &of("population")).await.ok::<Retried>().retried, 0, "none is left");
    assert_eq!(state(&world, dead_ones[1]).await, State::Waiting);
    assert_eq!(state(&world, dead_ones[2]).await, State::Dead);
    assert_eq!(asked(&world, "retry", &all()).await.ok::<Retried>().retried, 2);
    assert_eq!(listed(&world, "").await, []);
    // It is not dead any more.
    asked(&world, "retry", &one(dead_ones[0])).await.problem(404, "not-found");

    let acts = acts(&world, "kind=dead-letter-retry").await.acts;
    let told: Vec<(&str, &str, bool)> =
        acts.iter().rev().map(|act| (act.actor.as_str(), act.subject.as_str(), act.refused)).collect();
    let first = dead_ones[0].to_string();
    assert_eq!(
        told,
        [
            ("admin/lan.nguyen", first.as_str(), false),
            ("admin", "population", false),
            ("admin", "dead-letters", false),
            ("admin", first.as_str(), true),
        ]
    );
    assert_eq!(acts[1].detail["exchanges"].as_array().unwrap().len(), 2);
    assert!(!serde_json::to_string(&acts).unwrap().contains(SECRET));
}

#[tokio::test]
async fn dead_letters_are_given_up_and_their_callers_are_told() {
    let world = World::start().await;
    let first = dead(&world, "population", "report", Kind::Conflict).await;
    let second = dead(&world, "civil-status", "report", Kind::NotFound).await;
    assert_eq!(asked(&world, "discard", &one(first)).await.ok::<Discarded>().discarded, 1);
    assert_eq!((state(&world, first).await, state(&world, second).await), (State::Discarded, State::Dead));
    let not_found = DeadLetterChoice { outcome: Some("not-found".to_owned()), ..DeadLetterChoice::default() };
    assert_eq!(asked(&world, "discard", &not_found).await.ok::<Discarded>().discarded, 1);
    assert_eq!(state(&world, second).await, State::Discarded);
    asked(&world, "discard", &one(first)).await.problem(404, "not-found");
    asked(&world, "retry", &one(first)).await.problem(404, "not-found");
    let acts = acts(&world, "kind=dead-letter-discard&refused=false").await.acts;
    let told: Vec<serde_json::Value> = acts.iter().rev().map(|act| act.detail["exchanges"].clone()).collect();
    assert_eq!(told, [json!([first]), json!([second])]);
}

#[tokio::test]
async fn what_is_not_said_or_said_in_two_ways_changes_nothing_and_is_on_record() {
    let world = World::start().await;
    let id = dead(&world, "population", "report", Kind::Conflict).await;
    let wrong = [
        DeadLetterChoice::default(),
        DeadLetterChoice { all: true, ..one(id) },
        DeadLetterChoice { all: true, ..of("population") },
        DeadLetterChoice { id: Some(id.to_string()), ..of("population") },
        DeadLetterChoice { id: Some("seven".to_owned()), ..DeadLetterChoice::default() },
    ];
    for (doing, kind) in [("retry", ActKind::DeadLetterRetry), ("discard", ActKind::DeadLetterDiscard)] {
        for choice in &wrong {
            asked(&world, doing, choice).await.problem(400, "malformed");
        }
        let acts = acts(&world, &format!("kind={}", kind.word())).await.acts;
        assert!(acts.len() == wrong.len() && acts.iter().all(|act| act.refused), "{acts:?}");
        let path = format!("/api/dead-letters/{doing}");
        post(world.address, &path, &json!({ "servise": "population" })).await.problem(400, "malformed");
        post(world.address, &path, &json!({ "all": false })).await.problem(400, "malformed");
        post(world.address, &path, &json!({ "service": null })).await.problem(400, "malformed");
    }
    assert_eq!(state(&world, id).await, State::Dead);
}

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[tokio::test]
async fn what_is_to_be_done_is_counted_by_service_and_state() {
    let world = World::start().await;
    world.deployed("documents", "1.0.0").await;
    dead(&world, "population", "report", Kind::Conflict).await;
    accepted(&world, "population", "report").await;
    let _tried = taken(&world).await;
    for _ in 0..2 {
        accepted(&world, "population", "report").await;
    }
    let exchanges = |text: &str, service: &str| {
        let series = |state| format!("nhip_durable_exchanges{{service=\"{service}\",state=\"{state}\"}}");
        ["waiting", "trying", "dead"].map(|state| value(text, &series(state)))
    };
    let text = world.get("/metrics").await;
    assert_eq!(exchanges(text.text(), "population"), [Some(2.0), Some(1.0), Some(1.0)], "{}", text.text());
    assert_eq!(exchanges(text.text(), "documents"), [Some(0.0); 3], "what is served is told, also when it has none");
    assert_eq!(value(text.text(), "nhip_durable_uncounted"), Some(0.0));
    let age = |text: &str, service| value(text, &format!("nhip_durable_oldest_age_seconds{{service=\"{service}\"}}"));
    assert_eq!(age(text.text(), "documents"), Some(0.0));
    eventually("the oldest grows older", || async {
        age(world.get("/metrics").await.text(), "population").unwrap() > 0.0
    })
    .await;
    let status: Status = world.get("/api/status").await.ok();
    assert_eq!(status.durable, Some(Durable { waiting: 2, trying: 1, dead: 1 }));
}

#[tokio::test]
async fn what_the_database_does_not_tell_is_not_zero() {
    let world = World::start().await;
    world.deployed("documents", "1.0.0").await;
    world.registry.clone().close().await;
    let text = world.get("/metrics").await;
    assert_eq!(value(text.text(), "nhip_durable_uncounted"), Some(1.0), "{}", text.text());
    assert!(!text.text().contains("nhip_durable_exchanges{"), "{}", text.text());
    assert_eq!(value(text.text(), "nhip_adapters{state=\"live\"}"), Some(1.0), "the rest is told");
    assert_eq!(world.get("/api/status").await.ok::<Status>().durable, None);
    world.get("/api/dead-letters").await.problem(503, "unavailable");
    asked(&world, "retry", &all()).await.problem(503, "unavailable");
}
