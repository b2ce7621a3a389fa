//! What the demo prints.

use super::load::Tally;
use super::scenes::Told;
use serde_json::Value;
use std::io::{self, Write};

/// The longest piece of JSON that is shown whole.
const WHOLE: usize = 1400;

/// Standard output. A reader that went away is no reason to stop in the middle: what cannot be printed is dropped.
pub(super) struct Screen;

impl Screen {
    /// One line.
    pub(super) fn line(&self, text: &str) {
        let _ = writeln!(io::stdout(), "{text}");
    }

    /// The beginning of a part.
    pub(super) fn chapter(&self, number: &str, title: &str) {
        self.line(&format!("\n── {number}. {title}"));
    }

    /// A command as an operator types it, and what it printed.
    pub(super) fn command(&self, words: &str, output: &str) {
        self.line(&format!("\n  $ nhip {words}"));
        for line in output.trim_end().lines() {
            self.line(&format!("    {line}"));
        }
    }

    /// An exchange: what went in, what came out.
    pub(super) fn exchange(
        &self,
        title: &str,
        target: &str,
        request: &Value,
        status: u16,
        answer: &Value,
        millis: u128,
    ) {
        self.line(&format!("\n  {title}\n  → POST {target}\n{}", indent(request)));
        self.line(&format!("  ← {status} in {millis} ms\n{}", indent(answer)));
    }

    /// The end of it all.
    pub(super) fn summary(&self, told: &Told, tally: &Tally) {
        self.chapter("5", "Summary");
        self.line(&format!("  named exchanges   {} as they should be, {} not", told.well, told.failed));
        self.line(&format!(
            "  under load        {} exchanges in {:.1} s, {} failed",
            tally.total(),
            tally.seconds,
            tally.failed
        ));
        self.line(&format!("    on 1.0.0        {}", tally.on_1_0));
        self.line(&format!("    on 1.1.0        {}", tally.on_1_1));
        self.line(&format!(
            "    median, 99 %    {:.1} ms, {:.1} ms (simulator, gateway and callers share this machine)",
            tally.percentile(50.0),
            tally.percentile(99.0)
        ));
        for failure in &tally.failures {
            self.line(&format!("    failed with     {failure}"));
        }
    }
}

/// JSON as indented lines, long texts cut: a document's bytes would fill the screen.
fn indent(value: &Value) -> String {
    let mut short = value.clone();
    shorten(&mut short);
    let text = serde_json::to_string_pretty(&short).unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    let mut shown = 0;
    for line in text.lines() {
        shown += line.len();
        if shown > WHOLE {
            lines.push("    …".to_owned());
            break;
        }
        lines.push(format!("    {line}"));
    }
    lines.join("\n")
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.chars().count() > 120 => {
            let start: String = text.chars().take(60).collect();
            *text = format!("{start}… ({} characters)", text.chars().count());
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}
