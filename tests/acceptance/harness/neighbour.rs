//! The neighbour: somebody else's exchanges, on another adapter of the same gateway, who must not notice an attack.

use super::Gateway;
use serde_json::json;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// On a machine that runs two tests at once besides, an exchange of a neighbour may wait for a worker now and then. One
/// that waits this long was held up by the attack: the attacks themselves last longer or are over in a moment.
const HELD_UP: Duration = Duration::from_millis(2500);

#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    over: AtomicBool,
}

/// Run an attack while the neighbour goes about its work. Fails if the neighbour noticed.
pub(crate) async fn unnoticed<T>(gateway: &Gateway, attack: impl Future<Output = T>) -> T {
    let seen = Arc::new(Seen::default());
    let work = neighbour(gateway.clone(), gateway.caller("neighbour").await, Arc::clone(&seen));
    until(&seen, 1).await;
    let (began, before) = (Instant::now(), seen.answered.load(Ordering::Relaxed));
    let outcome = attack.await;
    let (lasted, during) = (began.elapsed(), seen.answered.load(Ordering::Relaxed) - before);
    // Five in a second is far below what it does undisturbed, and far above what it could do behind the attack. An attack that is over in
    // a moment is over before two that wait for a worker come to their turn.
    assert!((during + 2) as u128 >= lasted.as_millis() / 200, "the neighbour got {during} answers in {lasted:?}");
    until(&seen, before + during + 2).await;
    seen.over.store(true, Ordering::Relaxed);
    let slowest = work.await.expect("the neighbour's exchanges");
    assert!(slowest < HELD_UP, "an exchange of the neighbour took {slowest:?}");
    outcome
}

async fn until(seen: &Arc<Seen>, answered: usize) {
    super::eventually("answers to the neighbour", async || {
        (seen.answered.load(Ordering::Relaxed) >= answered).then_some(())
    })
    .await;
}

/// One exchange after the other; the time of the slowest.
fn neighbour(gateway: Gateway, key: String, seen: Arc<Seen>) -> JoinHandle<Duration> {
    tokio::spawn(async move {
        let mut slowest = Duration::ZERO;
        while !seen.over.load(Ordering::Relaxed) {
            let word = json!({ "word": "bình an" });
            let began = Instant::now();
            let answer = gateway.call(&key, "neighbour", "calm", &word).await;
            slowest = slowest.max(began.elapsed());
            assert_eq!(answer.ok(), "bình an");
            seen.answered.fetch_add(1, Ordering::Relaxed);
        }
        slowest
    })
}
