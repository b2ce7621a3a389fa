//! Delivery, its lanes, imports and the record: how they are written, and the decisions they are for.

use std::time::Duration;

use nhip_policies::{Delivery, DenialCode, ImportDelivery, RecordMode, Sandbox};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{LEAST, adds, policy};

fn delivery(settings: &str) -> Delivery {
    policy(&format!("{LEAST}[delivery]\n{settings}\n")).delivery
}

/// Policies on record that do not speak of these sections mean this, and their digests do not say so. Whoever changes a default changes
/// what is deployed without anybody having decided it.
#[test]
fn the_defaults_of_what_is_left_out_of_the_canonical_form_do_not_change() {
    let least = policy(LEAST);
    let (secs, hour) = (Duration::from_secs, 3600);
    assert_eq!(
        least.delivery,
        Delivery {
            attempts: 20,
            age: secs(72 * hour),
            first_pause: secs(5),
            longest_pause: secs(hour),
            lanes: Vec::new()
        }
    );
    assert_eq!(least.record, RecordMode::Durable);
    assert_eq!(least.sandbox, Sandbox { exchanges: 1 });
    assert!(!least.sandbox.serves_again());
    assert_eq!(RecordMode::RELAXED_WITHIN, Duration::from_millis(200));
    assert!(least.schedules.is_empty() && least.imports.is_empty());
    assert_eq!(
        policy(&format!("{LEAST}[sandbox]\n[record]\n[delivery]\n[schedules]\n[imports]\n")).digest(),
        least.digest()
    );
}

#[test]
fn the_policy_of_the_manual_has_no_mistake() {
    let manual = include_str!("../../../docs/operating.md");
    let text = manual.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("is there");
    let policy = policy(text);
    assert_eq!(Delivery { lanes: Vec::new(), ..policy.delivery }, Delivery::default());
    assert_eq!((policy.record, policy.schedules.len(), policy.imports.len()), (RecordMode::Durable, 1, 2));
}

#[test]
fn mistakes_of_delivery_are_told_at_their_places() {
    adds(
        "[delivery]\nattempts = 0\nage = \"91 days\"\nfirst-pause = \"1 min\"\nlongest-pause = \"59 s\"\npause = \"1 s\"\n[record]\nmode = \"durabel\"\n",
        &[
            "5:12 delivery.attempts: `0` is too little (hint: from `1` to `1000`)",
            "6:7 delivery.age: `91 days` is too much (hint: from `1 s` to `90 days`)",
            "8:17 delivery.longest-pause: `59 s` is shorter than the first pause (hint: at least `1 min`)",
            "9:1 delivery.pause: unknown key `pause` (hint: known here: `first-pause`, `longest-pause`, `attempts`, `age`, `lanes`)",
            "11:8 record.mode: unknown value `durabel` (hint: did you mean `durable`?)",
        ],
    );
    adds(
        "[delivery]\nage = \"3 weeks\"\nfirst-pause = \"1 hour\"\nlongest-pause = \"2 day\"\n",
        &[
            "5:7 delivery.age: `3 weeks` is not a duration (hint: the units are `days`, `day`, `h`, `min`, `s`, `ms`)",
            "6:15 delivery.first-pause: `1 hour` is not a duration (hint: write `1 h`)",
            "7:17 delivery.longest-pause: `2 days` is too much (hint: from `100 ms` to `1 day`)",
        ],
    );
}

#[test]
fn mistakes_of_a_sandbox_are_told_at_their_places() {
    adds(
        "[sandbox]\nexchanges = 0\nreuse = true\n",
        &[
            "5:13 sandbox.exchanges: `0` is too little (hint: from `1` to `1000000`)",
            "6:1 sandbox.reuse: unknown key `reuse` (hint: known here: `exchanges`)",
        ],
    );
    let policy = policy(&format!("{LEAST}[sandbox]\nexchanges = 500\n"));
    assert!(policy.sandbox.serves_again());
    assert!(policy.explain().contains("is there in the next"), "{}", policy.explain());
}

