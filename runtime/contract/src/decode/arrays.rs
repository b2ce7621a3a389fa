//! Values that are JSON arrays: lists, tuples, flags, maps whose keys are not strings.
//!
//! Invariant: no element is built beyond the number that the type has room for.

use serde::de::SeqAccess;

use super::State;
use super::path::Path;
use super::scalars::no_such;
use super::seed::{Seed, Want};
use super::text::{Text, skip_elements};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Case, Shape};
use crate::values::Node;

/// Decodes elements as long as `shape_at` has a shape for the next. What was decoded if all of it was good, and how many there
/// were, good or not.
fn elements<'de, 's, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    shape_at: impl Fn(usize) -> Option<&'s Shape>,
    array: &mut A,
) -> Result<(Option<Node>, usize), A::Error> {
    let began = state.open.len();
    let mut count = 0;
    let mut good = true;
    while let Some(shape) = shape_at(count) {
        let path = path.index(count);
        let Some(value) = array.next_element_seed(Seed { state, want: Want::Shape(shape), path: &path })? else {
            break;
        };
        count += 1;
        state.charge_values(1)?;
        good &= value.is_some();
        state.open.extend(value);
    }
    let parts = state.close(began)?;
    Ok((good.then_some(parts), count))
}

pub(super) fn list<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    item: &Shape,
    mut array: A,
) -> Result<Option<Node>, A::Error> {
    elements(state, path, |_| Some(item), &mut array).map(|(parts, _)| parts)
}

pub(super) fn fixed<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    item: &Shape,
    length: u32,
    mut array: A,
) -> Result<Option<Node>, A::Error> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (parts, count) = elements(state, path, |at| (at < length).then_some(item), &mut array)?;
    let exact = ends_after(state, path, count, length, array)?;
    Ok(parts.filter(|_| exact))
}

pub(super) fn tuple<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    parts: &[Shape],
    mut array: A,
) -> Result<Option<Node>, A::Error> {
    let (values, count) = elements(state, path, |at| parts.get(at), &mut array)?;
    let exact = ends_after(state, path, count, parts.len(), array)?;
    Ok(values.filter(|_| exact))
}

/// Whether the array has exactly `length` elements, `count` of which were read.
fn ends_after<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    count: usize,
    length: usize,
    mut array: A,
) -> Result<bool, A::Error> {
    let more = count == length && array.next_element::<serde::de::IgnoredAny>()?.is_some();
    if more {
        skip_elements(array)?;
    }
    if more || count != length {
        let found = if more { "there are more" } else { "there are fewer" };
        state.problem(path, ProblemCode::OutOfRange, || format!("wants an array of {length}; {found}"));
    }
    Ok(!more && count == length)
}

/// `[key, value]` each. As in the component model, a key may stand there twice.
pub(super) fn entries<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    entry: &Shape,
    mut array: A,
) -> Result<Option<Node>, A::Error> {
    let (Some(Node::Parts(entries)), _) = elements(state, path, |_| Some(entry), &mut array)? else { return Ok(None) };
    // Keys and values, one after the other, without the pairs.
    state.charge_values(2 * entries.len())?;
    let parts = state.values.flatten(entries);
    state.fits(parts).map(Some)
}

/// Flags in any order; the value has them in the order of the contract.
pub(super) fn flags<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    flags: &Table<Case>,
    mut array: A,
) -> Result<Option<Node>, A::Error> {
    let mut set = vec![false; flags.items().len()];
    let mut good = true;
    let mut at = 0;
    while let Some(text) = array.next_element::<Text<'de>>()? {
        let here = path.index(at);
        at += 1;
        let problem = match &text {
            Text::IsNot(found) => Some((ProblemCode::WrongType, format!("wants the name of a flag, not {found}"))),
            Text::Is(name) => match flags.find(name, at - 1).and_then(|found| set.get_mut(found)) {
                None => Some((ProblemCode::InvalidValue, no_such(flags, name))),
                Some(seen) => std::mem::replace(seen, true)
                    .then(|| (ProblemCode::Duplicate, "this flag stands there already".to_owned())),
            },
        };
        if let Some((code, message)) = problem {
            good = false;
            state.problem(&here, code, || message);
        }
    }
    state.charge_values(set.len())?;
    let parts = state.values.add_parts(set.into_iter().map(Node::Bool));
    let parts = state.fits(parts)?;
    Ok(good.then_some(parts))
}
