//! Schedules: how they are written, and which runs are due when a gateway was away or a clock was moved.

use nhip_policies::{Due, Missed, Schedule};
use proptest::prelude::*;
use std::time::Duration;

use crate::{LEAST, adds, policy};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// 2026-01-01T00:00:00Z, a time of every expression here.
const START: u64 = 1_767_225_600_000;

/// A schedule, from its settings.
fn schedule(settings: &str) -> Schedule {
    let text = format!("{LEAST}[schedules.a]\ncall = \"s/f\"\ntime-zone = \"UTC\"\n{settings}\n");
    policy(&text).schedules.into_values().next().expect("there is one")
}

fn every_ten_minutes(missed: &str) -> Schedule {
    schedule(&format!("cron = \"*/10 * * * *\"\nmissed = \"{missed}\""))
}

fn due(runs: &[u64], last_run_ms: u64) -> Due {
    Due { runs: runs.to_vec(), last_run_ms }
}

#[test]
fn a_schedule_says_little_and_means_the_rest() {
    let text = format!("{LEAST}[schedules.a]\ncall = \"s/f\"\ncron = \"*/5 * * * *\"\n");
    let policy = policy(&text);
    let (name, schedule) = policy.schedules.first_key_value().expect("there is one");
    assert_eq!((name.as_str(), schedule.call.to_string().as_str()), ("a", "s/f"));
    assert_eq!(schedule.cron.time_zone().as_str(), "Asia/Ho_Chi_Minh");
    assert_eq!((schedule.jitter, schedule.missed, schedule.parameters.len()), (Duration::ZERO, Missed::Skip, 0));
    let words = policy.explain();
    for line in [
        "  `a` calls `s/f` with {}",
        "    times (cron): */5 * * * *",
        "    time zone: Asia/Ho_Chi_Minh (default)",
        "    put off by chance, at most: 0 ms (default)",
        "    runs missed while no gateway was up: skipped (default)",
    ] {
        assert!(words.lines().any(|told| told == line), "{line}\nin\n{words}");
    }
}

#[test]
fn mistakes_of_a_schedule_are_told_at_their_places() {
    adds(
        "[schedules.Poll]\ncall = \"t/f\"\ncron = \"* * * *\"\ntime-zone = \"Asia/Hanoi\"\njitter = \"2 h\"\nmissed = \"never\"\nparameters = \"[]\"\n",
        &[
            "4:12 schedules.Poll: `Poll` is not a name (hint: write `poll`: lower-case letters, digits and single hyphens, a letter first, at most 63)",
            "5:8 schedules.Poll.call: service `t` is not served by this policy (hint: known here: `s`)",
            "6:8 schedules.Poll.cron: `* * * *` is not a cron expression: it has 4 fields and not five (hint: the fields are minute, hour, day of the month, month, day of the week)",
            "7:13 schedules.Poll.time-zone: `Asia/Hanoi` is not a time zone (hint: did you mean `Asia/Ho_Chi_Minh`?)",
            "8:10 schedules.Poll.jitter: `2 h` is too much (hint: from `0 ms` to `1 h`)",
            "9:10 schedules.Poll.missed: unknown value `never` (hint: known here: `skip`, `once`, `all`)",
            "10:14 schedules.Poll.parameters: is JSON, but not an object (hint: write the parameters by name: `{\"id\": \"…\"}`)",
        ],
    );
    adds(
        "[schedules.a]\nevery = \"5 min\"\n",
        &[
            "4:12 schedules.a.call: is missing (hint: name what is called, such as `call = \"documents/poll\"`)",
            "4:12 schedules.a.cron: is missing (hint: say when, such as `cron = \"*/5 * * * *\"`)",
            "5:1 schedules.a.every: unknown key `every` (hint: known here: `call`, `parameters`, `jitter`, `missed`, `purpose`, `time-zone`, `cron`)",
        ],
    );
}

#[test]
fn a_run_is_due_at_its_time_and_once() {
    for missed in ["skip", "once", "all"] {
        let schedule = every_ten_minutes(missed);
        assert_eq!(schedule.due(START, START), due(&[], START));
        assert_eq!(schedule.due(START, START + 10 * MINUTE - 1), due(&[], START));
        // A moment late is not missed.
        for late in [0, 1, 700, MINUTE] {
            let now = START + 10 * MINUTE + late;
            assert_eq!(schedule.due(START, now), due(&[START + 10 * MINUTE], START + 10 * MINUTE), "{missed} {late}");
        }
        assert_eq!(schedule.due(START + 10 * MINUTE, START + 11 * MINUTE), due(&[], START + 10 * MINUTE));
    }
}

