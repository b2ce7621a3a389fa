//! A caller that writes HTTP/1.1 byte by byte, so that it can write it wrong.

use crate::world::{KEY, PATIENCE};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    seen: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The whole head.
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of the fault it tells.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().strip_prefix("urn:nhip:fault:").unwrap().to_owned()
    }
}

/// The text of a request for an exchange with a JSON body and the right key.
pub(crate) fn post(function: &str, body: &str) -> String {
    request("POST", &format!("/services/register/{function}"), &json_headers(body), body)
}

/// The headers of a JSON body, with the right key.
pub(crate) fn json_headers(body: &str) -> String {
    format!("X-Api-Key: {KEY}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len())
}

pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: gateway.test\r\n{headers}\r\n{body}")
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }
}

/// One request on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Reply {
    let mut raw = Raw::connect(address).await;
    raw.send(request).await;
    raw.reply().await
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, seen: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Send until the other side does not take it any more.
    pub(crate) async fn send_without_end(&mut self, piece: &[u8]) -> u64 {
        let endless = async {
            let mut sent = 0;
            while self.stream.write_all(piece).await.is_ok() {
                sent += piece.len() as u64;
            }
            sent
        };
        timeout(PATIENCE, endless).await.expect("the listener to give up")
    }

    /// Close the sending side only.
    pub(crate) async fn half_close(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// The next answer.
    pub(crate) async fn reply(&mut self) -> Reply {
        let head = self.until(|seen| seen.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)).await;
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply { status, head, body: Vec::new() };
        let length = reply.header("content-length").map_or(0, |text| text.parse().unwrap());
        reply.body = self.until(|seen| (seen.len() >= length).then_some(length)).await;
        reply
    }

    /// The head of the next answer, when its content does not come.
    pub(crate) async fn reply_without_content(&mut self) -> Reply {
        let head = self.until(|seen| seen.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)).await;
        let head = String::from_utf8(head).unwrap();
        Reply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body: Vec::new() }
    }

    /// That the listener closes the connection. What it still sent before that.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut rest = std::mem::take(&mut self.seen);
        // A reset is an end like any other.
        let _ = timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("the listener to close");
        rest
    }

    /// That the listener closes the connection properly: a reset would make systems throw away what was not read yet.
    pub(crate) async fn ended(&mut self) {
        let mut rest = Vec::new();
        timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await.expect("the listener to close").unwrap();
        assert!(self.seen.is_empty() && rest.is_empty());
    }

    async fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8> {
        let reading = async {
            loop {
                if let Some(length) = found(&self.seen) {
                    let rest = self.seen.split_off(length);
                    return std::mem::replace(&mut self.seen, rest);
                }
                let read = self.stream.read_buf(&mut self.seen).await.unwrap();
                assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&self.seen));
            }
        };
        timeout(PATIENCE, reading).await.expect("an answer in time")
    }
}
