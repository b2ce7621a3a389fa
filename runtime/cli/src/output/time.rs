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
}
