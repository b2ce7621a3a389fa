//! The archive: what one gateway sealed, the others find, and nothing that was sealed is lost with a disk.

use super::eventually;
use crate::record::tests::{DAY_ONE, record as sample};
use crate::record::{Body, EntryKind, Found, PublicKey, verify_folder};
use crate::{ActFilter, Config, ExchangeFilter, JournalConfig, Registry, RegistryError};
use nhip_exchange::record::Entry;
use nhip_exchange::{ExchangeId, Record};
use nhip_postgres::{Scratch, Server};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

on_postgres! {
    nhip_postgres what_one_gateway_sealed_another_finds,
    nhip_postgres a_search_merges_the_gateways_by_time_and_by_filter,
    nhip_postgres a_segment_is_in_the_database_as_it_is_in_the_folder,
    nhip_postgres a_lost_disk_loses_no_sealed_record_and_the_chain_goes_on,
    nhip_postgres a_name_belongs_to_the_record_that_took_it_first,
    nhip_postgres two_that_go_on_with_one_record_are_found_out,
    nhip_postgres what_retention_empties_is_emptied_in_the_database_too,
    nhip_postgres a_segment_that_is_damaged_in_the_database_is_named,
    nhip_postgres_binaries while_the_database_is_away_segments_wait_and_the_own_record_is_searched,
}

/// A gateway that writes its record, in small segments.
struct Writing {
    folder: TempDir,
    config: Config,
    registry: Registry,
    queue: mpsc::Sender<Entry>,
    writing: JoinHandle<()>,
}

impl Writing {
    async fn start(name: &str, database: &str) -> Self {
        Self::on(TempDir::new().unwrap(), name, database).await.map_err(|(_, why)| why).unwrap()
    }

    async fn on(folder: TempDir, name: &str, database: &str) -> Result<Self, (TempDir, RegistryError)> {
        let journal = JournalConfig { segment_bytes: 4096, ..JournalConfig::default() };
        let (data, database) = (folder.path().to_owned(), Some(database.to_owned()));
        let config = Config { data, database, gateway: name.to_owned(), journal };
        let registry = match super::opened(&config).await {
            Ok(registry) => registry,
            Err(why) => return Err((folder, why)),
        };
        let (queue, records) = mpsc::channel(4096);
        let writing = tokio::spawn(registry.journal.clone().write(records));
        Ok(Self { folder, config, registry, queue, writing })
    }

    /// Keep the record of an exchange of this moment, in seconds, of a service.
    async fn keep(&self, at: u64, service: &str) -> ExchangeId {
        let record = record(at, service);
        let id = record.id;
        let (written, done) = tokio::sync::oneshot::channel();
        self.queue.send(Entry { record, written: Some(written) }).await.unwrap();
        done.await.unwrap();
        id
    }

    /// Seal what there is, and wait until all of it is in the archive.
    async fn archived(&self) {
        self.registry.journal.checkpoint().await.unwrap();
        eventually("the segments are archived", async || self.registry.journal.unarchived() == Some(0)).await;
    }

    async fn found(&self, filter: ExchangeFilter) -> Vec<Found> {
        self.registry.journal.search(&filter).await.unwrap().entries
    }

    async fn stop(self) -> (TempDir, Config) {
        drop(self.queue);
        self.writing.await.unwrap();
        self.registry.close().await;
        (self.folder, self.config)
    }

    fn record_folder(&self) -> PathBuf {
        self.folder.path().join("record")
    }
}

fn record(at: u64, service: &str) -> Record {
    Record { service: service.into(), ..sample(at) }
}

fn exchanges() -> ExchangeFilter {
    ExchangeFilter { kind: Some(EntryKind::Exchange), limit: 1000, ..ExchangeFilter::default() }
}

/// The moments of what was found, in seconds, with the gateway's name.
fn moments(found: &[Found]) -> Vec<(String, u64)> {
    let moment = |found: &Found| match &found.entry.body {
        Body::Exchange(record) => (found.gateway.clone(), (record.opened_ms - DAY_ONE) / 1000),
        other => panic!("{other:?}"),
    };
    found.iter().map(moment).collect()
}

