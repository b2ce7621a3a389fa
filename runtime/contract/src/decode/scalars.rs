//! Values that are one JSON token: numbers, characters, bytes, cases.
//!
//! Invariant: a number is taken exactly or refused, never rounded or wrapped into an integer type.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;

use super::State;
use super::path::Path;
use super::words::{MAX_SAFE, list};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Case, Int, Kind};
use crate::values::Node;

/// A JSON number without fraction.
pub(super) fn integer(state: &mut State<'_>, path: &Path<'_>, int: Int, number: i128) -> Option<Node> {
    if int.is_wide() && !(-MAX_SAFE..=MAX_SAFE).contains(&number) {
        state.problem(path, ProblemCode::OutOfRange, || {
            format!("an integer beyond ±{MAX_SAFE} must be a decimal string: JSON numbers are not exact there")
        });
        return None;
    }
    in_range(state, path, int, number)
}

/// A JSON number with a fraction or an exponent: `1.0` and `1e3` are integers too.
pub(super) fn integral(state: &mut State<'_>, path: &Path<'_>, int: Int, number: f64) -> Option<Node> {
    if number.fract() != 0.0 {
        state.problem(path, ProblemCode::WrongType, || "wants an integer, not a number with a fraction".to_owned());
        return None;
    }
    // Saturates far beyond every type, where the range refuses it.
    integer(state, path, int, number as i128)
}

/// A decimal string for a 64-bit integer, in the one form that has no other.
pub(super) fn decimal(state: &mut State<'_>, path: &Path<'_>, int: Int, text: &str) -> Option<Node> {
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

fn in_range(state: &mut State<'_>, path: &Path<'_>, int: Int, number: i128) -> Option<Node> {
    let (least, most) = int.range();
    // Of a type of at most 64 bits, so these are its two's complement.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within 64 bits, with a sign or without"
    )]
    if (least..=most).contains(&number) {
        return Some(Node::Int(number as u64));
    }
    state.problem(path, ProblemCode::OutOfRange, || format!("wants an integer from {least} to {most}"));
    None
}

/// Rounds to the nearest `f32`, as every decimal number is rounded, but never to infinity.
pub(super) fn float32(state: &mut State<'_>, path: &Path<'_>, number: f64) -> Option<Node> {
    #[expect(clippy::cast_possible_truncation, reason = "the contract wants an f32")]
    let value = number as f32;
    if value.is_finite() {
        return Some(Node::Float32(value));
    }
    state.problem(path, ProblemCode::OutOfRange, || format!("wants a number within ±{:e}", f32::MAX));
    None
}

/// `NaN` and the infinities, which JSON numbers do not have.
pub(super) fn special_float(state: &mut State<'_>, path: &Path<'_>, kind: &Kind, text: &str) -> Option<Node> {
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
        Kind::Float32 => Node::Float32(number),
        _ => Node::Float64(number.into()),
    })
}

pub(super) fn character(state: &mut State<'_>, path: &Path<'_>, text: &str) -> Option<Node> {
    let mut letters = text.chars();
    if let (Some(letter), None) = (letters.next(), letters.next()) {
        return Some(Node::Char(letter));
    }
    state.problem(path, ProblemCode::InvalidValue, || "wants a string of exactly one Unicode character".to_owned());
    None
}

/// Base64 (RFC 4648, section 4), canonical: with padding and without stray bits, so that equal bytes are equal texts.
pub(super) fn bytes<E: Error>(state: &mut State<'_>, path: &Path<'_>, text: &str) -> Result<Option<Node>, E> {
    state.charge(text.len() / 4 * 3)?;
    let added = state.values.add_written(|bytes| STANDARD.decode_vec(text, bytes));
    if let Some(bytes) = state.fits(added)? {
        return Ok(Some(bytes));
    }
    state.problem(path, ProblemCode::InvalidValue, || {
        "wants base64 with the letters `A-Z a-z 0-9 + /`, padded with `=`, without line breaks".to_owned()
    });
    Ok(None)
}

/// A case of an enum.
pub(super) fn case(state: &mut State<'_>, path: &Path<'_>, cases: &Table<Case>, text: &str) -> Option<Node> {
    if let Some(at) = number_of(cases, text) {
        return Some(Node::Case(at, None));
    }
    state.problem(path, ProblemCode::InvalidValue, || no_such(cases, text));
    None
}

/// The number of a case.
pub(super) fn number_of(cases: &Table<Case>, name: &str) -> Option<u32> {
    u32::try_from(cases.find(name, 0)?).ok()
}

/// E.g. "wants one of `male`, `female`; did you mean `male`?", without the wrong name itself.
pub(super) fn no_such(cases: &Table<Case>, wrong: &str) -> String {
    let all = list(cases.items());
    match cases.nearest(wrong) {
        Some(near) => format!("wants one of {all}; did you mean `{near}`?"),
        None => format!("wants one of {all}"),
    }
}
