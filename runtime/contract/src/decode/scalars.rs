//! Values that are one JSON token: numbers, characters, bytes, cases.
//!
//! Invariant: a number is taken exactly or refused, never rounded or wrapped into an integer type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use wasmtime::component::Val;

use super::State;
use super::path::Path;
use super::words::{MAX_SAFE, list};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Case, Int, Kind};

/// A JSON number without fraction.
pub(super) fn integer(state: &mut State<'_>, path: &Path<'_>, int: Int, number: i128) -> Option<Val> {
    if int.is_wide() && !(-MAX_SAFE..=MAX_SAFE).contains(&number) {
        state.problem(path, ProblemCode::OutOfRange, || {
            format!("an integer beyond ±{MAX_SAFE} must be a decimal string: JSON numbers are not exact there")
        });
        return None;
    }
    in_range(state, path, int, number)
}

/// A JSON number with a fraction or an exponent: `1.0` and `1e3` are integers too.
pub(super) fn integral(state: &mut State<'_>, path: &Path<'_>, int: Int, number: f64) -> Option<Val> {
    if number.fract() != 0.0 {
        state.problem(path, ProblemCode::WrongType, || "wants an integer, not a number with a fraction".to_owned());
        return None;
    }
    // Saturates far beyond every type, where the range refuses it.
    integer(state, path, int, number as i128)
}

/// A decimal string for a 64-bit integer, in the one form that has no other.
pub(super) fn decimal(state: &mut State<'_>, path: &Path<'_>, int: Int, text: &str) -> Option<Val> {
    match text.parse::<i128>() {
        Ok(number) if number.to_string() == text => in_range(state, path, int, number),
        _ => {
            state.problem(path, ProblemCode::InvalidValue, || {
                "wants a number or a decimal string without blanks, `+` or leading zeros".to_owned()
            });
            None
        }
    }
}

fn in_range(state: &mut State<'_>, path: &Path<'_>, int: Int, number: i128) -> Option<Val> {
    let value = match int {
        Int::U8 => u8::try_from(number).map(Val::U8),
        Int::U16 => u16::try_from(number).map(Val::U16),
        Int::U32 => u32::try_from(number).map(Val::U32),
        Int::U64 => u64::try_from(number).map(Val::U64),
        Int::S8 => i8::try_from(number).map(Val::S8),
        Int::S16 => i16::try_from(number).map(Val::S16),
        Int::S32 => i32::try_from(number).map(Val::S32),
        Int::S64 => i64::try_from(number).map(Val::S64),
    };
    value.ok().or_else(|| {
        let (least, most) = int.range();
        state.problem(path, ProblemCode::OutOfRange, || format!("wants an integer from {least} to {most}"));
        None
    })
}

/// Rounds to the nearest `f32`, as every decimal number is rounded, but never to infinity.
pub(super) fn float32(state: &mut State<'_>, path: &Path<'_>, number: f64) -> Option<Val> {
    #[expect(clippy::cast_possible_truncation, reason = "the contract wants an f32")]
    let value = number as f32;
    if value.is_finite() {
        return Some(Val::Float32(value));
    }
    state.problem(path, ProblemCode::OutOfRange, || format!("wants a number within ±{:e}", f32::MAX));
    None
}

/// `NaN` and the infinities, which JSON numbers do not have.
pub(super) fn special_float(state: &mut State<'_>, path: &Path<'_>, kind: &Kind, text: &str) -> Option<Val> {
    let number = match text {
        "NaN" => f32::NAN,
        "Infinity" => f32::INFINITY,
        "-Infinity" => f32::NEG_INFINITY,
        _ => {
            state.problem(path, ProblemCode::WrongType, || {
                "wants a number; the only strings are `NaN`, `Infinity` and `-Infinity`".to_owned()
            });
            return None;
        }
    };
    Some(match kind {
        Kind::Float32 => Val::Float32(number),
        _ => Val::Float64(number.into()),
    })
}

pub(super) fn character(state: &mut State<'_>, path: &Path<'_>, text: &str) -> Option<Val> {
    let mut letters = text.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(Val::Char(letter));
    }
    state.problem(path, ProblemCode::InvalidValue, || "wants a string of exactly one Unicode character".to_owned());
    None
}

/// Base64 (RFC 4648, section 4), canonical: with padding and without stray bits, so that equal bytes are equal texts.
pub(super) fn bytes<E: Error>(state: &mut State<'_>, path: &Path<'_>, text: &str) -> Result<Option<Val>, E> {
    state.charge_values(text.len() / 4 * 3)?;
    if let Ok(bytes) = STANDARD.decode(text) {
        return Ok(Some(Val::List(bytes.into_iter().map(Val::U8).collect())));
    }
    state.problem(path, ProblemCode::InvalidValue, || {
        "wants base64 with the letters `A-Z a-z 0-9 + /`, padded with `=`, without line breaks".to_owned()
    });
    Ok(None)
}

/// A case of an enum.
pub(super) fn case(state: &mut State<'_>, path: &Path<'_>, cases: &Table<Case>, text: &str) -> Option<Val> {
    if let Some(case) = cases.get(text) {
        return Some(Val::Enum(case.name.clone()));
    }
    state.problem(path, ProblemCode::InvalidValue, || no_such(cases, text));
    None
}

/// E.g. "wants one of `male`, `female`; did you mean `male`?", without the wrong name itself.
pub(super) fn no_such(cases: &Table<Case>, wrong: &str) -> String {
    let all = list(cases.items());
    match cases.nearest(wrong) {
        Some(near) => format!("wants one of {all}; did you mean `{near}`?"),
        None => format!("wants one of {all}"),
    }
}
