//! The table for people and the JSON for programs.

use crate::args::Options;
use crate::measure::{Figure, Floor, Outcome, Row};
use anyhow::Context;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const HEAD: [&str; 7] = ["", "requests/s", "p50 ms", "p99 ms", "CPU µs", "memory MiB", "errors"];

/// A scenario as text.
pub(crate) fn table(outcome: &Outcome) -> String {
    let mut text = format!("\n{} ({})\n", outcome.title, outcome.name);
    if !outcome.rows.is_empty() {
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(outcome.rows.iter().map(cells));
        text.push_str(&aligned(&lines));
    }
    for figure in &outcome.figures {
        text.push_str(&line(figure));
    }
    for note in &outcome.notes {
        let _ = writeln!(text, "  left out: {note}");
    }
    text
}

fn cells(row: &Row) -> [String; 7] {
    let median = row.median;
    [
        row.name.clone(),
        format!("{:.0}", median.per_second),
        format!("{:.2}", median.p50_ms),
        format!("{:.2}", median.p99_ms),
        format!("{:.1}", median.cpu_micros),
        format!("{:.1}", median.resident_mib),
        median.errors.to_string(),
    ]
}

/// The first column to the left, numbers to the right.
fn aligned(lines: &[[String; 7]]) -> String {
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for line in lines {
        text.push_str("  ");
        for (column, cell) in line.iter().enumerate() {
            let gap = " ".repeat(width(column).saturating_sub(cell.chars().count()));
            let _ = if column == 0 { write!(text, "{cell}{gap}") } else { write!(text, "  {gap}{cell}") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn line(figure: &Figure) -> String {
    let bound = match figure.floor {
        Some(Floor::AtLeast(least)) => format!(" (at least {least}: {})", word(figure.met)),
        Some(Floor::AtMost(most)) => format!(" (at most {most}: {})", word(figure.met)),
        None => String::new(),
    };
    format!("  {}: {:.3} {}{bound}\n", figure.what, figure.value, figure.unit)
}

fn word(met: Option<bool>) -> &'static str {
    if met == Some(true) { "met" } else { "not met" }
}

/// Everything, for programs.
pub(crate) fn document(options: &Options, outcomes: &[Outcome]) -> anyhow::Result<Value> {
    let (rounds, seconds) = options.timing();
    Ok(json!({
        "machine": machine(),
        "settings": {
            "rounds": rounds, "seconds": seconds, "connections": options.connections, "quick": options.quick,
        },
        "scenarios": serde_json::to_value(outcomes).context("the results cannot be written")?,
    }))
}

fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    json!({
        "processor": field(&read("/proc/cpuinfo"), "model name"),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": field(&read("/proc/meminfo"), "MemTotal"),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
        "load": read("/proc/loadavg").split(' ').next(),
    })
}

/// Write the document.
pub(crate) fn write(folder: &Path, document: &Value) -> anyhow::Result<()> {
    let file = folder.join("bench.json");
    let text = serde_json::to_string_pretty(document).context("the results cannot be written")?;
    fs::write(&file, text + "\n").with_context(|| format!("cannot write `{}`", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::round;
    use clap::Parser;

    fn outcome() -> Outcome {
        let mut outcome = Outcome::new("plain", "A test");
        outcome.rows = vec![Row::of("nhip", vec![round(700.0)]), Row::of("native", vec![round(1000.0)])];
        outcome.compare_speed(["nhip", "native"], Some(Floor::AtLeast(0.6)));
        outcome.notes.push("nginx is not installed".to_owned());
        outcome
    }

    #[test]
    fn the_table_shows_rows_ratios_and_what_was_left_out() {
        let text = table(&outcome());
        assert!(text.contains("  native        1000    1.00    4.00    40.0        20.0       1\n"), "{text}");
        assert!(text.contains("requests/s: nhip to native: 0.700 × (at least 0.6: met)\n"), "{text}");
        assert!(text.contains("left out: nginx is not installed\n"), "{text}");
    }

    #[test]
    fn the_document_has_every_scenario_and_is_written() {
        let options = Options::parse_from(["nhip-bench", "--quick"]);
        let document = document(&options, &[outcome()]).unwrap();
        assert_eq!(document["settings"]["rounds"], 1);
        assert_eq!(document["scenarios"][0]["rows"][0]["median"]["perSecond"], 700.0);
        assert_eq!(document["scenarios"][0]["figures"][0]["floor"]["at-least"], 0.6);
        assert_eq!(document["scenarios"][0]["figures"][0]["met"], true);
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &document).unwrap();
        let text = fs::read_to_string(folder.path().join("bench.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
