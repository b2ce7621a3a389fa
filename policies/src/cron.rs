//! The times of a schedule as a cron expression: minute, hour, day of the month, month, day of the week.
//!
//! Each field is `*`, a number, a range `a-b`, or a list of these; `*` and a range may have a step, `*/5`, `8-18/2`. Months and days of
//! the week may be named by three English letters; Sunday is 0 or 7. Where both the day of the month and that of the week are narrowed,
//! a day of either kind counts (POSIX). The other signs that some crons know (`L`, `W`, `#`, `?`, `@daily`, seconds) are refused.
//!
//! The times are those of the clock on the wall in the zone. When the clock is put forward, an expression of one minute and one hour whose
//! time is left out comes at the first moment after the gap; any other leaves out what the clock leaves out. When the clock is put back,
//! an expression of one minute and one hour comes once, at the first of the two times; any other comes in both. This is what Vixie cron
//! does, so nothing daily is lost or done twice, and what comes every few minutes goes on doing so.
//!
//! The library behind it is seen nowhere else. Invariant: there is always a next time: an expression whose day never comes is refused.

use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;

use crate::mistakes::Invalid;
use crate::names::quoted;
use crate::time_zone::TimeZone;

/// The fields in their order, with the least and the greatest number each can have.
const FIELDS: [(&str, u32, u32); 5] =
    [("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 7)];
const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// A cron expression in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    expression: String,
    zone: TimeZone,
    pattern: croner::Cron,
}

impl Cron {
    /// Reads an expression of five fields.
    ///
    /// # Errors
    /// A field is wrong, or no day is ever one of those it names.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, Invalid> {
        let wrong = |reason: String, hint: String| {
            Err(Invalid::new(format!("{} is not a cron expression: {reason}", quoted(text)), hint))
        };
        let expression = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
        let fields: Vec<&str> = expression.split(' ').filter(|field| !field.is_empty()).collect();
        if fields.len() != FIELDS.len() {
            let names = FIELDS.map(|(name, ..)| name).join(", ");
            return wrong(format!("it has {} fields and not five", fields.len()), format!("the fields are {names}"));
        }
        for (field, (name, least, most)) in fields.iter().zip(FIELDS) {
            if !field.split(',').all(|item| item_holds(item, name, least, most)) {
                let hint = format!("`*`, `*/n`, or numbers and ranges from {least} to {most}, separated by commas");
                return wrong(format!("{} is no {name}", quoted(field)), hint);
            }
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let Ok(pattern) = parser.parse(&expression) else {
            return wrong("it cannot be read".to_owned(), "write it as crontab(5) does".to_owned());
        };
        let cron = Self { expression, zone, pattern };
        // Eight years have every day there is, also where a leap year is left out at the end of a century.
        let never = |from: i16| {
            let start = jiff::civil::date(from, 1, 1).at(0, 0, 0, 0);
            let next = cron.pattern.find_next_occurrence(&start, true);
            next.map_or(true, |next| next.year() > from + 8)
        };
        if never(2026) {
            return wrong("its day never comes".to_owned(), "name a day that the month has".to_owned());
        }
        Ok(cron)
    }

    /// The expression, its fields separated by one blank and its names in capitals.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// Where the clock hangs.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The first time after an instant. Both are milliseconds since the start of 1970 in UTC; the result is a whole second. `None` only at
    /// the end of the calendar, in the year 9999.
    pub fn next_after(&self, unix_ms: u64) -> Option<u64> {
        let next = self.pattern.find_next_occurrence(&self.zoned(unix_ms)?, false).ok()?;
        u64::try_from(next.timestamp().as_millisecond()).ok()
    }

    /// The last time that is not after an instant, in the same units. `None` only before the first time in 1970.
    pub fn last_until(&self, unix_ms: u64) -> Option<u64> {
        let last = self.pattern.find_previous_occurrence(&self.zoned(unix_ms)?, true).ok()?;
        u64::try_from(last.timestamp().as_millisecond()).ok()
    }

    /// The second that an instant lies in, on the clock of the zone.
    fn zoned(&self, unix_ms: u64) -> Option<jiff::Zoned> {
        let second = i64::try_from(unix_ms / 1000).ok()?;
        Some(Timestamp::from_second(second).ok()?.to_zoned(self.zone.rules().clone()))
    }
}

/// Whether one item of a list is of the plain grammar. Stricter than the library, which knows more and forgives more.
fn item_holds(item: &str, field: &str, least: u32, most: u32) -> bool {
    let names: &[&str] = match field {
        "month" => MONTHS,
        "day of the week" => DAYS,
        _ => &[],
    };
    let number = |text: &str| {
        let digits = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let of_name = names.iter().zip(least..).find(|(name, _)| **name == text).map(|(_, number)| number);
        of_name.or_else(|| text.parse().ok().filter(|number| digits && (least..=most).contains(number)))
    };
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => (range, Some(step)),
        None => (item, None),
    };
    // A step that leads out of the field at once was meant to be something else.
    let step_holds = |step: &str| {
        step.bytes().all(|b| b.is_ascii_digit()) && step.parse().is_ok_and(|step: u32| (1..=most).contains(&step))
    };
    match (range.split_once('-'), step) {
        (Some((from, to)), step) => {
            // Sunday ends a week as well as it begins one.
            let to = if to == "SUN" && names == DAYS { Some(7) } else { number(to) };
            number(from).zip(to).is_some_and(|(from, to)| from <= to) && step.is_none_or(step_holds)
        }
        (None, step) if range == "*" => step.is_none_or(step_holds),
        (None, None) => number(range).is_some(),
        (None, Some(_)) => false,
    }
}
