//! Places in a document, in the terms of a person who looks at it: line, column and the path of elements.

use std::fmt;

/// A place in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in that line, in characters, from 1.
    pub column: u32,
}

impl Place {
    /// The place of byte `offset` of `text`; an offset past the end or inside a character is taken back to the nearest start.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count();
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        Self { line: count(line), column: count(column) }
    }
}

/// From a count before to a number from 1.
fn count(before: usize) -> u32 {
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}

/// Why a document cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// The path of elements down to it, e.g. `Envelope/Body`; empty before the first element.
    pub path: String,
    /// What is wrong, in lower case, without the data itself.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.place.line, self.place.column)?;
        if !self.path.is_empty() {
            write!(f, ", in `{}`", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Mistake {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let text = "ab\nấ c\n";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        assert_eq!(Place::of(text, 3), Place { line: 2, column: 1 });
        assert_eq!(Place::of(text, 6), Place { line: 2, column: 2 });
        assert_eq!(Place::of(text, 5), Place { line: 2, column: 1 });
        assert_eq!(Place::of(text, 99), Place { line: 3, column: 1 });
    }
}
