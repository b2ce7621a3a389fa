//! Delivery, schedules, imports, sandboxes and the record in the canonical form.
//!
//! A section of which everything is as it is without a word is left out: these sections came later than the first policies on record,
//! and a policy that does not speak of them keeps its digest. A change of their defaults changes what such a policy means and not its
//! digest, so the defaults are pinned by a test. Invariant: as for the whole form, one meaning has one text.

use std::collections::BTreeMap;

use super::{Page, inline, quote, sorted_object};
use crate::contract_ref::ContractRef;
use crate::delivery::Delivery;
use crate::imports::Import;
use crate::lane::Lane;
use crate::names::ScheduleName;
use crate::record::RecordMode;
use crate::sandbox::Sandbox;
use crate::schedule::Schedule;
use crate::units::show_duration;

impl Page {
    pub(super) fn sandbox(&mut self, sandbox: Sandbox) {
        if sandbox == Sandbox::default() {
            return;
        }
        let Sandbox { exchanges } = sandbox;
        self.section("[sandbox]");
        self.raw("exchanges", exchanges);
    }

    pub(super) fn record(&mut self, mode: RecordMode) {
        if mode == RecordMode::default() {
            return;
        }
        self.section("[record]");
        self.text("mode", mode.as_str());
    }

    pub(super) fn delivery(&mut self, delivery: &Delivery) {
        if *delivery == Delivery::default() {
            return;
        }
        let Delivery { attempts, age, first_pause, longest_pause, lanes } = delivery;
        self.section("[delivery]");
        self.raw("attempts", attempts);
        self.text("age", show_duration(*age));
        self.text("first-pause", show_duration(*first_pause));
        self.text("longest-pause", show_duration(*longest_pause));
        for Lane { by } in lanes {
            let by: Vec<(String, String)> = by.iter().map(|(function, by)| (quote(function), quote(by))).collect();
            let by: Vec<(&str, String)> = by.iter().map(|(function, by)| (function.as_str(), by.clone())).collect();
            self.section("[[delivery.lanes]]");
            self.raw("by", inline(&by));
        }
    }

    pub(super) fn schedule(&mut self, name: &ScheduleName, schedule: &Schedule) {
        let Schedule { call, parameters, cron, jitter, missed, purpose } = schedule;
        self.section(&format!("[schedules.{}]", quote(name)));
        self.text("call", call);
        self.text("parameters", sorted_object(parameters));
        self.text("cron", cron.expression());
        self.text("time-zone", cron.time_zone());
        self.text("jitter", show_duration(*jitter));
        self.text("missed", missed.as_str());
        if let Some(purpose) = purpose {
            self.text("purpose", purpose);
        }
    }

    pub(super) fn imports(&mut self, imports: &BTreeMap<ContractRef, Import>) {
        if imports.is_empty() {
            return;
        }
        self.section("[imports]");
        for (contract, Import { service, delivery }) in imports {
            let fields = [("service", quote(service)), ("delivery", quote(delivery.as_str()))];
            self.raw(&quote(contract), inline(&fields));
        }
    }
}
