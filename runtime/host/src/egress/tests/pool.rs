//! Connections are kept and used again; redirects are answers; what the guest does not say is said by the host.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Version;
use nhip_exchange::shard;
use tokio::io::AsyncWriteExt;
use tokio::runtime::{Builder, Runtime};

use super::upstream::{Upstream, answer, ok};
use super::*;

#[tokio::test]
async fn one_connection_serves_calls_in_a_row() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    for _ in 0..20 {
        let response = exchange.get("/x").await.expect("an answer");
        assert_eq!((response.status, &response.body[..]), (200, &b"good"[..]));
    }
    assert_eq!(upstream.accepted(), 1);
    assert_eq!(upstream.seen().len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_has_connections_of_its_own() {
    let upstream = Upstream::start(ok).await;
    shard::expect(1);
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    // A runtime of one thread, as that of a shard is: a connection is kept before the answer is there.
    let calls = |runtime: &Runtime| {
        runtime.block_on(async {
            for _ in 0..3 {
                exchange.get("/x").await.expect("an answer");
            }
        });
    };
    let runtimes = [(); 2].map(|()| Builder::new_current_thread().enable_all().build().expect("a runtime"));
    std::thread::scope(|scope| {
        let calls = &calls;
        let threads = runtimes.iter().zip([None, Some(0)]).map(|(runtime, number)| {
            scope.spawn(move || {
                if let Some(number) = number {
                    shard::enter(number);
                }
                calls(runtime);
            })
        });
        for (thread, connections) in threads.zip([1, 2]) {
            thread.join().expect("its calls");
            assert_eq!(upstream.accepted(), connections);
        }
    });
    runtimes.into_iter().for_each(Runtime::shutdown_background);
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_used_again() {
    let upstream = Upstream::start(|_| {
        let mut answer = answer(200, "good");
        answer.headers_mut().insert("connection", "close".parse().expect("a value"));
        answer
    })
    .await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    for _ in 0..3 {
        exchange.get("/x").await.expect("an answer");
    }
    assert_eq!(upstream.accepted(), 3);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let inner = Upstream::start(ok).await;
    let location = format!("{}/inner", inner.url());
    let upstream = Upstream::start(move |_| {
        let mut answer = answer(302, "");
        answer.headers_mut().insert("location", location.parse().expect("a value"));
        answer
    })
    .await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    let response = exchange.get("/x").await.expect("an answer");
    assert_eq!(response.status, 302);
    assert!(response.headers.iter().any(|(name, value)| name == "location" && value.ends_with("/inner")));
    assert_eq!(inner.accepted(), 0);
}

#[tokio::test]
async fn what_is_sent_is_what_the_guest_wrote_below_the_url() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&format!("{}/dancu/1.0", upstream.url()), "headers = [\"X-Note\"]"));
    let request = with(with(post("/tracuu?trang=1", "text/plain", "body"), "X-Note", "a"), "x-note", "b");
    exchange.send(request).await.expect("an answer");
    let seen = upstream.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/dancu/1.0/tracuu?trang=1"));
    assert_eq!(seen.version, Version::HTTP_11);
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!(seen.header("content-length"), Some("4"));
    assert_eq!(seen.header("user-agent"), Some(concat!("nhip/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(seen.headers.get_all("x-note").iter().count(), 2);
    assert_eq!(&seen.body[..], b"body");
    assert_eq!(seen.header("authorization"), None);
}

#[tokio::test]
async fn the_guest_may_name_itself_and_an_empty_post_has_a_length() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&inside(&upstream.url(), ""));
    let mut request = with(post("/", "text/plain", ""), "User-Agent", "JAVASDKAgent/1.0.0 XRoad/VPCP");
    request.headers.remove(0);
    exchange.send(request).await.expect("an answer");
    let seen = upstream.only();
    assert_eq!(seen.header("user-agent"), Some("JAVASDKAgent/1.0.0 XRoad/VPCP"));
    assert_eq!(seen.header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_request_that_was_written_is_never_repeated() {
    let heads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heads);
    // Answers the first request of a connection, and hangs up after the second.
    let address = upstream::raw(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            if upstream::read_head(&mut stream).await {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let exchange = Exchange::under(&inside(&format!("http://{address}"), ""));
    exchange.get("/x").await.expect("an answer");
    let failure = exchange.fail(post("/x", "text/plain", "")).await;
    assert_eq!((failure.code, failure.sent), (FailureCode::Unreachable, true), "{failure}");
    assert_eq!(heads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_call_too_many_at_one_time_is_busy_at_once() {
    let address = upstream::raw(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let exchange = Exchange::under(&inside(&format!("http://{address}"), "concurrency = 1"));
    let first = exchange.get("/x");
    let second = async {
        let failure = exchange.fail(get("/x")).await;
        assert_eq!((failure.code, failure.sent), (FailureCode::Busy, false), "{failure}");
    };
    tokio::pin!(first);
    tokio::select! {
        biased;
        _ = &mut first => panic!("the upstream system never answers"),
        () = second => {}
    }
}

#[tokio::test]
async fn the_allowance_of_an_exchange_ends_and_leaves_one_line() {
    let upstream = Upstream::start(ok).await;
    let exchange = Exchange::under(&format!("[limits]\nupstream-calls = 2\n{}", inside(&upstream.url(), "")));
    exchange.get("/x").await.expect("an answer");
    // What is refused counts as well.
    assert_eq!(
        exchange.egress.send("nowhere", get("/x"), &exchange.budget, &exchange.trail).await.expect_err("refused").code,
        FailureCode::Denied
    );
    for _ in 0..1000 {
        assert_eq!(exchange.fail(get("/x")).await.code, FailureCode::Busy);
    }
    assert_eq!(upstream.seen().len(), 1);
    assert_eq!(exchange.noted().matches("UpstreamCall {").count(), 3);
}
