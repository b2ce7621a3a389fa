//! Searching: what is found is what a model over all entries finds.

use super::{DAY_ONE, Gateway, acts, eventually, id, record};
use crate::ExchangeFilter;
use crate::record::{Body, ChainEntry, EntryKind};
use nhip_exchange::{ExchangeId, Record};
use proptest::prelude::*;
use uuid::Uuid;

const EXCHANGES: u64 = 150;

fn all() -> ExchangeFilter {
    ExchangeFilter { limit: 1000, ..ExchangeFilter::default() }
}

async fn filled() -> Gateway {
    let gateway = Gateway::start(4096).await;
    for at in 0..EXCHANGES {
        // Their order of ending is not that of opening.
        gateway.keep(record((at * 37) % EXCHANGES)).await;
        if at % 40 == 0 {
            gateway.registry.callers.add(&format!("caller-{at}").parse().unwrap(), "an-operator").await.unwrap();
        }
    }
    let folder = gateway.record_folder();
    eventually("the acts are on the chain", || acts(&folder).len() == 4).await;
    gateway
}

/// What the filter means, said once more and without any of the shortcuts.
fn expected(filter: &ExchangeFilter, everything: &[ChainEntry]) -> Vec<ChainEntry> {
    let is = |wanted: &Option<String>, text: Option<&str>| wanted.is_none() || wanted.as_deref() == text;
    let of_exchange = |record: &Record| {
        filter.id.is_none_or(|id| id == record.id)
            && is(&filter.service, Some(&record.service))
            && is(&filter.caller, record.caller.as_deref())
            && is(&filter.outcome, Some(&record.outcome))
            && is(&filter.adapter, record.adapter.as_deref())
            && filter.upstream.as_ref().is_none_or(|text| {
                record.upstream.iter().filter_map(|call| call.id.as_ref()).any(|id| id.contains(text.as_str()))
            })
    };
    let nothing_of_exchanges = filter.id.is_none()
        && [&filter.service, &filter.caller, &filter.outcome, &filter.adapter, &filter.upstream]
            .iter()
            .all(|wanted| wanted.is_none());
    let matches = |entry: &&ChainEntry| {
        let (kind, at_ms, fits) = match &entry.body {
            Body::Exchange(record) => (EntryKind::Exchange, record.opened_ms, of_exchange(record)),
            Body::Act(act) => (EntryKind::Act, act.at_ms, nothing_of_exchanges),
            Body::Gateway(event) => {
                let at_ms = serde_json::to_value(event).unwrap()["at_ms"].as_u64().unwrap();
                (EntryKind::Gateway, at_ms, nothing_of_exchanges)
            }
        };
        fits && filter.kind.is_none_or(|wanted| wanted == kind)
            && filter.since_ms.is_none_or(|since| at_ms >= since)
            && filter.until_ms.is_none_or(|until| at_ms <= until)
    };
    everything.iter().rev().filter(matches).take(filter.limit.min(1000) as usize).cloned().collect()
}

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop_oneof![3 => Just(None), 1 => prop::sample::select(words).prop_map(|word| Some(word.to_owned()))]
}

fn filters() -> impl Strategy<Value = ExchangeFilter> {
    let words = (
        one_of(&["service-0", "service-1", "no such", "a \"quoted\" one"]),
        one_of(&["caller-1", "caller-2", "caller-0"]),
        one_of(&["ok", "saturated"]),
        one_of(&["adapter-0", "adapter-3"]),
        one_of(&["VN/GOV/\"14", "\"", "VN", "49\""]),
    );
    let gateways = prop_oneof![8 => Just(None), 1 => Just(Some("bridge-1")), 1 => Just(Some("bridge-2"))];
    let kinds = prop::option::of(prop::sample::select(&[EntryKind::Exchange, EntryKind::Act, EntryKind::Gateway][..]));
    let moment = || prop::option::of((0..EXCHANGES).prop_map(|at| DAY_ONE + at * 1000));
    let ids = prop_oneof![4 => Just(None), 1 => (0..EXCHANGES + 5).prop_map(|at| Some(id(at)))];
    let limit = prop_oneof![0..5u32, Just(1000), Just(u32::MAX)];
    let limits = (gateways, limit);
    (words, kinds, moment(), moment(), ids, limits).prop_map(|(words, kind, since_ms, until_ms, id, limits)| {
        let (gateway, limit) = limits;
        let gateway = gateway.map(ToOwned::to_owned);
        let (service, caller, outcome, adapter, upstream) = words;
        ExchangeFilter { gateway, id, kind, service, caller, outcome, adapter, upstream, since_ms, until_ms, limit }
    })
}

#[test]
fn a_search_finds_what_a_model_finds() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let gateway = runtime.block_on(filled());
    let everything = super::entries(&super::lines(&gateway.record_folder()));
    proptest!(ProptestConfig::with_cases(400), |(filter in filters())| {
        let found = runtime.block_on(gateway.registry.journal.search(&filter)).unwrap();
        let mine = filter.gateway.as_deref().is_none_or(|gateway| gateway == "bridge-1");
        let expected = if mine { expected(&filter, &everything) } else { Vec::new() };
        prop_assert!(found.reach.is_alone() && found.entries.iter().all(|found| found.gateway == "bridge-1"));
        prop_assert_eq!(found.entries.into_iter().map(|found| found.entry).collect::<Vec<_>>(), expected);
    });
    let records = runtime.block_on(gateway.registry.journal.recent(&all())).unwrap().0;
    let at: Vec<u64> = records.iter().map(|record| (record.opened_ms - DAY_ONE) / 1000).collect();
    assert_eq!(at, (0..EXCHANGES).rev().map(|at| (at * 37) % EXCHANGES).collect::<Vec<_>>());
    let unlimited = ExchangeFilter { limit: u32::MAX, ..all() };
    assert_eq!(runtime.block_on(gateway.registry.journal.recent(&unlimited)).unwrap().0.len(), EXCHANGES as usize);
}

#[tokio::test]
async fn every_attempt_of_an_exchange_is_shown_in_order() {
    let gateway = Gateway::start(2048).await;
    let attempt = |attempt| Record { attempt, opened_ms: DAY_ONE + u64::from(attempt), ..record(3) };
    for number in 1..=3 {
        gateway.keep(attempt(number)).await;
        for at in 20..25 {
            gateway.keep(record(at)).await;
        }
    }
    let shown = gateway.registry.journal.show(record(3).id).await.unwrap();
    let attempts: Vec<u32> = shown
        .entries
        .iter()
        .map(|found| match &found.entry.body {
            Body::Exchange(record) => record.attempt,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(attempts, [1, 2, 3]);
    assert!(
        gateway.registry.journal.show(ExchangeId::from(Uuid::from_u64_pair(9, 9))).await.unwrap().entries.is_empty()
    );
}
