//! Nothing that a caller entrusts to us is in a log line, not even in the libraries' own ones.

use crate::http2::{connect, request};
use crate::raw::{Raw, ask, post};
use crate::world::{KEY, World};
use http::Method;
use std::io::{Result, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn keys_and_bodies_are_in_no_log() {
    let log = Log::default();
    let subscriber =
        |log: Log| tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log).finish();
    // With a single subscriber in the process, a place in the code that another test's thread reaches first is never asked about again.
    let _second = tracing::Dispatch::new(subscriber(Log::default()));
    // The test's runtime has this one thread, so without shards this is all that is logged.
    let _guard = tracing::subscriber::set_default(subscriber(log.clone()));
    let mut world = World::with(|config| config.shards = None, "20 s").await;
    let wrong = "planted-wrong-key";
    let body = r#"{"name":"planted-person"}"#;

    assert_eq!(ask(world.address, post("echo", body)).await.status, 200);
    assert_eq!(ask(world.address, post("refuse", body)).await.status, 422);
    assert_eq!(ask(world.address, post("echo", body).replace(KEY, wrong)).await.status, 401);
    assert_eq!(
        ask(world.address, post("echo", body).replace("Host:", "X-Api-Key: planted-second\r\nHost:")).await.status,
        400
    );
    let mut raw = Raw::connect(world.address).await;
    raw.send(format!("GET / HTTP/1.1\r\nX-Api-Key: {wrong}\r\nplanted broken\r\n\r\n")).await;
    raw.closed().await;
    let (mut sender, _connection) = connect(world.address).await;
    for (key, status) in [(KEY, 200), (wrong, 401)] {
        let request = request(Method::POST, "/services/register/echo", key, body);
        assert_eq!(sender.send_request(request).await.unwrap().status(), status);
    }
    for outcome in ["ok", "contract-fault", "unauthenticated", "malformed", "ok", "unauthenticated"] {
        let record = serde_json::to_string(&world.record_of(outcome).await).unwrap();
        assert!(!record.contains("planted") && !record.contains(KEY), "{record}");
    }

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("exchange refused") && log.contains("inside-text"), "{log}");
    for planted in ["planted", KEY] {
        let found: Vec<&str> = log.lines().filter(|line| line.contains(planted)).collect();
        assert!(found.is_empty(), "{found:#?}");
    }
}
