//! An upstream system that watches: it keeps every request byte for byte, and misbehaves by path. It writes HTTP by hand,
//! so that it can write it wrong.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What it got.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The head as it came, request line included.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// The system. Dropping it stops it.
pub(crate) struct Upstream {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// Start it on a free port of the loopback.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let kept = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is an end like any other.
                tokio::spawn(serve(stream, Arc::clone(&kept), address));
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// All that came to a path.
    pub(crate) fn seen(&self, path: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|seen| seen.path == path).cloned().collect()
    }

    /// All that came.
    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(mut stream: TcpStream, kept: Arc<Mutex<Vec<Seen>>>, address: SocketAddr) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut seen = Seen { method, path, head, body: Vec::new() };
    let length = seen.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    while body.len() < length && stream.read_buf(&mut body).await? > 0 {}
    seen.body = body;
    kept.lock().unwrap_or_else(PoisonError::into_inner).push(seen.clone());
    answer(&mut stream, &seen, address).await
}

/// What is answered. Every answer ends the connection, so that each request needs a new one.
async fn answer(stream: &mut TcpStream, seen: &Seen, address: SocketAddr) -> std::io::Result<()> {
    let below = seen.path.strip_prefix("/base").unwrap_or(&seen.path);
    match below.split('?').next().unwrap_or_default() {
        "/redirect" => {
            let inside = format!("Location: http://{address}/base/inside\r\n");
            whole(stream, "302 Found", &inside, b"").await
        }
        "/repeat" => {
            let head: String = seen.head.lines().skip(1).collect();
            whole(stream, "200 OK", "", &[head.as_bytes(), seen.body.as_slice()].concat()).await
        }
        "/endless" => endless(stream, &[b'x'; 8192], Duration::ZERO).await,
        "/drip" => endless(stream, b"x", Duration::from_millis(50)).await,
        "/silent" => endless(stream, b"", Duration::from_millis(50)).await,
        "/huge" => whole(stream, "200 OK", "", &vec![b'x'; 1 << 20]).await,
        "/headers" => whole(stream, "200 OK", &format!("X-Long: {}\r\n", "x".repeat(200 << 10)), b"").await,
        "/nonsense" => stream.write_all(b"\x16\x03\x01 this is not HTTP\r\n\r\n").await,
        "/wait" => {
            sleep(Duration::from_millis(500)).await;
            whole(stream, "200 OK", "", b"waited").await
        }
        _ => whole(stream, "200 OK", "X-From: upstream\r\n", b"seen").await,
    }
}

async fn whole(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

/// A body that never ends, until the other side is tired of it.
async fn endless(stream: &mut TcpStream, piece: &[u8], pause: Duration) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    let mut rest = [0; 64];
    loop {
        if !piece.is_empty() {
            stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
            stream.write_all(piece).await?;
            stream.write_all(b"\r\n").await?;
        }
        tokio::select! {
            () = sleep(pause) => {}
            // The other side has nothing more to say: it is gone.
            read = stream.read(&mut rest) => if read? == 0 { return Ok(()) },
        }
    }
}
