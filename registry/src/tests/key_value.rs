//! The durable values of adapters, and their quota.

use super::{Bench, for_all};
use crate::database::Kind;
use crate::{LONGEST_KEY, Usage};
use nhip_exchange::port::{KeyValue, KeyValueError, Quota};
use proptest::prelude::*;
use std::collections::BTreeMap;

on_both! {
    values_last_and_are_the_adapters_own,
    keys_are_listed_in_pages,
    the_quota_holds_to_the_byte,
    the_number_of_keys_is_limited,
    a_key_that_is_too_long_is_refused,
    sets_at_once_do_not_pass_the_quota,
    a_store_that_cannot_be_reached_says_so,
    values_follow_a_map,
}

/// A quota of so many bytes, and more keys than any test sets.
fn quota(bytes: u64) -> Quota {
    Quota { bytes, keys: 1000 }
}

/// What the values take, counted from the values themselves.
async fn counted(bench: &Bench, adapter: &str) -> Usage {
    let mut reading = bench.registry.store.read().await.unwrap();
    let (bytes, keys): (i64, i64) = sqlx::query_as(
        "SELECT COALESCE(SUM(LENGTH(key) + LENGTH(value)), 0), COUNT(*) FROM key_values WHERE adapter = $1",
    )
    .bind(adapter)
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    Usage { bytes: u64::try_from(bytes).unwrap(), keys: u64::try_from(keys).unwrap() }
}

async fn values_last_and_are_the_adapters_own(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    values.set("one", "khoá", "giá trị".as_bytes(), quota(1000)).await.unwrap();
    values.set("one", "empty", b"", quota(1000)).await.unwrap();
    values.set("other", "khoá", b"another", quota(1000)).await.unwrap();
    let bench = bench.reopened().await;
    let values = &bench.registry.key_values;
    assert_eq!(values.get("one", "khoá").await.unwrap().unwrap(), "giá trị".as_bytes());
    assert_eq!(values.get("one", "empty").await.unwrap().unwrap(), "");
    assert_eq!(values.get("other", "khoá").await.unwrap().unwrap(), "another");
    assert_eq!(values.get("one", "none").await.unwrap(), None);
    values.delete("one", "khoá").await.unwrap();
    values.delete("one", "khoá").await.unwrap();
    assert_eq!(values.get("one", "khoá").await.unwrap(), None);
    assert_eq!(values.keys("one", 0, 10).await.unwrap(), ["empty"]);
    assert_eq!(values.used("one").await.unwrap(), Usage { bytes: 5, keys: 1 });
    assert_eq!(values.get("other", "khoá").await.unwrap().unwrap(), "another");
}

