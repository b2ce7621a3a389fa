//! The times of a cron expression, against the clock on the wall and against a walk over every minute.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZoneDatabase;
use jiff::{Timestamp, Zoned};
use nhip_policies::{Cron, TimeZone};
use proptest::prelude::*;

use crate::generate;

fn cron(expression: &str, zone: &str) -> Cron {
    Cron::parse(expression, zone.parse().expect("is a zone"))
        .unwrap_or_else(|invalid| panic!("{expression}: {invalid}"))
}

fn zoned(cron: &Cron, ms: u64) -> Zoned {
    let zone = TimeZoneDatabase::bundled().get(cron.time_zone().as_str()).expect("is a zone");
    Timestamp::from_millisecond(ms.try_into().expect("is near")).expect("is near").to_zoned(zone)
}

fn instant(text: &str) -> u64 {
    text.parse::<Timestamp>().expect("is an instant").as_millisecond().try_into().expect("is after 1970")
}

/// The first times after an instant, in UTC.
fn times(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let cron = cron(expression, zone);
    let after = instant(after);
    let next = |ms: &u64| cron.next_after(*ms);
    let times = std::iter::successors(cron.next_after(after), next).take(count);
    times.map(|ms| Timestamp::from_millisecond(ms as i64).expect("is near").to_string()).collect()
}

#[test]
fn times_are_those_of_the_wall_clock_of_the_zone() {
    assert_eq!(
        times("*/5 * * * *", "Asia/Ho_Chi_Minh", "2026-03-01T00:04:59.999Z", 3),
        ["2026-03-01T00:05:00Z", "2026-03-01T00:10:00Z", "2026-03-01T00:15:00Z"]
    );
    assert_eq!(
        times("30 7 * * *", "Asia/Ho_Chi_Minh", "2026-03-01T00:30:00Z", 2),
        ["2026-03-02T00:30:00Z", "2026-03-03T00:30:00Z"]
    );
    // A second that has begun is over.
    assert_eq!(times("30 7 * * *", "UTC", "2026-03-01T07:30:00.001Z", 1), ["2026-03-02T07:30:00Z"]);
    // The day before a leap day, and a century without one.
    assert_eq!(times("0 0 29 2 *", "UTC", "2095-01-01T00:00:00Z", 2), ["2096-02-29T00:00:00Z", "2104-02-29T00:00:00Z"]);
}

#[test]
fn a_day_of_either_kind_counts_where_both_are_narrowed() {
    // 13 March 2026 is a Friday.
    assert_eq!(
        times("0 0 13 * FRI", "UTC", "2026-03-01T00:00:00Z", 3),
        ["2026-03-06T00:00:00Z", "2026-03-13T00:00:00Z", "2026-03-20T00:00:00Z"]
    );
    assert_eq!(times("0 0 13 * *", "UTC", "2026-03-01T00:00:00Z", 1), ["2026-03-13T00:00:00Z"]);
    for sunday in ["0", "7", "SUN", "sun"] {
        let expression = format!("0 0 * * {sunday}");
        assert_eq!(times(&expression, "UTC", "2026-03-01T00:00:00Z", 1), ["2026-03-08T00:00:00Z"]);
    }
}

