//! Writes values as JSON under a limit.
//!
//! Invariant: the limit is checked before every write, so a giant value is refused after at most the limit was written.

use std::collections::HashMap;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::EncodeError;
use crate::decode::MAX_SAFE;
use crate::names::{Keyed, Table};
use crate::shape::{Case, Field, Int, Kind, Shape};
use crate::values::{Node, Place, Span, Values};

/// Room for a common answer, so that it is not moved again and again while it grows.
const COMMON: usize = 1024;

type Written = Result<(), EncodeError>;

pub(super) struct Writer<'v> {
    values: &'v Values,
    out: Vec<u8>,
    limit: usize,
}

impl<'v> Writer<'v> {
    pub(super) fn new(values: &'v Values, limit: usize) -> Self {
        Self { values, out: Vec::with_capacity(limit.min(COMMON)), limit }
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.out
    }

    pub(super) fn text(&mut self, text: &str) -> Written {
        self.room_for(text.len())?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn room_for(&self, bytes: usize) -> Written {
        let fits = self.limit.checked_sub(self.out.len()).is_some_and(|left| bytes <= left);
        if fits { Ok(()) } else { Err(EncodeError::TooLarge { limit: self.limit }) }
    }

    pub(super) fn value(&mut self, shape: &Shape, node: &Node) -> Written {
        match (shape.kind(), node) {
            (Kind::Bool, Node::Bool(value)) => self.text(if *value { "true" } else { "false" }),
            (Kind::Int(int), Node::Int(bits)) => self.integer(*int, *bits),
            (Kind::Float32, Node::Float32(number)) => self.float(f64::from(*number)),
            (Kind::Float64, Node::Float64(number)) => self.float(*number),
            (Kind::Char, Node::Char(letter)) => self.json(letter),
            (Kind::String, Node::Text(span)) => self.string(found(self.values.text(*span))?),
            (Kind::Bytes, Node::Bytes(span)) => self.bytes(found(self.values.bytes(*span))?),
            (Kind::List(item), Node::Parts(span)) => self.array(std::iter::repeat(item), *span),
            (Kind::FixedList(item, length), Node::Parts(span)) if u32::try_from(span.len()) == Ok(*length) => {
                self.array(std::iter::repeat(item), *span)
            }
            (Kind::Tuple(parts), Node::Parts(span)) if parts.len() == span.len() => self.array(parts.iter(), *span),
            (Kind::Map { key, value, .. }, Node::Parts(span)) => self.map(key, value, *span),
            (Kind::Record(fields), Node::Parts(span)) => self.record(fields, found(self.values.parts(*span))?),
            (Kind::Variant(cases), Node::Case(at, payload)) => {
                let case = found(cases.items().get(*at as usize))?;
                self.tagged(&case.name, case.payload.as_ref(), *payload)
            }
            (Kind::Enum(cases), Node::Case(at, None)) => self.quoted(found(cases.items().get(*at as usize))?.key()),
            (Kind::Flags(flags), Node::Parts(span)) => self.flags(flags, found(self.values.parts(*span))?),
            (Kind::Option(_), Node::Case(0, None)) => self.text("null"),
            (Kind::Option(inner), Node::Case(1, payload)) if inner.is_option() => {
                self.tagged("some", Some(inner), *payload)
            }
            (Kind::Option(inner), Node::Case(1, Some(place))) => self.value(inner, found(self.values.payload(*place))?),
            (Kind::Result(ok, _), Node::Case(0, payload)) => self.tagged("ok", ok.as_ref(), *payload),
            (Kind::Result(_, err), Node::Case(1, payload)) => self.tagged("err", err.as_ref(), *payload),
            (kind, _) => Err(EncodeError::Mismatch { wanted: kind.keyword() }),
        }
    }

    fn integer(&mut self, int: Int, bits: u64) -> Written {
        match int {
            Int::U8 | Int::U16 | Int::U32 => self.json(&bits),
            Int::S8 | Int::S16 | Int::S32 => self.json(&bits.cast_signed()),
            Int::U64 => self.wide(bits.into()),
            Int::S64 => self.wide(bits.cast_signed().into()),
        }
    }

    fn wide(&mut self, number: i128) -> Written {
        if (-MAX_SAFE..=MAX_SAFE).contains(&number) { self.json(&number) } else { self.text(&format!("\"{number}\"")) }
    }

    /// An `f32` is written with the digits of the `f64` of the same value, so that it comes back exactly.
    fn float(&mut self, number: f64) -> Written {
        match number {
            number if number.is_nan() => self.text("\"NaN\""),
            f64::INFINITY => self.text("\"Infinity\""),
            f64::NEG_INFINITY => self.text("\"-Infinity\""),
            number => self.json(&number),
        }
    }

    /// Lets the library escape and format; our limit makes it stop.
    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Written {
        let limit = self.limit;
        serde_json::to_writer(&mut *self, value).map_err(|_| EncodeError::TooLarge { limit })
    }

    fn bytes(&mut self, bytes: &[u8]) -> Written {
        let length = base64::encoded_len(bytes.len(), true).and_then(|length| length.checked_add(2));
        self.room_for(length.unwrap_or(usize::MAX))?;
        self.text("\"")?;
        self.text(&STANDARD.encode(bytes))?;
        self.text("\"")
    }

    fn array<'s>(&mut self, shapes: impl Iterator<Item = &'s Shape>, span: Span) -> Written {
        self.list(shapes, found(self.values.parts(span))?)
    }

