//! Compatibility of two types, seen from the side that the value comes from.
//!
//! Invariant: in a request the new type must take every JSON of the old one; in an answer the old type, its objects
//! open, must take every JSON of the new one. Each rule below is one of these two, read for one kind of type.

use super::{ChangeKind, Changes, below, below_field};
use crate::decode::is_string;
use crate::names::Table;
use crate::shape::{Case, Field, Int, Kind, Shape};

/// Which way the value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Request,
    Answer,
}

pub(super) struct Types<'c> {
    pub(super) changes: &'c mut Changes,
}

impl<'c> Types<'c> {
    pub(super) fn new(changes: &'c mut Changes) -> Self {
        Self { changes }
    }

    /// The shapes at one place.
    pub(super) fn shapes(&mut self, at: &str, side: Side, old: &Shape, new: &Shape) {
        if old == new {
            return;
        }
        if old.docs() != new.docs() && old.name().is_some() && new.name().is_some() {
            self.changes.docs(at, old.docs(), new.docs());
        }
        match (old.kind(), new.kind()) {
            // One option within another is written with a tag.
            (Kind::Option(old), Kind::Option(new)) if old.is_option() != new.is_option() => {
                self.changes.add(at, ChangeKind::Type, true, "another number of options within one another");
            }
            (Kind::Option(old), Kind::Option(new)) => self.shapes(at, side, old, new),
            (Kind::Option(inner), _) if !inner.is_option() => self.presence(at, side, inner, new, false),
            (_, Kind::Option(inner)) if !inner.is_option() => self.presence(at, side, old, inner, true),
            (Kind::Int(old), Kind::Int(new)) => self.integers(at, side, *old, *new),
            (Kind::Float32, Kind::Float64) => self.widened(at, side, "f32", "f64", true),
            (Kind::Float64, Kind::Float32) => self.widened(at, side, "f64", "f32", false),
            (Kind::List(old), Kind::List(new)) => self.shapes(&format!("{at}[]"), side, old, new),
            (Kind::FixedList(old, length), Kind::FixedList(new, same)) if length == same => {
                self.shapes(&format!("{at}[]"), side, old, new);
            }
            // With string keys an object, otherwise an array.
            (Kind::Map { key: old, .. }, Kind::Map { key: new, .. }) if is_string(old) != is_string(new) => {
                self.changes.add(at, ChangeKind::Type, true, "a map with another kind of keys");
            }
            (Kind::Map { key: old_key, value: old, .. }, Kind::Map { key: new_key, value: new, .. }) => {
                self.shapes(&format!("{at}{{key}}"), side, old_key, new_key);
                self.shapes(&format!("{at}{{value}}"), side, old, new);
            }
            (Kind::Tuple(old), Kind::Tuple(new)) if old.len() == new.len() => {
                for (position, (old, new)) in old.iter().zip(new).enumerate() {
                    self.shapes(&below(at, &position.to_string()), side, old, new);
                }
            }
            (Kind::Record(old), Kind::Record(new)) => self.members(at, side, old, new),
            (Kind::Variant(old), Kind::Variant(new)) => self.cases(at, side, old, new),
            (Kind::Enum(old), Kind::Enum(new)) | (Kind::Flags(old), Kind::Flags(new)) => {
                self.cases(at, side, old, new);
            }
            (Kind::Result(old_ok, old_err), Kind::Result(new_ok, new_err)) => {
                self.payload(&below(at, "ok"), side, old_ok.as_ref(), new_ok.as_ref());
                self.payload(&below(at, "err"), side, old_err.as_ref(), new_err.as_ref());
            }
            (old, new) if old == new => {}
            (old, new) => {
                let message = format!("was `{}`, is `{}`", old.keyword(), new.keyword());
                self.changes.add(at, ChangeKind::Type, true, message);
            }
        }
    }

