//! Adapters that are called with JSON texts: for callers the same as with values of its types, and believed no more.

use crate::calls::ITEMS;
use crate::guests::{desk, office, office_in_json};
use crate::world::{DIRECT, OFFICE, World, desk_policy};
use nhip_exchange::{Kind, Reply};

const INBOX: &str = "office-inbox";

async fn house(office: &[u8], extra: &str) -> World {
    let world = World::new();
    let report = world.deploy(office, &format!("{OFFICE}{extra}")).await;
    let told = report.findings.iter().any(|finding| finding.subject.contains("nhip:adapter/json-calls@1.0.0"));
    assert_eq!(told, office == office_in_json(), "{:#?}", report.findings);
    world.deploy(&desk(), &desk_policy(DIRECT, "")).await;
    world
}

/// All that a caller hears of how an exchange ended.
async fn heard(world: &World, service: &str, function: &str, body: &str) -> String {
    match world.run(service, function, body).await.result {
        Ok(Reply::Answer(json)) => String::from_utf8(json.to_vec()).unwrap(),
        Ok(other) => panic!("{other:?}"),
        Err(fault) => format!(
            "{:?} {} {:?} {:?} {:?} {:?}",
            fault.kind, fault.outside, fault.upstream_code, fault.retry_after, fault.value, fault.problems
        ),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_a_difference_not_a_caller_and_not_an_adapter_that_imports_it() {
    let (typed, json) = (house(&office(), "").await, house(&office_in_json(), "").await);
    let mut asked = vec![("echo", ITEMS.to_owned()), ("hand-over", ITEMS.to_owned()), ("count", String::new())];
    for how in 0..3 {
        // A `tell` of 0, and so on.
        asked.extend(["tell", "decide"].map(|function| (function, format!("{{\"how\":{how}}}"))));
    }
    let refused = [r#"{"how":-1}"#, r#"{"how":"1"}"#, r#"{"how":1,"more":2}"#, "[1]", "{", ""];
    asked.extend(refused.map(|body| ("tell", body.to_owned())));
    for (function, body) in &asked {
        for service in [INBOX, "desk"] {
            let wanted = heard(&typed, service, function, body).await;
            assert_eq!(heard(&json, service, function, body).await, wanted, "{service} {function} {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_the_contract_does_not_have_ends_the_exchange_and_the_log_says_where() {
    let world = house(&office_in_json(), "").await;
    let wrong = [
        ("decide", 4, "an integer"),
        ("decide", 5, "string"),
        ("decide", 6, "JSON"),
        ("tell", 4, "`/code`"),
        ("tell", 4, "`/message`"),
    ];
    for (function, how, word) in wrong {
        let fault = world.fault(INBOX, function, &format!("{{\"how\":{how}}}")).await;
        assert_eq!(fault.kind, Kind::AdapterTrapped, "{function} {how}");
        let inside = fault.inside.unwrap();
        assert!(inside.contains("not of the contract's type") && inside.contains(word), "{word}: {inside}");
        assert!(!inside.contains("made-up") && !inside.contains("nonsense"), "{inside}");
        assert!(!fault.outside.contains("contract"), "{}", fault.outside);
    }
    assert_eq!(world.answer(INBOX, "decide", r#"{"how":0}"#).await, 41, "it lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_for_it_too() {
    let world = house(&office_in_json(), "[limits]\nresponse = \"1 KiB\"\ncpu = \"50 ms\"\n").await;
    assert_eq!(world.fault(INBOX, "tell", r#"{"how":3}"#).await.kind, Kind::CpuExceeded);
    let few = world.run(INBOX, "echo", ITEMS).await;
    assert!(few.result.is_ok(), "{:?}", few.result);
    let item = ITEMS.trim_start_matches("{\"items\":[").trim_end_matches("]}");
    let many = format!("{{\"items\":[{}]}}", [item; 4].join(","));
    let fault = world.fault(INBOX, "echo", &many).await;
    assert_eq!(fault.kind, Kind::AnswerTooLarge);
    assert!(fault.inside.unwrap().contains("1024 bytes"));
}
