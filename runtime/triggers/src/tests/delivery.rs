//! Delivery: what was accepted is done, in order, once, and a trouble holds back its own.

use super::{SOON, World, does, eventually, service, service_for};
use crate::{Delivery, DeliveryConfig};
use bytes::Bytes;
use nhip_exchange::durable::State;
use nhip_exchange::{Fault, Kind, Routes};
use nhip_registry::DeadFilter;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

impl World {
    fn deliver(&self) -> JoinHandle<()> {
        let (spine, durables) = (Arc::clone(&self.spine), self.registry.durables.clone());
        let config = DeliveryConfig { look: Duration::from_millis(50), ..DeliveryConfig::default() };
        Delivery::start(spine, durables, config, self.stop.subscribe().into())
    }
}

fn ok() -> Result<Bytes, Fault> {
    Ok(Bytes::from_static(b"{\"done\":true}"))
}

#[tokio::test]
async fn an_accepted_exchange_is_done_under_its_id_and_on_record() {
    let what =
        does(|call| async move { Ok(Bytes::from(format!("\"{} {} {}\"", call.id, call.attempt, call.body.len()))) });
    let world = World::new([service("documents", SOON, what)]).await;
    let delivery = world.deliver();
    let id = world.accept("documents", "{}", None).await;
    world.becomes(id, State::Done).await;
    let status = world.status(id).await;
    assert_eq!(status.result.unwrap().unwrap(), Bytes::from(format!("\"{id} 1 2\"")));
    let records = world.records_of(id);
    assert_eq!((records.len(), records[0].origin.as_str(), records[0].outcome.as_str()), (1, "delivery", "ok"));
    assert_eq!(records[0].purpose.as_deref(), Some("TTHC-1.004"));
    assert!(records[0].trace.to_string().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{}", records[0].trace);
    world.stop.send_replace(true);
    delivery.await.unwrap();
}

#[tokio::test]
async fn a_fault_that_may_pass_is_tried_again_and_a_panic_too() {
    let tries = Arc::new(AtomicU32::new(0));
    let what = {
        let tries = Arc::clone(&tries);
        does(move |call| {
            let nth = tries.fetch_add(1, Ordering::Relaxed) + 1;
            assert_eq!(call.attempt, nth);
            async move {
                match nth {
                    1 => Err(Fault::new(Kind::Busy, "later")),
                    2 => Err(Fault::new(Kind::UpstreamTimeout, "perhaps")),
                    3 => panic!("a defect"),
                    _ => ok(),
                }
            }
        })
    };
    let world = World::new([service("documents", SOON, what)]).await;
    let _delivery = world.deliver();
    let id = world.accept("documents", "{}", None).await;
    world.becomes(id, State::Done).await;
    assert_eq!((world.status(id).await.attempts, tries.load(Ordering::Relaxed)), (4, 4));
    let records = world.records_of(id);
    let outcomes: Vec<_> = records.iter().map(|record| (record.attempt, record.outcome.as_str())).collect();
    assert_eq!(outcomes, [(1, "busy"), (2, "upstream-timeout"), (3, "gateway-internal"), (4, "ok")]);
}

#[tokio::test]
async fn a_fault_for_good_and_the_last_try_make_dead_letters_with_their_story() {
    let never = does(|_| async { Err(Fault::new(Kind::Conflict, "it exists already")) });
    let busy = does(|_| async { Err(Fault::new(Kind::Busy, "come again")) });
    let twice = format!("{SOON}attempts = 2\n");
    let world = World::new([service("never", SOON, never), service("busy", &twice, busy)]).await;
    let _delivery = world.deliver();
    let (never, busy) = (world.accept("never", "{}", None).await, world.accept("busy", "{}", None).await);
    world.becomes(never, State::Dead).await;
    world.becomes(busy, State::Dead).await;
    let durables = &world.registry.durables;
    assert_eq!(durables.dead_letters(&DeadFilter::default(), 10).await.unwrap().len(), 2);
    let (letter, story) = durables.dead_letter(busy).await.unwrap().unwrap();
    let lines: Vec<_> =
        story.lines.iter().map(|line| (line.attempt, line.code.as_str(), line.next_ms.is_some())).collect();
    assert_eq!((letter.attempts, lines), (2, vec![(1, "busy", true), (2, "busy", false)]));
    assert_eq!(durables.dead_letter(never).await.unwrap().unwrap().0.fault.detail, "it exists already");
    assert_eq!(world.records_of(never).len(), 1, "tried once");
}

#[tokio::test]
async fn a_caller_that_was_shut_out_meanwhile_is_refused() {
    let what = does(|_| async { panic!("it was called") });
    let world = World::new([service_for("cong-dvc", "documents", SOON, what)]).await;
    let id = world.accept("documents", "{}", None).await;
    let _delivery = world.deliver();
    world.becomes(id, State::Dead).await;
    assert_eq!(world.status(id).await.result.unwrap().unwrap_err().kind, Kind::Forbidden);
}

#[tokio::test]
async fn a_service_that_hangs_holds_back_itself_alone() {
    let (hanging, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let hangs = {
        let (hanging, open) = (Arc::clone(&hanging), Arc::clone(&open));
        does(move |_| {
            let (hanging, open) = (Arc::clone(&hanging), Arc::clone(&open));
            async move {
                hanging.fetch_add(1, Ordering::Relaxed);
                open.acquire().await.unwrap().forget();
                ok()
            }
        })
    };
    let deadline = "[limits]\ndeadline = \"10 min\"\n";
    let world = World::new([service("hangs", deadline, hangs), service("quick", SOON, does(|_| async { ok() }))]).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(world.accept("hangs", "{}", None).await);
    }
    let quick = world.accept("quick", "{}", None).await;
    let _delivery = world.deliver();
    world.becomes(quick, State::Done).await;
    eventually("its places are taken", async || hanging.load(Ordering::Relaxed) == 8).await;
    let quick = world.accept("quick", "{}", None).await;
    world.becomes(quick, State::Done).await;
    assert_eq!(hanging.load(Ordering::Relaxed), 8, "not more than its places");
    open.add_permits(20);
    for id in slow {
        world.becomes(id, State::Done).await;
    }
}

#[tokio::test]
async fn what_is_not_served_now_waits_and_is_no_attempt() {
    let world = World::new([]).await;
    let id = world.accept("documents", "{}", None).await;
    let _delivery = world.deliver();
    eventually("it was looked for", async || world.status(id).await.result.is_some()).await;
    let status = world.status(id).await;
    assert_eq!((status.state, status.attempts), (State::Waiting, 0));
    assert_eq!(status.result.unwrap().unwrap_err().kind, Kind::UnknownService);
    world.spine.set_routes(Routes::new([service("documents", SOON, does(|_| async { ok() }))]));
    world.becomes(id, State::Done).await;
    assert_eq!(world.status(id).await.attempts, 1);
}

#[tokio::test]
async fn after_an_outage_all_is_delivered_in_the_order_of_its_lane_and_none_twice() {
    let (up, did) = (Arc::new(AtomicBool::new(false)), Arc::<Mutex<Vec<String>>>::default());
    let tried = Arc::new(AtomicUsize::new(0));
    let what = {
        let (up, did, tried) = (Arc::clone(&up), Arc::clone(&did), Arc::clone(&tried));
        does(move |call| {
            tried.fetch_add(1, Ordering::Relaxed);
            let end = if up.load(Ordering::Relaxed) {
                did.lock().unwrap().push(String::from_utf8(call.body.to_vec()).unwrap());
                ok()
            } else {
                Err(Fault::new(Kind::UpstreamUnavailable, "it is down"))
            };
            async move { end }
        })
    };
    let many = format!("{SOON}attempts = 1000\n");
    let world = World::new([service("documents", &many, what)]).await;
    let _delivery = world.deliver();
    let mut ids = Vec::new();
    for at in 0..24 {
        let (lane, nth) = (at % 4, at / 4);
        ids.push(world.accept("documents", &format!("{lane} {nth}"), Some(&format!("lane {lane}"))).await);
    }
    eventually("each lane's first was tried", async || tried.load(Ordering::Relaxed) >= 8).await;
    assert!(did.lock().unwrap().is_empty());
    up.store(true, Ordering::Relaxed);
    for id in ids {
        world.becomes(id, State::Done).await;
    }
    let did = did.lock().unwrap().clone();
    assert_eq!(did.len(), 24);
    for lane in 0..4 {
        let of: Vec<_> = did.iter().filter_map(|body| body.strip_prefix(&format!("{lane} "))).collect();
        assert_eq!(of, ["0", "1", "2", "3", "4", "5"], "lane {lane}");
    }
}

#[tokio::test]
async fn a_stop_ends_what_is_under_way_and_leaves_the_rest_for_the_next() {
    let (begun, open) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let what = {
        let (begun, open) = (Arc::clone(&begun), Arc::clone(&open));
        does(move |_| {
            let (begun, open) = (Arc::clone(&begun), Arc::clone(&open));
            async move {
                begun.fetch_add(1, Ordering::Relaxed);
                open.acquire().await.unwrap().forget();
                ok()
            }
        })
    };
    let world = World::new([service("documents", SOON, what)]).await;
    let first = world.accept("documents", "1", Some("lane")).await;
    let second = world.accept("documents", "2", Some("lane")).await;
    let delivery = world.deliver();
    eventually("the first is under way", async || begun.load(Ordering::Relaxed) == 1).await;
    world.spine.stop();
    world.stop.send_replace(true);
    open.add_permits(1);
    delivery.await.unwrap();
    assert_eq!(world.status(first).await.state, State::Done);
    let status = world.status(second).await;
    assert_eq!((status.state, status.attempts), (State::Waiting, 0));
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dead_letter_that_is_retried_is_done() {
    let mended = Arc::new(AtomicBool::new(false));
    let what = {
        let mended = Arc::clone(&mended);
        does(move |_| {
            let end = if mended.load(Ordering::Relaxed) { ok() } else { Err(Fault::new(Kind::UpstreamRefused, "no")) };
            async move { end }
        })
    };
    let world = World::new([service("documents", SOON, what)]).await;
    let _delivery = world.deliver();
    let id = world.accept("documents", "{}", None).await;
    world.becomes(id, State::Dead).await;
    mended.store(true, Ordering::Relaxed);
    let which = nhip_registry::Which::All(DeadFilter::default());
    assert_eq!(world.registry.durables.retry_dead(&which, "an-operator").await.unwrap(), 1);
    world.becomes(id, State::Done).await;
    let attempts: Vec<u32> = world.records_of(id).iter().map(|record| record.attempt).collect();
    assert_eq!(attempts, [1, 2], "never one number twice");
}