async fn keys_are_listed_in_pages(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    for at in (0..7).rev() {
        values.set("one", &format!("key-{at}"), b"", quota(1000)).await.unwrap();
    }
    let mut seen = Vec::new();
    loop {
        let page = values.keys("one", seen.len() as u64, 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    assert_eq!(seen, (0..7).map(|at| format!("key-{at}")).collect::<Vec<_>>());
    assert!(values.keys("one", u64::MAX, u32::MAX).await.unwrap().is_empty());
}

async fn the_quota_holds_to_the_byte(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    values.set("one", "key", &[1; 97], quota(100)).await.unwrap();
    assert_eq!(values.set("one", "k", b"", quota(100)).await, Err(KeyValueError::Quota(quota(100))));
    assert_eq!(values.set("one", "key", &[2; 98], quota(100)).await, Err(KeyValueError::Quota(quota(100))));
    assert_eq!(values.get("one", "key").await.unwrap().unwrap(), [1; 97][..], "a refused value changes nothing");
    values.set("one", "key", &[3; 90], quota(100)).await.unwrap();
    values.set("one", "k", &[4; 6], quota(100)).await.unwrap();
    assert_eq!(values.used("one").await.unwrap(), Usage { bytes: 100, keys: 2 });
    // A smaller quota, of a later policy, takes nothing away but lets nothing grow.
    assert_eq!(values.set("one", "k", b"", quota(50)).await, Err(KeyValueError::Quota(quota(50))));
    values.delete("one", "key").await.unwrap();
    values.set("one", "k", &[5; 49], quota(50)).await.unwrap();
    values.set("other", "key", &[6; 97], quota(100)).await.unwrap();
}

async fn the_number_of_keys_is_limited(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    let quota = Quota { bytes: 1000, keys: 2 };
    values.set("one", "a", b"1", quota).await.unwrap();
    values.set("one", "b", b"1", quota).await.unwrap();
    assert_eq!(values.set("one", "c", b"", quota).await, Err(KeyValueError::Quota(quota)));
    values.set("one", "a", b"another", quota).await.unwrap();
    values.delete("one", "a").await.unwrap();
    values.set("one", "c", b"", quota).await.unwrap();
    values.set("other", "c", b"", quota).await.unwrap();
    assert_eq!(values.keys("one", 0, 9).await.unwrap(), ["b", "c"]);
}

async fn a_key_that_is_too_long_is_refused(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    let longest = "k".repeat(LONGEST_KEY);
    values.set("one", &longest, b"v", quota(10_000)).await.unwrap();
    assert!(values.set("one", &format!("{longest}k"), b"v", quota(10_000)).await.is_err());
    assert_eq!(values.used("one").await.unwrap(), Usage { bytes: LONGEST_KEY as u64 + 1, keys: 1 });
}

async fn sets_at_once_do_not_pass_the_quota(kind: Kind) {
    let bench = Bench::new(kind).await;
    let mut sets = tokio::task::JoinSet::new();
    for at in 10..50 {
        let values = bench.registry.key_values.clone();
        sets.spawn(async move { values.set("one", &format!("key-{at}"), &[0; 94], quota(1050)).await });
    }
    let fitted = sets.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!(fitted, 10);
    assert_eq!(bench.registry.key_values.used("one").await.unwrap(), Usage { bytes: 1000, keys: 10 });
    assert_eq!(counted(&bench, "one").await, Usage { bytes: 1000, keys: 10 });
}

async fn a_store_that_cannot_be_reached_says_so(kind: Kind) {
    let bench = Bench::new(kind).await;
    let values = bench.registry.key_values.clone();
    bench.registry.clone().close().await;
    assert_eq!(values.get("one", "key").await, Err(KeyValueError::Unavailable));
    assert_eq!(values.set("one", "key", b"", quota(100)).await, Err(KeyValueError::Unavailable));
    assert_eq!(values.delete("one", "key").await, Err(KeyValueError::Unavailable));
    assert_eq!(values.keys("one", 0, 1).await, Err(KeyValueError::Unavailable));
}

async fn values_follow_a_map(kind: Kind) {
    let step = (0..5usize, prop::option::of(0..60usize));
    let steps = prop::collection::vec(step, 1..30);
    for_all(24, steps, |steps| follow_a_map(kind, steps));
}

async fn follow_a_map(kind: Kind, steps: Vec<(usize, Option<usize>)>) {
    let bench = Bench::new(kind).await;
    let values = &bench.registry.key_values;
    let names = ["a", "bb", "c\0c", "đ", "e e"];
    let mut model: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    let size =
        |model: &BTreeMap<&str, Vec<u8>>| model.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
    for (at, (key, length)) in steps.into_iter().enumerate() {
        let key = names[key];
        let Some(length) = length else {
            values.delete("one", key).await.unwrap();
            model.remove(key);
            continue;
        };
        let value = vec![u8::try_from(at).unwrap(); length];
        let mut wanted = model.clone();
        wanted.insert(key, value.clone());
        let fits = size(&wanted) <= 120 && wanted.len() <= 4;
        assert_eq!(values.set("one", key, &value, Quota { bytes: 120, keys: 4 }).await.is_ok(), fits);
        if fits {
            model = wanted;
        }
    }
    assert_eq!(values.keys("one", 0, 10).await.unwrap(), model.keys().copied().collect::<Vec<_>>());
    for (key, value) in &model {
        assert_eq!(values.get("one", key).await.unwrap().unwrap(), value[..]);
    }
    let used = Usage { bytes: size(&model) as u64, keys: model.len() as u64 };
    assert_eq!(values.used("one").await.unwrap(), used);
    assert_eq!(counted(&bench, "one").await, used);
}
