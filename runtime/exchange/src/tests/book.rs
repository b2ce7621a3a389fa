//! A ledger in memory, for tests of the spine and of what is in front of it.

use async_trait::async_trait;
use nhip_exchange::durable::{Claimed, End, Ledger, LedgerError, Status, Work};
use nhip_exchange::{Digest, ExchangeId};
use nhip_policies::CallerName;
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::time::Instant;

#[derive(Default)]
pub(crate) struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    keys: HashMap<String, Page>,
    accepted: Vec<Accepted>,
    full: bool,
}

struct Page {
    id: ExchangeId,
    request: Digest,
    attempt: u32,
    state: State,
}

enum State {
    UnderWay,
    Free,
    Ended(End),
    Accepted,
}

struct Accepted {
    id: ExchangeId,
    caller: CallerName,
    service: String,
    function: String,
    result: Option<Result<bytes::Bytes, nhip_exchange::Fault>>,
}

impl Accepted {
    fn status(&self) -> Status {
        Status {
            id: self.id,
            service: self.service.clone(),
            function: self.function.clone(),
            state: match &self.result {
                None => nhip_exchange::durable::State::Waiting,
                Some(Ok(_)) => nhip_exchange::durable::State::Done,
                Some(Err(_)) => nhip_exchange::durable::State::Dead,
            },
            accepted_ms: 1_800_000_000_000,
            attempts: u32::from(self.result.is_some()),
            next_ms: self.result.is_none().then_some(1_800_000_001_000),
            result: self.result.clone(),
        }
    }
}

impl Book {
    pub(crate) fn accepted(&self) -> Vec<ExchangeId> {
        self.0.lock().unwrap().accepted.iter().map(|accepted| accepted.id).collect()
    }

    /// Say how an accepted exchange ended.
    #[allow(dead_code, reason = "not every test that reads this file does")]
    pub(crate) fn finish(&self, id: ExchangeId, result: Result<bytes::Bytes, nhip_exchange::Fault>) {
        let mut pages = self.0.lock().unwrap();
        pages.accepted.iter_mut().find(|accepted| accepted.id == id).unwrap().result = Some(result);
    }

    #[allow(dead_code, reason = "not every test that reads this file does")]
    pub(crate) fn fill(&self) {
        self.0.lock().unwrap().full = true;
    }
}

impl Pages {
    fn of(&mut self, key: &str, work: &Work, id: ExchangeId) -> Option<Claimed> {
        let page = self.keys.entry(key.to_owned()).or_insert(Page {
            id,
            request: work.request,
            attempt: 0,
            state: State::Free,
        });
        if page.request != work.request {
            return Some(Claimed::OtherRequest);
        }
        match &page.state {
            State::UnderWay => Some(Claimed::UnderWay(page.id)),
            State::Ended(end) => Some(Claimed::Ended { id: page.id, end: end.clone() }),
            State::Accepted => Some(Claimed::Accepted(page.id)),
            State::Free => None,
        }
    }

    fn page(&mut self, id: ExchangeId, attempt: u32) -> &mut Page {
        self.keys.values_mut().find(|page| page.id == id && page.attempt == attempt).expect("a claim of this book")
    }
}

#[async_trait]
impl Ledger for Book {
    async fn claim(&self, key: &str, work: &Work, id: ExchangeId, _: Instant) -> Result<Claimed, LedgerError> {
        let mut pages = self.0.lock().unwrap();
        if let Some(before) = pages.of(key, work, id) {
            return Ok(before);
        }
        let page = pages.keys.get_mut(key).unwrap();
        page.attempt += 1;
        page.state = State::UnderWay;
        Ok(Claimed::Mine { id: page.id, attempt: page.attempt })
    }

    async fn end(&self, id: ExchangeId, attempt: u32, end: &End) -> Result<(), LedgerError> {
        self.0.lock().unwrap().page(id, attempt).state = State::Ended(end.clone());
        Ok(())
    }

    fn release(&self, id: ExchangeId, attempt: u32) {
        self.0.lock().unwrap().page(id, attempt).state = State::Free;
    }

    async fn accept(
        &self,
        key: Option<&str>,
        work: &Work,
        id: ExchangeId,
        _: Option<&str>,
    ) -> Result<Claimed, LedgerError> {
        let mut pages = self.0.lock().unwrap();
        if pages.full {
            return Err(LedgerError::Full("the book is full".to_owned()));
        }
        if let Some(key) = key {
            if let Some(before) = pages.of(key, work, id) {
                return Ok(before);
            }
            pages.keys.get_mut(key).unwrap().state = State::Accepted;
        }
        pages.accepted.push(Accepted {
            id,
            caller: work.caller.clone(),
            service: work.service.clone(),
            function: work.function.clone(),
            result: None,
        });
        Ok(Claimed::Mine { id, attempt: 0 })
    }

    async fn status(&self, caller: &CallerName, id: ExchangeId) -> Result<Option<Status>, LedgerError> {
        let pages = self.0.lock().unwrap();
        let owned = pages.accepted.iter().find(|accepted| accepted.id == id && accepted.caller == *caller);
        Ok(owned.map(Accepted::status))
    }
}
