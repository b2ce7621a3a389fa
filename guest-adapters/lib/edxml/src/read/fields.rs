//! The elements of one level, taken by name in any order. What is not taken is warned of when the level is finished.

use std::cell::{Cell, RefCell};

use xml::{Document, Element, is_space};

use crate::warning::MOST;
use crate::{NAMESPACE, ReadError, Warning, WarningCode};

/// The document being read, and the warnings so far.
pub(super) struct Reader<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    warnings: RefCell<Vec<Warning>>,
    more: Cell<u32>,
}

impl<'d, 'a> Reader<'d, 'a> {
    pub(super) fn new(document: &'d Document<'a>) -> Self {
        Self { document, warnings: RefCell::default(), more: Cell::default() }
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        let mut warnings = self.warnings.into_inner();
        let more = self.more.get();
        if let Some(last) = warnings.last_mut().filter(|_| more > 0) {
            last.message = format!("{} (and {more} more oddities in this packet)", last.message);
        }
        warnings
    }

    fn warn(&self, code: WarningCode, element: &Element<'_>, path: &str, message: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() >= MOST {
            self.more.set(self.more.get().saturating_add(1));
            return;
        }
        warnings.push(Warning { code, place: self.document.place(element), path: path.to_owned(), message });
    }
}

/// One element whose children are taken by name.
pub(super) struct Fields<'r, 'd, 'a> {
    reader: &'r Reader<'d, 'a>,
    pub(super) element: &'d Element<'a>,
    path: String,
    /// Which of the children were asked for.
    taken: Vec<bool>,
}

impl<'r, 'd, 'a> Fields<'r, 'd, 'a> {
    /// The outermost element.
    pub(super) fn root(reader: &'r Reader<'d, 'a>) -> Self {
        let element = &reader.document.root;
        Self::new(reader, element, element.local.clone())
    }

    fn new(reader: &'r Reader<'d, 'a>, element: &'d Element<'a>, path: String) -> Self {
        Self { reader, element, path, taken: vec![false; element.children.len()] }
    }

    /// The element as it stands in the packet.
    pub(super) fn verbatim(&self) -> &'a str {
        self.reader.document.verbatim(self.element)
    }

    /// A mistake in this element.
    pub(super) fn mistake(&self, message: impl Into<String>) -> ReadError {
        self.reader.document.mistake(self.element, &self.path, message)
    }

    /// Warn of something in this element.
    pub(super) fn warn(&self, code: WarningCode, message: impl Into<String>) {
        self.reader.warn(code, self.element, &self.path, message.into());
    }

    /// The elements with that name that are not empty.
    pub(super) fn many(&mut self, name: &'static str) -> Vec<Self> {
        self.many_in(&[NAMESPACE], name)
    }

    /// The same, in any of some namespaces.
    pub(super) fn many_in(&mut self, namespaces: &[&str], name: &'static str) -> Vec<Self> {
        let mut found = Vec::new();
        for (child, taken) in self.element.children.iter().zip(&mut self.taken) {
            if namespaces.iter().any(|namespace| child.is(namespace, name)) {
                *taken = true;
                found.push(child);
            }
        }
        let several = found.len() > 1;
        let path = |at: usize| {
            let number = if several { format!("[{}]", at + 1) } else { String::new() };
            format!("{}/{name}{number}", self.path)
        };
        let numbered = found.into_iter().enumerate();
        let filled = numbered.filter(|(_, child)| !is_empty(child));
        filled.map(|(at, child)| Self::new(self.reader, child, path(at))).collect()
    }

    /// The one element with that name, if it is there and not empty.
    pub(super) fn one(&mut self, name: &'static str) -> Result<Option<Self>, ReadError> {
        let mut found = self.many(name);
        if let Some(second) = found.get(1) {
            return Err(second.mistake(format!("`{name}` stands twice")));
        }
        Ok(found.pop())
    }

    /// The one element with that name, which must be there.
    pub(super) fn required(&mut self, name: &'static str) -> Result<Self, ReadError> {
        match self.one(name)? {
            Some(found) => Ok(found),
            None => Err(self.mistake(format!("not edXML: `{name}` is absent or empty"))),
        }
    }

    /// The text of the one element with that name.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, ReadError> {
        Ok(self.one(name)?.and_then(Self::into_text))
    }

    /// This element's text. White space around it is no part of it.
    pub(super) fn into_text(self) -> Option<String> {
        for child in &self.element.children {
            self.unknown(child);
        }
        let text = self.element.trimmed();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The group with that name, unless it comes out as if it were absent.
    pub(super) fn group<T: Default + PartialEq>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Option<T>, ReadError> {
        let Some(mut fields) = self.one(name)? else {
            return Ok(None);
        };
        let value = read(&mut fields)?;
        fields.finish();
        Ok((value != T::default()).then_some(value))
    }

    /// The groups with that name, without those that come out as if they were absent.
    pub(super) fn groups<T: Default + PartialEq>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> Result<T, ReadError>,
    ) -> Result<Vec<T>, ReadError> {
        let mut values = Vec::new();
        for mut fields in self.many(name) {
            let value = read(&mut fields)?;
            fields.finish();
            if value != T::default() {
                values.push(value);
            }
        }
        Ok(values)
    }

    /// The texts in a list: `name` holds any number of `item`.
    pub(super) fn texts(&mut self, name: &'static str, item: &'static str) -> Result<Vec<String>, ReadError> {
        let texts = self.group(name, |list| {
            let items = list.many(item);
            Ok(items.into_iter().filter_map(Self::into_text).collect::<Vec<_>>())
        })?;
        Ok(texts.unwrap_or_default())
    }

    /// Warn of everything that was not taken.
    pub(super) fn finish(self) {
        let children = self.element.children.iter().zip(&self.taken);
        for (child, _) in children.filter(|(_, taken)| !**taken) {
            self.unknown(child);
        }
        if self.element.text.chars().any(|c| !is_space(c)) {
            self.warn(WarningCode::StrayText, "text between elements, which is left out");
        }
    }

    fn unknown(&self, child: &Element<'_>) {
        let path = format!("{}/{}", self.path, child.local);
        let message = format!("`{}` is not known here, and is left out", child.local);
        self.reader.warn(WarningCode::UnknownElement, child, &path, message);
    }
}

/// Whether an element says nothing at all.
fn is_empty(element: &Element<'_>) -> bool {
    element.children.is_empty() && element.attributes.is_empty() && element.trimmed().is_empty()
}
