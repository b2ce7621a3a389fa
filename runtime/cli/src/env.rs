//! The environment. Invariant: this is the one place of the whole program that reads it; every other part is given
//! what it needs. (`clap` reads the variables that stand beside an option in `--help`.)

/// The value of an environment variable, when it is set and is text.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The same; a variable that is set to nothing counts as not set.
#[must_use]
pub fn filled(name: &str) -> Option<String> {
    variable(name).filter(|value| !value.is_empty())
}
