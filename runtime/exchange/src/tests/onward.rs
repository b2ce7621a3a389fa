//! Adapters that call one another: what each such exchange inherits, and where a chain ends.

use super::book::Book;
use super::{Records, arrival};
use crate::port::{Adapter, Call, FunctionId};
use crate::route::{Live, Routes, Service};
use crate::slot::Slots;
use crate::stats::Stats;
use crate::{Arrival, Ask, Digest, Entry, Fault, Kind, Origin, Permit, Reply, Spine, SpineConfig, SystemClock, run};
use async_trait::async_trait;
use bytes::Bytes;
use nhip_policies::Policy;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What an adapter saw of one call.
#[derive(Clone)]
struct Seen {
    id: String,
    caller: String,
    purpose: Option<String>,
    trace: String,
    deadline: Instant,
}

/// An adapter that asks others before it answers.
#[derive(Default)]
struct Asking {
    asks: Vec<(&'static str, bool)>,
    hangs: bool,
    /// Its own fault at the first try, after it has asked.
    fails_once: bool,
    calls: AtomicU32,
    seen: Mutex<Vec<Seen>>,
    /// How its asks ended.
    told: Mutex<Vec<Result<Reply, Kind>>>,
}

#[async_trait]
impl Adapter for Asking {
    async fn call(&self, permit: Permit, mut call: Call) -> Result<Bytes, Fault> {
        let (caller, purpose, trace) =
            (permit.caller().to_string(), call.purpose.as_ref().map(ToString::to_string), call.trace.to_string());
        let id = call.id.to_string();
        self.seen.lock().unwrap().push(Seen { id, caller, purpose, trace, deadline: call.deadline });
        if self.hangs {
            std::future::pending::<()>().await;
        }
        for (service, later) in &self.asks {
            let ask =
                Ask { contract: "test:a/f@1.0.0", service, function: "f", later: *later, body: call.body.clone() };
            let told = call.onward.as_mut().unwrap().call(ask).await;
            self.told.lock().unwrap().push(told.map_err(|fault| fault.kind));
        }
        if self.fails_once && self.calls.load(Ordering::Relaxed) == 0 {
            self.calls.fetch_add(1, Ordering::Relaxed);
            return Err(Fault::new(Kind::UpstreamTimeout, "after it has asked"));
        }
        Ok(format!("\"{}\"", self.calls.fetch_add(1, Ordering::Relaxed)).into())
    }

