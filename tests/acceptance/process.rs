//! The binary as a service: it comes back as it was, also from a kill at any instant; it stops without losing an
//! exchange; and the demo runs on it.

use crate::harness::{Manner, Process, adapters, eventually, fixture, folder, nhip, run, terminate, with_manifest};
use nhip_manage::wire::Deployed;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

pub(crate) fn policy(adapter: &str, which: &str) -> String {
    format!(
        "adapter = \"{adapter}\"\n[services]\n{adapter} = \"test:hostile/attacks@1.0.0\"\n[limits]\ndeadline = \"30 s\"\n\
         [config]\nwhich = \"{which}\"\n[key-value]\n[endpoints.unused]\nurl = \"http://unused.example\"\nmethods = [\"GET\"]\n\
         paths = [\"/\"]\n[callers]\nany-authenticated = true\n"
    )
}

pub(crate) async fn deploy(process: &Process, adapter: &str, version: &str) -> Deployed {
    let manifest = with_manifest(adapter, version);
    process.deploy_as(fixture("hostile"), &policy(adapter, version), Some(&manifest)).await.unwrap()
}

/// Which version answers, by its own setting.
async fn which(process: &Process, key: &str, adapter: &str) -> Value {
    process.call(key, adapter, "setting", &json!({ "name": "which" })).await.ok()
}

#[test]
fn a_restart_serves_the_same_versions_to_the_same_callers() {
    run(async {
        let data = folder("restart").join("data");
        let mut first = Process::serve(&data, &[]).await;
        let key = first.caller("mot-cua").await;
        deploy(&first, "one", "1.0.0").await;
        deploy(&first, "two", "1.0.0").await;
        deploy(&first, "two", "1.1.0").await;
        deploy(&first, "two", "1.2.0").await;
        first.rollback("two", None).await;
        deploy(&first, "three", "1.0.0").await;
        let retired = first.admin_request("DELETE", "/api/adapters/three").send().await.unwrap();
        assert!(retired.status().is_success());
        first.call(&key, "one", "set", &json!({ "key": "mốc", "value": "còn đây" })).await.ok();
        let before = first.admin_get::<Value>("/api/services").await;
        terminate(first.id()).await;
        assert!(first.ended().await.success());

        let second = Process::serve(&data, &[]).await;
        assert_eq!(second.admin_get::<Value>("/api/services").await, before);
        assert_eq!(second.token, first.token, "the token stays");
        assert_eq!(which(&second, &key, "one").await, "1.0.0");
        assert_eq!(which(&second, &key, "two").await, "1.1.0");
        second.call(&key, "three", "calm", &json!({ "word": "x" })).await.fault(404, "unknown-service");
        assert_eq!(second.call(&key, "one", "get", &json!({ "key": "mốc" })).await.ok(), "còn đây");
        assert_eq!(second.rollback("two", None).await.version, "1.2.0", "the history is there, too");
    });
}

/// Linux' `/dev/full` takes nothing, as a full disk with the log on it.
#[test]
fn a_log_that_cannot_be_written_does_not_end_the_gateway() {
    run(async {
        let data = folder("full-log").join("data");
        let by = ["sh", "-c", "exec \"$0\" \"$@\" 2>/dev/full"];
        let mut process = Process::start(&data, &Manner { by: &by, ..Manner::default() }).await;
        let key = process.caller("mot-cua").await;
        deploy(&process, "one", "1.0.0").await;
        // Each refusal is a line of the log.
        for _ in 0..3 {
            process.call(&key, "nobody", "calm", &json!({})).await.fault(404, "unknown-service");
        }
        assert_eq!(which(&process, &key, "one").await, "1.0.0");
        terminate(process.id()).await;
        assert!(process.ended().await.success());
        assert_eq!(process.logged(), "");
    });
}

/// How often it is killed: at instants from before the first byte of a change to after its end.
const KILLS: u32 = 48;

