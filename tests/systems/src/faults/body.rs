//! Bodies that misbehave: cut short, endless, or a byte at a time.
//!
//! Invariant: none of them holds more than the answer it disturbs, however long the client stays.

use std::{future::ready, io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{
    HeaderValue, Request, Response,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use http_body_util::BodyExt;

/// Neither XML nor JSON nor UTF-8, with a NUL and a lone `<` to try parsers.
pub(super) const GARBAGE: &[u8] = b"\xff\xfe\x00<\x80garbage\x00{\xc3\x28]]>\x1b[31m\xed\xa0\x80";

const CHUNK: usize = 16 * 1024;

/// Announces the whole body, sends half of it, then fails, upon which hyper closes the connection.
pub(super) async fn truncated(response: Response<Body>) -> Response<Body> {
    let (mut head, whole) = collected(response).await;
    // Even an empty answer announces something that never comes.
    announce(&mut head, whole.len().max(64));
    let half = stream::once(ready(Ok(whole.slice(..whole.len() / 2))));
    let broken = stream::once(async {
        // hyper flushes what it has when a body lets it wait; failing at once would take head and half along.
        tokio::task::yield_now().await;
        Err(io::Error::other("truncated by fault switch"))
    });
    Response::from_parts(head, Body::from_stream(half.chain(broken)))
}

/// Reads the request to its end first. Closing a socket with unread bytes resets the connection, and a reset may
/// overtake the answer: then a truncated answer would look like none.
pub(super) async fn received(request: Request<Body>) -> Request<Body> {
    let (head, body) = request.into_parts();
    // What did not arrive is missed by the application, which says so.
    let whole = body.collect().await.map(|whole| whole.to_bytes());
    Request::from_parts(head, Body::from(whole.unwrap_or_default()))
}

/// Never ends; the connection is freed when the client leaves or the simulator stops.
pub(super) fn endless(pause_millis: u64) -> Body {
    let chunk = Bytes::from_static(&[b' '; CHUNK]);
    Body::from_stream(stream::repeat(chunk).then(move |chunk| async move {
        pause(pause_millis).await;
        Ok::<_, io::Error>(chunk)
    }))
}

/// The same bytes, one in each chunk.
pub(super) async fn dripping(response: Response<Body>, millis: u64) -> Response<Body> {
    let (mut head, whole) = collected(response).await;
    announce(&mut head, whole.len());
    let single = (0..whole.len()).map(move |at| whole.slice(at..=at));
    let frames = stream::iter(single).then(move |byte| async move {
        pause(millis).await;
        Ok::<_, io::Error>(byte)
    });
    Response::from_parts(head, Body::from_stream(frames))
}

fn announce(head: &mut http::response::Parts, length: usize) {
    head.headers.remove(TRANSFER_ENCODING);
    let length = HeaderValue::from(length);
    head.headers.insert(CONTENT_LENGTH, length);
}

async fn pause(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    } else {
        // Without this an endless body would starve the other tasks while the socket takes everything.
        tokio::task::yield_now().await;
    }
}

async fn collected(response: Response<Body>) -> (http::response::Parts, Bytes) {
    let (head, body) = response.into_parts();
    // The simulators' own bodies are all in memory: collecting one cannot fail.
    let whole = body.collect().await.map(|whole| whole.to_bytes());
    (head, whole.unwrap_or_default())
}
