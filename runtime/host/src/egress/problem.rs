//! What is wrong with the surroundings of a policy that itself has no mistake: a secret that is not there, a certificate that is none.
//!
//! Invariant: all problems of all endpoints are told at once, each with its cure, and none repeats a secret.

use std::error::Error;
use std::fmt;

/// One thing that keeps an endpoint from being made ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressProblem {
    /// The endpoint's name.
    pub endpoint: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub cure: String,
}

impl fmt::Display for EgressProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, message, cure } = self;
        write!(f, "endpoint `{endpoint}`: {message} (hint: {cure})")
    }
}

impl Error for EgressProblem {}

/// Gathers the problems of one endpoint while its parts are made ready.
#[derive(Debug)]
pub(super) struct Problems<'e> {
    endpoint: &'e str,
    found: Vec<EgressProblem>,
}

impl<'e> Problems<'e> {
    pub(super) fn of(endpoint: &'e str) -> Self {
        Self { endpoint, found: Vec::new() }
    }

    pub(super) fn add(&mut self, message: impl fmt::Display, cure: impl fmt::Display) {
        self.found.push(EgressProblem {
            endpoint: self.endpoint.to_owned(),
            message: message.to_string(),
            cure: cure.to_string(),
        });
    }

    /// Keeps a value, or notes why there is none.
    pub(super) fn keep<T, E: Error>(&mut self, result: Result<T, E>, cure: impl fmt::Display) -> Option<T> {
        result.map_err(|error| self.add(chain(&error), cure)).ok()
    }

    pub(super) fn into_found(self) -> Vec<EgressProblem> {
        self.found
    }
}

/// An error with everything that caused it, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
