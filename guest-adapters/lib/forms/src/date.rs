//! A day of the calendar, and the forms in which the systems write it.

use std::fmt;

/// A day that exists in the Gregorian calendar, years 1 to 9999. Displayed as ISO 8601, `2020-04-15`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// 9999-12-31, in days after 1970-01-01.
const LAST_DAY: u32 = 2_932_896;

impl Date {
    /// The day, if it exists.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let exists = (1..=9999).contains(&year) && day >= 1 && day <= days_in(year, month);
        exists.then_some(Self { year, month, day })
    }

    /// From `yyyy-MM-dd`.
    #[must_use]
    pub fn iso(text: &str) -> Option<Self> {
        let [year, month, day] = three(text, '-')?;
        (year.len() == 4 && month.len() == 2 && day.len() == 2).then(|| Self::of(year, month, day))?
    }

    /// From `yyyy/MM/dd`, or `dd/MM/yyyy`, as edXML packets of the field have it. Leading zeros may be missing.
    #[must_use]
    pub fn slashed(text: &str) -> Option<Self> {
        let [first, month, last] = three(text, '/')?;
        match (first.len(), month.len(), last.len()) {
            (4, 1..=2, 1..=2) => Self::of(first, month, last),
            (1..=2, 1..=2, 4) => Self::of(last, month, first),
            _ => None,
        }
    }

    /// From `yyyyMMdd`.
    #[must_use]
    pub fn compact(text: &str) -> Option<Self> {
        let whole = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| Self::of(text.get(..4)?, text.get(4..6)?, text.get(6..)?))?
    }

    /// The day that is `days` after 1970-01-01, at most 9999-12-31.
    #[must_use]
    pub fn from_epoch_days(days: u32) -> Self {
        // Years are taken to begin on 1 March, so that the leap day is the last of its year: era of 400 years, then year, then month.
        let shifted = u64::from(days.min(LAST_DAY)) + 719_468;
        let era = shifted / 146_097;
        let in_era = shifted % 146_097;
        let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
        let in_year = in_era - (365 * year + year / 4 - year / 100);
        let march_month = (5 * in_year + 2) / 153;
        let day = in_year - (153 * march_month + 2) / 5 + 1;
        let (month, later) = if march_month < 10 { (march_month + 3, 0) } else { (march_month - 9, 1) };
        Self {
            year: u16::try_from(era * 400 + year + later).unwrap_or(9999),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// As `yyyy/MM/dd`.
    #[must_use]
    pub fn to_slashed(self) -> String {
        format!("{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }

    /// As `dd/MM/yyyy`.
    #[must_use]
    pub fn to_day_first(self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }

    /// As `yyyyMMdd`.
    #[must_use]
    pub fn to_compact(self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// As `ddMMyyyy`.
    #[must_use]
    pub fn to_day_first_compact(self) -> String {
        format!("{:02}{:02}{:04}", self.day, self.month, self.year)
    }

    fn of(year: &str, month: &str, day: &str) -> Option<Self> {
        Self::new(number(year)?, u8::try_from(number(month)?).ok()?, u8::try_from(number(day)?).ok()?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// A number of digits only: no sign, no blanks.
pub(crate) fn number(text: &str) -> Option<u16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

pub(crate) fn three(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut parts = text.split(separator);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_days_that_exist() {
        assert_eq!(Date::slashed("2014/02/30"), None);
        assert_eq!(Date::slashed("2014/02/28"), Date::new(2014, 2, 28));
        assert_eq!(Date::slashed("29/02/2020"), Date::new(2020, 2, 29));
        assert_eq!(Date::slashed("5/4/2020"), Date::new(2020, 4, 5));
        assert_eq!(Date::iso("1900-02-29"), None);
        assert_eq!(Date::iso("2000-02-29").map(Date::to_compact).as_deref(), Some("20000229"));
        for bad in [
            "",
            "2020",
            "2020-4-5",
            "+020-04-05",
            "2020-04-05-06",
            "２０２０-04-05",
            "0000-01-01",
            "2020-00-10",
            "2020-13-01",
        ] {
            assert_eq!(Date::iso(bad), None, "{bad}");
        }
        for bad in ["20200431", "2020041", "2020041a", "202004155", "ấấấấ"] {
            assert_eq!(Date::compact(bad), None, "{bad}");
        }
    }

    #[test]
    fn counts_days_of_the_epoch() {
        assert_eq!(Date::from_epoch_days(0).to_string(), "1970-01-01");
        assert_eq!(Date::from_epoch_days(11_016).to_string(), "2000-02-29");
        assert_eq!(Date::from_epoch_days(18_367).to_string(), "2020-04-15");
        assert_eq!(Date::from_epoch_days(u32::MAX).to_string(), "9999-12-31");
    }

    proptest! {
        #[test]
        fn every_form_is_read_again(days in 0u32..2_900_000) {
            let date = Date::from_epoch_days(days);
            prop_assert_eq!(Date::iso(&date.to_string()), Some(date));
            prop_assert_eq!(Date::slashed(&date.to_slashed()), Some(date));
            prop_assert_eq!(Date::slashed(&date.to_day_first()), Some(date));
            prop_assert_eq!(Date::compact(&date.to_compact()), Some(date));
            prop_assert!(Date::from_epoch_days(days + 1) > date);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = (Date::iso(&text), Date::slashed(&text), Date::compact(&text));
        }
    }
}
