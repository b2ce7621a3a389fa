//! Times and sizes as people read them. Times are UTC, so that two gateways' listings can be laid side by side.

use std::time::Duration;

/// Milliseconds since 1970 as `2026-01-31T08:00:00Z`.
#[must_use]
pub fn utc(millis: u64) -> String {
    i64::try_from(millis / 1000)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .map_or_else(|| format!("{millis} ms"), |at| at.to_string())
}

/// A duration in the unit that suits it, to three digits or so.
#[must_use]
pub fn took(micros: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = micros as f64;
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{:.1} ms", value / 1e3),
        100_000..1_000_000 => format!("{:.0} ms", value / 1e3),
        _ => format!("{:.1} s", value / 1e6),
    }
}

/// Bytes in the unit that suits them.
#[must_use]
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let value = bytes as f64;
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value / 1024.0),
        _ => format!("{:.1} MiB", value / 1_048_576.0),
    }
}

/// A span of time as people write it: `30s`, `2m`, `1m 30s`, `500ms`.
///
/// # Errors
/// Says what is wrong and how to write it.
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let cure = "write it as `30s`, `2m` or `500ms`";
    let span: jiff::SignedDuration = text.parse().map_err(|_| format!("`{text}` is not a span of time; {cure}"))?;
    Duration::try_from(span).map_err(|_| format!("`{text}` is less than nothing; {cure}"))
}

/// An age as people write it: `365 days`, `2 weeks`, `12h`.
///
/// # Errors
/// Says what is wrong and how to write it.
pub fn parse_age(text: &str) -> Result<Duration, String> {
    let cure = "write it as `365 days` or `12h`; how long a month or a year is nobody knows";
    let wrong = || format!("`{text}` is not an age; {cure}");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let age = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(age).map_err(|_| format!("`{text}` is less than nothing; {cure}"))
}

/// A moment as people name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// By the calendar, in milliseconds since 1970.
    At(u64),
    /// So long ago.
    Ago(Duration),
}

impl Moment {
    /// In milliseconds since 1970, when it is `now`.
    #[must_use]
    pub fn millis(self, now: u64) -> u64 {
        match self {
            Self::At(millis) => millis,
            Self::Ago(age) => now.saturating_sub(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// A moment: `2026-11-22T08:00:00+07:00`, a day in UTC, which is its first moment, or an age: so long ago.
///
/// # Errors
/// Says how to write it.
pub fn parse_moment(text: &str) -> Result<Moment, String> {
    // A day alone: of a time without its zone the parser would give the day, too.
    let day = || text.parse::<jiff::civil::Date>().ok().filter(|day| day.to_string() == text);
    let by_day = || Some(day()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    let at = text.parse::<jiff::Timestamp>().ok().or_else(by_day);
    let at = at.and_then(|at| u64::try_from(at.as_millisecond()).ok()).map(Moment::At);
    at.or_else(|| parse_age(text).ok().map(Moment::Ago)).ok_or_else(|| {
        format!("`{text}` is not a moment; write `2026-11-22T08:00:00+07:00`, a day in UTC as `2026-11-22`, or how long ago: `7 days`")
    })
}

/// A span of time, shortly.
#[must_use]
pub fn show_span(span: Duration) -> String {
    if span.as_secs() > 0 && span.subsec_millis() == 0 {
        format!("{} s", span.as_secs())
    } else {
        format!("{} ms", span.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(1_767_225_600_999), "2026-01-01T00:00:00Z");
        assert_eq!(utc(u64::MAX), format!("{} ms", u64::MAX));
    }

    #[test]
    fn numbers_take_the_unit_that_suits_them() {
        assert_eq!([took(7), took(1_234), took(250_000), took(2_500_000)], ["7 µs", "1.2 ms", "250 ms", "2.5 s"]);
        assert_eq!([size(12), size(2048), size(3_145_728)], ["12 B", "2.0 KiB", "3.0 MiB"]);
    }

    #[test]
    fn spans_are_read_as_people_write_them() {
        assert_eq!(parse_span("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_span("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_span("500ms"), Ok(Duration::from_millis(500)));
        for wrong in ["", "30", "soon", "-30s"] {
            assert!(parse_span(wrong).is_err(), "{wrong}");
        }
        assert_eq!(show_span(Duration::from_secs(30)), "30 s");
        assert_eq!(show_span(Duration::from_millis(1500)), "1500 ms");
    }

    #[test]
    fn ages_and_moments_are_read_as_people_write_them() {
        let day = Duration::from_secs(86_400);
        assert_eq!((parse_age("365 days"), parse_age("12h")), (Ok(365 * day), Ok(day / 2)));
        assert_eq!(parse_age("2 weeks"), Ok(14 * day));
        for wrong in ["", "365", "1 year", "6 months", "-3 days", "soon"] {
            assert!(parse_age(wrong).is_err(), "{wrong}");
        }
        let noon = 1_767_225_600_000;
        for text in ["2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T07:00:00+07:00"] {
            assert_eq!(parse_moment(text), Ok(Moment::At(noon)), "{text}");
        }
        assert_eq!(parse_moment("7 days").unwrap().millis(noon), noon - 7 * 86_400_000);
        for wrong in ["", "yesterday", "2026-13-01", "1969-12-31", "2026-01-01T08:00:00", "7"] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }
}
