//! The load generator, wrk: its script, its command and what it reports. The report is made by the script's `done`, as one
//! line of JSON, so nothing has to be read out of rounded text.

use crate::contender::{Contender, Target};
use anyhow::{Context, bail};
use serde::Deserialize;
use std::fmt::Write;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

/// What stands before the report in the output.
const MARK: &str = "nhip-bench ";

/// What one run came to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
pub(crate) struct Report {
    /// Answers, good or bad.
    pub(crate) requests: u64,
    /// Microseconds it took.
    pub(crate) duration: f64,
    /// Answers with a status above 399.
    pub(crate) status: u64,
    /// Connections that were refused or broke, and answers that did not come in time.
    pub(crate) broken: u64,
    /// Microseconds.
    pub(crate) p50: f64,
    /// Microseconds.
    pub(crate) p99: f64,
}

/// How hard to drive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drive {
    pub(crate) connections: u32,
    pub(crate) seconds: u32,
}

/// Run it.
pub(crate) async fn drive(contender: &Contender, drive: Drive, scratch: &Path) -> anyhow::Result<Report> {
    let script = scratch.join("wrk.lua");
    let text = script_text(&contender.target, &contender.work.body(0)?)?;
    std::fs::write(&script, text).with_context(|| format!("cannot write `{}`", script.display()))?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(drive.connections as usize).max(1);
    let output = Command::new("wrk")
        .args(["--latency", "--timeout", "30s"])
        .args(["-t", &threads.to_string(), "-c", &drive.connections.to_string()])
        .args(["-d", &format!("{}s", drive.seconds), "-s"])
        .arg(&script)
        .arg(format!("http://{}", contender.target.address))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot run `wrk`")?;
    let text = String::from_utf8_lossy(&output.stdout);
    // A mistake in the script does not make it fail: it says so and asks for something else.
    if !output.status.success() || !output.stderr.is_empty() {
        bail!("`wrk` failed: {}{text}", String::from_utf8_lossy(&output.stderr));
    }
    read(&text)
}

/// Read its output.
fn read(text: &str) -> anyhow::Result<Report> {
    let line = text.lines().find_map(|line| line.strip_prefix(MARK));
    let line = line.with_context(|| format!("`wrk` reports nothing:\n{text}"))?;
    let report: Report = serde_json::from_str(line).with_context(|| format!("`wrk` reports `{line}`"))?;
    if report.duration <= 0.0 {
        bail!("`wrk` reports no time: `{line}`");
    }
    Ok(report)
}

impl Report {
    /// Good answers per second.
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    pub(crate) fn per_second(&self) -> f64 {
        self.requests.saturating_sub(self.status) as f64 / (self.duration / 1e6)
    }
}

/// Every request is made once, at the start: making one costs more than sending it. Where all are the same, wrk need not ask the
/// script for each: a fifth more requests per second of the fastest contender.
fn script_text(target: &Target, body: &[u8]) -> anyhow::Result<String> {
    let body = std::str::from_utf8(body).context("a body that is no text")?;
    let mut script = format!("local body = {}\nlocal headers = {{}}\n", quoted(body)?);
    for (name, value) in &target.headers {
        // With blanks: two opening brackets side by side would open a text.
        writeln!(script, "headers[ {} ] = {}", quoted(name)?, quoted(value)?)?;
    }
    script.push_str("local paths = {\n");
    for path in &target.paths {
        writeln!(script, "  {},", quoted(path)?)?;
    }
    script.push_str("}\n");
    script.push_str(&SCRIPT.replace("MARK", MARK));
    Ok(script)
}

const SCRIPT: &str = r#"
if #paths == 1 then
  wrk.method, wrk.path, wrk.headers, wrk.body = "POST", paths[1], headers, body
else
  local requests, next = {}, 0
  function init()
    for place, path in ipairs(paths) do
      requests[place] = wrk.format("POST", path, headers, body)
    end
  end
  function request()
    next = next % #requests + 1
    return requests[next]
  end
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'MARK{"requests":%d,"duration":%d,"status":%d,"broken":%d,"p50":%.1f,"p99":%.1f}\n',
    summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"#;

/// A text between Lua's long brackets, which know no escapes.
fn quoted(text: &str) -> anyhow::Result<String> {
    // A bracket at the end would close together with the closing one.
    let closes = |level: &str| format!("{text}]").contains(&format!("]{level}]"));
    let level = (0..8).map(|n| "=".repeat(n)).find(|level| !closes(level));
    match level {
        // A line break right after the opening bracket is skipped.
        Some(level) => Ok(format!("[{level}[\n{text}]{level}]")),
        None => bail!("a text that cannot be quoted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "Running 1s test @ http://127.0.0.1:1\n  2 threads and 4 connections\n  Thread Stats   Avg\n\
        Requests/sec:  24000.00\n\
        nhip-bench {\"requests\":24000,\"duration\":1000000,\"status\":0,\"broken\":2,\"p50\":120.0,\"p99\":900.5}\n";

    #[test]
    fn reads_what_wrk_reports() {
        let report = read(OUTPUT).unwrap();
        let expected = Report { requests: 24_000, duration: 1e6, status: 0, broken: 2, p50: 120.0, p99: 900.5 };
        assert_eq!(report, expected);
        assert!((report.per_second() - 24_000.0).abs() < 1e-6);
    }

    #[test]
    fn bad_answers_do_not_count_as_served() {
        let report = Report { requests: 100, duration: 2e6, status: 40, broken: 0, p50: 1.0, p99: 1.0 };
        assert!((report.per_second() - 30.0).abs() < 1e-9);
    }

    #[test]
    fn an_output_without_a_report_is_an_error() {
        assert!(read("Running 1s test\n").is_err());
        assert!(read("nhip-bench {\"requests\":1}\n").is_err());
        let timeless = "nhip-bench {\"requests\":0,\"duration\":0,\"status\":0,\"broken\":0,\"p50\":0,\"p99\":0}";
        assert!(read(timeless).is_err());
    }

    #[test]
    fn texts_are_quoted_for_lua() {
        assert_eq!(quoted("plain").unwrap(), "[[\nplain]]");
        assert_eq!(quoted("a]]b").unwrap(), "[=[\na]]b]=]");
        assert_eq!(quoted("a]").unwrap(), "[=[\na]]=]");
    }
}