#[test]
fn mistakes_of_a_lane_are_told_at_their_places() {
    adds(
        "[[delivery.lanes]]\nfunctions = [\"s/f\", \"t/f\", \"f\", \"s/f\"]\nby = \"id\"\n[[delivery.lanes]]\nfunctions = []\nby = \"/id\"\n[[delivery.lanes]]\nby = \"/a~2\"\n[[delivery.lanes]]\nfunctions = [\"s/f\"]\n",
        &[
            "5:21 delivery.lanes[0].functions[1]: service `t` is not served by this policy (hint: known here: `s`)",
            "5:28 delivery.lanes[0].functions[2]: `f` does not name a function of a service (hint: write `service/function`, such as `population/find`)",
            "5:33 delivery.lanes[0].functions[3]: is in the list already (hint: keep one of them)",
            "6:6 delivery.lanes[0].by: `id` is not a JSON pointer to a value: it does not begin with a slash (hint: write the steps to the value, each after a slash, such as `/document/id`)",
            "8:13 delivery.lanes[1].functions: is empty, so the lane would put nothing into order (hint: name them, such as `functions = [\"documents/send\"]`)",
            "10:1 delivery.lanes[2].functions: is missing (hint: name them, such as `functions = [\"documents/send\"]`)",
            "11:6 delivery.lanes[2].by: `/a~2` is not a JSON pointer to a value: `~` stands before `0` or `1` only (hint: write the steps to the value, each after a slash, such as `/document/id`)",
            "12:1 delivery.lanes[3].by: is missing (hint: write where the value stands, such as `by = \"/document/id\"`)",
        ],
    );
    adds(
        "[[delivery.lanes]]\nfunctions = [\"s/f\"]\nby = \"/a\"\n[[delivery.lanes]]\nfunctions = [\"s/g\", \"s/f\"]\nby = \"/b\"\n[[delivery.lanes]]\nfunctions = [\"s/h\"]\nby = { \"s/g\" = \"/a\", \"s/i\" = \"\" }\n[[delivery.lanes]]\nby = {}\n",
        &[
            "8:21 delivery.lanes[1].functions[1]: `s/f` is in a lane already (hint: keep it in one of them)",
            "11:1 delivery.lanes[2].functions: names functions, as `by` does (hint: keep one of the two)",
            "12:8 delivery.lanes[2].by.\"s/g\": `s/g` is in a lane already (hint: keep it in one of them)",
            "12:30 delivery.lanes[2].by.\"s/i\": `` is not a JSON pointer to a value: it does not begin with a slash (hint: write the steps to the value, each after a slash, such as `/document/id`)",
            "14:6 delivery.lanes[3].by: is empty, so the lane would put nothing into order (hint: name a function and its value)",
        ],
    );
}

#[test]
fn imports_lead_to_somebody_else() {
    adds(
        "[imports]\n\"a:b/c@1.0.0\" = \"s\"\n\"a:b/d@1.0.0\" = { service = \"s\", delivery = \"later\", via = 1 }\n\"a:b/e\" = \"x\"\n\"a:b/f@1.0.0\" = {}\n\"a:b/g@1.0.0\" = 1\n",
        &[
            "5:17 imports.\"a:b/c@1.0.0\": service `s` is served by this policy, so the adapter would call itself (hint: name a service of another adapter)",
            "6:29 imports.\"a:b/d@1.0.0\".service: service `s` is served by this policy, so the adapter would call itself (hint: name a service of another adapter)",
            "6:45 imports.\"a:b/d@1.0.0\".delivery: unknown value `later` (hint: known here: `direct`, `durable`)",
            "6:54 imports.\"a:b/d@1.0.0\".via: unknown key `via` (hint: known here: `service`, `delivery`)",
            "7:1 imports.\"a:b/e\": `a:b/e` is not a contract: the version is missing (hint: write `namespace:package/interface@version`, such as `lgsp:population/register@1.0.0`)",
            "8:1 imports.\"a:b/f@1.0.0\".service: is missing (hint: name the service that serves the contract)",
            "9:17 imports.\"a:b/g@1.0.0\": expected text, found an integer (hint: write it in double quotes)",
        ],
    );
    let policy = policy(&format!(
        "{LEAST}[imports]\n\"a:b/c@1.0.0\" = \"x\"\n\"a:b/d@1.0.0\" = {{ service = \"y\", delivery = \"durable\" }}\n"
    ));
    let imports: Vec<_> = policy.imports.iter().map(|(c, i)| (c.to_string(), i.service.as_str(), i.delivery)).collect();
    assert_eq!(
        imports,
        [
            ("a:b/c@1.0.0".to_owned(), "x", ImportDelivery::Direct),
            ("a:b/d@1.0.0".to_owned(), "y", ImportDelivery::Durable)
        ]
    );
}

#[test]
fn the_order_of_lanes_has_no_meaning_and_both_forms_of_one_are_the_same() {
    let spelled = |text: &str| policy(&format!("{LEAST}{text}")).digest();
    let a = "[[delivery.lanes]]\nfunctions = [\"s/f\", \"s/g\"]\nby = \"/id\"\n";
    let b = "[[delivery.lanes]]\nfunctions = [\"s/h\"]\nby = \"/code\"\n";
    assert_eq!(spelled(&format!("{a}{b}")), spelled(&format!("{b}{a}")));
    assert_eq!(spelled(a), spelled("[[delivery.lanes]]\nby = { \"s/g\" = \"/id\", \"s/f\" = \"/id\" }\n"));
    assert_ne!(spelled(a), spelled("[[delivery.lanes]]\nby = { \"s/g\" = \"/id\", \"s/f\" = \"/ID\" }\n"));
}

