//! The record over the control API: searched, shown, exported, sealed, emptied, and verified by whoever has the key.

use super::client::{self, Answer, post, request, send};
use super::world::{World, eventually};
use crate::wire::{ActList, AuditKey, EntryList, GatewayList, Retain, Retained};
use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use nhip_registry::ActKind;
use nhip_registry::record::{
    Body, Checkpoint, EntryKind, Event, PublicKey, Report, public_key_of, verify, verify_folder,
};
use std::path::PathBuf;

fn folder(world: &World) -> PathBuf {
    world.registry.journal.folder().to_owned()
}

async fn key(world: &World) -> PublicKey {
    world.get("/api/audit/key").await.ok::<AuditKey>().key
}

/// Some exchanges of a deployed adapter; all are on disk when this returns.
async fn exchanges(world: &World, count: usize) {
    for _ in 0..count {
        assert_eq!(world.answers("population").await, "1.0.0");
    }
}

async fn checkpoint(world: &World) -> Checkpoint {
    let asked = request(world.address, Method::POST, "/api/audit/checkpoint").body(Full::default()).unwrap();
    let answer = send(world.address, asked).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    answer.text().strip_suffix('\n').unwrap().parse().unwrap()
}

fn exported(answer: &Answer, key: &PublicKey) -> Report {
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    verify(&answer.body[..], key, None).unwrap()
}

#[tokio::test]
async fn the_key_is_the_one_in_the_folder() {
    let world = World::start().await;
    let told: AuditKey = world.get("/api/audit/key").await.ok();
    assert_eq!((told.gateway.as_str(), told.key), ("gateway", world.registry.journal.public_key()));
    assert_eq!(public_key_of(&folder(&world)).unwrap(), told.key);
    assert!(public_key_of(&folder(&world).join("elsewhere")).is_err());
}

#[tokio::test]
async fn an_export_is_streamed_whole_and_verifies() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    // Several pieces, and several that wait for the client.
    exchanges(&world, 1000).await;
    let answer = world.get("/api/audit/export").await;
    assert!(answer.body.len() > 6 * 64 * 1024, "{}", answer.body.len());
    let report = exported(&answer, &key(&world).await);
    assert!(report.is_good() && report.entries >= 1002, "{report:?}");
    assert!(report.closing.is_some());
    let again = exported(&world.get("/api/audit/export?from=0&to=9000000000000").await, &key(&world).await);
    assert!(again.is_good() && again.entries == report.entries, "{again:?}");

    world.get("/api/audit/export?from=9000000000000").await.problem(404, "not-found");
    world.get("/api/audit/export?from=yesterday").await.problem(400, "malformed");
    world.get("/api/audit/export?form=1").await.problem(400, "malformed");
}

#[tokio::test]
async fn an_export_that_cannot_go_on_does_not_look_like_a_whole_one() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    for count in [1, 300, 1, 1] {
        exchanges(&world, count).await;
        checkpoint(&world).await;
    }
    let segment = |number: u64| folder(&world).join(format!("{number:010}.seg"));
    // After more than a piece was sent, the connection breaks.
    std::fs::remove_file(segment(3)).unwrap();
    let whole = request(world.address, Method::GET, "/api/audit/export").body(Full::default()).unwrap();
    let error = client::try_send(world.address, whole).await.err().expect("it broke off");
    assert!(format!("{error:?}").contains("Body"), "the answer had begun: {error:?}");
    // Before that, it is a problem.
    std::fs::remove_file(segment(2)).unwrap();
    let problem = world.get("/api/audit/export").await.problem(500, "damaged");
    assert!(problem.detail.contains("segment 2 is missing"), "{problem:?}");
}

