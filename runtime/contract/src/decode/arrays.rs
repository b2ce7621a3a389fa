//! Values that are JSON arrays: lists, tuples, flags, maps whose keys are not strings.
//!
//! Invariant: no element is built beyond the number that the type has room for.

use serde::de::SeqAccess;
use wasmtime::component::Val;

use super::State;
use super::path::Path;
use super::scalars::no_such;
use super::seed::{Seed, Want};
use super::text::{Text, skip_elements};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Case, Shape};

/// Decodes elements as long as `shape_at` has a shape for the next. The count is of the elements decoded, good or not.
fn elements<'de, 's, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    shape_at: impl Fn(usize) -> Option<&'s Shape>,
    array: &mut A,
) -> Result<(Vec<Val>, usize), A::Error> {
    let mut values = Vec::new();
    let mut count = 0;
    while let Some(shape) = shape_at(count) {
        let path = path.index(count);
        let Some(value) = array.next_element_seed(Seed { state, want: Want::Shape(shape), path: &path })? else {
            break;
        };
        count += 1;
        state.charge_values(1)?;
        values.extend(value);
    }
    Ok((values, count))
}

/// The values if all were good.
fn all_good(values: Vec<Val>, count: usize) -> Option<Vec<Val>> {
    (values.len() == count).then_some(values)
}

pub(super) fn list<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    item: &Shape,
    mut array: A,
) -> Result<Option<Val>, A::Error> {
    let (values, count) = elements(state, path, |_| Some(item), &mut array)?;
    Ok(all_good(values, count).map(Val::List))
}

pub(super) fn fixed<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    item: &Shape,
    length: u32,
    mut array: A,
) -> Result<Option<Val>, A::Error> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (values, count) = elements(state, path, |at| (at < length).then_some(item), &mut array)?;
    let exact = ends_after(state, path, count, length, array)?;
    Ok(all_good(values, count).filter(|_| exact).map(Val::FixedLengthList))
}

pub(super) fn tuple<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    parts: &[Shape],
    mut array: A,
) -> Result<Option<Val>, A::Error> {
    let (values, count) = elements(state, path, |at| parts.get(at), &mut array)?;
    let exact = ends_after(state, path, count, parts.len(), array)?;
    Ok(all_good(values, count).filter(|_| exact).map(Val::Tuple))
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
) -> Result<Option<Val>, A::Error> {
    let (values, count) = elements(state, path, |_| Some(entry), &mut array)?;
    let pair = |value| match value {
        Val::Tuple(parts) => <[Val; 2]>::try_from(parts).ok().map(|[key, value]| (key, value)),
        _ => None,
    };
    Ok(all_good(values, count).and_then(|values| values.into_iter().map(pair).collect()).map(Val::Map))
}

/// Flags in any order; the value has them in the order of the contract.
pub(super) fn flags<'de, A: SeqAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    flags: &Table<Case>,
    mut array: A,
) -> Result<Option<Val>, A::Error> {
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
    let names: Vec<String> =
        flags.items().iter().zip(&set).filter(|(_, set)| **set).map(|(flag, _)| flag.name.clone()).collect();
    state.charge(names.iter().map(|name| name.len() + size_of::<String>()).sum())?;
    Ok(good.then_some(Val::Flags(names)))
}
