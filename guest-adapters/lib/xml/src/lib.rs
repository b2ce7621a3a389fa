//! XML for protocols: a whole document read into a small tree, and a writer that cannot write anything ill-formed.
//!
//! Made for input that nobody vouches for. Invariants: only UTF-8 is read; a document type declaration is refused, so there
//! are no entities but the five of XML itself and character references, and nothing is ever fetched; size, depth and the
//! number of elements are bounded; whatever the bytes, the answer is a tree or a [`Mistake`] with its place, never a panic.

mod place;
mod read;
mod start;
mod tree;
mod write;

pub use place::{Mistake, Place};
pub use read::{Limits, read};
pub use tree::{Attribute, Document, Element};
pub use write::{Unwritable, Writer};

/// Whether XML 1.0 allows this character in a document (section 2.2, production `Char`).
#[must_use]
pub fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// What XML 1.0 calls white space (section 2.3, production `S`).
#[must_use]
pub fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
