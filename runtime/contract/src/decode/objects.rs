//! Values that are JSON objects with names: records, parameters, maps with string keys.
//!
//! Invariant: a record is given out only if every member stood there exactly once or is an option that stood there at most once.

use std::collections::HashSet;

use serde::de::{IgnoredAny, MapAccess};
use wasmtime::component::Val;

use super::path::Path;
use super::seed::{Seed, Want};
use super::text::Text;
use super::{State, Unknown, words};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Field, Shape};

pub(super) fn record<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    fields: &Table<Field>,
    mut object: A,
) -> Result<Option<Val>, A::Error> {
    let names: usize = fields.items().iter().map(|field| field.name.len()).sum();
    state.charge(names + fields.items().len() * size_of::<(String, Val)>())?;
    // The members of the value, in the order of the contract. One that has its name was read; a name is never empty.
    let mut members: Vec<(String, Val)> = fields.items().iter().map(|_| (String::new(), Val::Bool(false))).collect();
    let mut good = true;
    let mut hint = 0;
    while let Some(key) = object.next_key::<Text<'de>>()? {
        // A key is always a string: the parser takes nothing else.
        let Text::Is(key) = key else { continue };
        let here = path.member(&key);
        let at = fields.find(&key, hint);
        match at.and_then(|at| Some((at, fields.items().get(at)?, members.get_mut(at)?))) {
            None if state.unknown == Unknown::LeftOut => {
                object.next_value::<IgnoredAny>()?;
            }
            None => {
                object.next_value::<IgnoredAny>()?;
                good = false;
                state.problem(&here, ProblemCode::Unknown, || unknown(fields, &key));
            }
            Some((at, field, (name, value))) if name.is_empty() => {
                name.clone_from(&field.name);
                let seed = Seed { state, want: Want::Shape(&field.shape), path: &here };
                match object.next_value_seed(seed)? {
                    Some(decoded) => *value = decoded,
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
    for (field, (name, value)) in fields.items().iter().zip(&mut members) {
        if !name.is_empty() {
            continue;
        }
        if field.shape.is_option() {
            (*name, *value) = (field.name.clone(), Val::Option(None));
        } else {
            good = false;
            let here = path.member(&field.json);
            state.problem(&here, ProblemCode::Missing, || {
                format!("`{}` is missing: wants {}", field.json, words::wanted(&field.shape))
            });
        }
    }
    Ok(good.then_some(Val::Record(members)))
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
) -> Result<Option<Val>, A::Error> {
    let mut seen = HashSet::new();
    let mut entries = Vec::new();
    let mut good = true;
    while let Some(key) = object.next_key::<Text<'de>>()? {
        let Text::Is(key) = key else { continue };
        state.charge(2 * size_of::<(Val, Val)>() + 2 * key.len())?;
        let here = path.member(&key);
        let value = object.next_value_seed(Seed { state, want: Want::Shape(shape), path: &here })?;
        if seen.contains(key.as_ref()) {
            good = false;
            state.problem(&here, ProblemCode::Duplicate, || "this key stands there already".to_owned());
            continue;
        }
        match value {
            Some(value) => entries.push((Val::String(key.as_ref().to_owned()), value)),
            None => good = false,
        }
        seen.insert(key.into_owned());
    }
    Ok(good.then_some(Val::Map(entries)))
}
