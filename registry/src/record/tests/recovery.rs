//! Opening what a killed gateway, a careless operator or a stranger left.

use super::{Gateway, HandClock, events, exchanges, lines, opened, record};
use crate::RegistryError;
use crate::record::{Event, JournalConfig, RecordError, Wrong, public_key_of, verify_folder};
use nhip_exchange::Clock;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A record that was stopped, and then cut back to what a kill would have left: no seal, no last word.
async fn killed() -> (TempDir, JournalConfig, PathBuf) {
    let gateway = Gateway::start(1 << 20).await;
    for at in 0..5 {
        gateway.keep(record(at)).await;
    }
    let (folder, _, config) = gateway.stop().await;
    let file = folder.path().join("record/0000000001.seg");
    let kept = lines(&folder.path().join("record"));
    std::fs::write(&file, kept[..6].iter().flat_map(|line| [line, "\n"]).collect::<String>()).unwrap();
    (folder, config, file)
}

async fn refused(folder: &Path, config: JournalConfig) -> RecordError {
    let clock: Arc<dyn Clock> = HandClock::new();
    match opened(folder, config, clock).await.err().unwrap() {
        RegistryError::Record(error) => error,
        other => panic!("{other:?}"),
    }
}

fn append(file: &Path, text: &str) {
    OpenOptions::new().append(true).open(file).unwrap().write_all(text.as_bytes()).unwrap();
}

#[tokio::test]
async fn a_torn_last_line_is_cut_and_the_chain_goes_on() {
    let hole = "half a line\0\0\0\0the rest of it\nand another line\n";
    for torn in ["", "0", "not a line at all", hole, "\0\0after a hole\n", &"a".repeat(100_000)] {
        for zeros in [0, 1, 600, 1 << 20] {
            let (folder, config, file) = killed().await;
            append(&file, torn);
            append(&file, &"\0".repeat(zeros));
            let gateway = Gateway::on(folder, HandClock::new(), config).await;
            gateway.keep(record(9)).await;
            let folder = gateway.record_folder();
            assert_eq!(exchanges(&folder), [0, 1, 2, 3, 9]);
            assert_eq!(events(&folder), ["started", "recovered"]);
            let all = super::entries(&lines(&folder));
            let cut = all.iter().find_map(|entry| match &entry.body {
                crate::record::Body::Gateway(Event::Recovered { cut_bytes, .. }) => Some(*cut_bytes),
                _ => None,
            });
            assert_eq!(cut, Some(torn.len() as u64));
            assert_eq!(gateway.verified().unsealed.unwrap().entries, 7);
            let gateway = gateway.restarted().await;
            gateway.keep(record(10)).await;
            gateway.verified();
            assert_eq!(events(&folder), ["started", "recovered", "stopped", "started"]);
        }
    }
}

#[tokio::test]
async fn what_a_segment_was_filled_with_is_cut_off_when_a_kill_left_it_after_the_seal() {
    let (folder, _, config) = Gateway::start(1 << 20).await.stop().await;
    let (record_folder, file) = (folder.path().join("record"), folder.path().join("record/0000000001.seg"));
    let sealed = std::fs::read(&file).unwrap();
    append(&file, &"\0".repeat(5000));
    let key = public_key_of(&record_folder).unwrap();
    let report = verify_folder(&record_folder, &key, None).unwrap();
    assert!(report.is_good() && report.unsealed.is_none() && report.last_segment == 1, "{report:?}");
    append(&file, "x");
    let report = verify_folder(&record_folder, &key, None).unwrap();
    assert_eq!(report.fault.unwrap().wrong, Wrong::AfterEnd);
    let error = refused(folder.path(), config.clone()).await;
    assert!(matches!(&error, RecordError::Damaged { wrong: Wrong::AfterEnd, .. }), "{error:?}");

    std::fs::write(&file, [&sealed[..], &[0; 5000]].concat()).unwrap();
    let gateway = Gateway::on(folder, HandClock::new(), config).await;
    gateway.keep(record(1)).await;
    assert_eq!(std::fs::read(&file).unwrap(), sealed);
    gateway.verified();
    gateway.registry.journal.checkpoint().await.unwrap();
    // Of one that others follow, it was no kill.
    append(&file, "\0");
    let fault = verify_folder(&record_folder, &key, None).unwrap().fault.unwrap();
    assert_eq!((fault.wrong, fault.file), (Wrong::AfterEnd, Some(file)));
}

