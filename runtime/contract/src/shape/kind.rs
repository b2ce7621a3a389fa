//! The kinds of values that the component model has.
//!
//! Invariant: every kind here has a JSON form; what has none never becomes a shape.

use super::{Case, Field, Shape, ShapeError};
use crate::names::Table;

/// What kind of value a shape is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `u8` … `s64`
    Int(Int),
    /// `f32`
    Float32,
    /// `f64`
    Float64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<u8>`
    Bytes,
    /// `list<T>` of anything else.
    List(Shape),
    /// `list<T, N>`
    FixedList(Shape, u32),
    /// `map<K, V>`: made by [`Kind::map`].
    Map {
        /// `K`
        key: Shape,
        /// `V`
        value: Shape,
        /// `tuple<K, V>`: the form of an entry where the key is not a string.
        entry: Shape,
    },
    /// `tuple<…>`
    Tuple(Vec<Shape>),
    /// `record`
    Record(Table<Field>),
    /// `variant`
    Variant(Table<Case>),
    /// `enum`: no case has a payload.
    Enum(Table<Case>),
    /// `flags`: no case has a payload.
    Flags(Table<Case>),
    /// `option<T>`
    Option(Shape),
    /// `result<T, E>` inside a value. As the answer of a function it is an [`Answer`](crate::Answer).
    Result(Option<Shape>, Option<Shape>),
}

/// The integer types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as in WIT")]
pub enum Int {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
}

impl Kind {
    /// `map<K, V>`
    ///
    /// # Errors
    /// As [`Shape::new`].
    pub fn map(key: Shape, value: Shape) -> Result<Self, ShapeError> {
        let entry = Shape::new(None, None, Self::Tuple(vec![key.clone(), value.clone()]))?;
        Ok(Self::Map { key, value, entry })
    }

    /// The shapes directly below.
    #[must_use]
    pub fn parts(&self) -> Vec<&Shape> {
        match self {
            Self::List(part) | Self::FixedList(part, _) | Self::Option(part) => vec![part],
            Self::Map { entry, .. } => vec![entry],
            Self::Tuple(parts) => parts.iter().collect(),
            Self::Record(fields) => fields.items().iter().map(|field| &field.shape).collect(),
            Self::Variant(cases) => cases.items().iter().filter_map(|case| case.payload.as_ref()).collect(),
            Self::Result(ok, err) => ok.iter().chain(err).collect(),
            Self::Bool
            | Self::Int(_)
            | Self::Float32
            | Self::Float64
            | Self::Char
            | Self::String
            | Self::Bytes
            | Self::Enum(_)
            | Self::Flags(_) => Vec::new(),
        }
    }

    /// The WIT keyword.
    #[must_use]
    pub fn keyword(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int(int) => int.keyword(),
            Self::Float32 => "f32",
            Self::Float64 => "f64",
            Self::Char => "char",
            Self::String => "string",
            Self::Bytes => "list<u8>",
            Self::List(_) => "list",
            Self::FixedList(..) => "fixed-length list",
            Self::Map { .. } => "map",
            Self::Tuple(_) => "tuple",
            Self::Record(_) => "record",
            Self::Variant(_) => "variant",
            Self::Enum(_) => "enum",
            Self::Flags(_) => "flags",
            Self::Option(_) => "option",
            Self::Result(..) => "result",
        }
    }

    /// Names that are not shapes of their own but cost as much.
    pub(super) fn width(&self) -> u32 {
        match self {
            Self::Variant(cases) | Self::Enum(cases) | Self::Flags(cases) => {
                u32::try_from(cases.items().len()).unwrap_or(u32::MAX)
            }
            _ => 0,
        }
    }

    /// Whether its JSON is an object with members that the type names.
    pub(super) fn is_object(&self) -> bool {
        match self {
            Self::Record(_) | Self::Variant(_) | Self::Result(..) => true,
            Self::Option(inner) => inner.is_option(),
            _ => false,
        }
    }

    /// How many arrays and objects the JSON of this node opens around its parts.
    pub(super) fn json_levels(&self) -> u32 {
        match self {
            Self::List(_)
            | Self::FixedList(..)
            | Self::Tuple(_)
            | Self::Record(_)
            | Self::Variant(_)
            | Self::Map { .. }
            | Self::Flags(_)
            | Self::Result(..) => 1,
            Self::Option(inner) if inner.is_option() => 1,
            _ => 0,
        }
    }
}

impl Int {
    /// The WIT keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::S8 => "s8",
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::S64 => "s64",
        }
    }

    /// The smallest and the largest value.
    #[must_use]
    pub fn range(self) -> (i128, i128) {
        match self {
            Self::U8 => (0, u8::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
        }
    }

    /// Whether it has 64 bits, so that some of its values are strings in JSON.
    #[must_use]
    pub fn is_wide(self) -> bool {
        matches!(self, Self::U64 | Self::S64)
    }
}
