//! Retention: old entries go, and what is left still verifies.

use super::{DAY, DAY_ONE, Gateway, events, exchanges, record};
use crate::record::{RecordError, Retained, segments, verify, verify_folder};
use crate::{ExchangeFilter, RegistryError};
use nhip_exchange::Record;
use std::time::Duration;

const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// One exchange for each of these days, some per segment.
async fn daily(days: u64) -> Gateway {
    let gateway = Gateway::start(2500).await;
    for day in 0..days {
        gateway.clock.set(DAY_ONE + day * DAY);
        gateway.keep(Record { opened_ms: DAY_ONE + day * DAY, ..record(day) }).await;
    }
    gateway
}

#[tokio::test]
async fn old_segments_are_emptied_and_the_chain_goes_through_them() {
    let gateway = daily(30).await;
    let (journal, folder) = (gateway.registry.journal.clone(), gateway.record_folder());
    let kept = journal.checkpoint().await.unwrap();
    let before = exchanges(&folder).len();
    let Retained { segments, entries } = journal.retain(WEEK).await.unwrap();
    assert!(segments > 5 && entries >= 15, "{segments} segments, {entries} entries");
    let report = gateway.verified();
    assert_eq!(report.emptied, entries);
    assert_eq!(report.entries + report.emptied, report.last_entry);
    assert!(verify_folder(&folder, &journal.public_key(), Some(&kept)).unwrap().is_good());
    let young = exchanges(&folder);
    assert!(young.len() < before && young.iter().all(|at| *at * 1000 >= 20 * DAY), "{young:?}");
    assert!(young.contains(&(22 * DAY / 1000)), "younger than a week");
    assert_eq!(events(&folder).last().unwrap(), "retention");

    // What is gone is not found, and is not missed either.
    let all = ExchangeFilter { limit: 1000, ..ExchangeFilter::default() };
    assert_eq!(journal.recent(&all).await.unwrap().0.len(), young.len());
    let (text, _) = journal.export(None, None, Vec::new()).await.unwrap();
    let exported = verify(text.as_slice(), &journal.public_key(), Some(&kept)).unwrap();
    assert!(exported.is_good() && exported.emptied == entries, "{exported:?}");
    // Also an export of nothing but husks says by its checkpoint that they were emptied.
    let (husks, _) = journal.export(None, Some(DAY_ONE + 3 * DAY), Vec::new()).await.unwrap();
    let husks = verify(husks.as_slice(), &journal.public_key(), None).unwrap();
    assert!(husks.is_good() && husks.entries == 0 && husks.emptied > 0, "{husks:?}");

    // Nothing more is old enough, so nothing is done or noted.
    let noted = events(&folder).len();
    assert_eq!(journal.retain(WEEK).await.unwrap(), Retained::default());
    assert_eq!(events(&folder).len(), noted);

    drop(journal);
    let gateway = gateway.restarted().await;
    gateway.clock.set(DAY_ONE + 300 * DAY);
    gateway.keep(record(300)).await;
    assert!(gateway.registry.journal.retain(WEEK).await.unwrap().segments > 0);
    let gateway = gateway.restarted().await;
    let report = gateway.verified();
    assert_eq!(report.entries + report.emptied, report.last_entry);
}

#[tokio::test]
async fn the_last_sealed_segment_stays_however_old() {
    let gateway = daily(3).await;
    gateway.clock.set(DAY_ONE + 3000 * DAY);
    let journal = gateway.registry.journal.clone();
    journal.checkpoint().await.unwrap();
    journal.retain(Duration::ZERO).await.unwrap();
    journal.retain(Duration::ZERO).await.unwrap();
    let folder = gateway.record_folder();
    let last = segments::list(&folder).unwrap().pop().unwrap();
    let ends = segments::ends(&folder, last).unwrap().unwrap();
    assert!(!ends.husk && ends.seal.is_some());
    gateway.verified();
}

#[tokio::test]
async fn a_segment_that_was_tampered_with_is_not_emptied() {
    let gateway = daily(30).await;
    let journal = gateway.registry.journal.clone();
    journal.checkpoint().await.unwrap();
    let file = segments::path(&gateway.record_folder(), 2);
    let text = std::fs::read_to_string(&file).unwrap().replacen("service-", "secrets-", 1);
    std::fs::write(&file, &text).unwrap();
    let refused = journal.retain(WEEK).await.unwrap_err();
    let RegistryError::Record(RecordError::Damaged { file: named, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(named, file);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "evidence is left alone");
    assert!(!events(&gateway.record_folder()).contains(&"retention".to_owned()));
}