    fn check(&self, _: FunctionId, _: &Bytes) -> Result<(), Fault> {
        Ok(())
    }
}

impl Asking {
    fn of(asks: &[(&'static str, bool)]) -> Self {
        Self { asks: asks.to_vec(), ..Self::default() }
    }

    fn told(&self) -> Vec<Result<Reply, Kind>> {
        self.told.lock().unwrap().clone()
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// The service and the adapter of one name; any known caller may call it but `stranger`s.
fn serve(name: &str, adapter: &Arc<Asking>, extra: &str) -> Arc<Service> {
    let callers = if extra.contains("[callers]") { "" } else { "[callers]\nany-authenticated = true\n" };
    // That it imports something is what matters here; whom it asks, the adapter says.
    let imports = "[imports]\n\"test:a/f@1.0.0\" = \"some-other\"\n";
    let text = format!("adapter = \"{name}\"\n[services]\n{name} = \"test:a/f@1.2.0\"\n{callers}{extra}\n{imports}");
    let policy = Arc::new(Policy::parse(&text).unwrap());
    let live = Live {
        adapter: name.into(),
        version: "1.0.0".into(),
        component: Digest::of(b"c"),
        policy_digest: Digest::of(b"p"),
        slots: Slots::new(policy.limits.concurrency as usize),
        policy,
        handle: Arc::clone(adapter) as Arc<dyn Adapter>,
        stats: Stats::default(),
    };
    Arc::new(Service {
        name: name.into(),
        contract: "test:a/f@1.2.0".to_owned(),
        functions: [("f", FunctionId(0))].into_iter().collect(),
        summary: String::new(),
        openapi: Bytes::new(),
        live: Arc::new(live),
    })
}

fn house(services: impl IntoIterator<Item = Arc<Service>>, pool: usize) -> (Arc<Spine>, Records, Arc<Book>) {
    let book = Arc::new(Book::default());
    let ledger = Arc::clone(&book) as Arc<dyn crate::durable::Ledger>;
    let (spine, mut queue) = Spine::new(SpineConfig { pool, records: 64 }, SystemClock::shared(), ledger);
    spine.set_routes(Routes::new(services));
    let (tell, records) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Entry { record, written }) = queue.recv().await {
            let _ = tell.send(record);
            written.map(|written| written.send(()));
        }
    });
    (Arc::new(spine), Records(records), book)
}

fn to(service: &str) -> Arrival {
    Arrival { service: service.into(), ..arrival("f", Bytes::from_static(b"{}")) }
}

#[tokio::test]
async fn an_adapters_exchange_has_a_record_of_its_own_and_inherits_trace_and_purpose() {
    let (front, back) = (Arc::new(Asking::of(&[("back", false)])), Arc::new(Asking::default()));
    let back_service = serve("back", &back, "[callers]\nallow = [\"front\"]\npurposes = [\"P-1\"]\n");
    let (spine, mut records, _) = house([serve("front", &front, ""), back_service], 4);
    let outcome = run(&spine, Arrival { purpose: Some("P-1".into()), ..to("front") }).await;
    assert_eq!(front.told(), [Ok(Reply::Answer("\"0\"".into()))]);
    let (inner, outer) = (records.next().await, records.next().await);
    assert_eq!((outer.id, outer.origin.as_str(), outer.parent), (outcome.id, "http", None));
    assert_eq!((inner.origin.as_str(), inner.parent, inner.status), ("adapter", Some(outer.id), 200));
    assert_eq!((inner.caller.as_deref(), inner.adapter.as_deref()), (Some("front"), Some("back")));
    assert_eq!((inner.purpose.as_deref(), inner.request), (Some("P-1"), Some(Digest::of(b"{}"))));
    assert_ne!(inner.id, outer.id);
    let trace = |text: &str| text.split('-').nth(1).unwrap().to_owned();
    let (inner_trace, outer_trace) = (inner.trace.to_string(), outer.trace.to_string());
    assert_eq!(trace(&inner_trace), trace(&outer_trace));
    let seen = back.seen().remove(0);
    assert_eq!((seen.caller.as_str(), seen.purpose.as_deref()), ("front", Some("P-1")));
    assert_eq!((trace(&seen.trace), seen.id), (trace(&outer_trace), inner.id.to_string()));
}

#[tokio::test]
async fn the_policy_of_the_other_side_decides_as_for_any_caller() {
    let front = Arc::new(Asking::of(&[("back", false), ("closed", false), ("nobody", false)]));
    let back = Arc::new(Asking::default());
    let services = [
        serve("front", &front, ""),
        serve("back", &back, "[callers]\nallow = [\"front\"]\nrequire-purpose = true\n"),
        serve("closed", &back, "[callers]\nallow = [\"mot-cua\"]\n"),
    ];
    let (spine, mut records, _) = house(services, 4);
    assert!(run(&spine, to("front")).await.result.is_ok());
    assert_eq!(front.told(), [Err(Kind::Forbidden), Err(Kind::Forbidden), Err(Kind::UnknownService)]);
    assert!(back.seen().is_empty());
    for kind in [Kind::Forbidden, Kind::Forbidden, Kind::UnknownService] {
        let record = records.next().await;
        assert_eq!((record.outcome.as_str(), record.parent.is_some()), (kind.row().code, true));
    }
}

#[tokio::test]
async fn adapters_that_wait_for_one_another_in_a_circle_are_refused_and_what_is_done_later_is_not() {
    let a = Arc::new(Asking::of(&[("b", false)]));
    let b = Arc::new(Asking::of(&[("a", false), ("b", false), ("a", true)]));
    let (spine, mut records, book) = house([serve("a", &a, ""), serve("b", &b, "")], 4);
    assert!(run(&spine, to("a")).await.result.is_ok());
    let told = b.told();
    assert_eq!(told[..2], [Err(Kind::ImportRefused), Err(Kind::ImportRefused)]);
    assert!(matches!(told[2], Ok(Reply::Accepted(_))), "{told:?}");
    assert_eq!((a.seen().len(), b.seen().len(), book.accepted().len()), (1, 1, 1));
    let refused = records.next().await;
    assert_eq!((refused.outcome.as_str(), refused.service.as_str()), ("import-refused", "a"));
}

#[tokio::test]
async fn a_chain_is_at_most_eight_deep_and_what_is_done_later_keeps_its_depth() {
    let names = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"];
    let adapters: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(at, _)| {
            Arc::new(Asking::of(&names.get(at + 1).map(|next| (*next, false)).into_iter().collect::<Vec<_>>()))
        })
        .collect();
    let services = names.iter().zip(&adapters).map(|(name, adapter)| serve(name, adapter, ""));
    let (spine, _records, _) = house(services, 16);
    assert!(run(&spine, to("s0")).await.result.is_ok());
    let reached: Vec<usize> = adapters.iter().map(|adapter| adapter.seen().len()).collect();
    assert_eq!(reached, [1, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert_eq!(adapters[7].told(), [Err(Kind::ImportRefused)]);

    let (front, back) = (Arc::new(Asking::of(&[("back", true)])), Arc::new(Asking::of(&[("front", true)])));
    let (spine, _records, book) = house([serve("front", &front, ""), serve("back", &back, "")], 4);
    let delivery = |depth| Arrival {
        origin: Origin::Delivery { id: crate::ExchangeId::from(uuid::Uuid::now_v7()), attempt: 1, depth },
        ..to("front")
    };
    assert!(run(&spine, delivery(6)).await.result.is_ok());
    assert_eq!(book.depths(), [7]);
    assert!(run(&spine, delivery(7)).await.result.is_ok());
    assert_eq!(front.told()[1], Err(Kind::ImportRefused));
    assert_eq!(run(&spine, delivery(8)).await.result.unwrap_err().kind, Kind::ImportRefused);
    assert_eq!(book.depths(), [7]);
}

#[tokio::test(start_paused = true)]
async fn an_adapters_exchange_has_no_more_time_than_the_one_that_waits_for_it() {
    let front = Arc::new(Asking::of(&[("quick", false), ("slow", false)]));
    let hangs = || Arc::new(Asking { hangs: true, ..Asking::default() });
    let (quick, slow) = (hangs(), hangs());
    let services = [
        serve("front", &front, "[limits]\ndeadline = \"10 s\"\n"),
        serve("quick", &quick, "[limits]\ndeadline = \"2 s\"\n"),
        serve("slow", &slow, "[limits]\ndeadline = \"60 s\"\n"),
    ];
    let (spine, mut records, _) = house(services, 4);
    let begun = Instant::now();
    let outcome = run(&spine, to("front")).await;
    assert_eq!(front.told()[0], Err(Kind::DeadlineExceeded));
    assert_eq!(slow.seen()[0].deadline, front.seen()[0].deadline);
    assert!(quick.seen()[0].deadline < front.seen()[0].deadline);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // Both deadlines are one: whichever is looked at first, nobody goes on for longer.
    assert!(outcome.result.is_ok() || outcome.result.unwrap_err().kind == Kind::DeadlineExceeded);
    let mut services: Vec<String> = vec![];
    for _ in 0..3 {
        services.push(records.next().await.service.to_string());
    }
    services.sort();
    assert_eq!(services, ["front", "quick", "slow"], "each has left a record");
}

#[tokio::test]
async fn the_next_try_of_an_exchange_repeats_no_effect_of_the_one_before() {
    let front = Arc::new(Asking {
        asks: vec![("back", false), ("back", false), ("later", true)],
        fails_once: true,
        ..Asking::default()
    });
    let (back, later) = (Arc::new(Asking::default()), Arc::new(Asking::default()));
    let services = [serve("front", &front, ""), serve("back", &back, ""), serve("later", &later, "")];
    let (spine, _records, book) = house(services, 4);
    let keyed = || Arrival { key: Some("k".into()), ..to("front") };
    assert_eq!(run(&spine, keyed()).await.result.unwrap_err().kind, Kind::UpstreamTimeout);
    assert_eq!((back.seen().len(), book.accepted().len()), (2, 1), "equal calls of one try are two");
    assert!(run(&spine, keyed()).await.result.is_ok());
    assert_eq!((back.seen().len(), book.accepted().len()), (2, 1), "of two tries they are one");
    let told = front.told();
    assert_eq!(told[..3], told[3..]);
    // Without a key, and so without another try, there is nothing to recognise.
    assert!(run(&spine, to("front")).await.result.is_ok());
    assert_eq!((back.seen().len(), book.accepted().len()), (4, 2));
}

#[tokio::test]
async fn it_takes_a_slot_of_its_own_or_is_refused_at_once() {
    let (front, back) = (Arc::new(Asking::of(&[("back", false)])), Arc::new(Asking::default()));
    let (spine, _records, _) = house([serve("front", &front, ""), serve("back", &back, "")], 1);
    assert!(run(&spine, to("front")).await.result.is_ok());
    assert_eq!(front.told(), [Err(Kind::Saturated)]);
    assert_eq!(spine.free_slots(), 1);
}

#[tokio::test]
async fn a_gateway_that_stops_lets_an_exchange_under_way_ask_what_it_needs() {
    struct Stops(Arc<Asking>, Mutex<Option<Arc<Spine>>>);

    #[async_trait]
    impl Adapter for Stops {
        async fn call(&self, permit: Permit, call: Call) -> Result<Bytes, Fault> {
            self.1.lock().unwrap().take().unwrap().stop();
            self.0.call(permit, call).await
        }

        fn check(&self, _: FunctionId, _: &Bytes) -> Result<(), Fault> {
            Ok(())
        }
    }

    let (front, back) = (Arc::new(Asking::of(&[("back", false)])), Arc::new(Asking::default()));
    let stops = Arc::new(Stops(Arc::clone(&front), Mutex::default()));
    let mut service = serve("front", &front, "");
    let owned = Arc::get_mut(&mut service).unwrap();
    Arc::get_mut(&mut owned.live).unwrap().handle = Arc::clone(&stops) as Arc<dyn Adapter>;
    let (spine, _records, _) = house([service, serve("back", &back, "")], 4);
    *stops.1.lock().unwrap() = Some(Arc::clone(&spine));
    assert!(run(&spine, to("front")).await.result.is_ok());
    assert_eq!((front.told().len(), back.seen().len()), (1, 1));
    assert_eq!(run(&spine, to("back")).await.result.unwrap_err().kind, Kind::Stopping);
}

#[tokio::test]
async fn a_service_of_another_contract_is_not_given_for_the_one_that_is_imported() {
    let (front, back) = (Arc::new(Asking::of(&[("back", false)])), Arc::new(Asking::default()));
    let mut service = serve("back", &back, "");
    Arc::get_mut(&mut service).unwrap().contract = "test:a/g@1.0.0".to_owned();
    let (spine, _records, _) = house([serve("front", &front, ""), service], 4);
    assert!(run(&spine, to("front")).await.result.is_ok());
    assert_eq!(front.told(), [Err(Kind::ImportRefused)]);
    assert!(back.seen().is_empty());
}
