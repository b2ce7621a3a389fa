//! A moment of the legal time of Viet Nam (UTC+7), and the forms in which the systems write it.

use std::fmt;

use crate::date::{Date, number, three};

const DAY_SECONDS: u64 = 86_400;
/// Viet Nam has had one offset and no summer time since 1975.
const OFFSET_SECONDS: u64 = 7 * 3_600;

/// A second of a day. Displayed as ISO 8601 without offset, `2020-04-15T08:30:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Time {
    /// The second, if it exists.
    #[must_use]
    pub fn new(date: Date, hour: u8, minute: u8, second: u8) -> Option<Self> {
        (hour < 24 && minute < 60 && second < 60).then_some(Self { date, hour, minute, second })
    }

    /// From `yyyy-MM-ddTHH:mm:ss`.
    #[must_use]
    pub fn iso(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        Self::of(Date::iso(date)?, time)
    }

    /// From `yyyy/MM/dd HH:mm:ss` (or `dd/MM/yyyy HH:mm:ss`), as edXML packets have it.
    #[must_use]
    pub fn slashed(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(' ')?;
        Self::of(Date::slashed(date)?, time.trim_start_matches(' '))
    }

    /// The legal time in Viet Nam at that many milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn from_millis(millis: u64) -> Self {
        let seconds = millis / 1_000 + OFFSET_SECONDS;
        let rest = seconds % DAY_SECONDS;
        let small = |value: u64| u8::try_from(value).unwrap_or(0);
        Self {
            date: Date::from_epoch_days(u32::try_from(seconds / DAY_SECONDS).unwrap_or(u32::MAX)),
            hour: small(rest / 3_600),
            minute: small(rest / 60 % 60),
            second: small(rest % 60),
        }
    }

    /// As `yyyy/MM/dd HH:mm:ss`.
    #[must_use]
    pub fn to_slashed(self) -> String {
        format!("{} {:02}:{:02}:{:02}", self.date.to_slashed(), self.hour, self.minute, self.second)
    }

    /// As `ddMMyyyyTHHmmss+0700`, the form of the VXP agent protocol.
    #[must_use]
    pub fn to_vxp(self) -> String {
        let date = self.date.to_day_first_compact();
        format!("{date}T{:02}{:02}{:02}+0700", self.hour, self.minute, self.second)
    }

    fn of(date: Date, time: &str) -> Option<Self> {
        let parts = three(time, ':')?;
        if parts.iter().any(|part| part.len() != 2) {
            return None;
        }
        let [hour, minute, second] = parts.map(|part| number(part).and_then(|n| u8::try_from(n).ok()));
        Self::new(date, hour?, minute?, second?)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{:02}:{:02}:{:02}", self.date, self.hour, self.minute, self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_the_forms() {
        let time = Time::from_millis(1_586_914_200_000);
        assert_eq!(time.to_string(), "2020-04-15T08:30:00");
        assert_eq!(time.to_slashed(), "2020/04/15 08:30:00");
        assert_eq!(time.to_vxp(), "15042020T083000+0700");
        assert_eq!(Time::slashed("15/04/2020 08:30:00"), Some(time));
        for bad in
            ["2020/04/15", "2020/04/15 24:00:00", "2020/04/15 8:30:00", "2014/02/30 08:30:00", "2020/04/15 08:30"]
        {
            assert_eq!(Time::slashed(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_form_is_read_again(millis in 0u64..250_000_000_000_000) {
            let time = Time::from_millis(millis);
            prop_assert_eq!(Time::iso(&time.to_string()), Some(time));
            prop_assert_eq!(Time::slashed(&time.to_slashed()), Some(time));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), millis in any::<u64>()) {
            let _ = (Time::iso(&text), Time::slashed(&text), Time::from_millis(millis));
        }
    }
}
