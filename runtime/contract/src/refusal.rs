//! Refusals: everything that is wrong with a request's JSON, each with its place.
//!
//! Invariant: no message holds a value of the request, only names of the contract. A pointer may hold names that the
//! caller wrote, so refusals go back to the caller and not into a log: [`Refusal::summary`] is for the log.

use std::fmt;

/// Why a request's JSON was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// At least one problem, in the order of the request.
    pub problems: Vec<Problem>,
    /// Whether there are more than were kept.
    pub more: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a JSON pointer (RFC 6901): `/person/citizenId`; empty for the whole document. A name that the caller made
    /// up is cut after 64 characters.
    pub pointer: String,
    /// What kind of problem.
    pub code: ProblemCode,
    /// What is wrong and what would be right, in words for the caller.
    pub message: String,
}

/// The kinds of problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemCode {
    /// The text is not JSON, or not UTF-8.
    NotJson,
    /// It nests deeper than allowed.
    TooDeep,
    /// Its values would take more memory than allowed.
    TooLarge,
    /// Another type of JSON value is wanted.
    WrongType,
    /// A member is not there.
    Missing,
    /// A member that the contract does not know.
    Unknown,
    /// A member, a map's key or a flag stands there twice.
    Duplicate,
    /// A number or a count beyond what the type holds.
    OutOfRange,
    /// The right type, but not a value of it: no such case, not base64, not one character.
    InvalidValue,
}

impl ProblemCode {
    /// The code as it stands in the answer to the caller.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotJson => "not-json",
            Self::TooDeep => "too-deep",
            Self::TooLarge => "too-large",
            Self::WrongType => "wrong-type",
            Self::Missing => "missing",
            Self::Unknown => "unknown",
            Self::Duplicate => "duplicate",
            Self::OutOfRange => "out-of-range",
            Self::InvalidValue => "invalid-value",
        }
    }
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Refusal {
    /// A refusal of the whole document.
    pub(crate) fn whole(code: ProblemCode, message: impl Into<String>) -> Self {
        let problem = Problem { pointer: String::new(), code, message: message.into() };
        Self { problems: vec![problem], more: false }
    }

    /// The codes and how often each occurs, e.g. `missing 2, wrong-type 1`: without a word of the caller's.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut codes: Vec<ProblemCode> = self.problems.iter().map(|problem| problem.code).collect();
        codes.sort_unstable();
        let groups = codes.chunk_by(|one, other| one == other);
        let mut text: Vec<String> =
            groups.filter_map(|group| Some(format!("{} {}", group.first()?, group.len()))).collect();
        if self.more {
            text.push("and more".to_owned());
        }
        text.join(", ")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the request does not fit the contract: {}", self.summary())
    }
}

impl std::error::Error for Refusal {}
