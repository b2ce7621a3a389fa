//! Bodies that are too large, too deep, too slow, cut short, or not what they should be.

use super::{ask, head, house, post, refused, refused_body};
use crate::harness::{Raw, run};
use std::time::{Duration, Instant};
use tokio::time::sleep;

#[test]
fn an_oversized_body_is_refused() {
    run(async {
        let key = house().await.caller("announces-much").await;
        let answer = ask(head(&key, "/services/open/calm", "Content-Length: 99999999999\r\n")).await;
        refused(&answer, 413, "too-large", "caller=announces-much").await;

        let key = house().await.caller("sends-much").await;
        let mut raw = Raw::connect(house().await.data).await;
        raw.send(head(&key, "/services/open/calm", "Transfer-Encoding: chunked\r\n")).await;
        let piece = format!("{:x}\r\n{}\r\n", 64 << 10, "x".repeat(64 << 10));
        // The listener may stop reading at any piece.
        for _ in 0..8 {
            if !raw.send(&piece).await {
                break;
            }
        }
        refused(&raw.answer().await, 413, "too-large", "caller=sends-much").await;
    });
}

#[test]
fn deep_nesting_is_refused() {
    run(async {
        let deep = 100_000;
        for (caller, body) in [
            ("nests-lists", format!("{{\"word\":{}{}}}", "[".repeat(deep), "]".repeat(deep))),
            ("nests-objects", format!("{}1{}", "{\"word\":".repeat(20_000), "}".repeat(20_000))),
            ("nests-without-end", "[".repeat(deep)),
        ] {
            let began = Instant::now();
            let key = house().await.caller(caller).await;
            let answer = ask(post(&key, "/services/open/calm", body.as_bytes())).await;
            assert!(began.elapsed() < Duration::from_secs(30), "{caller}: {:?}", began.elapsed());
            let status = answer.status;
            // Where the type is wrong already at the first level, nobody has to look how deep it goes.
            let code = answer.code();
            assert!(matches!(code.as_str(), "malformed" | "invalid-parameters"), "{caller}: {code}");
            refused(&answer, status, &code, &format!("caller={caller}")).await;
            assert!(answer.body.len() < 4096, "{caller}: {}", answer.text());
        }
    });
}

#[test]
fn a_slow_body_is_refused() {
    run(async {
        let key = house().await.caller("stops").await;
        let mut raw = Raw::connect(house().await.data).await;
        raw.send(head(&key, "/services/open/calm", "Content-Length: 100\r\n")).await;
        raw.send(b"{\"word\":").await;
        let answer = raw.answer().await;
        refused(&answer, 408, "too-slow", "caller=stops").await;
        let micros = house().await.record(&answer.id()).await.micros;
        assert!(micros < 3_900_000, "it was the exchange's deadline: {micros}");
    });
}

#[test]
fn a_body_that_trickles_is_given_up_at_the_deadline() {
    run(async {
        let key = house().await.caller("trickles").await;
        let mut raw = Raw::connect(house().await.data).await;
        raw.send(head(&key, "/services/open/calm", "Content-Length: 100000\r\n")).await;
        let began = Instant::now();
        // A byte every now and then is progress; only the deadline of the exchange ends it.
        while began.elapsed() < Duration::from_millis(4500) && raw.send(b" ").await {
            sleep(Duration::from_millis(100)).await;
        }
        let answer = raw.answer().await;
        refused(&answer, 408, "too-slow", "caller=trickles").await;
        assert!(house().await.record(&answer.id()).await.micros >= 3_900_000);
    });
}

#[test]
fn a_truncated_body_is_refused() {
    run(async {
        let key = house().await.caller("truncates").await;
        let mut raw = Raw::connect(house().await.data).await;
        raw.send(head(&key, "/services/open/calm", "Content-Length: 100\r\n")).await;
        raw.send(b"{\"word\":").await;
        raw.half_close().await;
        refused(&raw.answer().await, 400, "truncated", "caller=truncates").await;

        let key = house().await.caller("breaks-frames").await;
        let mut raw = Raw::connect(house().await.data).await;
        raw.send(head(&key, "/services/open/calm", "Transfer-Encoding: chunked\r\n")).await;
        raw.send(b"nonsense\r\n{}\r\n0\r\n\r\n").await;
        refused(&raw.answer().await, 400, "malformed", "caller=breaks-frames").await;
    });
}

#[test]
fn broken_json_is_refused() {
    run(async {
        for (caller, body) in [
            ("sends-nothing-json", &b"this is not JSON"[..]),
            ("sends-half-json", b"{\"word\":\"x\""),
            ("sends-two", b"{\"word\":\"x\"} {\"word\":\"y\"}"),
            ("sends-bad-utf-8", b"{\"word\":\"\xff\xfe\"}"),
            ("sends-surrogate", b"{\"word\":\"\\ud800\"}"),
            ("sends-utf-16", b"\xff\xfe{\0}\0"),
            ("sends-nul", b"\0"),
        ] {
            let problem = refused_body(caller, body, 400, "malformed").await;
            assert!(!problem.to_string().contains("not JSON\""), "{caller}: the sent text is repeated: {problem}");
        }
    });
}

#[test]
fn values_that_do_not_fit_are_refused_with_their_places() {
    run(async {
        let body = br#"{"request":{"endpoint":"VALUE-1","method":2,"path":null,"headers":[["VALUE-3"],"VALUE-4"],"boddy":"VALUE-5","filler":-1}}"#;
        let key = house().await.caller("misfits").await;
        let answer = ask(post(&key, "/services/open/send", body)).await;
        refused(&answer, 400, "invalid-parameters", "caller=misfits").await;
        let problem = answer.json();
        let pointers: Vec<&str> =
            problem["problems"].as_array().unwrap().iter().filter_map(|at| at["pointer"].as_str()).collect();
        for place in [
            "/request/method",
            "/request/path",
            "/request/headers/0",
            "/request/headers/1",
            "/request/boddy",
            "/request/body",
            "/request/filler",
        ] {
            assert!(pointers.iter().any(|pointer| pointer.starts_with(place)), "{place} is not told: {problem}");
        }
        assert!(!answer.text().contains("VALUE-"), "{}", answer.text());
    });
}

#[test]
fn parameters_that_are_missing_unknown_twice_or_no_object_are_refused() {
    run(async {
        for (caller, body, place) in [
            ("forgets", &b"{}"[..], "/word"),
            ("adds", b"{\"word\":\"x\",\"more\":1}", "/more"),
            ("repeats", b"{\"word\":\"x\",\"word\":\"y\"}", "/word"),
            ("gives-number", b"{\"word\":17}", "/word"),
            ("gives-null", b"{\"word\":null}", "/word"),
            ("gives-list", b"[\"x\"]", ""),
            ("gives-text", b"\"x\"", ""),
        ] {
            let problem = refused_body(caller, body, 400, "invalid-parameters").await;
            let problems = problem["problems"].as_array().unwrap();
            assert!(problems.iter().any(|at| at["pointer"] == place), "{caller}: {problem}");
        }
    });
}
