//! Upstream systems for tests: an HTTP server that counts and remembers, and one that writes whatever bytes it is told.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

pub(super) type Answer = http::Response<Full<Bytes>>;
type Answerer = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Seen {
    /// The only value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "`{name}` stands more than once");
        Some(value.to_str().expect("text"))
    }
}

#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    pub(super) async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(None, Arc::new(answer)).await
    }

    pub(super) async fn start_tls(
        config: ServerConfig,
        answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Some(TlsAcceptor::from(Arc::new(config))), Arc::new(answer)).await
    }

    async fn serve(tls: Option<TlsAcceptor>, answer: Answerer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let this = Self {
            address: listener.local_addr().expect("an address"),
            accepted: Arc::default(),
            seen: Arc::default(),
        };
        let own = this.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                own.accepted.fetch_add(1, Ordering::SeqCst);
                let (own, answer, tls) = (own.clone(), Arc::clone(&answer), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => own.connection(stream, answer).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                own.connection(stream, answer).await;
                            }
                        }
                    }
                });
            }
        });
        this
    }

    async fn connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answer: Answerer) {
        let service = service_fn(|request: http::Request<Incoming>| {
            let (seen, answer) = (Arc::clone(&self.seen), Arc::clone(&answer));
            async move {
                let (head, body) = request.into_parts();
                let request = Seen {
                    method: head.method,
                    target: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                    version: head.version,
                    headers: head.headers,
                    body: body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
                };
                let answer = answer(&request);
                seen.lock().expect("no panic").push(request);
                Ok::<_, Infallible>(answer)
            }
        });
        // A client that goes away is no failure of the test.
        let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were accepted.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// All requests so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The only request so far.
    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    /// How many requests there were to a path.
    pub(super) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.target == path).count()
    }
}

pub(super) fn answer(status: u16, body: &str) -> Answer {
    let mut answer = http::Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    answer
}

pub(super) fn ok(_: &Seen) -> Answer {
    answer(200, "good")
}

/// A server that does with each connection what it is told, after it has read the head of a request.
pub(super) async fn raw<F>(script: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if read_head(&mut stream).await {
                tokio::spawn(script(stream));
            }
        }
    });
    address
}

/// Reads to the end of a request's head; `false` where the client is gone.
pub(super) async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}