#[test]
fn a_clock_put_forward_loses_nothing_daily() {
    // Paris, 29 March 2026: 02:00 is 03:00, at 01:00 UTC.
    assert_eq!(
        times("30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", 2),
        ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(
        times("*/30 * * * *", "Europe/Paris", "2026-03-29T00:10:00Z", 3),
        ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"]
    );
}

#[test]
fn a_clock_put_back_does_nothing_daily_twice() {
    // Paris, 25 October 2026: 03:00 is 02:00, at 01:00 UTC.
    assert_eq!(
        times("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        times("*/30 * * * *", "Europe/Paris", "2026-10-25T00:10:00Z", 4),
        ["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00Z"]
    );
}

#[test]
fn what_is_not_plain_or_never_comes_is_refused() {
    for (expression, told) in [
        (
            "",
            "it has 0 fields and not five (hint: the fields are minute, hour, day of the month, month, day of the week)",
        ),
        (
            "@daily",
            "it has 1 fields and not five (hint: the fields are minute, hour, day of the month, month, day of the week)",
        ),
        (
            "0 * * * * *",
            "it has 6 fields and not five (hint: the fields are minute, hour, day of the month, month, day of the week)",
        ),
        ("60 * * * *", "`60` is no minute (hint: `*`, `*/n`, or numbers and ranges from 0 to 59, separated by commas)"),
        ("0 24 * * *", "`24` is no hour (hint: `*`, `*/n`, or numbers and ranges from 0 to 23, separated by commas)"),
        ("0 0 30 2 *", "its day never comes (hint: name a day that the month has)"),
        ("0 0 31 4,6,9,11 *", "its day never comes (hint: name a day that the month has)"),
    ] {
        let invalid = Cron::parse(expression, "UTC".parse().expect("is a zone")).expect_err(expression);
        assert_eq!(invalid.to_string(), format!("`{expression}` is not a cron expression: {told}"));
    }
    for expression in [
        "*/0 * * * *",
        "*/60 * * * *",
        "5/15 * * * *",
        "/5 * * * *",
        "1,,2 * * * *",
        ", * * * *",
        "5-1 * * * *",
        "*-5 * * * *",
        "1-5-9 * * * *",
        "1-5/2/3 * * * *",
        "-1 * * * *",
        "+1 * * * *",
        "001 * * * *",
        "MON * * * *",
        "0 0 L * *",
        "0 0 15W * *",
        "0 0 0 * *",
        "0 0 * 0 *",
        "0 0 * 13 *",
        "0 0 * JANUARY *",
        "0 0 * JANFEB *",
        "0 0 * MON *",
        "0 0 * JAN-SUN *",
        "0 0 * * 8",
        "0 0 * * 5#2",
        "0 0 * * 5L",
        "0 0 * * +1",
        "0 0 ? * *",
        "0 0 * * FRI-MON",
        "0 0 * * *é",
        "½ * * * *",
        "*/+5 * * * *",
        "*/ * * * *",
    ] {
        let told = Cron::parse(expression, "UTC".parse().expect("is a zone")).expect_err(expression).to_string();
        assert!(told.contains("` is no "), "{told}");
    }
    assert_eq!(cron("  0\t0   * jan  mon-Fri ", "UTC").expression(), "0 0 * JAN MON-FRI");
}

#[test]
fn a_zone_has_one_spelling() {
    let told = |name: &str| name.parse::<TimeZone>().expect_err(name).to_string();
    assert_eq!(
        told("asia/ho_chi_minh"),
        "`asia/ho_chi_minh` is not a time zone (hint: did you mean `Asia/Ho_Chi_Minh`?)"
    );
    assert_eq!(
        told("Asia/Ho-Chi-Min"),
        "`Asia/Ho-Chi-Min` is not a time zone (hint: did you mean `Asia/Ho_Chi_Minh`?)"
    );
    for name in ["", "+07:00", "Etc/Unknown", "/etc/localtime", "../UTC", "Giờ Hà Nội"] {
        assert!(told(name).contains("is not a time zone"), "{name}");
    }
    assert!(TimeZone::DEFAULT.parse::<TimeZone>().is_ok());
}

/// The numbers that a field of the plain grammar names, read a second way.
fn numbers(field: &str, least: i8, most: i8) -> Vec<i8> {
    const NAMES: [&str; 19] = [
        "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP",
        "OCT", "NOV", "DEC",
    ];
    let number = |text: &str| match NAMES.iter().position(|name| *name == text) {
        Some(index) if index < 7 => index as i8,
        Some(index) => index as i8 - 6,
        None => text.parse().expect("is a number"),
    };
    let item = |item: &str| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, "SUN")) => (number(from), 7),
            Some((from, to)) => (number(from), number(to)),
            None => (number(range), number(range)),
        };
        (from..=to).step_by(step.parse().expect("is a number")).collect::<Vec<_>>()
    };
    field.split(',').flat_map(item).collect()
}

