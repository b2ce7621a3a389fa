//! Values that are JSON objects with names: records, parameters, maps with string keys.
//!
//! Invariant: a record is given out only if every member stood there exactly once or is an option that stood there at most once.

use std::collections::HashSet;

use serde::de::{IgnoredAny, MapAccess};

use super::path::Path;
use super::seed::{Seed, Want};
use super::text::Text;
use super::{State, Unknown, words};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Field, Shape};
use crate::values::Node;

pub(super) fn record<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    fields: &Table<Field>,
    mut object: A,
) -> Result<Option<Node>, A::Error> {
    // The members of the value, in the order of the contract.
    let members = state.room(fields.items().len())?;
    let mut seen = Seen::default();
    let mut good = true;
    let mut hint = 0;
    while let Some(key) = object.next_key::<Text<'de>>()? {
        // A key is always a string: the parser takes nothing else.
        let Text::Is(key) = key else { continue };
        let here = path.member(&key);
        let at = fields.find(&key, hint);
        match at.and_then(|at| Some((at, fields.items().get(at)?))) {
            None if state.unknown == Unknown::LeftOut => {
                object.next_value::<IgnoredAny>()?;
            }
            None => {
                object.next_value::<IgnoredAny>()?;
                good = false;
                state.problem(&here, ProblemCode::Unknown, || unknown(fields, &key));
            }
            Some((at, field)) if seen.first(at) => {
                let seed = Seed { state, want: Want::Shape(&field.shape), path: &here };
                match object.next_value_seed(seed)? {
                    Some(decoded) => state.values.set(members, at, decoded),
                    None => good = false,
                }
                hint = at + 1;
            }
            Some(_) => {
                object.next_value::<IgnoredAny>()?;
                good = false;
                state.problem(&here, ProblemCode::Duplicate, || "this member stands there already".to_owned());
            }
        }
    }
    for (at, field) in fields.items().iter().enumerate() {
        if !seen.first(at) {
            continue;
        }
        if field.shape.is_option() {
            state.values.set(members, at, Node::NONE);
        } else {
            good = false;
            let here = path.member(&field.json);
            state.problem(&here, ProblemCode::Missing, || {
                format!("`{}` is missing: wants {}", field.json, words::wanted(&field.shape))
            });
        }
    }
    Ok(good.then_some(Node::Parts(members)))
}

/// Which members stood there already.
#[derive(Default)]
struct Seen {
    /// Of the first ones, which are all of most records, a bit each.
    few: u64,
    more: Vec<bool>,
}

impl Seen {
    /// Whether this is the first time for that member.
    fn first(&mut self, at: usize) -> bool {
        match at.checked_sub(64) {
            None => {
                let bit = 1 << at;
                let first = self.few & bit == 0;
                self.few |= bit;
                first
            }
            Some(at) => {
                if self.more.len() <= at {
                    self.more.resize(at + 1, false);
                }
                self.more.get_mut(at).is_some_and(|seen| !std::mem::replace(seen, true))
            }
        }
    }
}

fn unknown(fields: &Table<Field>, wrong: &str) -> String {
    match fields.nearest(wrong) {
        Some(near) => format!("no such member; did you mean `{near}`?"),
        None => format!("no such member; there is {}", words::list(fields.items())),
    }
}

/// A map with string keys. A key that stands there twice is refused: readers of JSON disagree which one counts.
pub(super) fn map<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    shape: &Shape,
    mut object: A,
) -> Result<Option<Node>, A::Error> {
    let mut seen = HashSet::new();
    let began = state.open.len();
    let mut good = true;
    while let Some(key) = object.next_key::<Text<'de>>()? {
        let Text::Is(key) = key else { continue };
        state.charge_values(2)?;
        // The set of the keys that were seen.
        state.charge(2 * key.len() + size_of::<String>())?;
        let here = path.member(&key);
        let value = object.next_value_seed(Seed { state, want: Want::Shape(shape), path: &here })?;
        if seen.contains(key.as_ref()) {
            good = false;
            state.problem(&here, ProblemCode::Duplicate, || "this key stands there already".to_owned());
            continue;
        }
        match value {
            Some(value) => {
                let key = state.text_value(&key)?;
                state.open.extend([key, value]);
            }
            None => good = false,
        }
        seen.insert(key.into_owned());
    }
    let entries = state.close(began)?;
    Ok(good.then_some(entries))
}
