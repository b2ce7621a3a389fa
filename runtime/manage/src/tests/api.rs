//! The nouns that are only looked at or kept: callers, exchanges, acts, status; and the stop.

use super::client::{delete, get, post, request, send};
use super::world::{World, eventually};
use crate::wire::{ActList, CallerList, ExchangeList, IssuedKey, NewCaller, Ready, Revoked, Status, Stopping};
use http::Method;
use http_body_util::Full;
use nhip_registry::ActKind;
use serde_json::json;
use tokio::net::TcpStream;

#[tokio::test]
async fn callers_get_keys_that_are_shown_once_and_revoked() {
    let world = World::start().await;
    let directory = world.registry.callers.directory();
    let new = NewCaller { name: "mot-cua".to_owned() };
    let answer = post(world.address, "/api/callers", &new).await;
    assert_eq!(answer.status.as_u16(), 201);
    let first: IssuedKey = answer.ok();
    assert_eq!(directory.prove(&first.key).unwrap().as_str(), "mot-cua");
    assert!(!format!("{first:?}").contains(&first.key));
    post(world.address, "/api/callers", &new).await.problem(409, "conflict");

    let keys = request(world.address, Method::POST, "/api/callers/mot-cua/keys").body(Full::default()).unwrap();
    let second: IssuedKey = send(world.address, keys).await.ok();
    let listed = world.get("/api/callers").await;
    assert!(!listed.text().contains(&first.key) && !listed.text().contains(&second.key));
    assert_eq!(listed.ok::<CallerList>().callers[0].keys.len(), 2);

    let path = format!("/api/callers/mot-cua?key={}", first.id);
    assert_eq!(delete(world.address, &path).await.ok::<Revoked>().revoked, 1);
    assert!(directory.prove(&first.key).is_none() && directory.prove(&second.key).is_some());
    assert_eq!(delete(world.address, "/api/callers/mot-cua").await.ok::<Revoked>().revoked, 1);
    assert!(directory.prove(&second.key).is_none());

    delete(world.address, "/api/callers/mot-cua?key=99").await.problem(404, "not-found");
    delete(world.address, "/api/callers/unheard-of").await.problem(404, "not-found");
    delete(world.address, "/api/callers/mot-cua?key=one").await.problem(400, "malformed");
    delete(world.address, "/api/callers/mot-cua?kee=1").await.problem(400, "malformed");
    let acts: ActList = world.get("/api/acts").await.ok();
    assert!(!serde_json::to_string(&acts).unwrap().contains(&first.key));
    let refused: ActList = world.get("/api/acts?refused=true&kind=key-revoke").await.ok();
    assert_eq!(refused.acts.len(), 2);
}

