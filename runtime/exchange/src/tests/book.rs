//! A ledger in memory, for tests of the spine.

use crate::durable::{Claimed, End, Ledger, LedgerError, Work};
use crate::{Digest, ExchangeId};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::time::Instant;

#[derive(Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Default)]
struct Pages {
    keys: HashMap<String, Page>,
    accepted: Vec<ExchangeId>,
    depths: Vec<u32>,
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

impl Book {
    pub(super) fn accepted(&self) -> Vec<ExchangeId> {
        self.0.lock().unwrap().accepted.clone()
    }

    /// How many exchanges stood above each that was accepted.
    pub(super) fn depths(&self) -> Vec<u32> {
        self.0.lock().unwrap().depths.clone()
    }

    pub(super) fn fill(&self) {
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
        pages.depths.push(work.depth);
        pages.accepted.push(id);
        Ok(Claimed::Mine { id, attempt: 0 })
    }
}
