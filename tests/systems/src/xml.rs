//! A small namespace-aware reading of XML: names are (namespace, local name), prefixes mean nothing.
//!
//! Invariant: what is not well-formed, not UTF-8, deeper than [`DEPTH`] or carries a document type declaration is
//! refused with the byte offset. So no entity of a sender's making is ever expanded.

use std::fmt;

use quick_xml::{
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
    reader::NsReader,
};

const DEPTH: usize = 64;

/// One element with everything in it. Comments and processing instructions are dropped.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) children: Vec<Element>,
    text: String,
}

impl Element {
    pub(crate) fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace.as_deref() == Some(namespace)
    }

    /// The children of this name, in order.
    pub(crate) fn all<'a>(&'a self, namespace: &'a str, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.is(namespace, name))
    }

    /// The first child of this name.
    pub(crate) fn child(&self, namespace: &str, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.is(namespace, name))
    }

    /// The text directly in this element, without surrounding blanks.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }
}

/// Why bytes are not a document, and where.
#[derive(Debug)]
pub(crate) struct NotXml {
    pub(crate) offset: u64,
    pub(crate) problem: String,
}

impl fmt::Display for NotXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.problem, self.offset)
    }
}

/// Reads one document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, NotXml> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| NotXml { offset: error.valid_up_to() as u64, problem: "not UTF-8".into() })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event();
        let offset = reader.buffer_position();
        let at = |problem: String| NotXml { offset, problem };
        let event = event.map_err(|error| at(error.to_string()))?;
        if matches!(event, Event::Eof) {
            return tree.finish().map_err(at);
        }
        tree.take(&reader, event).map_err(at)?;
    }
}

/// The elements that are open, outermost first, and the root once it is closed.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn take(&mut self, reader: &NsReader<&[u8]>, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(start) => self.open(element(reader, &start)?),
            Event::Empty(start) => {
                self.open(element(reader, &start)?)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.text(&referenced(&reference)?),
            Event::DocType(_) => Err("a document type declaration is not accepted".into()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn open(&mut self, element: Element) -> Result<(), String> {
        if self.root.is_some() {
            return Err(format!("`{}` follows the root element", element.name));
        }
        if self.open.len() >= DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) {
        if let Some(element) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(element),
                None => self.root = Some(element),
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text outside the root element".into()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, String> {
        if let Some(open) = self.open.last() {
            return Err(format!("`{}` is not closed", open.name));
        }
        self.root.ok_or_else(|| "no root element".into())
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, String> {
    for attribute in start.attributes() {
        attribute.map_err(|error| error.to_string())?;
    }
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.into_inner().to_owned()),
        ResolveResult::Unbound => None,
        ResolveResult::Unknown(prefix) => {
            return Err(format!("the prefix `{prefix}` is not declared"));
        }
    };
    Ok(Element { namespace, name: name.into_inner().to_owned(), ..Element::default() })
}

fn referenced(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|e| e.to_string())? {
        return Ok(character.into());
    }
    let name = reference.xml10_content();
    quick_xml::escape::resolve_xml_entity(&name)
        .map(str::to_owned)
        .ok_or_else(|| format!("the entity `{name}` is not declared"))
}
