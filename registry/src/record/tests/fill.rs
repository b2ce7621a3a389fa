//! The segment that is being written is filled with zeros ahead: readers do not see them, and nothing is lost by them.

use super::faults::{Bench, Mood};
use super::{DEADLINE, Gateway, eventually, exchanges, good, record};
use crate::ExchangeFilter;
use crate::record::{JournalConfig, verify, verify_folder};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// How long the file of a segment is, and how much of it is written.
fn lengths(folder: &Path, segment: u64) -> (usize, usize) {
    let bytes = std::fs::read(folder.join(format!("{segment:010}.seg"))).unwrap();
    (bytes.len(), bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1))
}

#[tokio::test]
async fn what_is_filled_ahead_is_seen_by_no_reader_and_gone_with_the_seal() {
    let gateway = Gateway::start(50_000).await;
    let (folder, journal) = (gateway.record_folder(), gateway.registry.journal.clone());
    for at in 0..5 {
        gateway.keep(record(at)).await;
    }
    eventually("it is filled", || lengths(&folder, 1).0 == 50_000).await;
    let unsealed = gateway.verified().unsealed.unwrap();
    assert_eq!((unsealed.entries, unsealed.torn_bytes), (6, 0));
    assert_eq!(journal.recent(&ExchangeFilter::default()).await.unwrap().0.len(), 5);
    // What a kill would leave is opened as it is, and nothing was cut.
    let copy = TempDir::new().unwrap();
    for file in ["0000000001.seg", "signing.key"] {
        std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    assert_eq!(good(copy.path(), &journal.public_key()).unsealed.unwrap().entries, 6);

    let (text, _) = journal.export(None, None, Vec::new()).await.unwrap();
    assert!(verify(text.as_slice(), &journal.public_key(), None).unwrap().is_good());
    let (length, written) = lengths(&folder, 1);
    assert!(length == written && length < 50_000, "{length} bytes, {written} written");
    // Also when it is sealed by its size.
    for at in 5..200 {
        gateway.keep(record(at)).await;
    }
    assert!(gateway.verified().last_segment > 2);
    for segment in 1..=gateway.verified().last_segment {
        let (length, written) = lengths(&folder, segment);
        assert_eq!(length, written, "segment {segment}");
    }
}

#[tokio::test]
async fn a_sync_that_somebody_waits_for_does_not_make_the_file_longer() {
    let bench = Bench::new(JournalConfig::default().segment_bytes).await;
    for at in 0..2000 {
        bench.hand_over(at).await.await.unwrap();
    }
    let (resized, synced) = bench.disk.syncs();
    // The start of the gateway, for which nobody waits, and the first exchange.
    assert!(synced >= 2000 && resized == 2, "{resized} of {synced} syncs resized the file");
    let (folder, key) = bench.end().await;
    assert_eq!(good(folder.path(), &key).entries, 2002);
    assert_eq!(exchanges(folder.path()), (0..2000).collect::<Vec<_>>());
}

#[tokio::test]
async fn where_nobody_waits_nothing_is_filled() {
    let bench = Bench::new(1 << 20).await;
    bench.keep_without_waiting().await;
    let files = bench.disk.after_a_power_cut();
    assert!(files.iter().all(|(_, bytes)| !bytes.contains(&0)), "zeros in {} files", files.len());
}

#[tokio::test]
async fn a_disk_that_has_no_room_for_the_fill_keeps_the_record_and_gets_its_room_back() {
    let bench = Bench::new(1 << 20).await;
    bench.disk.set(Mood::Small(60_000));
    let mut kept = 0;
    while kept < 30 {
        bench.hand_over(kept).await.await.unwrap();
        kept += 1;
    }
    assert!(!bench.journal.is_stalled());
    assert_eq!(bench.disk.failures(), 1, "the fill is tried once");
    eventually("the room is given back", || {
        bench.disk.after_a_power_cut().iter().all(|(_, bytes)| bytes.len() < 60_000 && !bytes.contains(&0))
    })
    .await;
    // Full is full as before, and it goes on by itself.
    let journal = &bench.journal;
    let mut waiting = Vec::new();
    while !journal.is_stalled() {
        let done = bench.hand_over(kept).await;
        kept += 1;
        assert!(kept < 200, "the disk has no end");
        waiting.push(done);
        eventually("written or refused", || waiting.last_mut().unwrap().try_recv().is_ok() || journal.is_stalled())
            .await;
        if !journal.is_stalled() {
            waiting.pop();
        }
    }
    bench.disk.set(Mood::Good);
    for done in waiting {
        tokio::time::timeout(DEADLINE, done).await.expect("in time").expect("acknowledged");
    }
    let (folder, key) = bench.end().await;
    good(folder.path(), &key);
    assert_eq!(exchanges(folder.path()), (0..kept).collect::<Vec<_>>());
}

/// The record that these files are, with the key of another folder.
fn put_back(files: &[(std::path::PathBuf, Vec<u8>)], key: &Path) -> TempDir {
    let data = TempDir::new().unwrap();
    let folder = data.path().join("record");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(key, folder.join("signing.key")).unwrap();
    for (path, bytes) in files {
        std::fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
    data
}

#[tokio::test]
async fn after_a_power_cut_in_the_middle_of_a_sync_everything_synced_before_is_there_and_the_record_goes_on() {
    let bench = Bench::new(30_000).await;
    let (mut at, mut tried, mut holes) = (0, 0, 0);
    while holes < 10 || tried < 60 {
        let mut waiting = Vec::new();
        for _ in 0..1 + getrandom::u32().unwrap() % 20 {
            waiting.push(bench.hand_over(at).await);
            at += 1;
        }
        for done in waiting {
            tokio::time::timeout(DEADLINE, done).await.expect("in time").expect("acknowledged");
        }
        for torn in bench.disk.take_torn() {
            let signing_key = bench.folder.path().join("signing.key");
            let before = put_back(&torn.before, &signing_key);
            let data = put_back(&torn.files, &signing_key);
            let (synced, folder) = (exchanges(&before.path().join("record")), data.path().join("record"));
            tried += 1;
            let within = |bytes: &Vec<u8>| bytes.windows(2).any(|pair| pair[0] == 0 && pair[1] != 0);
            holes += u32::from(torn.files.iter().any(|(_, bytes)| within(bytes)));
            let report = verify_folder(&folder, &bench.journal.public_key(), None).unwrap();
            assert!(report.is_good(), "{}", report.fault.unwrap());
            let config = JournalConfig { segment_bytes: 30_000, ..JournalConfig::default() };
            let gateway = Gateway::on(data, super::HandClock::new(), config).await;
            gateway.keep(record(5_000_000)).await;
            gateway.verified();
            let (data, ..) = tokio::time::timeout(Duration::from_secs(60), gateway.stop()).await.unwrap();
            let found = exchanges(&folder);
            assert_eq!(found[..synced.len()], synced, "what was synced is there, and first");
            assert_eq!(found.last(), Some(&5_000_000));
            drop(data);
        }
    }
}