/// The segments in a folder, by name.
fn segments(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "seg")).collect();
    files.sort();
    files
        .iter()
        .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(file).unwrap()))
        .collect()
}

/// Fetch all of a gateway's segments into a folder, as the command does.
async fn fetch(from: &Registry, gateway: &str, folder: &Path) -> PublicKey {
    let archived = from.journal.archived().await.unwrap();
    let archived = archived.into_iter().find(|archived| archived.gateway == gateway).unwrap();
    for segment in 1..=archived.segment {
        let bytes = from.journal.archived_segment(gateway, segment).await.unwrap().unwrap();
        std::fs::write(folder.join(format!("{segment:010}.seg")), bytes).unwrap();
    }
    assert!(from.journal.archived_segment(gateway, archived.segment + 1).await.unwrap().is_none());
    archived.key
}

async fn what_one_gateway_sealed_another_finds() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    let mut ids = Vec::new();
    for at in 0..40 {
        ids.push(one.keep(at, "population").await);
    }
    one.archived().await;
    let unsealed = one.keep(50, "population").await;
    assert!(segments(&one.record_folder()).len() > 5);
    for id in &ids {
        let shown = two.registry.journal.show(*id).await.unwrap();
        assert_eq!(shown.entries, one.registry.journal.show(*id).await.unwrap().entries);
        let [Found { gateway, entry }] = shown.entries.as_slice() else { panic!("{shown:?}") };
        assert!(gateway == "one" && matches!(&entry.body, Body::Exchange(record) if record.id == *id));
        let [other] = shown.reach.others.as_slice() else { panic!("{shown:?}") };
        assert_eq!((other.gateway.as_str(), other.key), ("one", one.registry.journal.public_key()));
    }
    // Not yet, and the answer says up to where it goes.
    let shown = two.registry.journal.show(unsealed).await.unwrap();
    assert!(shown.entries.is_empty() && shown.reach.others[0].entry >= 40, "{shown:?}");
    assert!(shown.reach.unreached.is_none());
    one.archived().await;
    assert_eq!(two.registry.journal.show(unsealed).await.unwrap().entries.len(), 1);
    // A stop seals and archives as well.
    let last = one.keep(60, "population").await;
    one.stop().await;
    assert_eq!(two.registry.journal.show(last).await.unwrap().entries.len(), 1);
}

async fn a_search_merges_the_gateways_by_time_and_by_filter() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    for at in 0..60 {
        let writer = if at % 3 == 0 { &two } else { &one };
        writer.keep(at, if at % 2 == 0 { "population" } else { "documents" }).await;
    }
    one.archived().await;
    two.archived().await;
    let name = |at: u64| if at.is_multiple_of(3) { "two".to_owned() } else { "one".to_owned() };
    let expected =
        |holds: fn(u64) -> bool| -> Vec<_> { (0..60).rev().filter(|at| holds(*at)).map(|at| (name(at), at)).collect() };
    for gateway in [&one, &two] {
        assert_eq!(moments(&gateway.found(exchanges()).await), expected(|_| true));
        let of_one = ExchangeFilter { gateway: Some("one".to_owned()), ..exchanges() };
        assert_eq!(moments(&gateway.found(of_one).await), expected(|at| at % 3 != 0));
        let documents = ExchangeFilter { service: Some("documents".to_owned()), ..exchanges() };
        assert_eq!(moments(&gateway.found(documents).await), expected(|at| at % 2 == 1));
        let since = Some(DAY_ONE + 30_000);
        assert_eq!(moments(&gateway.found(ExchangeFilter { since_ms: since, ..exchanges() }).await).len(), 30);
        let few = moments(&gateway.found(ExchangeFilter { limit: 7, ..exchanges() }).await);
        assert_eq!(few, expected(|_| true)[..7]);
        let nobody = ExchangeFilter { gateway: Some("three".to_owned()), ..exchanges() };
        assert!(gateway.found(nobody).await.is_empty());
    }
}

