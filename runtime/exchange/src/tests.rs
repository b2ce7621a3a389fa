//! The spine with adapters made of closures: what each step refuses, and that every exchange leaves one record.

use crate::port::{Adapter, Call, FunctionId};
use crate::route::{Live, Routes, Service};
use crate::slot::Slots;
use crate::stats::Stats;
use crate::{
    Arrival, BodySource, Digest, Entry, Fault, Kind, Origin, Permit, Record, Reply, Retry, Spine, SpineConfig,
    SystemClock, run,
};
use async_trait::async_trait;
use book::Book;
use bytes::Bytes;
use nhip_policies::{CallerName, Policy};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

mod book;
mod onward;

/// What happened, in order.
type Steps = Arc<Mutex<Vec<&'static str>>>;

/// A body that notes that it is read.
struct Noted(Steps);

#[async_trait]
impl BodySource for Noted {
    async fn read(self: Box<Self>, _: u64) -> Result<Bytes, Fault> {
        self.0.lock().unwrap().push("body");
        Ok(Bytes::from_static(b"{}"))
    }
}

/// Answers with what it was given, waits for ever, or refuses.
enum Fake {
    Echo,
    Hang,
    Panic,
    Refuse(Kind),
    /// Notes that it runs.
    Note(Steps),
    /// Refuses at the first try, and answers with id and attempt from then on.
    Twice(Kind, AtomicU32),
}

#[async_trait]
impl Adapter for Fake {
    async fn call(&self, permit: Permit, call: Call) -> Result<Bytes, Fault> {
        assert_eq!(permit.caller().as_ref() as &str, "mot-cua");
        match self {
            Self::Echo => Ok(call.body),
            Self::Hang => std::future::pending().await,
            Self::Panic => panic!("a defect"),
            Self::Refuse(kind) => Err(Fault::new(*kind, "no")),
            Self::Note(steps) => {
                steps.lock().unwrap().push("adapter");
                Ok(call.body)
            }
            Self::Twice(kind, tries) if tries.fetch_add(1, Ordering::Relaxed) == 0 => Err(Fault::new(*kind, "no")),
            Self::Twice(..) => Ok(format!("\"{} {}\"", call.id, call.attempt).into()),
        }
    }

    fn check(&self, _: FunctionId, body: &Bytes) -> Result<(), Fault> {
        let fits = body.starts_with(b"{");
        if fits { Ok(()) } else { Err(Fault::new(Kind::InvalidParameters, "no object")) }
    }
}

fn policy(extra: &str) -> Arc<Policy> {
    let text = format!(
        "adapter = \"fake\"\n[services]\nfake = \"test:fake/f@1.0.0\"\n[callers]\nallow = [\"mot-cua\"]\n{extra}"
    );
    Arc::new(Policy::parse(&text).unwrap())
}

fn service(fake: Fake, policy: Arc<Policy>) -> Arc<Service> {
    let slots = Slots::new(policy.limits.concurrency as usize);
    let live = Live {
        adapter: "fake".into(),
        version: "1.0.0".into(),
        component: Digest::of(b"c"),
        policy_digest: Digest::of(b"p"),
        policy,
        slots,
        handle: Arc::new(fake),
        stats: Stats::default(),
    };
    Arc::new(Service {
        name: "fake".into(),
        contract: "test:fake/f@1.0.0".to_owned(),
        functions: [("echo", FunctionId(0))].into_iter().collect(),
        summary: String::new(),
        openapi: Bytes::new(),
        live: Arc::new(live),
    })
}

fn spine(service: &Arc<Service>) -> (Arc<Spine>, Records) {
    spine_with(service, Arc::new(Book::default()))
}

fn spine_with(service: &Arc<Service>, book: Arc<Book>) -> (Arc<Spine>, Records) {
    let (spine, mut queue) = Spine::new(SpineConfig { pool: 2, records: 4 }, SystemClock::shared(), book);
    spine.set_routes(Routes::new([Arc::clone(service)]));
    // A disk that is quick: whoever waits for it goes on at once.
    let (tell, records) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Entry { record, written }) = queue.recv().await {
            let _ = tell.send(record);
            written.map(|written| written.send(()));
        }
    });
    (Arc::new(spine), Records(records))
}

