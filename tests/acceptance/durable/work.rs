//! Callers that do not give up, and the oracle for what became of what they asked.

use super::{Stage, numbered, over};
use crate::harness::{Gateway, Process, nhip, terminate};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Callers that work at once.
const CALLERS: usize = 12;

/// What all callers share: where the gateways are now, and the next number.
pub(super) struct Work {
    gateways: Vec<watch::Receiver<Gateway>>,
    key: String,
    each: usize,
    next: AtomicUsize,
}

impl Work {
    /// Begin: so many exchanges of each kind, at these gateways in turns. Each caller gives where its accepted ones are.
    pub(super) fn begin(gateways: Vec<watch::Receiver<Gateway>>, key: &str, each: usize) -> JoinSet<Vec<String>> {
        let work = Arc::new(Self { gateways, key: key.to_owned(), each, next: AtomicUsize::new(0) });
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            callers.spawn(caller(Arc::clone(&work)));
        }
        callers
    }
}

/// Take numbers until there are none left: every other one is done now, the rest later. Gives where the accepted are.
async fn caller(work: Arc<Work>) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let number = work.next.fetch_add(1, Ordering::Relaxed);
        if number >= 2 * work.each {
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
    for tries in 0.. {
        // A repeat goes to another gateway than what it repeats.
        let gateway = work.gateways[(number / 2 + tries) % work.gateways.len()].borrow().clone();
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
    unreachable!("it goes on until there is an answer")
}

/// Every accepted exchange is done.
pub(super) async fn all_done(gateway: &Gateway, key: &str, accepted: &[String]) {
    for place in accepted {
        let state = over(gateway, key, place).await;
        assert_eq!(state["state"], "done", "{state}");
    }
}

/// How often each packet arrived, by its notation.
pub(super) fn effects(stage: &Stage) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for notation in stage.arrived() {
        *found.entry(notation).or_default() += 1;
    }
    found
}

/// The oracle: the axis recognises a packet that it has, and has each packet once.
pub(super) fn each_once(stage: &Stage, each: usize) {
    let mut found = effects(stage);
    for number in 0..2 * each {
        let notation = format!("{number}/{}", if number.is_multiple_of(2) { "LATER" } else { "NOW" });
        assert_eq!(found.remove(&notation), Some(1), "{notation}");
    }
    assert!(found.is_empty(), "{found:?}");
}

/// The record is sound, from its first line to its last.
pub(crate) async fn the_record_verifies(mut process: Process) {
    let (data, id) = (process.data_folder().to_owned(), process.id());
    terminate(id).await;
    assert!(process.ended().await.success(), "{}", process.logged());
    verified(&data).await;
}

/// The record in this data folder is sound.
pub(super) async fn verified(data: &Path) {
    let folder = data.join("record").display().to_string();
    let key = nhip(&["audit", "key", "--offline", "--data", &data.display().to_string()], &[], "").await;
    assert_eq!(key.code, 0, "{key:?}");
    let said = nhip(&["audit", "verify", &folder, "--key", key.out.trim()], &[], "").await;
    assert_eq!(said.code, 0, "{said:?}");
}
