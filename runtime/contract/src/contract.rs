//! Contracts: what one exported or imported interface offers, as the rest of the gateway sees it.
//!
//! Invariant: every function listed in [`Contract::functions`] can be called with JSON and answered with JSON; whatever
//! cannot is listed in [`Contract::unservable`] instead.

use crate::names::{Keyed, Table};
use crate::shape::{Field, Shape};
use std::sync::Arc;

/// An interface that a component exports or imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// The full name, e.g. `lgsp:population/register@1.0.0`.
    pub name: String,
    /// The doc comment of the interface.
    pub docs: Option<String>,
    /// The functions in the order of the interface, found by name.
    pub functions: Table<Arc<Function>>,
    /// Every place that cannot be served as JSON. A contract with any of these must not be deployed.
    pub unservable: Vec<Unservable>,
}

impl Contract {
    /// The function of that kebab-case name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name).map(Arc::as_ref)
    }
}

/// One function of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The kebab-case name, the same in the URL.
    pub name: String,
    /// The doc comment.
    pub docs: Option<String>,
    /// The parameters: the members of the request's JSON object.
    pub params: Table<Field>,
    /// What comes back.
    pub answer: Answer,
}

impl Keyed for Arc<Function> {
    fn key(&self) -> &str {
        &self.name
    }
}

/// What a function answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: the JSON is `null`.
    Nothing,
    /// A value that is not a `result`.
    Value(Shape),
    /// `result<T, E>`: success or fault.
    Result {
        /// The success, `null` in JSON if it carries nothing.
        ok: Option<Shape>,
        /// The fault, `null` in JSON if it carries nothing.
        err: Option<Shape>,
        /// Whether `err` is the record `fault` of the interface `faults` of the package `lgsp:types@1`.
        shared_fault: bool,
    },
}

impl Answer {
    /// The shape of the success.
    #[must_use]
    pub fn ok(&self) -> Option<&Shape> {
        match self {
            Self::Nothing => None,
            Self::Value(shape) => Some(shape),
            Self::Result { ok, .. } => ok.as_ref(),
        }
    }

    /// The shape of the fault.
    #[must_use]
    pub fn err(&self) -> Option<&Shape> {
        match self {
            Self::Nothing | Self::Value(_) => None,
            Self::Result { err, .. } => err.as_ref(),
        }
    }
}

/// One place of a contract that cannot be served as JSON, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unservable {
    /// The function, as it is written in the WIT.
    pub function: String,
    /// The place within it, e.g. `request.items[].handle` or `answer`; empty if it is the function itself.
    pub path: String,
    /// What stands there and why it cannot be served.
    pub what: String,
}

impl std::fmt::Display for Unservable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { function, path, what } = self;
        match path.as_str() {
            "" => write!(out, "`{function}` cannot be served as JSON: {what}"),
            path => write!(out, "`{path}` of `{function}` cannot be served as JSON: {what}"),
        }
    }
}
