//! One run.
//!
//! First what earlier runs handed over is acknowledged, then the pages are gone through. What was handed over is remembered from then until
//! the axis has taken its acknowledgement; so the memory holds no more than what the axis would not take, whatever becomes of a run.
//! A kill between handing over and remembering hands over twice: the receiver recognises it, as its contract says.

use std::collections::BTreeSet;

use forms::Date;
use guest::faults::{Fault, FaultCode};
use guest::logging::Level;
use guest::{code_name, fault};

use crate::axis::{Filter, PacketKind, TransportState};
use crate::contract::Polled;
use crate::entry::entry;
use crate::surroundings::Surroundings;

/// Packets on a page.
const PAGE: u32 = 100;
/// Nothing new is begun with less time than this, so that the counts are still told.
const RESERVE_MS: u64 = 2_000;
const DAY_MS: u64 = 86_400_000;
/// The legal time of Viet Nam is UTC+7.
const OFFSET_MS: u64 = 7 * 3_600_000;

/// Take in what waits.
///
/// # Errors
/// The memory cannot be read, a setting makes no sense, or the axis cannot list anything.
pub fn poll(around: &dyn Surroundings) -> Result<Polled, Fault> {
    let from_date = first_day(around)?;
    let remembered = around.remembered().map_err(|_| {
        fault(FaultCode::Internal, "what was handed over before cannot be read from the key-value store")
    })?;
    let told = Polled { listed: 0, handed_over: 0, failed: 0, left: 0, complete: false };
    let mut run = Run { around, told, remembered: BTreeSet::new(), paused: false };
    run.settle(remembered);
    run.pages(from_date)?;
    Ok(run.told)
}

struct Run<'a> {
    around: &'a dyn Surroundings,
    told: Polled,
    /// Handed over before, and still not acknowledged.
    remembered: BTreeSet<String>,
    /// Somebody asked to wait, or the calls are used up: nothing more is begun.
    paused: bool,
}

/// What became of a packet.
enum Taken {
    Done,
    Failed,
    Left,
}

impl Run<'_> {
    /// Acknowledge what earlier runs handed over, whether or not the axis lists it any more: saying so twice changes nothing.
    fn settle(&mut self, remembered: Vec<String>) {
        for id in remembered {
            if self.over() || !self.acknowledge_done(&id) {
                self.remembered.insert(id);
            }
        }
    }

    fn pages(&mut self, from_date: Option<String>) -> Result<(), Fault> {
        let mut seen = BTreeSet::new();
        let mut page = 1;
        while !self.over() {
            let filter = Filter {
                kind: Some(PacketKind::Document),
                from_date: from_date.clone(),
                to_date: None,
                page: Some(page),
                page_size: Some(PAGE),
            };
            let rows = match self.around.list(&filter) {
                Ok(rows) => rows,
                Err(fault) if page == 1 => return Err(fault),
                Err(fault) => {
                    self.trouble(&format!("page {page} of the list"), &fault);
                    return Ok(());
                }
            };
            // Some axes do not keep to the size of a page, and some not to its number: the end is where nothing new comes.
            let before = seen.len();
            for row in rows {
                if seen.insert(row.packet_id.clone()) && row.state.as_deref().is_some_and(waits) {
                    self.one(&row.packet_id);
                }
            }
            if seen.len() == before {
                self.told.complete = true;
                return Ok(());
            }
            page += 1;
        }
        Ok(())
    }

    fn one(&mut self, id: &str) {
        self.told.listed += 1;
        let taken = if self.over() || self.remembered.contains(id) { Taken::Left } else { self.take(id) };
        match taken {
            Taken::Done => {}
            Taken::Failed => self.told.failed += 1,
            Taken::Left => self.told.left += 1,
        }
    }

    fn take(&mut self, id: &str) -> Taken {
        let raw = match self.around.fetch(id) {
            Ok(raw) => raw,
            Err(fault) => return self.left(id, "cannot be fetched", &fault),
        };
        let document = match entry(id, raw) {
            Ok(document) => document,
            Err(problem) => return self.refuse(id, &problem),
        };
        if let Err(fault) = self.around.receive(&document) {
            return self.left(id, "cannot be handed over", &fault);
        }
        self.told.handed_over += 1;
        if self.around.remember(id).is_err() {
            // It is still right to acknowledge it. But what comes next could be handed over again and again.
            self.around.log(Level::Error, &format!("packet `{id}` cannot be remembered; is the key-value store full?"));
            self.paused = true;
        }
        if self.acknowledge_done(id) { Taken::Done } else { Taken::Left }
    }

    /// Tell the axis that the packet is no document.
    fn refuse(&mut self, id: &str, problem: &str) -> Taken {
        self.around.log(Level::Warn, &format!("packet `{id}` is {problem}: acknowledged as `fail`"));
        match self.around.acknowledge(id, TransportState::Fail) {
            Ok(()) => Taken::Failed,
            Err(fault) => self.left(id, "cannot be acknowledged", &fault),
        }
    }

    /// Tell the axis that the packet arrived, and forget it then. Gives whether that is settled.
    fn acknowledge_done(&mut self, id: &str) -> bool {
        if let Err(fault) = self.around.acknowledge(id, TransportState::Done) {
            self.trouble(&format!("packet `{id}` cannot be acknowledged"), &fault);
            // The axis does not have it any more: there is nobody to tell.
            if fault.code != FaultCode::NotFound {
                return false;
            }
        }
        if self.around.forget(id).is_err() {
            self.around
                .log(Level::Warn, &format!("packet `{id}` cannot be forgotten; the next run acknowledges it again"));
        }
        true
    }

    fn left(&mut self, id: &str, what: &str, fault: &Fault) -> Taken {
        self.trouble(&format!("packet `{id}` {what}"), fault);
        Taken::Left
    }

    /// Log a fault. One that asks to wait ends the run: whoever is asked next has as little to give.
    fn trouble(&mut self, what: &str, fault: &Fault) {
        let Fault { code, message, upstream_code, .. } = fault;
        let upstream = upstream_code.as_deref().unwrap_or("-");
        self.around.log(Level::Warn, &format!("{what}: {} ({upstream}), {message}", code_name(*code)));
        self.paused |= *code == FaultCode::Busy;
    }

    fn over(&self) -> bool {
        self.paused || self.around.remaining_ms() < RESERVE_MS
    }
}

/// Whether a packet in this state waits to be taken in. One whose state is not told is left alone: it would be handed over at every run.
fn waits(state: &str) -> bool {
    state.eq_ignore_ascii_case("initial")
}

/// The first day that is asked for: counted from the time in the exchange's id, so that it is the same at every try.
fn first_day(around: &dyn Surroundings) -> Result<Option<String>, Fault> {
    let unreadable = |_| fault(FaultCode::Internal, "the setting `days` cannot be read");
    let Some(text) = around.setting("days").map_err(unreadable)?.filter(|text| !text.trim().is_empty()) else {
        return Ok(None);
    };
    let days = text.trim().parse().ok().filter(|days| (1..=3650).contains(days));
    let days: u64 = days.ok_or_else(|| guest::Settings::wrong("days", "must be a number of days, 1 to 3650"))?;
    let now = forms::id_millis(&around.exchange())
        .ok_or_else(|| fault(FaultCode::Internal, "the exchange's id does not tell its time"))?;
    let day = (now.saturating_add(OFFSET_MS) / DAY_MS).saturating_sub(days);
    Ok(Some(Date::from_epoch_days(u32::try_from(day).unwrap_or(u32::MAX)).to_string()))
}
