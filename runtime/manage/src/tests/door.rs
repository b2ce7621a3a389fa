//! The door: token, host, origin, address.

use super::client::{self, Answer, request, send};
use super::world::{TOKEN, World, config, state};
use crate::api::routes;
use crate::door::OPEN;
use crate::wire::AddressList;
use crate::{Admin, AdminError, Stop};
use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST, ORIGIN, WWW_AUTHENTICATE};
use http::{Method, Request};
use http_body_util::Full;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn with(world: &World, method: &Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    send(world.address, builder.body(Full::<Bytes>::default()).unwrap()).await
}

#[tokio::test]
async fn every_address_but_the_open_ones_needs_the_token() {
    let world = World::start().await;
    let host = world.address.to_string();
    let host = ("host", host.as_str());
    let good = format!("Bearer {TOKEN}");
    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("authorization", "Bearer wrong")],
        &[("authorization", "Bearer ")],
        &[("authorization", "Basic bWFkZS11cDp0b2tlbg==")],
        &[("authorization", TOKEN)],
        &[("authorization", &good), ("authorization", &good)],
        &[("x-api-key", TOKEN)],
    ];
    let mut guarded = 0;
    for route in routes() {
        let path = route.path.replace("{name}", "population");
        for headers in wrong {
            let answer = with(&world, &route.method, &path, &[&[host], headers].concat()).await;
            if OPEN.contains(&route.path) {
                assert_eq!(answer.status.as_u16(), 200, "{} {path}", route.method);
                continue;
            }
            answer.problem(401, "unauthenticated");
            assert_eq!(answer.headers[WWW_AUTHENTICATE], "Bearer realm=\"nhip-admin\"", "{path}");
            guarded += 1;
        }
        // With the token it gets through the door, whatever the handler then says.
        if route.path != "/api/stop" {
            let answer = with(&world, &route.method, &path, &[host, ("authorization", &good)]).await;
            assert_ne!(answer.status.as_u16(), 401, "{path}");
        }
    }
    assert_eq!(OPEN, ["/healthz"]);
    assert_eq!(guarded, (routes().len() - 1) * wrong.len());
    assert!(!world.stop.is_stopping());
    assert!(world.registry.acts.list(&Default::default(), 100).await.unwrap().iter().all(|act| act.refused));
}

#[tokio::test]
async fn addresses_that_do_not_exist_are_told_only_behind_the_door() {
    let world = World::start().await;
    let host = world.address.to_string();
    for path in ["/", "/api/", "/api/unheard-of", "/healthz/", "/healthz/x", "//healthz", "/api/../healthz"] {
        with(&world, &Method::GET, path, &[("host", &host)]).await.problem(401, "unauthenticated");
        world.get(path).await.problem(404, "unknown-address");
    }
    let answer = client::delete(world.address, "/api/services").await;
    answer.problem(405, "method-not-allowed");
    assert!(answer.headers["allow"].to_str().unwrap().contains("GET"));
    let listed: AddressList = world.get("/api").await.ok();
    assert_eq!(listed.addresses.len(), routes().len());
}

#[tokio::test]
async fn a_web_page_cannot_reach_it_through_a_name_of_its_own() {
    let mut config = config();
    config.hosts = vec!["nhip.noi-bo.example".to_owned()];
    let world = World::with(config).await;
    let good = format!("Bearer {TOKEN}");
    let port = world.address.port();
    let ask = |host: String, more: Vec<(&'static str, String)>| {
        let (world, good) = (&world, good.clone());
        async move {
            let mut headers = vec![("host", host.as_str()), ("authorization", good.as_str())];
            headers.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
            with(world, &Method::GET, "/api/status", &headers).await
        }
    };
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]", "10.0.0.7", "nhip.noi-bo.example"] {
        assert_eq!(ask(format!("{host}:{port}"), vec![]).await.status.as_u16(), 200, "{host}");
        assert_eq!(ask(host.to_owned(), vec![]).await.status.as_u16(), 200, "{host}");
    }
    for host in [
        "attacker.example",
        "localhost.attacker.example",
        "127.0.0.1.attacker.example",
        "nhip.noi-bo.example.attacker.example",
    ] {
        ask(format!("{host}:{port}"), vec![]).await.problem(403, "foreign-host");
    }
    for host in ["", "user@localhost", "a b"] {
        ask(host.to_owned(), vec![]).await.problem(400, "no-host");
    }
    ask(format!("localhost:{port}"), vec![("host", format!("localhost:{port}"))]).await.problem(400, "no-host");

    let origin = |origin: String| ask(format!("localhost:{port}"), vec![("origin", origin)]);
    assert_eq!(origin(format!("http://localhost:{port}")).await.status.as_u16(), 200);
    for foreign in ["null", "http://attacker.example", "http://localhost", "file://"] {
        origin(foreign.to_owned()).await.problem(403, "foreign-origin");
    }
    // Also the open address is not for foreign names.
    with(&world, &Method::GET, "/healthz", &[("host", "attacker.example")]).await.problem(403, "foreign-host");
}

