//! What only a shared database can do: several gateways on it.

use super::{Bench, adapter, caller, candidate, eventually, gateway, opened, sound, ticks};
use crate::database::Kind;
use crate::{ActFilter, Config, Registry, RegistryError, Revoke, Usage};
use bytes::Bytes;
use nhip_exchange::port::{KeyValue, KeyValueError, Quota};
use nhip_exchange::{Digest, SystemClock};
use nhip_postgres::Scratch;
use tempfile::TempDir;
use tokio::task::JoinSet;

on_postgres! {
    nhip_postgres what_one_gateway_deploys_the_others_see,
    nhip_postgres of_two_gateways_that_decide_on_one_state_one_wins,
    nhip_postgres gateways_that_start_together_make_one_schema,
    nhip_postgres a_key_is_good_and_is_revoked_at_every_gateway,
    nhip_postgres callers_made_at_once_at_two_gateways_are_all_there,
    nhip_postgres the_quota_holds_over_all_gateways,
    nhip_postgres values_do_not_wait_for_a_change_of_control,
    nhip_postgres a_change_that_is_cut_off_lets_the_others_go_on,
    nhip_postgres a_component_of_many_parts_reaches_another_gateway,
    nhip_postgres a_component_that_is_damaged_in_the_database_is_refused_and_mended,
    nhip_postgres every_act_names_the_gateway_that_made_it,
    nhip_postgres an_unknown_database_is_named_and_no_password_is,
}

/// Another gateway on the same database.
struct Other {
    _folder: TempDir,
    registry: Registry,
}

impl Other {
    async fn beside(bench: &Bench) -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config { data: folder.path().to_owned(), gateway: "another".to_owned(), ..bench.config() };
        let registry = Registry::open_with(config, SystemClock::shared()).await.unwrap();
        Self { _folder: folder, registry }
    }
}

async fn two() -> (Bench, Other) {
    let bench = Bench::new(Kind::Postgres).await;
    let other = Other::beside(&bench).await;
    (bench, other)
}

fn quota(bytes: u64) -> Quota {
    Quota { bytes, keys: 1000 }
}

async fn what_one_gateway_deploys_the_others_see() {
    let (bench, other) = two().await;
    let mut changes = other.registry.changes();
    let made = bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    ticks(&mut changes).await;
    assert_eq!(other.registry.deployments.live().await.unwrap(), std::slice::from_ref(&made));
    let component = other.registry.blobs.get(&made.component).await.unwrap();
    assert_eq!(Digest::of(&component), made.component);
    // And from its own folder the next time.
    assert!(other.registry.blobs.path(&made.component).exists());
    let mut changes = bench.registry.changes();
    other.registry.deployments.retire(&made.adapter, made.id, "an-operator").await.unwrap();
    ticks(&mut changes).await;
    assert!(bench.registry.deployments.live().await.unwrap().is_empty());
    sound(&other.registry).await;
}

async fn of_two_gateways_that_decide_on_one_state_one_wins() {
    let (bench, other) = two().await;
    let first = bench.deploy(candidate(&bench.registry, "population", "1.0.0", "p", &["population"]).await).await;
    let mut rivals = JoinSet::new();
    for at in 0..8 {
        let registry = if at % 2 == 0 { &bench.registry } else { &other.registry };
        let new = candidate(registry, "population", &format!("1.1.{at}"), "p", &["population"]).await;
        let deployments = registry.deployments.clone();
        rivals.spawn(async move { deployments.deploy(new, Some(first.id)).await });
    }
    let lost = rivals.join_all().await.into_iter().filter_map(Result::err);
    let lost: Vec<_> = lost.inspect(|why| assert!(matches!(why, RegistryError::Changed { .. }), "{why:?}")).collect();
    assert_eq!(lost.len(), 7);
    assert_eq!(other.registry.deployments.history(&adapter("population"), 10).await.unwrap().len(), 2);
    sound(&bench.registry).await;
}

