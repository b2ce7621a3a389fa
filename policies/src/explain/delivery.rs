//! Delivery, imports, sandboxes and the record in words.

use super::Words;
use crate::contract_ref::ContractRef;
use crate::delivery::Delivery;
use crate::imports::{Import, ImportDelivery};
use crate::lane::Lane;
use crate::record::RecordMode;
use crate::sandbox::Sandbox;
use crate::units::show_duration;

impl Words {
    pub(super) fn import(&mut self, contract: &ContractRef, import: &Import) {
        let Import { service, delivery } = import;
        let done = match delivery {
            ImportDelivery::Direct => "direct: the adapter waits for the result (default)",
            ImportDelivery::Durable => "durable: accepted before the adapter goes on, delivered later",
        };
        self.line(1, format!("`{contract}` is served by `{service}`"));
        self.fact(2, "delivery", done, false);
    }

    pub(super) fn delivery(&mut self, delivery: &Delivery) {
        let Delivery { attempts, age, first_pause, longest_pause, lanes } = delivery;
        let usual = Delivery::default();
        self.heading("exchanges accepted to be done later");
        self.fact(1, "attempts", attempts, *attempts == usual.attempts);
        self.fact(1, "age at which no further attempt is made", show_duration(*age), *age == usual.age);
        let first_usual = *first_pause == usual.first_pause;
        self.fact(1, "pause after the first attempt, doubling", show_duration(*first_pause), first_usual);
        let longest_usual = *longest_pause == usual.longest_pause;
        self.fact(1, "longest pause", show_duration(*longest_pause), longest_usual);
        self.each(lanes, "order: none, each is on its own (default)", |words, Lane { by }| {
            words.line(1, "in order of acceptance, one at a time, those of equal value in");
            for (function, pointer) in by {
                words.line(2, format!("`{function}` at `{pointer}`"));
            }
        });
    }

    pub(super) fn sandbox(&mut self, sandbox: Sandbox) {
        let Sandbox { exchanges } = sandbox;
        self.heading("sandboxes");
        if !sandbox.serves_again() {
            return self.fact(1, "exchanges that one serves", "1: a fresh sandbox for every exchange", true);
        }
        self.fact(1, "exchanges that one serves, one after the other", exchanges, false);
        self.line(1, "attention: what the adapter keeps in its memory of one exchange is there in the next,");
        self.line(1, "also where the next is another caller's");
    }

    pub(super) fn record(&mut self, mode: RecordMode) {
        self.heading("record of exchanges");
        let within = show_duration(RecordMode::RELAXED_WITHIN);
        let told = match mode {
            RecordMode::Durable => "durable: an answer leaves after its record is on disk".to_owned(),
            RecordMode::Relaxed => format!("relaxed: an answer may leave up to {within} before its record is on disk"),
        };
        self.fact(1, "mode", told, mode == RecordMode::default());
    }
}
