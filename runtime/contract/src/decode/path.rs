//! The way from the root of a document to the value in hand.
//!
//! Invariant: it lives on the stack and costs nothing until a problem needs its pointer.

/// The longest name of the caller's own that a pointer repeats, in characters.
const LONGEST_NAME: usize = 64;

/// A place in a document, linked to the place above.
pub(super) struct Path<'a> {
    up: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Index(usize),
}

impl Path<'_> {
    pub(super) const ROOT: Path<'static> = Path { up: None, step: Step::Root };

    pub(super) fn member<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path { up: Some(self), step: Step::Member(name) }
    }

    pub(super) fn index(&self, index: usize) -> Path<'_> {
        Path { up: Some(self), step: Step::Index(index) }
    }

    /// The JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.up.map(Path::pointer).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Index(index) => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Step::Member(name) => {
                pointer.push('/');
                push_name(&mut pointer, name);
            }
        }
        pointer
    }
}

fn push_name(pointer: &mut String, name: &str) {
    for (at, letter) in name.chars().enumerate() {
        match letter {
            _ if at == LONGEST_NAME => {
                pointer.push('…');
                return;
            }
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}
