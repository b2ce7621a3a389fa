//! Sizes and durations as an operator writes them: a whole number and a unit.
//!
//! Sizes count in powers of 1024 (`B`, `KiB`, `MiB`, `GiB`), durations in whole milliseconds (`ms`, `s`, `min`, `h`, `days`). A bare number is
//! refused: nobody should have to know which unit was meant. Invariant: what `show_*` prints, the parser reads back to the same value,
//! and it is the one canonical spelling: the largest unit that leaves no fraction.

use std::time::Duration;

use crate::mistakes::Invalid;
use crate::names::quoted;

/// Units from the largest to the smallest, each with its worth in the smallest.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const DAY: u64 = 86_400_000;
const DURATIONS: [(&str, u64); 6] =
    [("days", DAY), ("day", DAY), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];

/// What people write for a unit, and the unit that stands in its place.
const SIZE_HABITS: [(&str, &str); 9] = [
    ("b", "B"),
    ("byte", "B"),
    ("bytes", "B"),
    ("k", "KiB"),
    ("kb", "KiB"),
    ("m", "MiB"),
    ("mb", "MiB"),
    ("g", "GiB"),
    ("gb", "GiB"),
];
const DURATION_HABITS: [(&str, &str); 15] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("d", "days"),
];

/// Reads a size, such as `64 MiB`, into bytes.
pub(crate) fn size(text: &str) -> Result<u64, Invalid> {
    read(text, "size", &SIZES, &SIZE_HABITS)
}

/// Reads a duration, such as `200 ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, Invalid> {
    read(text, "duration", &DURATIONS, &DURATION_HABITS).map(Duration::from_millis)
}

/// Bytes in their canonical spelling.
pub(crate) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES)
}

/// A duration in its canonical spelling; what is finer than a millisecond is cut off, since no setting can hold it.
pub(crate) fn show_duration(duration: Duration) -> String {
    show(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), &DURATIONS)
}

fn show(value: u64, units: &[(&str, u64)]) -> String {
    // One day is not `1 days`.
    let many = |unit: &str, worth: u64| unit != "days" || value != worth;
    let exact = units.iter().find(|(unit, worth)| value != 0 && value.is_multiple_of(*worth) && many(unit, *worth));
    match exact.or(units.last()) {
        Some((unit, worth)) => format!("{} {unit}", value / worth),
        None => value.to_string(),
    }
}

fn read(text: &str, what: &str, units: &[(&str, u64)], habits: &[(&str, &str)]) -> Result<u64, Invalid> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let wrong = |hint: String| Err(Invalid::new(format!("{} is not a {what}", quoted(text)), hint));
    let known = units.iter().map(|(unit, _)| *unit).collect::<Vec<_>>().join("`, `");
    if number.is_empty() || unit.starts_with(['.', ',']) {
        return wrong(format!("a {what} is a whole number and a unit, `{known}`"));
    }
    if unit.is_empty() {
        return wrong(format!("a bare number has no meaning here: add the unit, `{known}`"));
    }
    let Some((_, worth)) = units.iter().find(|(name, _)| *name == unit) else {
        let lower = unit.trim().to_ascii_lowercase();
        let same = units.iter().map(|(name, _)| *name).find(|name| name.eq_ignore_ascii_case(&lower));
        let habit = habits.iter().find(|(habit, _)| *habit == lower).map(|(_, unit)| *unit);
        return match same.or(habit) {
            Some(better) => wrong(format!("write `{number} {better}`")),
            None => wrong(format!("the units are `{known}`")),
        };
    };
    match number.parse::<u64>().ok().and_then(|count| count.checked_mul(*worth)) {
        Some(value) => Ok(value),
        None => wrong("the number is too large to mean anything".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_canonical_spelling_has_the_largest_unit_that_leaves_no_fraction() {
        for (bytes, text) in [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1 << 20, "1 MiB"), (3 << 29, "1536 MiB")]
        {
            assert_eq!(show_size(bytes), text);
        }
        for (millis, text) in [
            (0, "0 ms"),
            (200, "200 ms"),
            (1000, "1 s"),
            (90_000, "90 s"),
            (120_000, "2 min"),
            (7_200_000, "2 h"),
            (DAY, "1 day"),
            (3 * DAY, "3 days"),
            (DAY + 3_600_000, "25 h"),
        ] {
            assert_eq!(show_duration(Duration::from_millis(millis)), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(value in prop_oneof![any::<u64>(), 0..1u64 << 40, (0..1000u64).prop_map(|n| n << 20)]) {
            prop_assert_eq!(size(&show_size(value)), Ok(value));
            let duration_value = Duration::from_millis(value);
            prop_assert_eq!(duration(&show_duration(duration_value)), Ok(duration_value));
        }

        #[test]
        fn every_unit_may_stand_with_or_without_a_space(number in 0..1u64 << 30, unit in 0..4usize) {
            let (name, worth) = SIZES[unit];
            prop_assert_eq!(size(&format!("{number} {name}")), Ok(number * worth));
            prop_assert_eq!(size(&format!("{number}{name}")), Ok(number * worth));
        }

        #[test]
        fn no_text_is_too_strange_to_be_refused(text in any::<String>()) {
            if let Ok(bytes) = size(&text) {
                prop_assert_eq!(size(&show_size(bytes)), Ok(bytes));
            }
        }
    }
}
