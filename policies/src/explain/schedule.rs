//! A schedule in words.

use std::time::Duration;

use super::Words;
use crate::names::ScheduleName;
use crate::print::sorted_object;
use crate::schedule::{Missed, Schedule};
use crate::time_zone::TimeZone;
use crate::units::show_duration;

impl Words {
    pub(super) fn schedule(&mut self, name: &ScheduleName, schedule: &Schedule) {
        let Schedule { call, parameters, cron, jitter, missed, purpose } = schedule;
        let purpose = purpose.as_ref().map(|purpose| format!(" for the purpose `{purpose}`")).unwrap_or_default();
        self.line(1, format!("`{name}` calls `{call}` with {}{purpose}", sorted_object(parameters)));
        self.fact(2, "times (cron)", cron.expression(), false);
        self.fact(2, "time zone", cron.time_zone(), cron.time_zone().as_str() == TimeZone::DEFAULT);
        self.fact(2, "put off by chance, at most", show_duration(*jitter), *jitter == Duration::ZERO);
        let most = Schedule::MOST_MISSED;
        let told = match missed {
            Missed::Skip => "skipped".to_owned(),
            Missed::Once => "made up for once, however many they are".to_owned(),
            Missed::All => format!("all made up for, of very many the latest {most}"),
        };
        self.fact(2, "runs missed while no gateway was up", told, *missed == Missed::default());
    }
}