async fn a_segment_is_in_the_database_as_it_is_in_the_folder() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    for at in 0..30 {
        one.keep(at, "population").await;
    }
    // Longer than a part.
    let long = Record { purpose: Some("đ".repeat(1 << 20).into()), ..record(40, "population") };
    one.queue.send(Entry { record: long, written: None }).await.unwrap();
    one.keep(41, "population").await;
    one.archived().await;
    let here = segments(&one.record_folder());
    assert!(here.iter().any(|(_, bytes)| bytes.len() > 2 << 20), "several parts");
    let there = TempDir::new().unwrap();
    let key = fetch(&two.registry, "one", there.path()).await;
    assert_eq!(segments(there.path()), here);
    assert!(verify_folder(there.path(), &key, None).unwrap().is_good());
}

async fn a_lost_disk_loses_no_sealed_record_and_the_chain_goes_on() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    one.registry.callers.add(&"mot-cua".parse().unwrap(), "an-operator").await.unwrap();
    for at in 0..30 {
        one.keep(at, "population").await;
    }
    one.archived().await;
    let kept = one.registry.journal.checkpoint().await.unwrap();
    let (lost, _) = one.stop().await;
    let key = std::fs::read(lost.path().join("record/signing.key")).unwrap();
    drop(lost);

    // The key alone is not enough to begin again, and the error says what to do.
    let fresh = TempDir::new().unwrap();
    let folder = fresh.path().join("record");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("signing.key"), key).unwrap();
    let (fresh, refused) = Writing::on(fresh, "one", &scratch.url).await.err().unwrap();
    assert!(refused.to_string().contains("nhip audit fetch"), "{refused}");
    assert!(segments(&folder).is_empty(), "nothing was begun");

    let public = fetch(&two.registry, "one", &folder).await;
    let one = Writing::on(fresh, "one", &scratch.url).await.map_err(|(_, why)| why).unwrap();
    one.keep(100, "population").await;
    one.archived().await;
    let report = verify_folder(&folder, &public, Some(&kept)).unwrap();
    assert!(report.is_good(), "{report:?}");
    assert_eq!(moments(&two.found(exchanges()).await).len(), 31);
    let acts = two.found(ExchangeFilter { kind: Some(EntryKind::Act), ..exchanges() }).await;
    assert_eq!(acts.len(), 1, "an act comes on the chain once");
    assert_eq!(two.registry.acts.list(&ActFilter::default(), 10).await.unwrap().len(), 1);
}

async fn a_name_belongs_to_the_record_that_took_it_first() {
    let scratch = Scratch::shared().await;
    // Before anything was sealed.
    let one = Writing::start("one", &scratch.url).await;
    let (folder, refused) = Writing::on(TempDir::new().unwrap(), "one", &scratch.url).await.err().unwrap();
    let RegistryError::Record(crate::RecordError::NameTaken { gateway, found, .. }) = &refused else {
        panic!("{refused:?}")
    };
    assert_eq!((gateway.as_str(), *found), ("one", one.registry.journal.public_key()));
    assert!(refused.to_string().contains("another name"), "{refused}");
    // Under another name it is welcome, and the first goes on after a stop.
    Writing::on(folder, "two", &scratch.url).await.map_err(|(_, why)| why).unwrap();
    let (folder, _) = one.stop().await;
    Writing::on(folder, "one", &scratch.url).await.map_err(|(_, why)| why).unwrap();
}