    /// An array, or the parameters of a function in their order.
    pub(super) fn list<'s>(&mut self, shapes: impl Iterator<Item = &'s Shape>, nodes: &[Node]) -> Written {
        self.text("[")?;
        for (at, (shape, node)) in shapes.zip(nodes).enumerate() {
            self.comma(at > 0)?;
            self.value(shape, node)?;
        }
        self.text("]")
    }

    fn comma(&mut self, wanted: bool) -> Written {
        if wanted { self.text(",") } else { Ok(()) }
    }

    /// A record, or the parameters of a function.
    pub(super) fn record(&mut self, fields: &Table<Field>, nodes: &[Node]) -> Written {
        if fields.items().len() != nodes.len() {
            return Err(EncodeError::Mismatch { wanted: "record" });
        }
        self.text("{")?;
        let mut first = true;
        for (field, node) in fields.items().iter().zip(nodes) {
            if absent(&field.shape, node) {
                continue;
            }
            self.comma(!first)?;
            first = false;
            self.quoted(&field.json)?;
            self.text(":")?;
            self.value(&field.shape, node)?;
        }
        self.text("}")
    }

    /// Most texts have nothing to escape, and finding that out takes a fraction of what the library takes to write one.
    fn string(&mut self, text: &str) -> Written {
        // Without an early end, so that the compiler looks at many bytes at once.
        let escaped = text.bytes().fold(false, |found, byte| found | matches!(byte, ..b' ' | b'"' | b'\\'));
        if escaped { self.json(text) } else { self.quoted(text) }
    }

    /// Something in which nothing is to be escaped, as are the names of a contract: letters, digits and hyphens.
    fn quoted(&mut self, text: &str) -> Written {
        self.room_for(text.len().saturating_add(2))?;
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    fn tagged(&mut self, tag: &str, shape: Option<&Shape>, payload: Option<Place>) -> Written {
        self.text("{\"tag\":")?;
        self.quoted(tag)?;
        match (shape, payload) {
            (None, None) => {}
            (Some(shape), Some(place)) => {
                let node = found(self.values.payload(place))?;
                if !absent(shape, node) {
                    self.text(",\"val\":")?;
                    self.value(shape, node)?;
                }
            }
            _ => return Err(EncodeError::Mismatch { wanted: "a payload just where the case has one" }),
        }
        self.text("}")
    }

    fn flags(&mut self, flags: &Table<Case>, nodes: &[Node]) -> Written {
        self.text("[")?;
        let mut first = true;
        for (flag, node) in flags.items().iter().zip(nodes) {
            if matches!(node, Node::Bool(true)) {
                self.comma(!first)?;
                first = false;
                self.quoted(flag.key())?;
            }
        }
        self.text("]")
    }

    /// With string keys an object, in which the last of several values of one key counts, as in the component model.
    fn map(&mut self, key: &Shape, value: &Shape, span: Span) -> Written {
        let (entries, []) = found(self.values.parts(span))?.as_chunks::<2>() else {
            return Err(EncodeError::Mismatch { wanted: "map" });
        };
        if !matches!(key.kind(), Kind::String) {
            return self.entries(key, value, entries);
        }
        let mut last = HashMap::new();
        for (at, [key, _]) in entries.iter().enumerate() {
            last.insert(self.key(key)?, at);
        }
        self.text("{")?;
        let mut first = true;
        for (at, [key, entry]) in entries.iter().enumerate() {
            let key = self.key(key)?;
            if last.get(key) == Some(&at) {
                self.comma(!first)?;
                first = false;
                self.string(key)?;
                self.text(":")?;
                self.value(value, entry)?;
            }
        }
        self.text("}")
    }

    fn key(&self, node: &Node) -> Result<&'v str, EncodeError> {
        match node {
            Node::Text(span) => found(self.values.text(*span)),
            _ => Err(EncodeError::Mismatch { wanted: "string" }),
        }
    }

    fn entries(&mut self, key: &Shape, value: &Shape, entries: &[[Node; 2]]) -> Written {
        self.text("[")?;
        for (at, [one, other]) in entries.iter().enumerate() {
            self.comma(at > 0)?;
            self.text("[")?;
            self.value(key, one)?;
            self.text(",")?;
            self.value(value, other)?;
            self.text("]")?;
        }
        self.text("]")
    }
}

impl io::Write for &mut Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room_for(bytes.len()).map_err(io::Error::other)?;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a node says is beside it.
fn found<T>(part: Option<T>) -> Result<T, EncodeError> {
    part.ok_or(EncodeError::Mismatch { wanted: "a value that is whole" })
}

/// Whether it is a value that JSON leaves out.
fn absent(shape: &Shape, node: &Node) -> bool {
    shape.is_option() && node.is_bare_first()
}
