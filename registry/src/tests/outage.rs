//! A shared database's server: it goes away and comes back, falls, forgets, is somebody else, or does not answer.

use super::{Bench, caller, config, eventually, gateway, open, opened, ticks};
use crate::{ActFilter, Config, RegistryError};
use nhip_exchange::port::{KeyValue, KeyValueError, Quota};
use nhip_postgres::{Scratch, Server};
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

on_postgres! {
    nhip_postgres_binaries a_restarted_server_is_found_again,
    nhip_postgres_binaries what_was_kept_is_there_after_a_crash_of_the_server,
    nhip_postgres_binaries a_server_that_may_forget_is_refused,
    nhip_postgres_binaries a_server_proves_who_it_is,
    nhip_postgres_binaries a_line_that_goes_dead_ends_what_is_under_way,
}

const QUOTA: Quota = Quota { bytes: 1000, keys: 1000 };

async fn a_restarted_server_is_found_again() {
    let mut server = Server::start();
    let bench = Bench::with(Some(Scratch::on(&server).await)).await;
    let name = caller("mot-cua");
    let key = bench.registry.callers.add(&name, "an-operator").await.unwrap();
    for signal in ["INT", "QUIT"] {
        // More idle connections than are tried again.
        let writers = futures_util::future::join_all((0..4).map(|_| bench.registry.store.begin_beside())).await;
        assert!(writers.iter().all(Result::is_ok), "{writers:?}");
        drop(writers);
        let idle = bench.registry.store.writers();
        eventually("all are idle", async || idle.num_idle() == 4).await;
        server.stop(signal);
        server.go_on();
        // The first operation of each kind, over connections that died while they were idle.
        bench.registry.key_values.set("one", signal, b"value", QUOTA).await.unwrap();
        bench.registry.callers.add_key(&name, "an-operator").await.unwrap();
        bench.registry.deployments.live().await.unwrap();

        server.stop(signal);
        let gone = [
            bench.registry.deployments.live().await.err().unwrap(),
            bench.registry.callers.add_key(&name, "an-operator").await.err().unwrap(),
        ];
        for gone in gone {
            assert!(matches!(gone, RegistryError::Unreachable { .. }) && gone.is_unavailable(), "{gone:?}");
            assert!(gone.to_string().contains("nhip_test_"), "{gone}");
        }
        assert_eq!(bench.registry.key_values.get("one", signal).await, Err(KeyValueError::Unavailable));
        // Who was known is known.
        assert_eq!(bench.registry.callers.directory().prove(key.reveal()), Some(name.clone()));
        server.go_on();
        assert_eq!(bench.registry.key_values.get("one", signal).await.unwrap().unwrap(), "value");
        let mut changes = bench.registry.changes();
        bench.scratch.as_ref().unwrap().sql("UPDATE changes SET number = number + 1").await.unwrap();
        ticks(&mut changes).await;
    }
}

async fn what_was_kept_is_there_after_a_crash_of_the_server() {
    let mut server = Server::start();
    let bench = Bench::with(Some(Scratch::on(&server).await)).await;
    let mut kept = Vec::new();
    for round in 0..4 {
        let registry = bench.registry.clone();
        let mut adding = JoinSet::new();
        for at in 0..40 {
            let registry = registry.clone();
            adding.spawn(async move {
                let name = caller(&format!("caller-{round}-{at}"));
                (name.clone(), registry.callers.add(&name, "an-operator").await)
            });
        }
        // Let some be kept, then fall.
        let mut answers = vec![adding.join_next().await.unwrap().unwrap()];
        server.stop("QUIT");
        server.go_on();
        answers.extend(adding.join_all().await);
        for (name, answer) in answers {
            match answer {
                Ok(key) => kept.push((name, key)),
                Err(error) => assert!(error.is_unavailable(), "{error:?}"),
            }
        }
    }
    let listed = bench.registry.callers.list().await.unwrap();
    let acts = bench.registry.acts.list(&ActFilter::default(), 1000).await.unwrap();
    assert_eq!(listed.len(), acts.len(), "a caller without its act, or an act without its caller");
    let directory = bench.registry.callers.directory();
    for (name, key) in &kept {
        assert!(listed.iter().any(|one| one.name == *name), "`{name}` was kept and is gone");
        eventually("its key is good", async || directory.prove(key.reveal()).as_ref() == Some(name)).await;
    }
}