async fn gateways_that_start_together_make_one_schema() {
    let scratch = Scratch::shared().await;
    let mut starting = JoinSet::new();
    for at in 0..4 {
        let url = scratch.url.clone();
        starting.spawn(async move {
            let folder = TempDir::new().unwrap();
            let config = Config { gateway: format!("gateway-{at}"), ..gateway(folder.path().to_owned(), Some(url)) };
            let registry = Registry::open_with(config, SystemClock::shared()).await.unwrap();
            let key = registry.callers.add(&caller(&format!("caller-{at}")), "an-operator").await.unwrap();
            registry.close().await;
            key.id()
        });
    }
    let mut keys = starting.join_all().await;
    keys.sort_unstable();
    assert_eq!(keys, [1, 2, 3, 4]);
}

async fn a_key_is_good_and_is_revoked_at_every_gateway() {
    let (bench, other) = two().await;
    let name = caller("mot-cua");
    let directory = other.registry.callers.directory();
    let key = bench.registry.callers.add(&name, "an-operator").await.unwrap();
    eventually("the key is good there", async || directory.prove(key.reveal()) == Some(name.clone())).await;
    bench.registry.callers.revoke(&name, Revoke::All, "an-operator").await.unwrap();
    eventually("the key is revoked there", async || directory.prove(key.reveal()).is_none()).await;
}

async fn callers_made_at_once_at_two_gateways_are_all_there() {
    let (bench, other) = two().await;
    let mut adding = JoinSet::new();
    for at in 0..20 {
        let callers = if at % 2 == 0 { &bench.registry.callers } else { &other.registry.callers }.clone();
        // Each name is wanted twice, once at each gateway.
        adding.spawn(async move { callers.add(&caller(&format!("caller-{}", at / 2)), "an-operator").await });
    }
    let (made, refused): (Vec<_>, Vec<_>) = adding.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (10, 10));
    assert!(refused.into_iter().all(|why| matches!(why, Err(RegistryError::CallerExists { .. }))));
    assert_eq!(bench.registry.callers.list().await.unwrap(), other.registry.callers.list().await.unwrap());
    for registry in [&bench.registry, &other.registry] {
        let directory = registry.callers.directory();
        let all = || made.iter().all(|key| directory.prove(key.as_ref().unwrap().reveal()).is_some());
        eventually("all keys are good everywhere", async || all()).await;
    }
}

async fn the_quota_holds_over_all_gateways() {
    let (bench, other) = two().await;
    let mut sets = JoinSet::new();
    for at in 10..50 {
        let values = if at % 2 == 0 { &bench.registry.key_values } else { &other.registry.key_values }.clone();
        sets.spawn(async move { values.set("one", &format!("key-{at}"), &[0; 94], quota(1050)).await });
    }
    let results = sets.join_all().await;
    let refused = results.iter().filter(|result| matches!(result, Err(KeyValueError::Quota(_)))).count();
    assert_eq!((refused, results.len()), (30, 40), "{results:?}");
    assert_eq!(other.registry.key_values.used("one").await.unwrap(), Usage { bytes: 1000, keys: 10 });
    assert_eq!(bench.registry.key_values.keys("one", 0, 50).await.unwrap().len(), 10);
}

async fn values_do_not_wait_for_a_change_of_control() {
    let (bench, other) = two().await;
    let turn = bench.registry.store.begin().await.unwrap();
    let same = bench.registry.store.begin_of("key-value", "another").await.unwrap();
    for registry in [&bench.registry, &other.registry] {
        registry.key_values.set("one", "key", b"value", quota(100)).await.unwrap();
    }
    let refused = other.registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap_err();
    assert!(matches!(refused, RegistryError::Database { .. }) && refused.is_unavailable(), "{refused:?}");
    drop((turn, same));
    other.registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
}

async fn a_change_that_is_cut_off_lets_the_others_go_on() {
    let (bench, other) = two().await;
    let turn = bench.registry.store.begin().await.unwrap();
    // As when its machine is cut off: the server ends the session, not the gateway.
    bench
        .scratch
        .as_ref()
        .unwrap()
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await
        .unwrap();
    other.registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
    let kept = turn.commit().await;
    assert!(kept.is_err(), "{kept:?}");
    bench.registry.callers.add(&caller("cong-dvc"), "an-operator").await.unwrap();
    assert_eq!(bench.registry.callers.list().await.unwrap().len(), 2);
}