#[tokio::test]
async fn entries_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    let found = world.call("population", "find").await.id;
    world.call("population", "miss").await;
    let count = |query: &'static str| {
        let world = &world;
        async move { world.get(&format!("/api/audit/entries?{query}")).await.ok::<EntryList>().entries.len() }
    };
    eventually("the act is on the chain", || async { count("kind=act").await == 1 }).await;
    assert_eq!((count("kind=exchange").await, count("kind=gateway").await), (2, 1));
    assert_eq!(
        (count("service=population&outcome=ok").await, count("caller=mot-cua&adapter=population").await),
        (1, 2)
    );
    assert_eq!((count("since=9000000000000").await, count("until=1").await), (0, 0));
    assert_eq!((count("upstream=unheard-of").await, count("limit=1").await), (0, 1));
    let shown: EntryList = world.get(&format!("/api/audit/exchanges/{found}")).await.ok();
    let [shown_entry] = shown.entries.as_slice() else { panic!("{shown:?}") };
    let entry = &shown_entry.entry;
    assert!(matches!(&entry.body, Body::Exchange(record) if record.id == found), "{entry:?}");
    assert!(shown_entry.gateway == "gateway" && shown.reach.is_alone());

    // A database that is shared with nobody holds no record.
    let nobody: GatewayList = world.get("/api/audit/gateways").await.ok();
    assert!(nobody.gateways.is_empty());
    world.get("/api/audit/gateways/gateway/segments/1").await.problem(404, "not-found");
    world.get("/api/audit/gateways/gateway/segments/one").await.problem(400, "malformed");
    assert_eq!((count("gateway=gateway&kind=act").await, count("gateway=another").await), (1, 0));

    let unknown = "/api/audit/exchanges/0199c0de-7000-7000-8000-000000000001";
    world.get(unknown).await.problem(404, "not-found");
    world.get("/api/audit/exchanges/7").await.problem(400, "malformed");
    for wrong in ["kind=thing", "limit=0", "limit=1001", "since=1.5", "servise=population"] {
        world.get(&format!("/api/audit/entries?{wrong}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn a_checkpoint_holds_for_the_folder_that_it_was_made_of() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    exchanges(&world, 3).await;
    let made = checkpoint(&world).await;
    exchanges(&world, 3).await;
    let report = verify_folder(&folder(&world), &key(&world).await, Some(&made)).unwrap();
    assert!(report.is_good() && report.last_segment == made.reached().segment, "{report:?}");
    assert_eq!(report.unsealed.unwrap().entries, 3);
}

#[tokio::test]
async fn retention_is_asked_for_on_record_and_the_chain_goes_on() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    for _ in 0..2 {
        exchanges(&world, 3).await;
        checkpoint(&world).await;
    }
    let ask = async |body: Retain| post(world.address, "/api/audit/retention", &body).await.ok::<Retained>();
    assert_eq!(ask(Retain { older_than_ms: 86_400_000 }).await, Retained { segments: 0, entries: 0 });
    // The newest entry must be older than this very millisecond.
    let emptied = std::sync::Mutex::new(0);
    eventually("a segment is emptied", || async {
        let done = ask(Retain { older_than_ms: 0 }).await;
        *emptied.lock().unwrap() += done.entries;
        done.segments > 0
    })
    .await;
    let report = verify_folder(&folder(&world), &key(&world).await, None).unwrap();
    assert!(report.is_good() && report.emptied == *emptied.lock().unwrap(), "{report:?}");
    let acts: ActList = world.get("/api/acts?kind=retain").await.ok();
    assert!(acts.acts.len() >= 2 && acts.acts.iter().all(|act| !act.refused && act.subject == "gateway"), "{acts:?}");
    assert_eq!(acts.acts.last().unwrap().detail["older_than_ms"], 86_400_000);

    let wrong = |body: &'static str| {
        let asked =
            request(world.address, Method::POST, "/api/audit/retention").header("content-type", "application/json");
        send(world.address, asked.body(Full::from(Bytes::from_static(body.as_bytes()))).unwrap())
    };
    for body in ["{}", r#"{"older_than_ms":-1}"#, r#"{"older_than_ms":1,"more":1}"#] {
        wrong(body).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn a_retention_that_cannot_be_done_is_refused_on_record() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    for _ in 0..2 {
        exchanges(&world, 1).await;
        checkpoint(&world).await;
    }
    let first = folder(&world).join("0000000001.seg");
    let text = std::fs::read_to_string(&first).unwrap();
    std::fs::write(&first, text.replacen("mot-cua", "mot-cux", 1)).unwrap();
    eventually("it is refused", || async {
        post(world.address, "/api/audit/retention", &Retain { older_than_ms: 0 }).await.status.as_u16() == 500
    })
    .await;
    let acts: ActList = world.get("/api/acts?kind=retain&refused=true").await.ok();
    assert_eq!((acts.acts.len(), acts.acts[0].kind), (1, ActKind::Retain));
    assert_eq!(std::fs::read_to_string(&first).unwrap().lines().count(), text.lines().count(), "it is evidence");
}

#[tokio::test]
async fn retention_goes_on_by_itself() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    for _ in 0..2 {
        exchanges(&world, 1).await;
        checkpoint(&world).await;
    }
    let opened = nhip_exchange::Clock::unix_millis(&nhip_exchange::SystemClock);
    eventually("time goes on", || async { nhip_exchange::Clock::unix_millis(&nhip_exchange::SystemClock) > opened })
        .await;
    let retaining = tokio::spawn(crate::retain_daily(world.registry.journal.clone(), std::time::Duration::ZERO));
    let filter = nhip_registry::ExchangeFilter { kind: Some(EntryKind::Gateway), ..Default::default() };
    eventually("the chain tells of it", || async {
        let found = world.registry.journal.search(&filter).await.unwrap();
        found
            .entries
            .iter()
            .any(|found| matches!(found.entry.body, Body::Gateway(Event::Retention { segments: 1, .. })))
    })
    .await;
    retaining.abort();
}
