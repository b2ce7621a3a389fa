//! What a shape wants, in words for the caller.
//!
//! Invariant: the words name only what the contract says, and are short however large the contract is.

use crate::names::Keyed;
use crate::shape::{Int, Kind, Shape};

/// The most names that a message lists.
const MOST_NAMES: usize = 12;

/// The largest integer n such that n and n + 1 are both exact in every JSON reader (RFC 7493, section 2.2).
pub(crate) const MAX_SAFE: i128 = (1 << 53) - 1;

/// E.g. `an integer from 0 to 255`.
pub(super) fn wanted(shape: &Shape) -> String {
    match shape.kind() {
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Int(int) => integer(*int),
        Kind::Float32 | Kind::Float64 => "a number, or `NaN`, `Infinity` or `-Infinity` as a string".to_owned(),
        Kind::Char => "a string of one character".to_owned(),
        Kind::String => "a string".to_owned(),
        Kind::Bytes => "a string in base64".to_owned(),
        Kind::List(_) => "an array".to_owned(),
        Kind::FixedList(_, length) => format!("an array of {length}"),
        Kind::Map { key, .. } if is_string(key) => "an object".to_owned(),
        Kind::Map { .. } => "an array of `[key, value]`".to_owned(),
        Kind::Tuple(parts) => format!("an array of {}", parts.len()),
        Kind::Record(_) => "an object".to_owned(),
        Kind::Variant(_) | Kind::Result(..) => "an object with `tag` and `val`".to_owned(),
        Kind::Enum(cases) => format!("one of {}", list(cases.items())),
        Kind::Flags(cases) => format!("an array with any of {}", list(cases.items())),
        Kind::Option(inner) if inner.is_option() => "`null` or an object with `tag` and `val`".to_owned(),
        Kind::Option(inner) => format!("{} or `null`", wanted(inner)),
    }
}

fn integer(int: Int) -> String {
    let (least, most) = int.range();
    if int.is_wide() {
        format!("an integer from {least} to {most}, as a string beyond ±{MAX_SAFE}")
    } else {
        format!("an integer from {least} to {most}")
    }
}

/// `a`, `b` and 3 more
pub(super) fn list<T: Keyed>(items: &[T]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<String> = items.iter().take(MOST_NAMES).map(|item| format!("`{}`", item.key())).collect();
    let shown = shown.join(", ");
    match items.len().saturating_sub(MOST_NAMES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

pub(crate) fn is_string(shape: &Shape) -> bool {
    matches!(shape.kind(), Kind::String)
}