/// A spine whose records nobody reads but the test.
fn unread(service: &Arc<Service>) -> (Arc<Spine>, mpsc::Receiver<Entry>) {
    let config = SpineConfig { pool: 2, records: 4 };
    let (spine, queue) = Spine::new(config, SystemClock::shared(), Arc::new(Book::default()));
    spine.set_routes(Routes::new([Arc::clone(service)]));
    (Arc::new(spine), queue)
}

/// The same, with all its places taken.
async fn full(service: &Arc<Service>) -> (Arc<Spine>, mpsc::Receiver<Entry>) {
    let (spine, queue) = unread(service);
    for _ in 0..4 {
        assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    }
    (spine, queue)
}

const RELAXED: &str = "[record]\nmode = \"relaxed\"\n";

/// What the disk was given.
struct Records(mpsc::UnboundedReceiver<Record>);

impl Records {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    async fn next(&mut self) -> Record {
        tokio::time::timeout(Duration::from_secs(20), self.0.recv()).await.expect("a record").expect("a record")
    }
}

fn arrival(function: &str, body: impl BodySource + 'static) -> Arrival {
    Arrival {
        origin: Origin::Http,
        peer: None,
        caller: Ok("mot-cua".parse::<CallerName>().unwrap()),
        service: "fake".into(),
        function: function.into(),
        purpose: None,
        traceparent: None,
        flaw: None,
        key: None,
        later: false,
        body: Box::new(body),
    }
}

#[tokio::test]
async fn what_is_there_is_admitted_before_any_of_it_runs() {
    let steps = Steps::default();
    let (spine, _records) = spine(&service(Fake::Note(Arc::clone(&steps)), policy(RELAXED)));
    let exchange = || run(&spine, arrival("echo", Noted(Arc::clone(&steps))));
    let (one, other) = tokio::join!(exchange(), exchange());
    assert!(one.result.is_ok() && other.result.is_ok());
    assert_eq!(*steps.lock().unwrap(), ["body", "body", "adapter", "adapter"]);
}

#[tokio::test]
async fn an_exchange_is_answered_and_recorded() {
    let service = service(Fake::Echo, policy(""));
    let (spine, mut records) = spine(&service);
    let outcome = run(&spine, arrival("echo", Bytes::from_static(b"{}"))).await;
    assert_eq!(outcome.result.unwrap(), Reply::Answer(Bytes::from_static(b"{}")));
    let record = records.next().await;
    assert_eq!((record.id, record.status, record.outcome.as_str()), (outcome.id, 200, "ok"));
    assert_eq!(record.request, Some(Digest::of(b"{}")));
    assert_eq!(record.response, Some(Digest::of(b"{}")));
    assert_eq!((record.adapter.as_deref(), record.version.as_deref()), (Some("fake"), Some("1.0.0")));
    assert!(records.is_empty(), "one record, not two");
    assert_eq!((service.live.stats.snapshot().ok, service.live.stats.snapshot().in_flight), (1, 0));
}