async fn two_that_go_on_with_one_record_are_found_out() {
    let scratch = Scratch::shared().await;
    let one = Writing::start("one", &scratch.url).await;
    one.keep(1, "population").await;
    one.archived().await;
    let (folder, _) = one.stop().await;
    let copy = TempDir::new().unwrap();
    std::fs::create_dir(copy.path().join("record")).unwrap();
    for entry in std::fs::read_dir(folder.path().join("record")).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, copy.path().join("record").join(from.file_name().unwrap())).unwrap();
    }
    let original = Writing::on(folder, "one", &scratch.url).await.map_err(|(_, why)| why).unwrap();
    let copied = Writing::on(copy, "one", &scratch.url).await.map_err(|(_, why)| why).unwrap();
    original.keep(2, "population").await;
    original.archived().await;
    // The copy's next segment has the same number.
    copied.keep(3, "population").await;
    copied.registry.journal.checkpoint().await.unwrap();
    copied.keep(4, "population").await;
    let (copy, config) = copied.stop().await;
    let refused = super::opened(&config).await.err().unwrap();
    assert!(matches!(refused, RegistryError::Record(crate::RecordError::Forked { .. })), "{refused:?}");
    drop(copy);
    let there = TempDir::new().unwrap();
    let key = fetch(&original.registry, "one", there.path()).await;
    assert!(verify_folder(there.path(), &key, None).unwrap().is_good(), "what the first brought stays");
}

async fn what_retention_empties_is_emptied_in_the_database_too() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    let mut ids = Vec::new();
    for at in 0..20 {
        let record = Record { opened_ms: 1_000_000 + at, ..record(at, "population") };
        ids.push(record.id);
        one.queue.send(Entry { record, written: None }).await.unwrap();
    }
    one.archived().await;
    let young = one.keep(500, "population").await;
    one.archived().await;
    assert_eq!(moments_found(&two, &ids).await, 20);
    // All but the last are older than this very millisecond.
    eventually("segments are emptied", async || {
        one.registry.journal.retain(Duration::ZERO).await.unwrap().segments > 2
    })
    .await;
    let folder = one.record_folder();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let left: String = segments(&folder).iter().map(|(_, bytes)| text(bytes)).collect();
    let left = ids.iter().filter(|id| left.contains(&id.to_string())).count();
    assert!(left < 20);
    eventually("what was emptied is not found", async || moments_found(&two, &ids).await == left).await;
    one.archived().await;
    eventually("the folder and the database are alike", async || {
        let there = TempDir::new().unwrap();
        let key = fetch(&two.registry, "one", there.path()).await;
        assert!(verify_folder(there.path(), &key, None).unwrap().is_good());
        segments(there.path()) == segments(&one.record_folder())
    })
    .await;
    assert_eq!(two.registry.journal.show(young).await.unwrap().entries.len(), 1);
}

async fn moments_found(gateway: &Writing, ids: &[ExchangeId]) -> usize {
    let mut found = 0;
    for id in ids {
        found += gateway.registry.journal.show(*id).await.unwrap().entries.len();
    }
    found
}

async fn a_segment_that_is_damaged_in_the_database_is_named() {
    let scratch = Scratch::shared().await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    let id = one.keep(1, "population").await;
    one.archived().await;
    scratch.sql("UPDATE record_parts SET bytes = 'not a line'").await.unwrap();
    for refused in
        [two.registry.journal.show(id).await.unwrap_err(), two.registry.journal.search(&exchanges()).await.unwrap_err()]
    {
        let told = refused.to_string();
        assert!(told.contains("segment 1 of the record of `one` is damaged"), "{told}");
    }
    assert_eq!(one.found(exchanges()).await.len(), 1, "the gateway's own folder has it");
}

async fn while_the_database_is_away_segments_wait_and_the_own_record_is_searched() {
    let mut server = Server::start();
    let scratch = Scratch::on(&server).await;
    let (one, two) = (Writing::start("one", &scratch.url).await, Writing::start("two", &scratch.url).await);
    one.keep(1, "population").await;
    one.archived().await;
    server.stop("QUIT");
    let id = one.keep(2, "population").await;
    one.registry.journal.checkpoint().await.unwrap();
    assert_eq!(one.registry.journal.unarchived(), Some(1));
    let found = one.registry.journal.search(&exchanges()).await.unwrap();
    assert_eq!(found.entries.len(), 2);
    assert!(found.reach.others.is_empty() && found.reach.unreached.is_some(), "{found:?}");
    server.go_on();
    one.archived().await;
    eventually("the other finds it", async || two.registry.journal.show(id).await.unwrap().entries.len() == 1).await;
}