#[tokio::test]
async fn no_answer_may_be_kept_or_read_by_another_site() {
    let world = World::start().await;
    let preflight = request(world.address, Method::OPTIONS, "/api/deployments")
        .header(ORIGIN, "http://attacker.example")
        .header("access-control-request-method", "POST")
        .body(Full::default())
        .unwrap();
    for answer in [world.get("/api/callers").await, world.get("/nothing").await, send(world.address, preflight).await] {
        assert_eq!(
            (&answer.headers["cache-control"], &answer.headers["x-content-type-options"]),
            (&"no-store".parse().unwrap(), &"nosniff".parse().unwrap())
        );
        assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control-")));
    }
}

#[tokio::test]
async fn an_address_beyond_this_machine_must_be_allowed() {
    let world = World::start().await;
    let stop = Stop::default();
    let mut config = config();
    for remote in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[::ffff:192.0.2.1]:0"] {
        config.listen = remote.parse().unwrap();
        let error = Admin::bind(config.clone(), state(&world, &stop)).await.err().unwrap();
        assert!(matches!(error, AdminError::Remote { .. }), "{remote}: {error}");
    }
    config.listen = "0.0.0.0:0".parse().unwrap();
    config.allow_remote = true;
    assert!(Admin::bind(config.clone(), state(&world, &stop)).await.is_ok());
    config.listen = world.address;
    let error = Admin::bind(config, state(&world, &stop)).await.err().unwrap();
    assert!(matches!(&error, AdminError::Bind { address, .. } if *address == world.address), "{error}");
}

#[tokio::test]
async fn a_peer_that_sends_no_whole_request_is_cut_off() {
    let mut config = config();
    config.limits.head_time = Duration::from_millis(200);
    config.limits.body_time = Duration::from_millis(200);
    let world = World::with(config).await;
    let mut silent = TcpStream::connect(world.address).await.unwrap();
    let mut slow = TcpStream::connect(world.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: local").await.unwrap();
    let mut large = TcpStream::connect(world.address).await.unwrap();
    large.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n", "x".repeat(64 * 1024)).as_bytes()).await.unwrap();
    for stream in [&mut silent, &mut slow, &mut large] {
        let mut rest = Vec::new();
        // Reset or closed: the connection ends, and nothing but an error was said.
        let _ =
            tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("it stays open");
        let said = String::from_utf8_lossy(&rest);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    }
    let mut half = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "POST /api/callers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{\"na"
    );
    half.write_all(head.as_bytes()).await.unwrap();
    let mut said = vec![0; 12];
    half.read_exact(&mut said).await.unwrap();
    assert_eq!(said, b"HTTP/1.1 408");
    assert_eq!(world.get("/healthz").await.text(), "ok\n");
}

#[tokio::test]
async fn the_token_is_in_no_answer_and_a_wrong_operator_is_refused() {
    let world = World::start().await;
    for bad in ["", "hai người", "a/b", &"x".repeat(65)] {
        let answer = with(
            &world,
            &Method::POST,
            "/api/stop",
            &[
                (HOST.as_str(), "localhost"),
                (AUTHORIZATION.as_str(), &format!("Bearer {TOKEN}")),
                (crate::wire::OPERATOR_HEADER, bad),
            ],
        )
        .await;
        answer.problem(400, "malformed");
        assert!(!answer.text().contains(TOKEN));
    }
    assert!(!world.stop.is_stopping());
}