#[test]
fn killed_at_any_instant_it_serves_the_last_completed_state() {
    run(async {
        let data = folder("kill").join("data");
        let mut process = Process::serve(&data, &[]).await;
        let key = process.caller("mot-cua").await;
        deploy(&process, "one", "1.0.0").await;
        // What a change takes here, so that the kills fall before, into and after it. A first guess: the machine may be faster or slower
        // a moment later, and each kill tells.
        let begun = Instant::now();
        deploy(&process, "one", "1.1.0").await;
        let deploying = begun.elapsed();
        process.rollback("one", None).await;
        let rolling_back = begun.elapsed() - deploying;
        let mut takes = [deploying, rolling_back];
        let (mut completed, mut heard) = (String::from("1.0.0"), 0);
        for kill in 0..KILLS {
            let wanted = format!("1.{}.0", kill + 2);
            let (asked, takes) = if kill % 2 == 0 {
                (Asked::Deploy(wanted.clone()), &mut takes[0])
            } else {
                (Asked::Rollback, &mut takes[1])
            };
            // At once, then in steps of three eighths of what it takes, to after two and a half times that.
            let eighths = kill / 2 % 8 * 3;
            let outcome = asked_and_killed(process, &asked, *takes * eighths / 8).await;
            match outcome {
                Some(_) if eighths <= 8 => *takes = *takes * 2 / 3,
                None if eighths > 8 => *takes = *takes * 3 / 2,
                _ => {}
            }
            process = Process::serve(&data, &[]).await;
            let served = which(&process, &key, "one").await.as_str().unwrap().to_owned();
            let live = process.adapter("one").await;
            assert_eq!(live.adapter.version, served, "kill {kill}: the registry and the routes differ");
            assert!(live.live.is_some() && live.adapter.broken.is_none(), "kill {kill}: {live:?}");
            let newest = live.history.first().map(|entry| entry.version.clone());
            assert_eq!(newest.as_deref(), Some(served.as_str()), "kill {kill}: what was completed is lost");
            match outcome {
                Some(done) => {
                    assert_eq!(served, done, "kill {kill}: the operator was told otherwise");
                    heard += 1;
                }
                // Nobody heard how it ended: it is the state before or the state after, and nothing between.
                None if kill % 2 == 0 => assert!(served == completed || served == wanted, "kill {kill}: {served}"),
                None => {}
            }
            process.call(&key, "one", "calm", &json!({ "word": "an" })).await.ok();
            completed = served;
        }
        assert!(
            (3..KILLS - 3).contains(&heard),
            "{heard} of {KILLS} changes ended before the kill: the kills missed them"
        );
    });
}

enum Asked {
    Deploy(String),
    Rollback,
}

/// Ask for a change, and kill the gateway that long after. The version that it said was live, if it came to say so.
async fn asked_and_killed(process: Process, asked: &Asked, after: Duration) -> Option<String> {
    let gateway = (*process).clone();
    let change = async {
        let request = match asked {
            Asked::Deploy(version) => {
                let form = reqwest::multipart::Form::new()
                    .part("component", reqwest::multipart::Part::bytes(fixture("hostile")))
                    .text("policy", policy("one", version))
                    .text("manifest", with_manifest("one", version));
                gateway.admin_request("POST", "/api/deployments").multipart(form)
            }
            Asked::Rollback => gateway.admin_request("POST", "/api/adapters/one/rollback").json(&json!({})),
        };
        let text = request.send().await.ok()?.text().await.ok()?;
        let last: Value = serde_json::from_str(text.lines().last()?).ok()?;
        let done = last.get("deployed").unwrap_or(&last);
        done["version"].as_str().map(str::to_owned)
    };
    let (outcome, ()) = tokio::join!(change, async {
        sleep(after).await;
        process.kill().await;
    });
    outcome
}

