//! A caller that writes HTTP/1.1 byte by byte, so that it can write it wrong, slowly, or not to the end.

use super::{Answer, PATIENCE};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// One connection.
pub(crate) struct Raw {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self { stream, seen: Vec::new() }
    }

    /// Send all of it. Whether the other side took it.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Say that nothing more comes.
    pub(crate) async fn half_close(&mut self) {
        self.stream.shutdown().await.expect("a connection to close");
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let end = |seen: &[u8]| seen.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        let head = String::from_utf8(self.until(end).await).expect("a head in plain text");
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{head}"));
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut answer = Answer { status, headers, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |text| text.parse().expect("a length"));
        answer.body = self.until(|seen| (seen.len() >= length).then_some(length)).await;
        answer
    }

    async fn until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Vec<u8> {
        let reading = async {
            loop {
                if let Some(length) = found(&self.seen) {
                    let rest = self.seen.split_off(length);
                    return std::mem::replace(&mut self.seen, rest);
                }
                let read = self.stream.read_buf(&mut self.seen).await.expect("an answer");
                assert_ne!(read, 0, "closed after {:?}", String::from_utf8_lossy(&self.seen));
            }
        };
        timeout(PATIENCE, reading).await.expect("an answer in time")
    }
}