    /// What a case or an answer carries.
    pub(super) fn payload(&mut self, at: &str, side: Side, old: Option<&Shape>, new: Option<&Shape>) {
        match (old, new) {
            (Some(old), Some(new)) => self.shapes(at, side, old, new),
            (None, None) => {}
            (None, Some(new)) => {
                let breaking = match side {
                    Side::Request => !new.is_option(),
                    Side::Answer => true,
                };
                self.changes.add(at, ChangeKind::Added, breaking, "carries a value now");
            }
            (Some(old), None) => {
                let breaking = side == Side::Request || !old.is_option();
                self.changes.add(at, ChangeKind::Removed, breaking, "carries no value any more");
            }
        }
    }

    /// A type that became an option, or is none any more.
    fn presence(&mut self, at: &str, side: Side, old: &Shape, new: &Shape, optional: bool) {
        let (breaking, message) = match (side, optional) {
            (Side::Request, true) => (false, "may be left out now"),
            (Side::Request, false) => (true, "must be given now"),
            (Side::Answer, true) => (true, "may be absent now"),
            (Side::Answer, false) => (false, "is always there now"),
        };
        self.changes.add(at, ChangeKind::Presence, breaking, message);
        self.shapes(at, side, old, new);
    }

    fn integers(&mut self, at: &str, side: Side, old: Int, new: Int) {
        if old == new {
            return;
        }
        let ((old_least, old_most), (new_least, new_most)) = (old.range(), new.range());
        let grown = new_least <= old_least && old_most <= new_most;
        let shrunk = old_least <= new_least && new_most <= old_most;
        let breaking = match side {
            // A 64-bit type takes strings, which a narrower one does not.
            Side::Request => !grown || (old.is_wide() && !new.is_wide()),
            Side::Answer => !shrunk,
        };
        let message = format!("was `{}`, is `{}`", old.keyword(), new.keyword());
        self.changes.add(at, ChangeKind::Type, breaking, message);
    }

    fn widened(&mut self, at: &str, side: Side, old: &str, new: &str, grown: bool) {
        let breaking = grown != (side == Side::Request);
        self.changes.add(at, ChangeKind::Type, breaking, format!("was `{old}`, is `{new}`"));
    }

    /// The members of a record, or parameters.
    pub(super) fn members(&mut self, at: &str, side: Side, old: &Table<Field>, new: &Table<Field>) {
        for field in old.items() {
            let here = below_field(at, field);
            match new.get(&field.json) {
                Some(successor) => {
                    self.changes.docs(&here, field.docs.as_deref(), successor.docs.as_deref());
                    self.shapes(&here, side, &field.shape, &successor.shape);
                }
                None => {
                    let (breaking, message) = match side {
                        Side::Request => (true, "is not known any more, and refused"),
                        Side::Answer if field.shape.is_option() => (false, "is never there any more; it was optional"),
                        Side::Answer => (true, "is not there any more"),
                    };
                    self.changes.add(&here, ChangeKind::Removed, breaking, message);
                }
            }
        }
        for field in new.items().iter().filter(|field| old.get(&field.json).is_none()) {
            let (breaking, message) = match side {
                Side::Request if field.shape.is_option() => (false, "new; it may be left out"),
                Side::Request => (true, "new; it must be given"),
                Side::Answer => (false, "new; callers ignore what they do not know"),
            };
            self.changes.add(&below_field(at, field), ChangeKind::Added, breaking, message);
        }
    }

    /// The cases of a variant or an enum, or flags.
    fn cases(&mut self, at: &str, side: Side, old: &Table<Case>, new: &Table<Case>) {
        for case in old.items() {
            let here = below(at, &case.name);
            match new.get(&case.name) {
                Some(successor) => {
                    self.changes.docs(&here, case.docs.as_deref(), successor.docs.as_deref());
                    self.payload(&here, side, case.payload.as_ref(), successor.payload.as_ref());
                }
                None => {
                    let breaking = side == Side::Request;
                    let message =
                        if breaking { "is not known any more, and refused" } else { "is never answered any more" };
                    self.changes.add(&here, ChangeKind::Removed, breaking, message);
                }
            }
        }
        for case in new.items().iter().filter(|case| old.get(&case.name).is_none()) {
            let breaking = side == Side::Answer;
            let message = if breaking { "new; callers do not know it" } else { "new" };
            self.changes.add(&below(at, &case.name), ChangeKind::Added, breaking, message);
        }
    }
}