#[test]
fn a_lane_is_one_value_of_the_parameters() {
    let delivery = delivery(
        "[[delivery.lanes]]\nby = { \"s/send\" = \"/document/id\", \"s/report\" = \"/for/1\" }\n[[delivery.lanes]]\nfunctions = [\"s/x\"]\nby = \"/a~1b\"",
    );
    let lane = |function: &str, parameters: Value| delivery.lane("s", function, &parameters);
    let key = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(lane("send", json!({"document": {"id": "12/QĐ"}})), key("s/report 12/QĐ"));
    assert_eq!(lane("report", json!({"for": ["", "12/QĐ"]})), key("s/report 12/QĐ"));
    assert_eq!(lane("x", json!({"a/b": "12/QĐ"})), key("s/x 12/QĐ"));
    // A 64-bit integer may be written as a number or as text.
    assert_eq!(lane("x", json!({"a/b": 7})), lane("x", json!({"a/b": "7"})));
    assert_eq!(lane("x", json!({"a/b": true})), key("s/x true"));
    assert_eq!(lane("other", json!({})), Ok(None));
    assert_eq!(delivery.lane("t", "send", &json!({})), Ok(None));
    for (value, told) in [
        (json!({}), "is missing"),
        (json!({"a/b": null}), "is missing"),
        (json!([]), "is missing"),
        (json!({"a/b": {}}), "is not a single value"),
        (json!({"a/b": ["7"]}), "is not a single value"),
        (json!({"a/b": "x".repeat(257)}), "is longer than 256 bytes"),
        (json!({"a/b": "a\u{0}"}), "has control characters"),
    ] {
        let denial = lane("x", value).expect_err(told);
        assert_eq!(denial.code, DenialCode::LaneValue);
        let expected = format!("`/a~1b` of the parameters of `s/x` {told}, so the exchange has no place in its lane");
        assert_eq!(denial.reason, expected);
    }
    assert_eq!(lane("x", json!({"a/b": "x".repeat(256)})), key(&format!("s/x {}", "x".repeat(256))));
}

#[test]
fn a_lane_keeps_its_keys_when_another_is_added() {
    let one = delivery("[[delivery.lanes]]\nfunctions = [\"s/m\"]\nby = \"/id\"");
    let two = delivery(
        "[[delivery.lanes]]\nfunctions = [\"s/a\"]\nby = \"/id\"\n[[delivery.lanes]]\nfunctions = [\"s/m\"]\nby = \"/id\"",
    );
    let parameters = json!({"id": "7"});
    assert_eq!(one.lane("s", "m", &parameters), two.lane("s", "m", &parameters));
    assert_ne!(two.lane("s", "a", &parameters), two.lane("s", "m", &parameters));
}

#[test]
fn pauses_double_up_to_the_longest() {
    let delivery = delivery("first-pause = \"1 s\"\nlongest-pause = \"10 s\"");
    for (attempt, whole) in [
        (0, 1000),
        (1, 1000),
        (2, 2000),
        (3, 4000),
        (4, 8000),
        (5, 10_000),
        (6, 10_000),
        (40, 10_000),
        (u32::MAX, 10_000),
    ] {
        let pauses: Vec<u64> = (0..500).map(|seed| delivery.pause(attempt, None, seed).as_millis() as u64).collect();
        assert!(pauses.iter().all(|pause| (whole / 2..=whole).contains(pause)), "{attempt}");
        // Chance reaches both ends, to a tenth.
        assert!(pauses.iter().any(|pause| *pause < whole * 11 / 20), "{attempt}");
        assert!(pauses.iter().any(|pause| *pause > whole * 19 / 20), "{attempt}");
    }
}

proptest! {
    #[test]
    fn a_pause_is_as_long_as_was_asked_for_and_never_longer_than_the_longest(
        (first, longest) in (100..=3_600_000u64).prop_flat_map(|first| (Just(first), first..=86_400_000)),
        attempt: u32, asked in prop::option::of(any::<u64>()), seed: u64,
    ) {
        let longest = Duration::from_millis(longest);
        let delivery = Delivery { first_pause: Duration::from_millis(first), longest_pause: longest, ..Delivery::default() };
        let asked = asked.map(Duration::from_millis);
        let pause = delivery.pause(attempt, asked, seed);
        prop_assert!(pause <= longest);
        prop_assert!(pause >= Duration::from_millis(first) / 2);
        prop_assert!(pause >= asked.unwrap_or_default().min(longest));
        prop_assert_eq!(pause, delivery.pause(attempt, asked, seed));
    }
}
