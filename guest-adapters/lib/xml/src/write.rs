//! Writing XML. Every text is escaped, every element closed; a character that XML does not allow makes the whole
//! document unwritable instead of being dropped.

use std::fmt;

use crate::{is_allowed, is_space};

/// Why a document cannot be written: a value at `path` holds a character that XML does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwritable {
    /// The path of elements to the value.
    pub path: String,
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value of `{}` holds a control character that XML cannot carry", self.path)
    }
}

impl std::error::Error for Unwritable {}

/// A document being written, two blanks of indent a level. Names come from the program, values from anywhere.
#[derive(Debug)]
pub struct Writer {
    out: String,
    prefix: &'static str,
    open: Vec<Open>,
    wrong: Option<Unwritable>,
}

#[derive(Debug)]
struct Open {
    name: &'static str,
    has_children: bool,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A document with the XML declaration.
    #[must_use]
    pub fn new() -> Self {
        Self::with_prefix("")
    }

    /// The same, with a prefix, colon included, before the name of every element.
    #[must_use]
    pub fn with_prefix(prefix: &'static str) -> Self {
        Self { prefix, out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), open: Vec::new(), wrong: None }
    }

    /// Write an element with what `inside` writes into it.
    pub fn element(&mut self, name: &'static str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        self.start(name, attributes);
        self.out.push('>');
        self.open.push(Open { name, has_children: false });
        inside(self);
        let has_children = self.open.pop().is_some_and(|open| open.has_children);
        if has_children {
            self.line();
        }
        self.end(name);
    }

    /// Write an element that holds text.
    pub fn leaf(&mut self, name: &'static str, text: &str) {
        self.start(name, &[]);
        self.out.push('>');
        self.open.push(Open { name, has_children: false });
        self.escape(text, false);
        self.open.pop();
        self.end(name);
    }

    /// Write an element that holds text, if there is any but white space.
    pub fn optional(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.trim_matches(is_space).is_empty()) {
            self.leaf(name, text);
        }
    }

    /// Write markup as it is. The caller answers for its being well-formed.
    pub fn verbatim(&mut self, markup: &str) {
        self.child();
        self.out.push_str(markup);
    }

    /// The document's bytes.
    ///
    /// # Errors
    /// The first value that XML cannot carry.
    pub fn finish(mut self) -> Result<Vec<u8>, Unwritable> {
        self.out.push('\n');
        match self.wrong {
            Some(wrong) => Err(wrong),
            None => Ok(self.out.into_bytes()),
        }
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.child();
        self.out.push('<');
        self.out.push_str(self.prefix);
        self.out.push_str(name);
        for (key, value) in attributes {
            self.out.push(' ');
            self.out.push_str(key);
            self.out.push_str("=\"");
            self.escape(value, true);
            self.out.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(self.prefix);
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Begin a child of the element in hand, on a line of its own.
    fn child(&mut self) {
        if let Some(parent) = self.open.last_mut() {
            parent.has_children = true;
        }
        self.line();
    }

    fn line(&mut self) {
        self.out.push('\n');
        for _ in &self.open {
            self.out.push_str("  ");
        }
    }

    fn escape(&mut self, text: &str, attribute: bool) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' if attribute => self.out.push_str("&quot;"),
                // A reader turns a bare carriage return into a line feed, and both in an attribute into a blank.
                '\r' => self.out.push_str("&#13;"),
                '\n' if attribute => self.out.push_str("&#10;"),
                '\t' if attribute => self.out.push_str("&#9;"),
                c if is_allowed(c) => self.out.push(c),
                _ => self.fail(),
            }
        }
    }

    fn fail(&mut self) {
        let names: Vec<&str> = self.open.iter().map(|open| open.name).collect();
        self.wrong.get_or_insert_with(|| Unwritable { path: names.join("/") });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, read};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(text in any::<String>(), value in any::<String>()) {
            let mut writer = Writer::new();
            writer.element("a", &[("k", &value)], |w| w.leaf("b", &text));
            let allowed = text.chars().chain(value.chars()).all(is_allowed);
            match writer.finish() {
                Ok(bytes) => {
                    prop_assert!(allowed);
                    let document = read(&bytes, &Limits::default()).unwrap();
                    prop_assert_eq!(&*document.root.children[0].text, text.as_str());
                    prop_assert_eq!(&document.root.attributes[0].value, &value);
                }
                Err(_) => prop_assert!(!allowed),
            }
        }
    }

    #[test]
    fn a_control_character_is_named_by_its_path() {
        let mut writer = Writer::new();
        writer.element("a", &[], |w| w.leaf("b", "x\u{1}"));
        assert_eq!(writer.finish(), Err(Unwritable { path: "a/b".into() }));
    }
}
