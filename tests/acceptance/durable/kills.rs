//! `kill -9` of the gateway while exchanges are accepted, done and repeated.

use super::{Stage, numbered, over};
use crate::harness::{Gateway, Process, folder, run};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Exchanges of each kind.
const EACH: usize = 1000;
/// Callers that work at once.
const CALLERS: usize = 12;
/// How often it is killed, at least.
const KILLS: usize = 20;

/// What all callers share: where the gateway is now, and the next number.
struct Work {
    gateway: watch::Receiver<Gateway>,
    key: String,
    next: AtomicUsize,
}

#[test]
fn killed_at_random_instants_every_exchange_has_its_effect_exactly_once() {
    run(async {
        let stage = Stage::set(&folder("durable-kills").join("data")).await;
        let mut process = stage.serve().await;
        stage.deploy(&process, "").await;
        let key = process.caller("van-thu").await;
        let (place, gateway) = watch::channel((*process).clone());
        let work = Arc::new(Work { gateway, key: key.clone(), next: AtomicUsize::new(0) });
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(caller(Arc::clone(&work)));
        }
        let mut kills = 0;
        let mut accepted = Vec::new();
        // A different instant after each start, from the middle of the start-up work to well into the traffic.
        while !callers.is_empty() || kills < KILLS {
            sleep(Duration::from_millis(20 + (kills as u64 * 7919) % 600)).await;
            process.kill().await;
            kills += 1;
            process = stage.serve().await;
            place.send_replace((*process).clone());
            while let Some(done) = callers.try_join_next() {
                accepted.extend(done.unwrap());
            }
        }
        assert!(kills >= KILLS);
        assert!((EACH / 2..=EACH).contains(&accepted.len()), "{} were accepted", accepted.len());
        for place in &accepted {
            let state = over(&process, &key, place).await;
            assert_eq!(state["state"], "done", "{state}");
        }
        each_once(&stage);
        the_record_verifies(process).await;
    });
}

/// Take numbers until there are none left: every other one is done now, the rest later. Gives where the accepted are.
async fn caller(work: Arc<Work>) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let number = work.next.fetch_add(1, Ordering::Relaxed);
        if number >= 2 * EACH {
            return accepted;
        }
        let later = number.is_multiple_of(2);
        if let Some(place) = done_at_last(&work, number, later).await {
            accepted.push(place);
        }
    }
}

/// Ask, with the same key, until there is an answer for good. Gives where an accepted exchange is.
async fn done_at_last(work: &Work, number: usize, later: bool) -> Option<String> {
    let body = numbered(number, if later { "LATER" } else { "NOW" });
    let idempotency = format!("made-up-{number}");
    let mut headers = vec![("idempotency-key", idempotency.as_str())];
    headers.extend(later.then_some(("prefer", "respond-async")));
    loop {
        let gateway = work.gateway.borrow().clone();
        match gateway.try_call(&work.key, "documents", "send", &body, &headers).await {
            // Also of one to be done later, where the kill came between its acceptance and the `202`: by the time that
            // its repeat came it was done, and this is its answer.
            Ok(answer) if answer.status == 200 => return None,
            Ok(answer) if answer.status == 202 => {
                assert!(later, "an exchange was put off");
                return answer.header("location").map(str::to_owned);
            }
            // Not for good: what is under way, a gateway that starts or stops, an effect that is not known.
            Ok(answer) if matches!(answer.status, 409 | 503 | 504 | 502) => {
                assert_ne!(answer.json()["retry"], "never", "{}", answer.text());
            }
            Ok(answer) => panic!("{number}: {} {}", answer.status, answer.text()),
            Err(_) => {}
        }
        // Callers retry without back-off; these wait a little, so that the machine can do something else, too.
        sleep(Duration::from_millis(10)).await;
    }
}

/// The oracle: the axis recognises a packet that it has, and has each packet once.
fn each_once(stage: &Stage) {
    let mut found = BTreeMap::<String, usize>::new();
    for notation in stage.arrived() {
        *found.entry(notation).or_default() += 1;
    }
    for number in 0..2 * EACH {
        let notation = format!("{number}/{}", if number.is_multiple_of(2) { "LATER" } else { "NOW" });
        assert_eq!(found.remove(&notation), Some(1), "{notation}");
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The record is sound, from its first line to its last.
pub(crate) async fn the_record_verifies(mut process: Process) {
    let (data, id) = (process.data_folder().to_owned(), process.id());
    crate::harness::terminate(id).await;
    assert!(process.ended().await.success(), "{}", process.logged());
    let folder = data.join("record").display().to_string();
    let key =
        crate::harness::nhip(&["audit", "key", "--offline", "--data", &data.display().to_string()], &[], "").await;
    assert_eq!(key.code, 0, "{key:?}");
    let said = crate::harness::nhip(&["audit", "verify", &folder, "--key", key.out.trim()], &[], "").await;
    assert_eq!(said.code, 0, "{said:?}");
}
