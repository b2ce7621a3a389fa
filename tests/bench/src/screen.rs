//! What the user sees: results on standard output, everything else on standard error.

use std::io::Write;

/// A line beside the results.
pub(crate) fn note(line: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Results.
pub(crate) fn show(text: &str) {
    let _ = write!(std::io::stdout().lock(), "{text}");
}