#[test]
fn a_stop_answers_what_is_under_way_refuses_what_is_new_and_ends_well() {
    run(async {
        let mut process = Process::serve(&folder("stop").join("data"), &[]).await;
        let key = process.caller("mot-cua").await;
        deploy(&process, "one", "1.0.0").await;
        let gateway = (*process).clone();
        let waiting: Vec<_> = (0..20)
            .map(|_| {
                let (gateway, key) = (gateway.clone(), key.clone());
                tokio::spawn(
                    async move { gateway.try_call(&key, "one", "sleep", &json!({ "millis": 3000 }), &[]).await },
                )
            })
            .collect();
        let under_way = async || process.adapter("one").await.adapter.in_flight;
        eventually("all exchanges under way", async || (under_way().await == 20).then_some(())).await;
        terminate(process.id()).await;
        process.has_logged("new ones are refused").await;
        match gateway.try_call(&key, "one", "calm", &json!({ "word": "x" }), &[]).await {
            // On a connection that was there already.
            Ok(answer) => drop(answer.fault(503, "stopping")),
            Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        }
        for answer in waiting {
            let answer = answer.await.unwrap().expect("an answer to what was under way");
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_eq!(process.ended().await.code(), Some(0), "{}", process.logged());
    });
}

#[test]
fn what_was_under_way_at_a_stop_is_on_record() {
    run(async {
        let data = folder("stop-record").join("data");
        let mut process = Process::serve(&data, &[]).await;
        let key = process.caller("mot-cua").await;
        deploy(&process, "one", "1.0.0").await;
        let gateway = (*process).clone();
        let caller = key.clone();
        let waiting =
            tokio::spawn(async move { gateway.call(&caller, "one", "sleep", &json!({ "millis": 1500 })).await });
        eventually("it under way", async || (process.adapter("one").await.adapter.in_flight == 1).then_some(())).await;
        terminate(process.id()).await;
        let answer = waiting.await.unwrap();
        assert!(process.ended().await.success());
        let again = Process::serve(&data, &[]).await;
        let record = again.record(&answer.id()).await;
        assert_eq!((record.outcome.as_str(), record.function.as_str()), ("ok", "sleep"));
    });
}

/// Whichever thread it is on: one of an adapter that computes for long is on another than the rest.
#[test]
fn an_exchange_with_a_key_whose_caller_hung_up_ends_before_a_stop_does() {
    run(async {
        for computes_long in [false, true] {
            let data = folder(&format!("stop-key-{computes_long}")).join("data");
            let mut process = Process::serve(&data, &[]).await;
            let key = process.caller("mot-cua").await;
            deploy(&process, "one", "1.0.0").await;
            if computes_long {
                for _ in 0..3 {
                    process.call(&key, "one", "spin", &json!({})).await.fault(500, "cpu-exceeded");
                }
            }
            let gateway = (*process).clone();
            let hangs_up = tokio::spawn(async move {
                let headers = [("idempotency-key", "made-up-1")];
                gateway.try_call(&key, "one", "sleep", &json!({ "millis": 3000 }), &headers).await
            });
            let under_way = async || process.adapter("one").await.adapter.in_flight;
            eventually("it under way", async || (under_way().await == 1).then_some(())).await;
            hangs_up.abort();
            assert!(hangs_up.await.unwrap_err().is_cancelled());
            terminate(process.id()).await;
            assert!(process.ended().await.success(), "{}", process.logged());

            let again = Process::serve(&data, &[]).await;
            let records = again.records("service=one").await;
            let outcomes: Vec<_> =
                records.iter().filter(|record| record.function == "sleep").map(|record| &*record.outcome).collect();
            assert_eq!(outcomes, ["ok"], "it computes for long: {computes_long}");
        }
    });
}

#[test]
fn a_second_gateway_on_the_same_folder_does_not_start() {
    run(async {
        let data = folder("twice").join("data");
        let process = Process::serve(&data, &[]).await;
        let text = data.display().to_string();
        let said =
            nhip(&["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data", &text], &[], "").await;
        assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
        assert!(said.err.starts_with("error: ") || said.err.contains("\nerror: "), "{}", said.err);
        assert!(said.err.contains(&text), "it names the folder: {}", said.err);
        assert_eq!(process.admin_text("/healthz").await, "ok\n", "the first one serves on");
    });
}

#[test]
fn the_demo_runs_to_its_end_without_a_failed_exchange() {
    run(async {
        let components = adapters().display().to_string();
        let said =
            nhip(&["demo", "--once", "--seconds", "1", "--clients", "4", "--adapters", &components], &[], "").await;
        assert_eq!(said.code, 0, "{}\n{}", said.out, said.err);
        for line in ["named exchanges   10 as they should be, 0 not", " 0 failed"] {
            assert!(said.out.contains(line), "`{line}` is missing:\n{}", said.out);
        }
        for version in ["on 1.0.0 ", "on 1.1.0 "] {
            let line = said
                .out
                .lines()
                .find(|line| line.trim().starts_with(version.trim()))
                .unwrap_or_else(|| panic!("{}", said.out));
            let count: u64 =
                line.split_whitespace().last().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{line}"));
            assert!(count > 0, "{line}");
        }
        assert!(!Path::new("nhip-data").exists(), "the demo leaves nothing in the folder it runs in");
    });
}
