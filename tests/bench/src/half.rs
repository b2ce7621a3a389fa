//! A load of a fixed rate, by hey: latency where a service is not at its end. hey sends a request only when the one before
//! on its connection was answered, so a stall is seen by as many requests as there are connections, not by all that would
//! have come meanwhile; it is the same for every contender.

use crate::build::run;
use crate::contender::Contender;
use crate::load::mib;
use crate::measure::{Round, percentile};
use anyhow::{Context, ensure};
use std::path::Path;
use tokio::process::Command;

/// Connections. Few enough that each is paced well.
const CONNECTIONS: u32 = 16;

/// Drive at so many requests per second.
pub(crate) async fn drive(
    contender: &Contender,
    per_second: f64,
    seconds: u32,
    scratch: &Path,
) -> anyhow::Result<Round> {
    let body = scratch.join("hey.body");
    std::fs::write(&body, contender.work.body(0)?).with_context(|| format!("cannot write `{}`", body.display()))?;
    let mut command = Command::new("hey");
    command.args(["-z", &format!("{seconds}s"), "-c", &CONNECTIONS.to_string(), "-o", "csv", "-t", "30"]);
    command.args(["-q", &format!("{:.2}", per_second / f64::from(CONNECTIONS)), "-m", "POST", "-D"]).arg(&body);
    for (name, value) in &contender.target.headers {
        // hey keeps a content type of its own, which its own option sets.
        if name == "content-type" {
            command.args(["-T", value]);
        } else {
            command.args(["-H", &format!("{name}: {value}")]);
        }
    }
    let path = contender.target.paths.first().context("nothing to ask")?;
    command.arg(format!("http://{}{path}", contender.target.address));
    let before = contender.group.cpu();
    let text = run(command.stderr(std::process::Stdio::piped())).await?;
    let cpu = contender.group.cpu().saturating_sub(before);
    let seen = read(&text)?;
    let all = seen.millis.len();
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (count, good) = (all as f64, (all as u64).saturating_sub(seen.bad) as f64);
    Ok(Round {
        per_second: good / f64::from(seconds),
        p50_ms: percentile(&seen.millis, 50.0),
        p99_ms: percentile(&seen.millis, 99.0),
        cpu_micros: cpu.as_secs_f64() * 1e6 / count,
        resident_mib: mib(contender.group.resident()),
        errors: seen.bad,
    })
}

/// What hey saw.
struct Seen {
    /// Milliseconds of every request, sorted.
    millis: Vec<f64>,
    /// How many had another status than 200.
    bad: u64,
}

/// Read its table: the first column is the time of a request in seconds, `status-code` its status.
fn read(text: &str) -> anyhow::Result<Seen> {
    let mut lines = text.lines();
    let head = lines.find(|line| line.starts_with("response-time,")).context("`hey` reports nothing")?;
    let place = head.split(',').position(|name| name == "status-code").context("`hey` reports no status")?;
    let mut seen = Seen { millis: Vec::new(), bad: 0 };
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').collect();
        let seconds: f64 =
            cells.first().and_then(|cell| cell.parse().ok()).with_context(|| format!("`hey`: `{line}`"))?;
        seen.millis.push(seconds * 1e3);
        seen.bad += u64::from(cells.get(place) != Some(&"200"));
    }
    ensure!(!seen.millis.is_empty(), "`hey` saw no answer");
    seen.millis.sort_by(f64::total_cmp);
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_table_of_hey() {
        let text = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset\n\
                    0.0020,0.0001,0.0000,0.0000,0.0012,0.0000,200,0.1\n0.0010,0.0,0.0,0.0,0.0,0.0,503,0.2\n";
        let seen = read(text).unwrap();
        assert_eq!(seen.bad, 1);
        assert!((seen.millis[0] - 1.0).abs() < 1e-9 && (seen.millis[1] - 2.0).abs() < 1e-9);
        assert!(read("").is_err());
        assert!(read("response-time,status-code\n").is_err());
        assert!(read("response-time,status-code\nx,200\n").is_err());
    }
}
