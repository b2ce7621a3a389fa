//! From bytes to a tree, or to the first mistake.
//!
//! The parser does the tokens; what it leaves open is closed here: one root and nothing after it, every element closed,
//! names and characters legal, references known, no document type declaration. Default limits: 64 MiB, 64 levels, 200,000 elements.

use std::borrow::Cow;
use std::rc::Rc;

use quick_xml::events::{BytesDecl, BytesRef, Event};
use quick_xml::reader::NsReader;

use crate::{Document, Element, Mistake, Place, is_allowed, is_space};

/// How large a document may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes.
    pub bytes: usize,
    /// The most elements open at once.
    pub depth: usize,
    /// The most elements in all.
    pub elements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 64, elements: 200_000 }
    }
}

/// Read a whole document.
///
/// # Errors
/// The first [`Mistake`]: not UTF-8, not well-formed, a document type declaration, or beyond the limits.
pub fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, Mistake> {
    if bytes.len() > limits.bytes {
        return Err(at(
            "",
            0,
            &[],
            format!("the document has {} bytes, more than the {} allowed", bytes.len(), limits.bytes),
        ));
    }
    let source = decode(bytes)?;
    Builder::new(source, *limits).build()
}

fn decode(bytes: &[u8]) -> Result<&str, Mistake> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(at("", 0, &[], "the document is in UTF-16; only UTF-8 is read"));
    }
    let source = std::str::from_utf8(bytes).map_err(|error| {
        let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
        at(&String::from_utf8_lossy(good), error.valid_up_to(), &[], "the bytes here are not UTF-8")
    })?;
    // Byte searches, because nearly all of a large document is base64.
    let control = source.bytes().position(|b| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r'));
    match control.or_else(|| source.find(['\u{fffe}', '\u{ffff}'])) {
        Some(offset) => Err(at(source, offset, &[], "a character that XML does not allow")),
        None => Ok(source),
    }
}

fn at(source: &str, offset: usize, open: &[Element<'_>], message: impl Into<String>) -> Mistake {
    let names: Vec<&str> = open.iter().map(|element| element.local.as_str()).collect();
    Mistake { place: Place::of(source, offset), path: names.join("/"), message: message.into() }
}

/// The state of reading: the elements still open, innermost last.
pub(crate) struct Builder<'a> {
    pub(crate) source: &'a str,
    pub(crate) reader: NsReader<&'a [u8]>,
    pub(crate) limits: Limits,
    pub(crate) open: Vec<Element<'a>>,
    pub(crate) root: Option<Element<'a>>,
    pub(crate) elements: usize,
    /// Where the event in hand starts.
    pub(crate) start: usize,
    /// Every namespace met, so that a thousand elements share one text.
    pub(crate) namespaces: Vec<Rc<str>>,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str, limits: Limits) -> Self {
        let mut reader = NsReader::from_str(source);
        let config = reader.config_mut();
        config.check_comments = true;
        config.expand_empty_elements = false;
        Self { source, reader, limits, open: Vec::new(), root: None, elements: 0, start: 0, namespaces: Vec::new() }
    }

    fn build(mut self) -> Result<Document<'a>, Mistake> {
        loop {
            self.start = position(self.reader.buffer_position());
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let offset = position(self.reader.error_position());
                    return Err(at(self.source, offset, &self.open, error.to_string()));
                }
            };
            match event {
                Event::Start(tag) => self.push(&tag)?,
                Event::Empty(tag) => {
                    self.push(&tag)?;
                    self.pop()?;
                }
                Event::End(_) => self.pop()?,
                Event::Text(text) => self.text(text.into_inner())?,
                Event::CData(text) => {
                    if self.open.is_empty() {
                        return Err(self.mistake("character data outside of the outermost element"));
                    }
                    self.text(text.into_inner())?;
                }
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::Decl(declaration) => self.declaration(&declaration)?,
                Event::DocType(_) => {
                    return Err(self.mistake("a document type declaration (`DOCTYPE`) is not accepted"));
                }
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if let Some(element) = self.open.last() {
            return Err(self.mistake(format!("the document ends before `{}` is closed", element.local)));
        }
        match self.root {
            Some(root) => Ok(Document { source: self.source, root }),
            None => Err(at(self.source, 0, &[], "there is no element: this is not XML")),
        }
    }

    pub(crate) fn mistake(&self, message: impl Into<String>) -> Mistake {
        at(self.source, self.start, &self.open, message)
    }

    fn pop(&mut self) -> Result<(), Mistake> {
        let end = position(self.reader.buffer_position());
        let Some(mut element) = self.open.pop() else {
            return Err(self.mistake("an end tag without its start"));
        };
        element.span.end = end;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: Cow<'a, str>) -> Result<(), Mistake> {
        let Some(element) = self.open.last_mut() else {
            return if text.chars().all(is_space) {
                Ok(())
            } else {
                Err(self.mistake("text outside of the outermost element: this is not XML"))
            };
        };
        let text = if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text };
        if element.text.is_empty() {
            element.text = text;
        } else {
            element.text.to_mut().push_str(&text);
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Mistake> {
        let resolved = match &**reference {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name if name.starts_with('#') => reference.resolve_char_ref().ok().flatten().filter(|c| is_allowed(*c)),
            _ => None,
        };
        let Some(c) = resolved else {
            return Err(self.mistake("a reference to an unknown entity or a character that XML does not allow"));
        };
        let Some(element) = self.open.last_mut() else {
            return Err(self.mistake("a reference outside of the outermost element"));
        };
        element.text.to_mut().push(c);
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Mistake> {
        if self.start != 0 {
            return Err(self.mistake("the XML declaration does not stand at the start"));
        }
        match declaration.version() {
            Ok(version) if version == "1.0" => {}
            _ => return Err(self.mistake("only XML 1.0 is read")),
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii") => Ok(()),
            Some(_) => Err(self.mistake("the document declares another encoding than UTF-8")),
        }
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
