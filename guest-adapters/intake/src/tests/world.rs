//! The made-up world: an axis that keeps states, an office that counts, a memory, and faults by call.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use guest::faults::{Fault, FaultCode};
use guest::logging::Level;
use guest::{Unreadable, fault};

use crate::axis::{Filter, RawPacket, ReceivedPacket, TransportState};
use crate::contract::Polled;
use crate::inbox::Incoming;
use crate::{Forgetful, Surroundings};

/// 2020-04-15T08:30:00+07:00.
const EXCHANGE: &str = "01717b75-09c0-7cc3-98c4-dc0c0c07398f";

/// The world. A fault is looked up by the name of the call, and by the call with the packet's id.
pub(super) struct World {
    /// Id, bytes and state, in the order of the list.
    pub(super) axis: RefCell<Vec<(String, Vec<u8>, String)>>,
    pub(super) received: RefCell<Vec<Incoming>>,
    pub(super) memory: RefCell<BTreeSet<String>>,
    pub(super) forgetful: Cell<bool>,
    pub(super) faults: RefCell<BTreeMap<String, FaultCode>>,
    pub(super) filters: RefCell<Vec<Filter>>,
    pub(super) settings: BTreeMap<String, String>,
    /// What is left; every call takes one millisecond.
    pub(super) left_ms: Cell<u64>,
    pub(super) lines: RefCell<Vec<String>>,
    /// The most rows that the axis gives, whatever is asked for.
    pub(super) most_rows: Cell<usize>,
    /// Whether the axis knows pages at all.
    pub(super) pages: Cell<bool>,
}

impl World {
    /// One with these packets, each new.
    pub(super) fn with(packets: &[(&str, &[u8])]) -> Self {
        let packet = |(id, bytes): &(&str, &[u8])| ((*id).to_owned(), bytes.to_vec(), "initial".to_owned());
        Self {
            axis: RefCell::new(packets.iter().map(packet).collect()),
            received: RefCell::default(),
            memory: RefCell::default(),
            forgetful: Cell::default(),
            faults: RefCell::default(),
            filters: RefCell::default(),
            settings: BTreeMap::new(),
            left_ms: Cell::new(1_000_000),
            lines: RefCell::default(),
            most_rows: Cell::new(usize::MAX),
            pages: Cell::new(true),
        }
    }

    pub(super) fn breaks(&self, call: &str, code: FaultCode) {
        self.faults.borrow_mut().insert(call.to_owned(), code);
    }

    pub(super) fn mend(&self) {
        self.faults.borrow_mut().clear();
    }

    pub(super) fn poll(&self) -> Polled {
        crate::poll(self).unwrap()
    }

    pub(super) fn state(&self, id: &str) -> String {
        self.axis.borrow().iter().find(|(known, ..)| known == id).unwrap().2.clone()
    }

    /// The ids of the packets that the office got, in order.
    pub(super) fn handed_over(&self) -> Vec<String> {
        self.received.borrow().iter().map(|document| document.packet_id.clone()).collect()
    }

    fn call(&self, call: &str, id: &str) -> Result<(), Fault> {
        self.left_ms.set(self.left_ms.get().saturating_sub(1));
        let faults = self.faults.borrow();
        match faults.get(call).or_else(|| faults.get(&format!("{call} {id}"))) {
            Some(code) => Err(fault(*code, "as scripted")),
            None => Ok(()),
        }
    }
}

/// Listed 3, handed over 2, failed 1, left 0, complete.
pub(super) fn told(listed: u32, handed_over: u32, failed: u32, left: u32, complete: bool) -> Polled {
    Polled { listed, handed_over, failed, left, complete }
}

impl Surroundings for World {
    fn list(&self, filter: &Filter) -> Result<Vec<ReceivedPacket>, Fault> {
        self.filters.borrow_mut().push(filter.clone());
        let page = filter.page.unwrap();
        self.call("list", &page.to_string())?;
        let size = (filter.page_size.unwrap() as usize).min(self.most_rows.get());
        let skipped = if self.pages.get() { size * (page as usize - 1) } else { 0 };
        let row = |(id, _, state): &(String, Vec<u8>, String)| ReceivedPacket {
            packet_id: id.clone(),
            message_type: Some("edoc".into()),
            service_type: None,
            sender: None,
            recipients: vec![],
            state: Some(state.clone()).filter(|state| !state.is_empty()),
            state_description: None,
            created: None,
            updated: None,
        };
        Ok(self.axis.borrow().iter().skip(skipped).take(size).map(row).collect())
    }

    fn fetch(&self, id: &str) -> Result<RawPacket, Fault> {
        self.call("fetch", id)?;
        let content = self.axis.borrow().iter().find(|(known, ..)| known == id).unwrap().1.clone();
        Ok(RawPacket { sha256: format!("digest of {} bytes", content.len()), content })
    }

    fn acknowledge(&self, id: &str, state: TransportState) -> Result<(), Fault> {
        self.call("acknowledge", id)?;
        let name = if state == TransportState::Done { "done" } else { "fail" };
        let mut axis = self.axis.borrow_mut();
        let packet =
            axis.iter_mut().find(|(known, ..)| known == id).ok_or_else(|| fault(FaultCode::NotFound, "gone"))?;
        packet.2 = name.to_owned();
        Ok(())
    }

    fn receive(&self, document: &Incoming) -> Result<(), Fault> {
        self.call("receive", &document.packet_id)?;
        self.received.borrow_mut().push(document.clone());
        Ok(())
    }

    fn remembered(&self) -> Result<Vec<String>, Forgetful> {
        if self.forgetful.get() { Err(Forgetful) } else { Ok(self.memory.borrow().iter().cloned().collect()) }
    }

    fn remember(&self, id: &str) -> Result<(), Forgetful> {
        if self.faults.borrow().contains_key("remember") {
            return Err(Forgetful);
        }
        self.memory.borrow_mut().insert(id.to_owned());
        Ok(())
    }

    fn forget(&self, id: &str) -> Result<(), Forgetful> {
        self.memory.borrow_mut().remove(id);
        Ok(())
    }

    fn setting(&self, key: &str) -> Result<Option<String>, Unreadable> {
        Ok(self.settings.get(key).cloned())
    }

    fn exchange(&self) -> String {
        EXCHANGE.to_owned()
    }

    fn remaining_ms(&self) -> u64 {
        self.left_ms.get()
    }

    fn log(&self, _: Level, message: &str) {
        self.lines.borrow_mut().push(message.to_owned());
    }
}