async fn a_component_of_many_parts_reaches_another_gateway() {
    let (bench, other) = two().await;
    for size in [0, 1, 1024 * 1024, 1024 * 1024 + 1, 5 * 1024 * 1024 + 7] {
        let bytes: Bytes = (0..size).map(|at: u32| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let digest = bench.registry.blobs.put(bytes.clone()).await.unwrap();
        assert_eq!(other.registry.blobs.size(&digest).await.unwrap(), u64::from(size));
        assert_eq!(other.registry.blobs.get(&digest).await.unwrap(), bytes);
        // A damaged file of the cache is mended from the database.
        std::fs::write(other.registry.blobs.path(&digest), "not it").unwrap();
        assert_eq!(other.registry.blobs.get(&digest).await.unwrap(), bytes);
        assert_eq!(std::fs::read(other.registry.blobs.path(&digest)).unwrap(), bytes);
    }
}

async fn a_component_that_is_damaged_in_the_database_is_refused_and_mended() {
    let (bench, other) = two().await;
    let digest = bench.registry.blobs.put(Bytes::from_static(b"a component")).await.unwrap();
    for damage in [
        "UPDATE blob_parts SET bytes = 'a c0mponent'",
        "DELETE FROM blob_parts",
        "INSERT INTO blob_parts SELECT digest, 1, 'and more' FROM blobs",
    ] {
        bench.sql(damage).await.unwrap();
        let refused = other.registry.blobs.get(&digest).await.unwrap_err();
        assert!(matches!(refused, RegistryError::BlobDamaged { .. }), "{damage}: {refused:?}");
        bench.registry.blobs.put(Bytes::from_static(b"a component")).await.unwrap();
        assert_eq!(&other.registry.blobs.get(&digest).await.unwrap()[..], b"a component");
        std::fs::remove_file(other.registry.blobs.path(&digest)).unwrap();
    }
}

async fn every_act_names_the_gateway_that_made_it() {
    let (bench, other) = two().await;
    bench.registry.callers.add(&caller("mot-cua"), "an-operator").await.unwrap();
    other.registry.callers.add(&caller("cong-dvc"), "an-operator").await.unwrap();
    let acts = bench.registry.acts.list(&ActFilter::default(), 10).await.unwrap();
    let acts: Vec<_> = acts.iter().map(|act| (act.id, act.subject.as_str(), act.gateway.as_str())).collect();
    assert_eq!(acts, [(2, "cong-dvc", "another"), (1, "mot-cua", "a-gateway")]);
    let filter = ActFilter { gateway: Some("another".to_owned()), ..ActFilter::default() };
    assert_eq!(bench.registry.acts.list(&filter, 10).await.unwrap().len(), 1);
}

async fn an_unknown_database_is_named_and_no_password_is() {
    let bench = Bench::new(Kind::Postgres).await;
    let mut url = url::Url::parse(&bench.config().database.unwrap()).unwrap();
    url.set_path("no_such_database");
    url.query_pairs_mut().append_pair("password", "hush");
    let folder = TempDir::new().unwrap();
    let config = gateway(folder.path().to_owned(), Some(url.into()));
    assert!(!format!("{config:?}").contains("hush"));
    let refused = opened(&config).await.err().unwrap();
    assert!(matches!(refused, RegistryError::Open { .. }), "{refused:?}");
    assert!(refused.to_string().contains("no_such_database"), "{refused}");
    assert!(!format!("{refused:?} {}", crate::error::chain(&refused)).contains("hush"), "{refused:?}");
    let refused = opened(&Config { gateway: "a b".to_owned(), ..config }).await.err().unwrap();
    assert!(matches!(refused, RegistryError::GatewayName { .. }), "{refused:?}");
}
