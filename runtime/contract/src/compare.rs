//! Compatibility of two versions of a contract, as its JSON callers meet it.
//!
//! A structural change of a WIT type is a break for components that were linked against it, but a JSON caller holds no
//! layout: it writes the members it knows and reads the members it knows. So the rule here is the caller's:
//!
//! * what it may send today must be accepted tomorrow, with the same meaning;
//! * what it may receive tomorrow must be readable by what it knows today; members that are new in an answer it ignores,
//!   cases that are new it cannot.
//!
//! Invariant: what may break a caller of the old version is never reported as harmless. The reverse is not promised: where
//! harmless would need an argument about values (a fixed-length list that becomes a plain one), it is called breaking.

use crate::contract::{Answer, Contract, Function};
use crate::shape::Field;
use types::{Side, Types};

mod types;

/// One difference between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where: `find.person.citizenId`, with JSON names; parameters by name, `answer` and `fault` for what comes back.
    pub path: String,
    /// What kind of change.
    pub kind: ChangeKind,
    /// Whether a caller of the old version may fail with the new one.
    pub breaking: bool,
    /// In words, for an operator.
    pub message: String,
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Something is there that was not.
    Added,
    /// Something is gone.
    Removed,
    /// It may be left out where it had to be given, or the other way round.
    Presence,
    /// Another type, or other limits of the type.
    Type,
    /// Another doc comment.
    Docs,
}

/// Everything in which `new` differs from `old` for a JSON caller, functions in the order of `old`, new ones at the end.
#[must_use]
pub fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let mut changes = Changes::default();
    changes.docs("", old.docs.as_deref(), new.docs.as_deref());
    for function in old.functions.items() {
        match new.function(&function.name) {
            Some(successor) => functions(&mut changes, function, successor),
            None => changes.add(&function.name, ChangeKind::Removed, true, "the function is gone"),
        }
    }
    for function in new.functions.items().iter().filter(|function| old.function(&function.name).is_none()) {
        changes.add(&function.name, ChangeKind::Added, false, "a new function");
    }
    changes.list
}

fn functions(changes: &mut Changes, old: &Function, new: &Function) {
    let at = old.name.as_str();
    changes.docs(at, old.docs.as_deref(), new.docs.as_deref());
    let mut types = Types::new(changes);
    types.members(at, Side::Request, &old.params, &new.params);
    let answer = format!("{at}.answer");
    let fault = format!("{at}.fault");
    match (&old.answer, &new.answer) {
        (Answer::Result { shared_fault: was, .. }, Answer::Result { shared_fault: is, .. }) => {
            if was != is {
                let message =
                    "faults change between the shared type and one of the contract's own: other HTTP statuses";
                types.changes.add(&fault, ChangeKind::Type, true, message);
            }
            types.payload(&answer, Side::Answer, old.answer.ok(), new.answer.ok());
            types.payload(&fault, Side::Answer, old.answer.err(), new.answer.err());
        }
        (Answer::Result { .. }, _) => {
            types.changes.add(&fault, ChangeKind::Removed, false, "the function has no faults of its own any more");
            types.payload(&answer, Side::Answer, old.answer.ok(), new.answer.ok());
        }
        (_, Answer::Result { .. }) => {
            types.changes.add(&fault, ChangeKind::Added, true, "the function may answer a fault now");
            types.payload(&answer, Side::Answer, old.answer.ok(), new.answer.ok());
        }
        _ => types.payload(&answer, Side::Answer, old.answer.ok(), new.answer.ok()),
    }
}

/// The changes found so far.
#[derive(Default)]
struct Changes {
    list: Vec<Change>,
}

impl Changes {
    fn add(&mut self, path: &str, kind: ChangeKind, breaking: bool, message: impl Into<String>) {
        self.list.push(Change { path: path.to_owned(), kind, breaking, message: message.into() });
    }

    fn docs(&mut self, path: &str, old: Option<&str>, new: Option<&str>) {
        if old != new {
            self.add(path, ChangeKind::Docs, false, "the description changed");
        }
    }
}

/// `find` and `citizenId` → `find.citizenId`
fn below(path: &str, step: &str) -> String {
    format!("{path}.{step}")
}

fn below_field(path: &str, field: &Field) -> String {
    below(path, &field.json)
}