#[test]
fn services_are_found_by_name_and_listed_in_its_order() {
    let named = |name: &str| {
        let service = Arc::into_inner(service(Fake::Echo, policy(""))).unwrap();
        Arc::new(Service { name: name.into(), ..service })
    };
    let later = named("b");
    let routes = Routes::new(["c", "b", "a"].map(named).into_iter().chain([Arc::clone(&later)]));
    assert_eq!(routes.services().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(Arc::ptr_eq(routes.service("b").unwrap(), &later), "of two with one name the later one stays");
    assert!(routes.service("d").is_none());
}

#[tokio::test]
async fn every_refusal_has_its_kind_and_one_record() {
    let service = service(Fake::Refuse(Kind::NotFound), policy(""));
    let (spine, mut records) = spine(&service);
    let unknown = |caller: &str| Ok(caller.parse::<CallerName>().unwrap());
    let cases: Vec<(Kind, Arrival)> = vec![
        (
            Kind::Unauthenticated,
            Arrival { caller: Err(Fault::new(Kind::Unauthenticated, "who?")), ..arrival("echo", Bytes::new()) },
        ),
        (
            Kind::MethodNotAllowed,
            Arrival { flaw: Some(Fault::new(Kind::MethodNotAllowed, "post")), ..arrival("echo", Bytes::new()) },
        ),
        (Kind::UnknownService, Arrival { service: "other".into(), ..arrival("echo", Bytes::new()) }),
        (Kind::UnknownFunction, arrival("other", Bytes::new())),
        (Kind::Forbidden, Arrival { caller: unknown("stranger"), ..arrival("echo", Bytes::new()) }),
        (Kind::TooLarge, arrival("echo", Bytes::from(vec![b' '; (1 << 20) + 1]))),
        (Kind::NotFound, arrival("echo", Bytes::new())),
    ];
    for (kind, arrival) in cases {
        let outcome = run(&spine, arrival).await;
        assert_eq!(outcome.result.unwrap_err().kind, kind);
        let record = records.next().await;
        assert_eq!((record.outcome.as_str(), record.status), (kind.row().code, kind.row().status));
        assert_eq!(record.blame.as_deref(), Some(kind.row().blame.word()));
        assert!(records.is_empty());
    }
}

#[tokio::test]
async fn a_stranger_cannot_make_the_gateway_read_a_body() {
    struct Unread;

    #[async_trait]
    impl BodySource for Unread {
        async fn read(self: Box<Self>, _: u64) -> Result<Bytes, Fault> {
            panic!("the body of a stranger was read");
        }
    }

    let service = service(Fake::Echo, policy(""));
    let (spine, _records) = spine(&service);
    let caller = Ok("stranger".parse::<CallerName>().unwrap());
    let outcome = run(&spine, Arrival { caller, ..arrival("echo", Unread) }).await;
    assert_eq!(outcome.result.unwrap_err().kind, Kind::Forbidden);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_a_call_that_hangs_and_a_body_that_does_not_come() {
    struct Never;

    #[async_trait]
    impl BodySource for Never {
        async fn read(self: Box<Self>, _: u64) -> Result<Bytes, Fault> {
            std::future::pending().await
        }
    }

    let service = service(Fake::Hang, policy("[limits]\ndeadline = \"5 s\"\n"));
    let (spine, _records) = spine(&service);
    let hung = run(&spine, arrival("echo", Bytes::new())).await;
    assert_eq!(hung.result.unwrap_err().kind, Kind::DeadlineExceeded);
    let slow = run(&spine, arrival("echo", Never)).await;
    assert_eq!(slow.result.unwrap_err().kind, Kind::TooSlow);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_now_and_a_dropped_exchange_is_recorded_and_frees_its_slot() {
    let service = service(Fake::Hang, policy("[limits]\nconcurrency = 1\n"));
    let (spine, mut records) = spine(&service);
    let first = tokio::spawn({
        let spine = Arc::clone(&spine);
        async move { run(&spine, arrival("echo", Bytes::new())).await }
    });
    while service.live.slots.free() > 0 {
        tokio::task::yield_now().await;
    }
    let second = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!((second.kind, second.retry_after), (Kind::Saturated, Some(1)));
    assert_eq!(records.next().await.outcome, "saturated");

    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let record = records.next().await;
    assert_eq!((record.outcome.as_str(), record.status), ("abandoned", 499));
    assert_eq!(service.live.slots.free(), 1);
    assert_eq!(service.live.stats.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_place_in_the_record_nothing_is_called() {
    let service = service(Fake::Echo, policy(RELAXED));
    let (spine, mut queue) = full(&service).await;
    let full = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!(full.kind, Kind::RecordUnavailable);
    assert_eq!(service.live.stats.snapshot().ok, 4);
    queue.try_recv().unwrap();
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    drop(queue);
    let gone = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!(gone.kind, Kind::RecordUnavailable);
}

#[tokio::test(start_paused = true)]
async fn while_the_record_has_no_place_an_exchange_waits_for_a_moment() {
    let service = service(Fake::Echo, policy(RELAXED));
    let (spine, mut queue) = full(&service).await;
    let begin = || {
        let spine = Arc::clone(&spine);
        tokio::spawn(async move { run(&spine, arrival("echo", Bytes::new())).await.result })
    };
    let (first, second) = (begin(), begin());
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(service.live.stats.snapshot().ok, 4, "nothing begins without its place");
    assert!(!first.is_finished() && !second.is_finished());
    queue.recv().await.unwrap();
    assert!(first.await.unwrap().is_ok(), "who came first has the place");
    assert_eq!(second.await.unwrap().unwrap_err().kind, Kind::RecordUnavailable, "and nobody waits for long");
    // Where the disk is known to refuse, there is nothing to wait for.
    spine.refuse_while(Arc::new(AtomicBool::new(true)));
    let before = tokio::time::Instant::now();
    let refused = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!((refused.kind, before.elapsed()), (Kind::RecordUnavailable, Duration::ZERO));
}

#[tokio::test]
async fn while_the_disk_refuses_the_record_nothing_new_begins() {
    let service = service(Fake::Echo, policy(""));
    let (spine, mut records) = spine(&service);
    let stalled = Arc::new(AtomicBool::new(true));
    spine.refuse_while(Arc::clone(&stalled));
    let refused = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!((refused.kind, refused.kind.row().status), (Kind::RecordUnavailable, 503));
    // The refusal itself has a place, and is written when the disk is back.
    assert_eq!(records.next().await.outcome, "record-unavailable");
    stalled.store(false, Ordering::Relaxed);
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_durable_answer_waits_for_its_record_and_does_not_leave_without_it() {
    let durable = service(Fake::Echo, policy(""));
    let (spine, mut queue) = unread(&durable);
    let exchange = tokio::spawn({
        let spine = Arc::clone(&spine);
        async move { run(&spine, arrival("echo", Bytes::new())).await.result }
    });
    let entry = queue.recv().await.unwrap();
    assert!(!exchange.is_finished());
    entry.written.unwrap().send(()).unwrap();
    assert!(exchange.await.unwrap().is_ok());
    // A disk that takes nothing: the caller hears that it was done, and that it is not on record.
    let fault = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!((fault.kind, fault.kind.row().retry), (Kind::RecordUnwritten, Retry::IfIdempotent));
    // What reached no adapter, and what may be relaxed, waits for nothing.
    let refused = Arrival { service: "other".into(), ..arrival("echo", Bytes::new()) };
    assert_eq!(run(&spine, refused).await.result.unwrap_err().kind, Kind::UnknownService);
    spine.set_routes(Routes::new([service(Fake::Echo, policy(RELAXED))]));
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
}

#[tokio::test]
async fn a_stopping_gateway_takes_nothing_new_and_a_swap_moves_only_new_exchanges() {
    let old = service(Fake::Hang, policy(""));
    let (spine, mut records) = spine(&old);
    let under_way = tokio::time::timeout(Duration::from_millis(5), run(&spine, arrival("echo", Bytes::new())));
    let new = service(Fake::Echo, policy(""));
    let (dropped, ()) = tokio::join!(under_way, async {
        while old.live.slots.free() == 64 {
            tokio::task::yield_now().await;
        }
        spine.set_routes(Routes::new([Arc::clone(&new)]));
    });
    assert!(dropped.is_err(), "the exchange stayed on the version it began on");
    assert_eq!(records.next().await.outcome, "abandoned");
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    spine.stop();
    assert_eq!(run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err().kind, Kind::Stopping);
}

#[tokio::test]
async fn a_panic_leaves_a_record_that_blames_the_gateway() {
    let service = service(Fake::Panic, policy(""));
    let (spine, mut records) = spine(&service);
    let task = tokio::spawn(async move { run(&spine, arrival("echo", Bytes::from_static(b"{}"))).await });
    assert!(task.await.unwrap_err().is_panic());
    let record = records.next().await;
    assert_eq!((record.status, record.outcome.as_str()), (500, "gateway-internal"));
    assert_eq!(service.live.slots.free(), 64, "its slot is free again");
}

#[tokio::test]
async fn a_deployed_service_that_cannot_run_is_not_told_to_be_unknown() {
    let service = service(Fake::Echo, policy(""));
    let (spine, mut records) = spine(&service);
    spine.set_routes(Routes::new([service]).with_down(["broken".to_owned()]));
    let outcome = run(&spine, Arrival { service: "broken".into(), ..arrival("echo", Bytes::new()) }).await;
    let fault = outcome.result.unwrap_err();
    assert_eq!((fault.kind, fault.retry_after), (Kind::AdapterUnavailable, Some(30)));
    assert_eq!(records.next().await.status, 503);
}

fn keyed(key: &str, body: &'static str) -> Arrival {
    Arrival { key: Some(key.into()), ..arrival("echo", Bytes::from_static(body.as_bytes())) }
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_the_adapter_is_called_once() {
    let service = service(Fake::Twice(Kind::Busy, AtomicU32::new(1)), policy(""));
    let (spine, mut records) = spine(&service);
    let first = run(&spine, keyed("k", "{}")).await;
    let answer = first.result.unwrap();
    assert_eq!(answer, Reply::Answer(format!("\"{} 1\"", first.id).into()));
    let again = run(&spine, keyed("k", "{}")).await;
    assert_eq!((again.result.unwrap(), again.repeats), (answer, Some(first.id)));
    assert_ne!(again.id, first.id, "a repeat is an exchange of its own");
    assert_eq!((records.next().await.repeats, records.next().await.repeats), (None, Some(first.id)));
    let other = run(&spine, keyed("k", "{\"a\":1}")).await.result.unwrap_err();
    assert_eq!((other.kind, other.kind.row().status), (Kind::KeyReused, 422));
    assert!(run(&spine, keyed("l", "{}")).await.repeats.is_none());
}

#[tokio::test]
async fn a_fault_that_may_pass_is_tried_again_under_the_first_id_and_one_for_good_is_kept() {
    let mended = service(Fake::Twice(Kind::UpstreamTimeout, AtomicU32::new(0)), policy(""));
    let (spine, mut records) = spine(&mended);
    let first = run(&spine, keyed("k", "{}")).await;
    assert_eq!(first.result.unwrap_err().kind, Kind::UpstreamTimeout);
    let second = run(&spine, keyed("k", "{}")).await;
    assert_eq!(second.result.unwrap(), Reply::Answer(format!("\"{} 2\"", first.id).into()));
    assert_eq!(records.next().await.attempt, 1);
    let record = records.next().await;
    assert_eq!((record.attempt, record.repeats), (2, Some(first.id)));

    spine.set_routes(Routes::new([service(Fake::Twice(Kind::Conflict, AtomicU32::new(0)), policy(""))]));
    for _ in 0..2 {
        assert_eq!(run(&spine, keyed("never", "{}")).await.result.unwrap_err().kind, Kind::Conflict);
    }
}

#[tokio::test]
async fn a_dropped_exchange_gives_its_claim_back() {
    let hangs = service(Fake::Hang, policy(""));
    let (spine, _records) = spine(&hangs);
    let dropped = tokio::time::timeout(Duration::from_millis(5), run(&spine, keyed("k", "{}")));
    assert!(dropped.await.is_err());
    spine.set_routes(Routes::new([service(Fake::Twice(Kind::Busy, AtomicU32::new(1)), policy(""))]));
    let Ok(Reply::Answer(answer)) = run(&spine, keyed("k", "{}")).await.result else { panic!("no answer") };
    assert!(answer.ends_with(b" 2\""), "{answer:?}");
}

#[tokio::test]
async fn what_is_to_be_done_later_is_accepted_once_and_only_if_it_fits() {
    let service = service(Fake::Refuse(Kind::AdapterTrapped), policy(""));
    let book = Arc::new(Book::default());
    let (spine, mut records) = spine_with(&service, Arc::clone(&book));
    let later = |body| Arrival { later: true, ..keyed("k", body) };
    let accepted = run(&spine, later("{}")).await;
    assert_eq!(accepted.result.unwrap(), Reply::Accepted(accepted.id));
    let record = records.next().await;
    assert_eq!((record.outcome.as_str(), record.status), ("accepted", 202));
    let again = run(&spine, later("{}")).await;
    assert_eq!((again.result.unwrap(), again.repeats), (Reply::Accepted(accepted.id), Some(accepted.id)));
    assert_eq!(
        run(&spine, Arrival { later: true, ..arrival("echo", Bytes::from_static(b"7")) })
            .await
            .result
            .unwrap_err()
            .kind,
        Kind::InvalidParameters
    );
    assert_eq!(book.accepted(), [accepted.id]);
    book.fill();
    let full = run(&spine, Arrival { key: None, ..later("{}") }).await.result.unwrap_err();
    assert_eq!((full.kind, full.kind.row().status), (Kind::QueueFull, 503));
}

#[tokio::test]
async fn a_delivery_keeps_the_id_under_which_it_was_accepted() {
    let service = service(Fake::Twice(Kind::Busy, AtomicU32::new(1)), policy(""));
    let (spine, mut records) = spine(&service);
    let id = crate::ExchangeId::from(uuid::Uuid::now_v7());
    let origin = Origin::Delivery { id, attempt: 7, depth: 0 };
    let outcome = run(&spine, Arrival { origin, ..arrival("echo", Bytes::from_static(b"{}")) }).await;
    assert_eq!(outcome.result.unwrap(), Reply::Answer(format!("\"{id} 7\"").into()));
    let record = records.next().await;
    assert_eq!((record.id, record.attempt, record.origin.as_str()), (id, 7, "delivery"));
}
