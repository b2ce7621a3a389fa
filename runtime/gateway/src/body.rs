//! The body of a request, read only when the spine asks for it, and the rest of one that was not read to its end.
//!
//! Reader and rest share the body, so that giving up in the middle, for whatever reason, leaves the rest to be dealt
//! with. The lock is held only while a frame is polled; nobody ever waits for it.

use crate::spawner::Spawner;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use nhip_exchange::body::too_large;
use nhip_exchange::until::within;
use nhip_exchange::{BodySource, Fault, Kind};
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// A body under way: empty once it was read to its end.
pub(crate) struct Shared(Mutex<Option<Incoming>>);

impl Shared {
    pub(crate) fn new(body: Incoming) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(body))))
    }

    /// Take away what is left.
    pub(crate) fn take(&self) -> Option<Incoming> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn poll_frame(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    /// The length that was announced, if it was.
    fn announced(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?.size_hint().exact()
    }
}

/// The way the spine reads it.
pub(crate) struct HttpBody {
    pub(crate) shared: Arc<Shared>,
    /// How long to wait for the next bytes.
    pub(crate) progress: Duration,
}

#[async_trait]
impl BodySource for HttpBody {
    async fn read(self: Box<Self>, limit: u64) -> Result<Bytes, Fault> {
        let announced = self.shared.announced();
        if announced.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        let mut whole = Whole::default();
        while let Some(data) = self.data().await? {
            if whole.len().saturating_add(data.len() as u64) > limit {
                return Err(too_large(limit));
            }
            whole.add(data, announced);
        }
        self.shared.take();
        Ok(whole.finish())
    }
}

impl HttpBody {
    /// The next bytes, or nothing at the end.
    async fn data(&self) -> Result<Option<Bytes>, Fault> {
        loop {
            let frame = within(self.progress, poll_fn(|cx| self.shared.poll_frame(cx))).await.ok_or_else(|| {
                Fault::new(Kind::TooSlow, "no byte of the request's body arrived for too long")
                    .inside(format!("nothing in {:?}", self.progress))
            })?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(&error)),
                // What is not data are trailers; nothing in them is for us.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

/// A body that is read on the runtime of its connection, wherever the exchange is that asks for it: there each piece would wait for its turn among
/// those that compute, and a large one has many.
pub(crate) struct AtHome {
    pub(crate) home: Spawner,
    pub(crate) body: Box<dyn BodySource>,
}

#[async_trait]
impl BodySource for AtHome {
    async fn read(self: Box<Self>, limit: u64) -> Result<Bytes, Fault> {
        let Self { home, body } = *self;
        home.run(body.read(limit)).await
    }
}

/// The bytes so far. One frame is handed on as it is; only several are copied together.
#[derive(Default)]
enum Whole {
    #[default]
    Nothing,
    One(Bytes),
    Several(BytesMut),
}

impl Whole {
    fn len(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::One(data) => data.len() as u64,
            Self::Several(data) => data.len() as u64,
        }
    }

    fn add(&mut self, data: Bytes, announced: Option<u64>) {
        match self {
            Self::Nothing => *self = Self::One(data),
            Self::One(first) => {
                let room = announced.and_then(|length| usize::try_from(length).ok()).unwrap_or(2 * first.len());
                let mut all = BytesMut::with_capacity(room.max(first.len() + data.len()));
                all.extend_from_slice(first);
                all.extend_from_slice(&data);
                *self = Self::Several(all);
            }
            Self::Several(all) => all.extend_from_slice(&data),
        }
    }

    fn finish(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(data) => data,
            Self::Several(data) => data.freeze(),
        }
    }
}

/// A body whose framing is wrong is malformed; one that just ends is truncated.
fn broken(error: &hyper::Error) -> Fault {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(this) = cause {
        let kind = this.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
            return Fault::new(Kind::Malformed, "the framing of the request's body is broken").inside(this.to_string());
        }
        cause = this.source();
    }
    Fault::new(Kind::Truncated, "the request's body ended before its announced length").inside(error.to_string())
}

/// Read and throw away at most this much for at most this long. Whether the end was reached.
pub(crate) async fn discard(mut body: Incoming, bytes: u64, time: Duration) -> bool {
    let reading = async {
        let mut seen = 0u64;
        while let Some(Ok(frame)) = body.frame().await {
            seen = seen.saturating_add(frame.data_ref().map_or(0, |data| data.len() as u64));
            if seen > bytes {
                return false;
            }
        }
        true
    };
    timeout(time, reading).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Worker;
    use tokio::runtime::Builder;

    /// Its body is the name of the thread that reads it.
    struct Named;

    #[async_trait]
    impl BodySource for Named {
        async fn read(self: Box<Self>, limit: u64) -> Result<Bytes, Fault> {
            let name = std::thread::current().name().unwrap_or_default().to_owned();
            if name.len() as u64 > limit { Err(too_large(limit)) } else { Ok(name.into()) }
        }
    }

    #[tokio::test]
    async fn a_body_is_read_at_home() {
        let worker = Worker::start("home".to_owned(), Builder::new_current_thread(), || {}).unwrap();
        let home = Spawner::on(worker.entrance().runtime().clone());
        let body = || Box::new(AtHome { home: home.clone(), body: Box::new(Named) });
        assert_eq!(body().read(4).await.unwrap(), "home");
        assert_eq!(body().read(3).await.unwrap_err().kind, Kind::TooLarge);
    }
}
