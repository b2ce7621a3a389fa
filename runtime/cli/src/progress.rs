//! Progress on standard error: drawn where a person watches, plain lines where a file or a pipe does, nothing with
//! `--json`. Invariant: no information is only in the drawing.

use crate::output::{Output, plain};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Below this it is over before a bar could be read.
const WORTH_A_BAR: u64 = 4 << 20;

/// A bar of known length, in bytes, where a person watches and there is enough to watch.
pub(crate) fn bar(out: Output, name: &str, length: u64) -> ProgressBar {
    let drawn = out.draws() && length >= WORTH_A_BAR;
    let target = if drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length), target);
    if let Ok(style) = ProgressStyle::with_template("  {msg:9} [{bar:30}] {bytes}/{total_bytes}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(name.to_owned());
    bar
}

/// A count of bytes whose end is not known.
pub(crate) fn counter(out: Output, name: &str) -> ProgressBar {
    let target = if out.draws() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template("  {msg:9} {bytes}") {
        bar.set_style(style);
    }
    bar.set_message(name.to_owned());
    bar
}

/// The steps of one command, one after the other.
pub(crate) struct Progress {
    out: Output,
    current: Option<Step>,
}

struct Step {
    name: String,
    began: Instant,
    bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(out: Output) -> Self {
        Self { out, current: None }
    }

    /// A step begins; the one before it has ended well.
    pub(crate) fn step(&mut self, name: &str) {
        self.done();
        let bar = if self.out.draws() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        self.begin(name, bar);
    }

    /// A step of known length begins. Gives the bar, to be moved.
    pub(crate) fn upload(&mut self, name: &str, length: u64) -> ProgressBar {
        self.done();
        let bar = bar(self.out, name, length);
        self.begin(name, bar.clone());
        bar
    }

    fn begin(&mut self, name: &str, bar: ProgressBar) {
        bar.set_message(name.to_owned());
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        self.current = Some(Step { name: name.to_owned(), began: Instant::now(), bar });
    }

    /// The step under way has ended well.
    pub(crate) fn done(&mut self) {
        self.end("done");
    }

    /// The step under way has found something that refuses.
    pub(crate) fn refused(&mut self) {
        self.end("refused");
    }

    fn end(&mut self, how: &str) {
        if let Some(Step { name, began, bar }) = self.current.take() {
            bar.finish_and_clear();
            let took = crate::output::time::took(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            self.out.note(&plain(&format!("  {name:9} {how} ({took})")));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end("broken off");
    }
}