#[test]
fn missed_runs_are_what_the_policy_says() {
    // Away from before 00:10 until 00:42.
    let (now, latest) = (START + 42 * MINUTE, START + 40 * MINUTE);
    assert_eq!(every_ten_minutes("skip").due(START, now), due(&[], latest));
    assert_eq!(every_ten_minutes("once").due(START, now), due(&[latest], latest));
    let all = [10, 20, 30, 40].map(|minute| START + minute * MINUTE);
    assert_eq!(every_ten_minutes("all").due(START, now), due(&all, latest));
    // The run whose time it is now is made, whatever was missed before it.
    assert_eq!(every_ten_minutes("skip").due(START, latest + 500), due(&[latest], latest));
    // A run that chance puts off is not missed while it waits.
    let patient = schedule("cron = \"*/10 * * * *\"\njitter = \"5 min\"");
    assert_eq!(patient.due(START, START + 16 * MINUTE).runs, [START + 10 * MINUTE]);
    assert!(patient.due(START, START + 16 * MINUTE + 1).runs.is_empty());
}

#[test]
fn years_away_end_in_a_bounded_number_of_runs() {
    let every_minute = schedule("cron = \"* * * * *\"\nmissed = \"all\"");
    let now = START + 3650 * DAY;
    let due = every_minute.due(START, now);
    assert_eq!(due.runs.len(), Schedule::MOST_MISSED);
    assert!(due.runs.is_sorted_by(|a, b| b - a == MINUTE));
    assert_eq!((due.runs.last(), due.last_run_ms), (Some(&now), now));
}

#[test]
fn a_clock_put_back_makes_neither_storm_nor_silence() {
    for missed in ["skip", "once", "all"] {
        let schedule = every_ten_minutes(missed);
        let last = START + DAY;
        // Within two of its intervals: nothing again, and on from where it was.
        for back in [1, MINUTE, 20 * MINUTE] {
            assert_eq!(schedule.due(last, last - back), due(&[], last));
        }
        assert_eq!(schedule.due(last, last + 10 * MINUTE).runs, [last + 10 * MINUTE]);
        // More than that: it would stand still. It begins anew, and its next run is the next that is planned.
        for back in [20 * MINUTE + 1, HOUR, DAY, DAY + 1] {
            let now = last - back;
            let anew = schedule.due(last, now);
            assert_eq!(anew, due(&[], now));
            let next = schedule.cron.next_after(now).unwrap();
            assert_eq!(schedule.due(anew.last_run_ms, next).runs, [next]);
        }
    }
}

#[test]
fn what_is_done_once_a_day_is_not_done_again_because_the_clock_was_put_back_by_hours() {
    let schedule = schedule("cron = \"0 2 * * *\"");
    let run = schedule.cron.next_after(START).unwrap();
    for back in [1, HOUR, 12 * HOUR, DAY] {
        assert_eq!(schedule.due(run, run - back), due(&[], run));
    }
    assert_eq!(schedule.due(run, run - DAY - 1), due(&[], run - DAY - 1));
}

#[test]
fn a_run_is_put_off_within_its_jitter_and_the_same_for_the_same_seed() {
    let schedule = schedule("cron = \"* * * * *\"\njitter = \"10 s\"");
    let delays: Vec<Duration> = (0..1000).map(|seed| schedule.delay(seed)).collect();
    assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(10)));
    assert!(delays.iter().any(|delay| *delay < Duration::from_secs(1)));
    assert!(delays.iter().any(|delay| *delay > Duration::from_secs(9)));
    assert_eq!(schedule.delay(7), schedule.delay(7));
    assert_eq!(every_ten_minutes("skip").delay(7), Duration::ZERO);
}

proptest! {
    /// A gateway that wakes at any instants, while its clock goes forward, and back by no more than a schedule waits.
    #[test]
    fn no_run_is_made_twice_and_each_answer_is_bounded(
        missed in prop::sample::select(vec!["skip", "once", "all"]),
        steps in prop::collection::vec(-2 * HOUR as i64..5 * HOUR as i64, 1..40),
    ) {
        let schedule = every_ten_minutes(missed);
        let (mut now, mut last, mut made) = (START, START, Vec::new());
        for step in steps {
            now = now.saturating_add_signed(step).max(START).max(last.saturating_sub(20 * MINUTE));
            let due = schedule.due(last, now);
            prop_assert!(due.runs.len() <= Schedule::MOST_MISSED);
            prop_assert!(due.last_run_ms >= last);
            for run in due.runs {
                prop_assert!(run <= now && made.last().is_none_or(|before| *before < run));
                made.push(run);
            }
            last = due.last_run_ms;
        }
        let planned = |ms: &u64| schedule.cron.next_after(*ms);
        let every: Vec<u64> = std::iter::successors(planned(&START), planned).take_while(|run| *run <= last).collect();
        if missed == "all" {
            prop_assert_eq!(made, every);
        } else {
            prop_assert!(made.iter().all(|run| every.contains(run)));
        }
    }
}
