//! Everything that this process logs, kept as JSON lines. The logs of all tests are in it; each test looks for the id of
//! its own exchange or for a text of its own.

use serde_json::Value;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing_subscriber::EnvFilter;

static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn lines() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Keep;

impl Write for Keep {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lines().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Begin. Everything of ours down to the last detail, and of libraries what an operator would see.
pub(crate) fn capture() {
    let filter = EnvFilter::new("info,nhip=trace");
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).with_writer(|| Keep);
    log.try_init().expect("nobody else logs in this process");
}

/// The whole log.
pub(crate) fn all() -> String {
    String::from_utf8_lossy(&lines()).into_owned()
}

/// Every event that names the exchange.
pub(crate) fn of_exchange(id: &str) -> Vec<Value> {
    let all = all();
    let events =
        all.lines().filter(|line| line.contains(id)).map(|line| serde_json::from_str::<Value>(line).expect(line));
    events.filter(|event| event["exchange"] == id).collect()
}

/// What the adapter itself wrote during the exchange, under that context.
pub(crate) fn said(id: &str, context: &str) -> Vec<String> {
    let events =
        of_exchange(id).into_iter().filter(|event| event["target"] == "nhip::adapter" && event["context"] == context);
    events.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The one event that tells how the exchange failed or was refused.
pub(crate) fn end_of(id: &str) -> Value {
    let mut ends = of_exchange(id);
    ends.retain(|event| matches!(event["message"].as_str(), Some("exchange failed" | "exchange refused")));
    match <[Value; 1]>::try_from(ends) {
        Ok([end]) => end,
        Err(ends) => panic!("{} lines tell of the end of {id}: {ends:?}", ends.len()),
    }
}