#[tokio::test]
async fn a_body_that_does_not_fit_is_refused() {
    let world = World::start().await;
    post(world.address, "/api/callers", &json!({ "name": "Mot_Cua" })).await.problem(400, "malformed");
    post(world.address, "/api/callers", &json!({ "nam": "mot-cua" })).await.problem(400, "malformed");
    post(world.address, "/api/callers", &json!({ "name": "mot-cua", "more": 1 })).await.problem(400, "malformed");
    post(world.address, "/api/callers", &json!({ "name": "x".repeat(70_000) })).await.problem(413, "too-large");
    let plain = |kind: &str| {
        let request = request(world.address, Method::POST, "/api/callers").header("content-type", kind);
        send(world.address, request.body(Full::from(r#"{"name":"mot-cua"}"#)).unwrap())
    };
    plain("text/plain").await.problem(415, "media-type");
    plain("application/x-www-form-urlencoded").await.problem(415, "media-type");
    assert_eq!(plain("application/json; charset=utf-8").await.status.as_u16(), 201);
}

#[tokio::test]
async fn exchanges_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    let found = world.call("population", "find").await.id;
    world.call("population", "miss").await;
    world.call("unheard-of", "find").await;
    let all = || async { world.get("/api/exchanges").await.ok::<ExchangeList>().exchanges };
    eventually("all are on record", || async { all().await.len() == 3 }).await;
    let count = |query: &'static str| {
        let world = &world;
        async move { world.get(&format!("/api/exchanges?{query}")).await.ok::<ExchangeList>().exchanges.len() }
    };
    assert_eq!(count("outcome=ok").await, 1);
    assert_eq!(count("service=population").await, 2);
    assert_eq!(count("caller=mot-cua&limit=1").await, 1);
    assert_eq!(count("since=9000000000000").await, 0);
    let one: ExchangeList = world.get(&format!("/api/exchanges?id={found}")).await.ok();
    assert_eq!((one.exchanges.len(), one.exchanges[0].version.as_deref()), (1, Some("1.0.0")));
    for wrong in ["id=7", "limit=0", "limit=1001", "since=yesterday", "servise=population"] {
        world.get(&format!("/api/exchanges?{wrong}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn acts_are_found_by_what_is_known_of_them() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    post(world.address, "/api/callers", &NewCaller { name: "mot-cua".to_owned() }).await.ok::<IssuedKey>();
    post(world.address, "/api/callers", &NewCaller { name: "mot-cua".to_owned() }).await.problem(409, "conflict");
    let acts: ActList = world.get("/api/acts").await.ok();
    let kinds: Vec<(ActKind, bool)> = acts.acts.iter().map(|act| (act.kind, act.refused)).collect();
    assert_eq!(kinds, [(ActKind::CallerAdd, true), (ActKind::CallerAdd, false), (ActKind::Deploy, false)]);
    let one: ActList = world.get("/api/acts?subject=population&kind=deploy&actor=admin&limit=5").await.ok();
    assert_eq!(one.acts.len(), 1);
    for wrong in ["kind=destroy", "refused=perhaps", "limit=-1", "since=1.5"] {
        world.get(&format!("/api/acts?{wrong}")).await.problem(400, "malformed");
    }
}

#[tokio::test]
async fn status_says_what_it_is_and_unknown_adapters_are_not_found() {
    let world = World::start().await;
    world.deployed("population", "1.0.0").await;
    let status: Status = world.get("/api/status").await.ok();
    assert_eq!((status.admin_listener, status.live, status.stopping), (world.address, 1, false));
    assert_eq!((status.version.as_str(), status.engine.as_str()), ("0.1.0", "stand-in"));
    assert_eq!((status.gateway.as_str(), status.database.as_str()), ("gateway", "sqlite"));
    assert!(status.uptime_ms > 0 && status.free_slots == 512);
    world.get("/api/adapters/unheard-of").await.problem(404, "not-found");
    world.get("/api/adapters/Un%20heard").await.problem(400, "malformed");
    let ready: Ready = world.get("/readyz").await.ok();
    assert_eq!((ready.gateway.as_str(), ready.database.as_str()), ("gateway", "sqlite"));
    assert!(ready.ready && ready.reasons.is_empty() && ready.broken.is_empty());
}

#[tokio::test]
async fn a_database_that_is_gone_makes_it_unready() {
    let world = World::start().await;
    world.registry.clone().close().await;
    let answer = world.get("/readyz").await;
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(answer.json::<Ready>().reasons, ["the database does not answer"]);
    world.get("/api/callers").await.problem(503, "unavailable");
    assert_eq!(world.get("/healthz").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_stop_is_answered_and_then_heard() {
    let world = World::start().await;
    let stop = request(world.address, Method::POST, "/api/stop").body(Full::default()).unwrap();
    let answer = send(world.address, stop).await;
    assert_eq!((answer.status.as_u16(), answer.ok::<Stopping>().stopping), (202, true));
    assert!(world.stop.is_stopping());
    let address = world.address;
    world.served.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_gateway_that_stops_is_not_ready() {
    let world = World::start().await;
    world.spine.stop();
    let answer = get(world.address, "/readyz").await;
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(answer.json::<Ready>().reasons, ["the gateway is stopping"]);
}
