//! A whole gateway in this process: how it starts, what keeps it from starting, how it ends.

use super::*;
use crate::client::AdminClient;
use crate::http_client;
use reqwest::StatusCode;
use std::path::Path;
use tempfile::TempDir;

/// Small, so that a test does not reserve the address space of a province.
fn options(data: &Path) -> Options {
    let mut options = Options::new(data);
    options.pool.instances = 4;
    options
}

async fn start(data: &TempDir) -> Running {
    Assembly::start(options(data.path())).await.unwrap()
}

fn admin(running: &Running) -> AdminClient {
    AdminClient::with_token(running.admin_url().parse().unwrap(), running.token()).unwrap()
}

/// Why a gateway with these options does not start.
async fn refused(options: Options) -> String {
    match Assembly::start(options).await {
        Ok(_) => panic!("it starts"),
        Err(error) => crate::failure::render(&error),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_stops_and_comes_back_with_the_same_callers() {
    let data = tempfile::tempdir().unwrap();
    let first = start(&data).await;
    let key = admin(&first).add_caller("mot-cua").await.unwrap().key;
    let token = first.token().to_owned();
    first.stop();
    assert_eq!(first.wait().await.unwrap(), Stopped { cut: 0 });

    let second = start(&data).await;
    assert_eq!(second.token(), token);
    assert_eq!(admin(&second).callers().await.unwrap().callers.len(), 1);
    let listed = http_client::plain()
        .unwrap()
        .get(format!("{}/services", second.data_url()))
        .header("x-api-key", key)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.status(), StatusCode::OK);
    second.stop();
    second.wait().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_api_stops_it_and_every_exchange_is_on_record_then() {
    let data = tempfile::tempdir().unwrap();
    let running = start(&data).await;
    let http = http_client::plain().unwrap();
    for _ in 0..20 {
        let answer = http.post(format!("{}/services/a/b", running.data_url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    assert!(admin(&running).stop().await.unwrap().stopping);
    assert_eq!(running.wait().await.unwrap().cut, 0);

    let registry = Registry::open(data.path(), nhip_exchange::SystemClock::shared()).await.unwrap();
    let filter = nhip_registry::ExchangeFilter::default();
    assert_eq!(registry.journal.recent(&filter).await.unwrap().0.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_handle_stops_it() {
    let data = tempfile::tempdir().unwrap();
    let running = start(&data).await;
    let admin = admin(&running);
    assert!(admin.is_there().await);
    drop(running);
    let gone = async {
        while admin.is_there().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), gone).await.expect("it is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_before_anything_listens() {
    let data = tempfile::tempdir().unwrap();
    let running = start(&data).await;
    let told = refused(options(data.path())).await;
    assert!(told.contains("another gateway is running on the data folder"), "{told}");

    let other = tempfile::tempdir().unwrap();
    let mut taken = options(other.path());
    taken.listen = running.data_addr();
    let told = refused(taken).await;
    assert!(told.contains("another program listens there"), "{told}");

    let mut taken = options(other.path());
    taken.admin = running.admin_addr();
    let told = refused(taken).await;
    assert!(told.contains("another program listens there"), "{told}");

    let mut remote = options(other.path());
    remote.admin = "0.0.0.0:0".parse().unwrap();
    assert!(refused(remote).await.contains("hint: `--admin-remote` allows it"));

    let mut unsure = options(other.path());
    unsure.tls = Some(TlsFiles { certificate: "/no/such.crt".into(), key: "/no/such.key".into() });
    assert!(refused(unsure).await.contains("/no/such.crt"));

    // None of that is in the way of a right start, at once: a refused one gives back what it held.
    let right = start(&other).await;
    drop((running, right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_opens_nothing_and_the_cure_is_told() {
    let data = tempfile::tempdir().unwrap();
    let running = start(&data).await;
    let wrong = AdminClient::with_token(running.admin_url().parse().unwrap(), &"x".repeat(43)).unwrap();
    let told = crate::failure::render(&wrong.adapters().await.unwrap_err());
    assert!(told.contains("token is missing or wrong") && told.contains("--data DIR"), "{told}");

    let lost = AdminClient::with_token(running.data_url().parse().unwrap(), running.token()).unwrap();
    let told = crate::failure::render(&lost.adapters().await.unwrap_err());
    assert!(told.contains("no admin listener"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_listener_speaks_tls_when_it_is_given_a_certificate() {
    let data = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (data.path().join("server.crt"), data.path().join("server.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();

    let mut options = options(&data.path().join("state"));
    options.tls = Some(TlsFiles { certificate: certificate.clone(), key });
    let running = Assembly::start(options).await.unwrap();
    assert!(running.data_url().starts_with("https://"));

    let url: reqwest::Url = format!("https://localhost:{}/services", running.data_addr().port()).parse().unwrap();
    let trusting = http_client::client(&url, Some(&certificate)).unwrap();
    assert_eq!(trusting.get(url.clone()).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let elsewhere = http_client::plain().unwrap();
    assert!(elsewhere.get(url).send().await.is_err(), "a certificate nobody vouches for must not be trusted");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listeners_counts_are_among_the_metrics() {
    let data = tempfile::tempdir().unwrap();
    let running = start(&data).await;
    let http = http_client::plain().unwrap();
    http.get(format!("{}/nowhere", running.data_url())).send().await.unwrap();
    let text = http
        .get(format!("{}/metrics", running.admin_url()))
        .bearer_auth(running.token())
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.contains("nhip_connections_accepted_total 1\n"), "{text}");
}
