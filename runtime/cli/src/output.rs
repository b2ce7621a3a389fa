//! What a command says. Invariants: data goes to standard output and everything else to standard error; with `--json`
//! standard output holds JSON and nothing else; no meaning is carried by colour; what others wrote (a vendor, an
//! upstream system, a caller) reaches a terminal without its control characters.

pub mod pretty;
pub mod table;
pub mod time;

use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Standard output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub struct Unwritable(#[source] pub io::Error);

/// Where a command speaks.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// For people, or with `json` for programs.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads it.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Whether progress may be drawn: a person watches standard error.
    #[must_use]
    pub fn draws(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Data for people, one line or more. Says nothing with `--json`.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn text(self, text: &str) -> Result<(), Unwritable> {
        if self.json {
            return Ok(());
        }
        let mut text = plain(text);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        write(text.as_bytes())
    }

    /// Data for programs, on one line. Says nothing without `--json`.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            let mut line = serde_json::to_vec(value)?;
            line.push(b'\n');
            write(&line)?;
        }
        Ok(())
    }

    /// A line of standard output that is the same for both: a key, say.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn raw(self, line: &[u8]) -> Result<(), Unwritable> {
        let mut line = line.to_vec();
        line.push(b'\n');
        write(&line)
    }

    /// A word on the side, for people. Says nothing with `--json`.
    pub fn note(self, text: &str) {
        if !self.json {
            complain(&format!("{}\n", plain(text)));
        }
    }
}

/// Write to standard error, as well as may be: there is nobody to tell when it fails.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn write(bytes: &[u8]) -> Result<(), Unwritable> {
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(Unwritable)
}

/// The text without what a terminal would obey: control characters other than the line break, and the marks that turn
/// the direction of writing, are shown as escapes.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => shown.push(c),
            c if c.is_control() || turns_direction(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_shown_letters_and_line_breaks_only() {
        assert_eq!(plain("Nguyễn Văn A\nok"), "Nguyễn Văn A\nok");
        assert_eq!(plain("a\u{1b}[31mb\rc\u{9b}d\u{202e}e\t"), "a\\u{1b}[31mb\\u{d}c\\u{9b}d\\u{202e}e\\u{9}");
    }
}