/// Whether the fields name a time of the wall clock.
fn names(expression: &str, date: Date, time: Time) -> bool {
    let fields: Vec<&str> = expression.split(' ').collect();
    let holds = |index: usize, least, most, value| numbers(fields[index], least, most).contains(&value);
    let day = holds(2, 1, 31, date.day());
    let weekday = date.weekday().to_sunday_zero_offset();
    let of_week = holds(4, 0, 7, weekday) || (weekday == 0 && holds(4, 0, 7, 7));
    let of_day = match (fields[2], fields[4]) {
        ("*", _) | (_, "*") => day && of_week,
        _ => day || of_week,
    };
    time.second() == 0
        && holds(0, 0, 59, time.minute())
        && holds(1, 0, 23, time.hour())
        && holds(3, 1, 12, date.month())
        && of_day
}

/// Instants near the times at which clocks are changed, and others, in seconds since 1970.
fn near_changes() -> impl Strategy<Value = u64> {
    // Paris, New York, Lord Howe, Cairo and Santiago, in 2026.
    let changes = [
        "2026-03-29T01:00Z",
        "2026-10-25T01:00Z",
        "2026-03-08T07:00Z",
        "2026-11-01T06:00Z",
        "2026-04-04T15:00Z",
        "2026-10-03T15:30Z",
        "2026-04-23T22:00Z",
        "2026-10-29T21:00Z",
        "2026-04-05T03:00Z",
        "2026-09-06T04:00Z",
    ];
    let changes: Vec<u64> = changes.iter().map(|text| instant(&text.replace("Z", ":00Z")) / 1000).collect();
    prop_oneof![
        (prop::sample::select(changes), 0..12 * 3600u64).prop_map(|(change, back)| change + 6 * 3600 - back),
        0..4_000_000_000u64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_next_time_is_later_and_is_one_the_fields_name(
        expression in generate::expression(), zone in generate::zone(), start in near_changes(), ms in 0..1000u64,
    ) {
        let cron = Cron::parse(&expression, zone).expect("is right");
        let mut from = start * 1000 + ms;
        for _ in 0..20 {
            let next = cron.next_after(from).expect("comes");
            prop_assert!(next > from);
            let (before, at) = (zoned(&cron, next - 1000), zoned(&cron, next));
            // What the clock leaves out comes at its first moment after.
            let leapt = at.offset().seconds() > before.offset().seconds();
            prop_assert!(names(&expression, at.date(), at.time()) || leapt, "{expression} at {at}");
            prop_assert_eq!(cron.last_until(next), Some(next));
            prop_assert!(cron.last_until(next - 1).is_none_or(|last| last <= from), "{} at {}", expression, at);
            from = next;
        }
    }

    #[test]
    fn nothing_the_fields_name_is_passed_over(
        expression in generate::expression(), zone in generate::zone(), start in near_changes(),
    ) {
        let cron = Cron::parse(&expression, zone).expect("is right");
        let next = cron.next_after(start * 1000).expect("comes") / 1000;
        let first_minute = start / 60 + 1;
        for minute in first_minute..(first_minute + 24 * 60).min(next.div_ceil(60)) {
            let at = zoned(&cron, minute * 60_000);
            // An expression of one minute and one hour does not come a second time when the clock is put back.
            let again = at.time_zone().to_ambiguous_zoned(at.datetime()).earlier().expect("is near") < at;
            prop_assert!(again || !names(&expression, at.date(), at.time()), "{expression} passes over {at}");
        }
    }

    #[test]
    fn what_is_read_has_a_next_time_and_a_canonical_spelling(text in "[0-9A-Z*/, -]{0,12}( [0-9*/,-]{1,4}){4}|.{0,20}") {
        let utc: TimeZone = "UTC".parse().expect("is a zone");
        if let Ok(cron) = Cron::parse(&text, utc.clone()) {
            prop_assert!(cron.next_after(1_767_225_600_000).is_some());
            prop_assert_eq!(&Cron::parse(cron.expression(), utc).expect("is read back"), &cron);
        }
    }
}

#[test]
fn the_end_of_the_calendar_is_an_end_and_not_a_crash() {
    let cron = cron("0 0 1 1 *", "UTC");
    for ms in [u64::MAX, i64::MAX as u64, instant("9999-12-30T00:00:00Z")] {
        assert_eq!(cron.next_after(ms), None);
    }
    assert_eq!(cron.next_after(0), Some(instant("1971-01-01T00:00:00Z")));
    assert_eq!(cron.last_until(0), Some(0));
}