#[tokio::test]
async fn a_zero_in_what_is_sealed_is_damage_and_not_the_end() {
    let gateway = Gateway::start(1 << 20).await;
    for at in 0..5 {
        gateway.keep(record(at)).await;
    }
    let (folder, _, config) = gateway.stop().await;
    let (record_folder, file) = (folder.path().join("record"), folder.path().join("record/0000000001.seg"));
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] = 0;
    std::fs::write(&file, &bytes).unwrap();
    let key = public_key_of(&record_folder).unwrap();
    let report = verify_folder(&record_folder, &key, None).unwrap();
    assert!(report.fault.is_some() && report.unsealed.is_none(), "{report:?}");
    let error = refused(folder.path(), config).await;
    assert!(matches!(error, RecordError::Damaged { .. }), "{error:?}");
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "evidence is left alone");
}

#[tokio::test]
async fn a_segment_that_was_only_begun_is_begun_again() {
    let (folder, _, config) = Gateway::start(1 << 20).await.stop().await;
    std::fs::write(folder.path().join("record/0000000002.seg"), "{\"format\":1,\"gate").unwrap();
    let gateway = Gateway::on(folder, HandClock::new(), config).await;
    gateway.keep(record(1)).await;
    gateway.verified();
    assert_eq!(events(&gateway.record_folder()), ["started", "stopped", "recovered"]);
}

#[tokio::test]
async fn a_whole_line_that_is_wrong_refuses_the_start_and_is_named() {
    let (folder, config, file) = killed().await;
    append(&file, "not a line at all\n");
    let before = std::fs::read(&file).unwrap();
    let error = refused(folder.path(), config.clone()).await;
    assert!(matches!(&error, RecordError::Damaged { line: 7, .. }), "{error:?}");
    assert!(error.to_string().contains("0000000001.seg") && error.to_string().contains("backup"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before, "evidence is left alone");

    // A letter changed within an entry that others follow.
    let (folder, config, file) = killed().await;
    let text = std::fs::read_to_string(&file).unwrap().replacen("service-1", "service-2", 1);
    std::fs::write(&file, text).unwrap();
    let error = refused(folder.path(), config).await;
    assert!(matches!(&error, RecordError::Damaged { line: 4, .. }), "{error:?}");
}

#[tokio::test]
async fn a_key_or_a_name_that_changed_refuses_the_start() {
    let (folder, config, _) = killed().await;
    let key = folder.path().join("record/signing.key");
    let other = JournalConfig { gateway: "bridge-2".to_owned(), ..config.clone() };
    let error = refused(folder.path(), other).await;
    assert!(matches!(&error, RecordError::OtherGateway { found, .. } if found == "bridge-1"), "{error:?}");

    let own = std::fs::read(&key).unwrap();
    std::fs::write(&key, "no key").unwrap();
    assert!(matches!(refused(folder.path(), config.clone()).await, RecordError::KeyUnusable { .. }));
    std::fs::remove_file(&key).unwrap();
    let error = refused(folder.path(), config.clone()).await;
    assert!(matches!(error, RecordError::KeyMissing { .. }) && !key.exists(), "a key is never made anew: {error:?}");
    let (stranger, ..) = Gateway::start(1 << 20).await.stop().await;
    std::fs::copy(stranger.path().join("record/signing.key"), &key).unwrap();
    assert!(matches!(refused(folder.path(), config.clone()).await, RecordError::OtherKey { .. }));
    std::fs::write(&key, own).unwrap();
    Gateway::on(folder, HandClock::new(), config).await.verified();
}

#[tokio::test]
async fn a_database_older_than_the_record_refuses_the_start() {
    let gateway = Gateway::start(1 << 20).await;
    gateway.registry.callers.add(&"caller-1".parse().unwrap(), "an-operator").await.unwrap();
    let (folder, _, config) = gateway.stop().await;
    for file in ["nhip.db", "nhip.db-wal", "nhip.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(file));
    }
    let error = refused(folder.path(), config).await;
    assert!(matches!(error, RecordError::ActsBehind { registry: 0, record: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_gateway_can_be_verified_while_it_writes() {
    let gateway = Gateway::start(2048).await;
    let folder = gateway.record_folder();
    let key = gateway.registry.journal.public_key();
    for at in 0..200 {
        let done = gateway.hand_over(record(at)).await;
        if at % 5 == 0 {
            let report = verify_folder(&folder, &key, None).unwrap();
            assert!(report.is_good(), "{}", report.fault.unwrap());
        }
        if at % 50 == 0 {
            done.await.unwrap();
        }
    }
}