async fn a_server_that_may_forget_is_refused() {
    let server = Server::start();
    let scratch = Scratch::on(&server).await;
    scratch.sql("ALTER ROLE nhip SET synchronous_commit = off").await.unwrap();
    let folder = TempDir::new().unwrap();
    let config = config(folder.path(), Some(&scratch));
    let refused = opened(&config).await.err().unwrap();
    assert!(matches!(refused, RegistryError::Unfit { .. }), "{refused:?}");
    assert!(refused.to_string().contains("`synchronous_commit`"), "{refused}");
    scratch.sql("ALTER ROLE nhip RESET synchronous_commit").await.unwrap();
    open(folder.path(), Some(&scratch)).await;
}

async fn a_server_proves_who_it_is() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::with_tls(port, &certificate.pem(), &key.serialize_pem());
    let scratch = Scratch::on(&server).await;
    let name = url::Url::parse(&scratch.url).unwrap().path().to_owned();
    let folder = TempDir::new().unwrap();
    let known = folder.path().join("known.pem");
    std::fs::write(&known, certificate.pem()).unwrap();
    let known = format!("&sslrootcert={}", known.display());
    let data = folder.path().join("data");
    for (host, parameters, taken) in [
        ("localhost", format!("sslmode=verify-full{known}"), true),
        ("localhost", "sslmode=verify-full".to_owned(), false),
        ("localhost", "sslmode=verify-ca".to_owned(), false),
        ("127.0.0.1", format!("sslmode=verify-full{known}"), false),
        ("127.0.0.1", format!("sslmode=verify-ca{known}"), true),
        ("127.0.0.1", "sslmode=require".to_owned(), true),
    ] {
        let database = Some(format!("postgres://nhip@{host}:{port}{name}?{parameters}"));
        let config = gateway(data.clone(), database);
        match opened(&config).await {
            Ok(registry) => {
                assert!(taken, "{host} {parameters}");
                let mut reading = registry.store.read().await.unwrap();
                let secured = "SELECT CASE WHEN ssl THEN 1 ELSE 0 END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
                let secured: i64 = sqlx::query_scalar(secured).fetch_one(&mut *reading).await.unwrap();
                assert_eq!(secured, 1, "{host} {parameters}");
            }
            Err(error) => {
                assert!(!taken && matches!(error, RegistryError::Open { .. }), "{host} {parameters}: {error:?}");
            }
        }
    }
}

/// A line to the server that can go dead: what is sent then goes nowhere, and nobody hangs up.
struct Line {
    port: u16,
    dead: watch::Sender<bool>,
}

impl Line {
    async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (dead, is_dead) = watch::channel(false);
        let socket = server.socket();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(carry(near, socket.clone(), is_dead.clone()));
            }
        });
        Self { port, dead }
    }
}

async fn carry(mut near: TcpStream, socket: PathBuf, mut is_dead: watch::Receiver<bool>) {
    let mut far = UnixStream::connect(socket).await.unwrap();
    let dies = async {
        let _ = is_dead.wait_for(|dead| *dead).await;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        () = dies => {
            // Both ends stay open, for as long as the line is dead.
            let _ = is_dead.wait_for(|dead| !*dead).await;
        }
    }
}

async fn a_line_that_goes_dead_ends_what_is_under_way() {
    let server = Server::start();
    let mut scratch = Scratch::on(&server).await;
    let line = Line::to(&server).await;
    let name = url::Url::parse(&scratch.url).unwrap().path().to_owned();
    scratch.url = format!("postgres://nhip@127.0.0.1:{}{name}", line.port);
    let bench = Bench::with(Some(scratch)).await;
    let registry = &bench.registry;
    registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
    let mut turn = registry.store.begin().await.unwrap();
    line.dead.send_replace(true);
    let statement = sqlx::query("SELECT 1").execute(&mut *turn);
    // What is under way, what begins, and what starts: none waits for ever.
    let (under_way, begins) = tokio::join!(statement, registry.deployments.live());
    assert!(under_way.unwrap_err().to_string().contains("does not answer"));
    assert!(matches!(begins, Err(RegistryError::Unreachable { .. })), "{begins:?}");
    drop(turn);
    let folder = TempDir::new().unwrap();
    let config = Config { data: folder.path().to_owned(), ..bench.config() };
    let starts = opened(&config).await.err().unwrap();
    assert!(matches!(starts, RegistryError::Open { .. }), "{starts:?}");
    line.dead.send_replace(false);
    eventually("it works again", async || registry.callers.add_key(&caller("mot-cua"), "an-operator").await.is_ok())
        .await;
}
