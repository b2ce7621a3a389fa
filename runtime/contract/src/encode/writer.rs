//! Writes values as JSON under a limit.
//!
//! Invariant: the limit is checked before every write, so a giant value is refused after at most the limit was written.

use std::collections::HashMap;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wasmtime::component::Val;

use super::EncodeError;
use crate::decode::MAX_SAFE;
use crate::names::{Keyed, Table};
use crate::shape::{Case, Field, Kind, Shape};

/// Room for a common answer, so that it is not moved again and again while it grows.
const COMMON: usize = 1024;

type Written = Result<(), EncodeError>;

pub(super) struct Writer {
    out: Vec<u8>,
    limit: usize,
}

impl Writer {
    pub(super) fn new(limit: usize) -> Self {
        Self { out: Vec::with_capacity(limit.min(COMMON)), limit }
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

    pub(super) fn value(&mut self, shape: &Shape, value: &Val) -> Written {
        match (shape.kind(), value) {
            (Kind::Bool, Val::Bool(value)) => self.text(if *value { "true" } else { "false" }),
            (Kind::Int(_), _) => self.integer(value),
            (Kind::Float32, Val::Float32(number)) => self.float(f64::from(*number)),
            (Kind::Float64, Val::Float64(number)) => self.float(*number),
            (Kind::Char, Val::Char(letter)) => self.string(letter.encode_utf8(&mut [0; 4])),
            (Kind::String, Val::String(text)) => self.string(text),
            (Kind::Bytes, Val::List(bytes)) => self.bytes(bytes),
            (Kind::List(item), Val::List(items)) => self.array(items.iter().map(|value| (item, value))),
            (Kind::FixedList(item, length), Val::FixedLengthList(items)) if counts(items, *length) => {
                self.array(items.iter().map(|value| (item, value)))
            }
            (Kind::Tuple(parts), Val::Tuple(values)) if parts.len() == values.len() => {
                self.array(parts.iter().zip(values))
            }
            (Kind::Map { key, value, .. }, Val::Map(entries)) => self.map(key, value, entries),
            (Kind::Record(fields), Val::Record(values)) => self.record(fields, values),
            (Kind::Variant(cases), Val::Variant(name, payload)) => {
                let case = cases.get(name).ok_or(EncodeError::Mismatch { wanted: "variant" })?;
                self.tagged(&case.name, case.payload.as_ref(), payload.as_deref())
            }
            (Kind::Enum(cases), Val::Enum(name)) => self.label(cases, name, "enum"),
            (Kind::Flags(flags), Val::Flags(names)) => self.flags(flags, names),
            (Kind::Option(_), Val::Option(None)) => self.text("null"),
            (Kind::Option(inner), Val::Option(Some(value))) if inner.is_option() => {
                self.tagged("some", Some(inner), Some(value))
            }
            (Kind::Option(inner), Val::Option(Some(value))) => self.value(inner, value),
            (Kind::Result(ok, _), Val::Result(Ok(value))) => self.tagged("ok", ok.as_ref(), value.as_deref()),
            (Kind::Result(_, err), Val::Result(Err(value))) => self.tagged("err", err.as_ref(), value.as_deref()),
            (kind, _) => Err(EncodeError::Mismatch { wanted: kind.keyword() }),
        }
    }

    fn integer(&mut self, value: &Val) -> Written {
        match value {
            Val::U8(number) => self.json(number),
            Val::U16(number) => self.json(number),
            Val::U32(number) => self.json(number),
            Val::S8(number) => self.json(number),
            Val::S16(number) => self.json(number),
            Val::S32(number) => self.json(number),
            Val::U64(number) => self.wide((*number).into()),
            Val::S64(number) => self.wide((*number).into()),
            _ => Err(EncodeError::Mismatch { wanted: "an integer" }),
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

    fn string(&mut self, text: &str) -> Written {
        self.json(text)
    }

    /// Lets the library escape and format; our limit makes it stop.
    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Written {
        let limit = self.limit;
        serde_json::to_writer(self, value).map_err(|_| EncodeError::TooLarge { limit })
    }

    fn bytes(&mut self, values: &[Val]) -> Written {
        let length = base64::encoded_len(values.len(), true).and_then(|length| length.checked_add(2));
        self.room_for(length.unwrap_or(usize::MAX))?;
        let byte = |value: &Val| match value {
            Val::U8(byte) => Ok(*byte),
            _ => Err(EncodeError::Mismatch { wanted: "u8" }),
        };
        let bytes: Vec<u8> = values.iter().map(byte).collect::<Result<_, _>>()?;
        self.text("\"")?;
        self.text(&STANDARD.encode(bytes))?;
        self.text("\"")
    }

    fn array<'v>(&mut self, values: impl Iterator<Item = (&'v Shape, &'v Val)>) -> Written {
        self.text("[")?;
        for (at, (shape, value)) in values.enumerate() {
            self.comma(at > 0)?;
            self.value(shape, value)?;
        }
        self.text("]")
    }

    fn comma(&mut self, wanted: bool) -> Written {
        if wanted { self.text(",") } else { Ok(()) }
    }

    fn record(&mut self, fields: &Table<Field>, values: &[(String, Val)]) -> Written {
        let same = fields.items().len() == values.len()
            && fields.items().iter().zip(values).all(|(field, (name, _))| field.name == *name);
        if !same {
            return Err(EncodeError::Mismatch { wanted: "record" });
        }
        self.members(fields.items().iter().zip(values.iter().map(|(_, value)| value)))
    }

    pub(super) fn params(&mut self, fields: &Table<Field>, values: &[Val]) -> Written {
        if fields.items().len() != values.len() {
            return Err(EncodeError::Mismatch { wanted: "a value for each parameter" });
        }
        self.members(fields.items().iter().zip(values))
    }

    fn members<'v>(&mut self, members: impl Iterator<Item = (&'v Field, &'v Val)>) -> Written {
        self.text("{")?;
        let mut first = true;
        for (field, value) in members {
            if matches!(value, Val::Option(None)) {
                continue;
            }
            self.comma(!first)?;
            first = false;
            self.member(&field.json)?;
            self.value(&field.shape, value)?;
        }
        self.text("}")
    }

    /// A name of the contract: letters, digits and hyphens, so nothing to escape.
    fn member(&mut self, name: &str) -> Written {
        self.text("\"")?;
        self.text(name)?;
        self.text("\":")
    }

    fn tagged(&mut self, tag: &str, shape: Option<&Shape>, value: Option<&Val>) -> Written {
        self.text("{\"tag\":\"")?;
        self.text(tag)?;
        self.text("\"")?;
        match (shape, value) {
            (Some(_), Some(Val::Option(None))) | (None, None) => {}
            (Some(shape), Some(value)) => {
                self.text(",\"val\":")?;
                self.value(shape, value)?;
            }
            _ => return Err(EncodeError::Mismatch { wanted: "a payload just where the case has one" }),
        }
        self.text("}")
    }

    fn label(&mut self, cases: &Table<Case>, name: &str, wanted: &'static str) -> Written {
        let case = cases.get(name).ok_or(EncodeError::Mismatch { wanted })?;
        self.text("\"")?;
        self.text(case.key())?;
        self.text("\"")
    }

    fn flags(&mut self, flags: &Table<Case>, names: &[String]) -> Written {
        self.text("[")?;
        for (at, name) in names.iter().enumerate() {
            self.comma(at > 0)?;
            self.label(flags, name, "flags")?;
        }
        self.text("]")
    }

    /// With string keys an object, in which the last of several values of one key counts, as in the component model.
    fn map(&mut self, key: &Shape, value: &Shape, entries: &[(Val, Val)]) -> Written {
        if !matches!(key.kind(), Kind::String) {
            return self.entries(key, value, entries);
        }
        let mut last = HashMap::new();
        for (at, (key, _)) in entries.iter().enumerate() {
            match key {
                Val::String(key) => last.insert(key.as_str(), at),
                _ => return Err(EncodeError::Mismatch { wanted: "string" }),
            };
        }
        self.text("{")?;
        let mut first = true;
        for (at, (key, entry)) in entries.iter().enumerate() {
            let Val::String(key) = key else { continue };
            if last.get(key.as_str()) == Some(&at) {
                self.comma(!first)?;
                first = false;
                self.string(key)?;
                self.text(":")?;
                self.value(value, entry)?;
            }
        }
        self.text("}")
    }

    fn entries(&mut self, key: &Shape, value: &Shape, entries: &[(Val, Val)]) -> Written {
        self.text("[")?;
        for (at, (one, other)) in entries.iter().enumerate() {
            self.comma(at > 0)?;
            self.array([(key, one), (value, other)].into_iter())?;
        }
        self.text("]")
    }
}

impl io::Write for &mut Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.room_for(bytes.len()).map_err(io::Error::other)?;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn counts(items: &[Val], length: u32) -> bool {
    u32::try_from(items.len()) == Ok(length)
}
