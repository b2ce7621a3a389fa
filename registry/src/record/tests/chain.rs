//! What is on the chain: everything, once, in order, and checkable by a stranger.

use super::{Gateway, acts, entries, events, eventually, exchanges, lines, record};
use crate::record::{Body, JournalConfig};
use nhip_exchange::Digest;
use nhip_exchange::record::Entry;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;

#[tokio::test]
async fn what_is_written_comes_back_whole_and_in_order() {
    let gateway = Gateway::start(4096).await;
    for at in 0..40 {
        gateway.keep(record(at)).await;
    }
    let folder = gateway.record_folder();
    let gateway = gateway.restarted().await;
    gateway.keep(record(40)).await;
    gateway.verified();
    let all = entries(&lines(&folder));
    assert_eq!(all.iter().map(|entry| entry.n).collect::<Vec<_>>(), (1..=all.len() as u64).collect::<Vec<_>>());
    let exchange = |entry: &crate::record::ChainEntry| match &entry.body {
        Body::Exchange(record) => Some((**record).clone()),
        _ => None,
    };
    assert_eq!(all.iter().filter_map(exchange).collect::<Vec<_>>(), (0..=40).map(record).collect::<Vec<_>>());
    assert_eq!(events(&folder), ["started", "stopped", "started"]);
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert!(files > 5, "sealed by size, but {files} files");
}

#[tokio::test]
async fn a_stranger_with_sha256_and_ed25519_can_check_a_segment() {
    let gateway = Gateway::start(4096).await;
    for at in 0..30 {
        gateway.keep(record(at)).await;
    }
    let key = gateway.registry.journal.public_key().to_string();
    let folder = gateway.record_folder();
    let _kept = gateway.stop().await;
    let unhex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let sha = |bytes: &[u8]| Digest::of(bytes).as_bytes().to_vec();
    let key = unhex(key.strip_prefix("ed25519:").unwrap());
    let (mut before, mut header, mut n, mut seals) = (vec![0; 32], String::new(), 0, 0);
    for line in lines(&folder) {
        if line.starts_with('{') {
            let said: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(unhex(said["previous"].as_str().unwrap()), before);
            (before, header) = (sha(line.as_bytes()), line);
            continue;
        }
        let (hash, json) = line.split_once(' ').unwrap();
        before = sha(&[before.as_slice(), json.as_bytes()].concat());
        assert_eq!(unhex(hash), before);
        let said: Value = serde_json::from_str(json).unwrap();
        if let Some(signature) = said["signature"].as_str() {
            let seal = json.strip_prefix("{\"seal\":").unwrap().split(",\"signature\"").next().unwrap();
            let text = format!("nhip record seal 1\n{header}\n{seal}\n");
            UnparsedPublicKey::new(&ED25519, &key).verify(text.as_bytes(), &unhex(signature)).unwrap();
            seals += 1;
        } else {
            n += 1;
            assert_eq!(said["n"], n);
        }
    }
    assert!(seals > 3 && n >= 32, "{seals} seals, {n} entries");
}

#[tokio::test]
async fn every_control_act_is_on_the_chain_once_and_in_order() {
    let gateway = Gateway::start(2048).await;
    let folder = gateway.record_folder();
    for at in 0..12 {
        gateway.registry.callers.add(&format!("caller-{at}").parse().unwrap(), "an-operator").await.unwrap();
    }
    // They are brought when they happen, not only at the end.
    eventually("the acts are on the chain", || acts(&folder).len() == 12).await;
    let gateway = gateway.restarted().await;
    gateway.registry.callers.add(&"one-more".parse().unwrap(), "an-operator").await.unwrap();
    eventually("the act is on the chain", || acts(&folder).len() == 13).await;
    let gateway = gateway.restarted().await;
    gateway.verified();
    assert_eq!(acts(&folder), (1..=13).collect::<Vec<_>>());
}

#[tokio::test]
async fn acts_from_before_a_record_was_written_are_brought_to_it() {
    let folder = TempDir::new().unwrap();
    let registry = crate::Registry::open(folder.path(), nhip_exchange::SystemClock::shared()).await.unwrap();
    for at in 0..3 {
        registry.callers.add(&format!("caller-{at}").parse().unwrap(), "an-operator").await.unwrap();
    }
    registry.close().await;
    let gateway = Gateway::on(folder, super::HandClock::new(), JournalConfig::default()).await;
    let folder = gateway.record_folder();
    eventually("the acts are on the chain", || acts(&folder) == [1, 2, 3]).await;
}

#[tokio::test]
async fn a_segment_is_sealed_when_it_is_old_though_nothing_more_comes() {
    let config = JournalConfig { segment_age: Duration::from_millis(20), ..JournalConfig::default() };
    let gateway = Gateway::on(TempDir::new().unwrap(), super::HandClock::new(), config).await;
    gateway.queue.send(Entry { record: record(1), written: None }).await.unwrap();
    let folder = gateway.record_folder();
    eventually("it is sealed", || {
        exchanges(&folder) == [1] && lines(&folder).last().is_some_and(|line| line.contains(" {\"seal\":"))
    })
    .await;
    assert!(gateway.verified().unsealed.is_none());
}

#[tokio::test]
async fn the_writing_ends_when_its_future_is_dropped_and_can_begin_again() {
    let gateway = Gateway::start(4096).await;
    gateway.keep(record(1)).await;
    gateway.writing.abort();
    let _ = gateway.writing.await;
    let folder = gateway.folder.path().join("record");
    eventually("the thread has ended", || events(&folder).last().is_some_and(|event| event == "stopped")).await;
    assert!(gateway.queue.is_closed());
    let refused = gateway.registry.journal.checkpoint().await.unwrap_err();
    assert!(matches!(refused, crate::RegistryError::Record(crate::RecordError::NotRunning)), "{refused:?}");
    // The thread gives the writer back a moment after its last word.
    eventually("the writer is back", || gateway.registry.journal.is_idle()).await;
    let (queue, records) = tokio::sync::mpsc::channel(4);
    queue.send(Entry { record: record(2), written: None }).await.unwrap();
    drop(queue);
    gateway.registry.journal.clone().write(records).await;
    assert_eq!(exchanges(&folder), [1, 2]);
}
