//! Why a command failed, with the cures. Invariant: what goes wrong is told once, as `error: …` with its causes behind
//! it, and each cure as a `hint: …` line of its own.

use crate::output::{Unwritable, plain};
use std::error::Error;
use std::fmt;

/// What failed and what to do about it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hints: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// What failed: lower case, no full stop, the thing in backticks.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), source: None }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Why it failed.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// The error as the user reads it: the chain on one line, the hints below it.
#[must_use]
pub fn render(error: &anyhow::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut hints: Vec<&str> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Libraries differ in whether a message repeats its cause.
        if !told.last().is_some_and(|before| before.contains(&text)) {
            told.push(text);
        }
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            hints.extend(failure.hints.iter().map(String::as_str));
        }
    }
    let mut text = format!("error: {}\n", told.join(": "));
    for hint in hints {
        text.push_str(&format!("hint: {hint}\n"));
    }
    plain(&text)
}

/// Whether the reader of our output went away, as `head` does: no failure of ours.
#[must_use]
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<Unwritable>().is_some_and(|out| out.0.kind() == std::io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_one_line_and_the_hints_follow() {
        let inner = Failure::new("the socket is shut").hint("open it");
        let outer = Failure::new("cannot reach `x`").hint("start it").hint("or name another").because(inner);
        assert_eq!(
            render(&outer.into()),
            "error: cannot reach `x`: the socket is shut\nhint: start it\nhint: or name another\nhint: open it\n"
        );
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let inner = std::io::Error::other("no space");
        let outer = Failure::new("cannot write `f`: no space").because(inner);
        assert_eq!(render(&outer.into()), "error: cannot write `f`: no space\n");
    }

    #[test]
    fn what_others_wrote_cannot_play_with_the_terminal() {
        assert!(!render(&Failure::new("bad \u{1b}[2J thing").into()).contains('\u{1b}'));
    }
}
