//! The spine with adapters made of closures: what each step refuses, and that every exchange leaves one record.

use crate::port::{Adapter, Call, FunctionId};
use crate::route::{Live, Routes, Service};
use crate::stats::Stats;
use crate::{Arrival, BodySource, Digest, Entry, Fault, Kind, Origin, Permit, Spine, SpineConfig, SystemClock, run};
use async_trait::async_trait;
use bytes::Bytes;
use nhip_policies::{CallerName, Policy};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Answers with what it was given, waits for ever, or refuses.
enum Fake {
    Echo,
    Hang,
    Refuse(Kind),
}

#[async_trait]
impl Adapter for Fake {
    async fn call(&self, permit: Permit, call: Call) -> Result<Bytes, Fault> {
        assert_eq!(permit.caller().as_ref() as &str, "mot-cua");
        match self {
            Self::Echo => Ok(call.body),
            Self::Hang => std::future::pending().await,
            Self::Refuse(kind) => Err(Fault::new(*kind, "no")),
        }
    }
}

fn policy(extra: &str) -> Arc<Policy> {
    let text = format!(
        "adapter = \"fake\"\n[services]\nfake = \"test:fake/f@1.0.0\"\n[callers]\nallow = [\"mot-cua\"]\n{extra}"
    );
    Arc::new(Policy::parse(&text).unwrap())
}

fn service(fake: Fake, policy: Arc<Policy>) -> Arc<Service> {
    let slots = Semaphore::new(policy.limits.concurrency as usize);
    let live = Live {
        adapter: "fake".to_owned(),
        version: "1.0.0".to_owned(),
        component: Digest::of(b"c"),
        policy_digest: Digest::of(b"p"),
        policy,
        slots,
        handle: Arc::new(fake),
        stats: Stats::default(),
    };
    Arc::new(Service {
        name: "fake".to_owned(),
        contract: "test:fake/f@1.0.0".to_owned(),
        functions: HashMap::from([("echo".to_owned(), FunctionId(0))]),
        summary: String::new(),
        openapi: Bytes::new(),
        live: Arc::new(live),
    })
}

fn spine(service: &Arc<Service>) -> (Arc<Spine>, mpsc::Receiver<Entry>) {
    let (spine, records) = Spine::new(SpineConfig { pool: 2, records: 4 }, SystemClock::shared());
    spine.set_routes(Routes::new([Arc::clone(service)]));
    (Arc::new(spine), records)
}

fn arrival(function: &str, body: impl BodySource + 'static) -> Arrival {
    Arrival {
        origin: Origin::Http,
        peer: None,
        caller: Ok("mot-cua".parse::<CallerName>().unwrap()),
        service: "fake".to_owned(),
        function: function.to_owned(),
        purpose: None,
        traceparent: None,
        flaw: None,
        body: Box::new(body),
    }
}

#[tokio::test]
async fn an_exchange_is_answered_and_recorded() {
    let service = service(Fake::Echo, policy(""));
    let (spine, mut records) = spine(&service);
    let outcome = run(&spine, arrival("echo", Bytes::from_static(b"{}"))).await;
    assert_eq!(outcome.result.unwrap(), "{}");
    let record = records.try_recv().unwrap().record;
    assert_eq!((record.id, record.status, record.outcome.as_str()), (outcome.id, 200, "ok"));
    assert_eq!(record.request, Some(Digest::of(b"{}")));
    assert_eq!(record.response, Some(Digest::of(b"{}")));
    assert_eq!((record.adapter.as_deref(), record.version.as_deref()), (Some("fake"), Some("1.0.0")));
    assert!(records.try_recv().is_err(), "one record, not two");
    assert_eq!((service.live.stats.snapshot().ok, service.live.stats.snapshot().in_flight), (1, 0));
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
        (Kind::UnknownService, Arrival { service: "other".to_owned(), ..arrival("echo", Bytes::new()) }),
        (Kind::UnknownFunction, arrival("other", Bytes::new())),
        (Kind::Forbidden, Arrival { caller: unknown("stranger"), ..arrival("echo", Bytes::new()) }),
        (Kind::TooLarge, arrival("echo", Bytes::from(vec![b' '; (1 << 20) + 1]))),
        (Kind::NotFound, arrival("echo", Bytes::new())),
    ];
    for (kind, arrival) in cases {
        let outcome = run(&spine, arrival).await;
        assert_eq!(outcome.result.unwrap_err().kind, kind);
        let record = records.try_recv().unwrap().record;
        assert_eq!((record.outcome.as_str(), record.status), (kind.row().code, kind.row().status));
        assert_eq!(record.blame.as_deref(), Some(kind.row().blame.word()));
        assert!(records.try_recv().is_err());
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
    while service.live.slots.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let second = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!((second.kind, second.retry_after), (Kind::Saturated, Some(1)));
    assert_eq!(records.try_recv().unwrap().record.outcome, "saturated");

    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let record = records.try_recv().unwrap().record;
    assert_eq!((record.outcome.as_str(), record.status), ("abandoned", 499));
    assert_eq!(service.live.slots.available_permits(), 1);
    assert_eq!(service.live.stats.snapshot().in_flight, 0);
}

#[tokio::test]
async fn without_a_place_in_the_record_nothing_is_called() {
    let service = service(Fake::Echo, policy(""));
    let (spine, mut records) = spine(&service);
    for _ in 0..4 {
        assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    }
    let full = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!(full.kind, Kind::RecordUnavailable);
    assert_eq!(service.live.stats.snapshot().ok, 4);
    records.try_recv().unwrap();
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    drop(records);
    let gone = run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err();
    assert_eq!(gone.kind, Kind::RecordUnavailable);
}

#[tokio::test]
async fn a_stopping_gateway_takes_nothing_new_and_a_swap_moves_only_new_exchanges() {
    let old = service(Fake::Hang, policy(""));
    let (spine, mut records) = spine(&old);
    let under_way = tokio::time::timeout(Duration::from_millis(5), run(&spine, arrival("echo", Bytes::new())));
    let new = service(Fake::Echo, policy(""));
    let (dropped, ()) = tokio::join!(under_way, async {
        while old.live.slots.available_permits() == 64 {
            tokio::task::yield_now().await;
        }
        spine.set_routes(Routes::new([Arc::clone(&new)]));
    });
    assert!(dropped.is_err(), "the exchange stayed on the version it began on");
    assert_eq!(records.try_recv().unwrap().record.outcome, "abandoned");
    assert!(run(&spine, arrival("echo", Bytes::new())).await.result.is_ok());
    spine.stop();
    assert_eq!(run(&spine, arrival("echo", Bytes::new())).await.result.unwrap_err().kind, Kind::Stopping);
}
