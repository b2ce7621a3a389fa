//! Shapes: the value types of a contract, compiled once at admission for everything that happens to values later.
//!
//! Invariant: a shape is finite and small. Its depth is at most [`MAX_DEPTH`] and, written out with every shared type
//! repeated, it has at most [`MAX_NODES`] nodes, so whatever walks a shape ends soon however the component was made.

use std::sync::Arc;

use crate::names::{Keyed, Table, lower_camel};

pub(crate) mod build;

/// The deepest a value may nest, counted in JSON arrays and objects.
pub const MAX_DEPTH: u32 = 48;

/// The most nodes a shape may have when every shared type is written out where it is used.
pub const MAX_NODES: u32 = 50_000;

/// Why a shape cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Two members, cases or flags have the same name in JSON.
    #[error("two of its names are `{0}` in JSON")]
    SameName(String),
    /// More than [`MAX_DEPTH`].
    #[error("it nests deeper than {MAX_DEPTH} levels of JSON")]
    TooDeep,
    /// More than [`MAX_NODES`].
    #[error("it has more than {MAX_NODES} parts when written out")]
    TooLarge,
}

/// The name of a type and where it was defined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeName {
    /// The kebab-case name, e.g. `person`.
    pub name: String,
    /// The interface that defines it, e.g. `lgsp:types/faults@1.0.0`; empty for a type of the component's own world.
    pub interface: String,
}

/// One value type. Cheap to clone; types with a name are shared by everything that uses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape(Arc<Def>);

#[derive(Debug, PartialEq, Eq)]
struct Def {
    name: Option<TypeName>,
    docs: Option<String>,
    kind: Kind,
    nodes: u32,
    depth: u32,
    has_object: bool,
}

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

/// A member of a record or a parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The kebab-case name of the contract.
    pub name: String,
    /// The lowerCamelCase name in JSON.
    pub json: String,
    /// The doc comment.
    pub docs: Option<String>,
    /// The type.
    pub shape: Shape,
}

impl Field {
    /// A field with the JSON name that belongs to `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, docs: Option<String>, shape: Shape) -> Self {
        let name = name.into();
        Self { json: lower_camel(&name), name, docs, shape }
    }
}

impl Keyed for Field {
    fn key(&self) -> &str {
        &self.json
    }
}

/// A case of a variant or an enum, or one flag. It has the same kebab-case name in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The kebab-case name.
    pub name: String,
    /// The doc comment.
    pub docs: Option<String>,
    /// What a variant's case carries.
    pub payload: Option<Shape>,
}

impl Keyed for Case {
    fn key(&self) -> &str {
        &self.name
    }
}

impl Shape {
    /// A shape of that kind.
    ///
    /// # Errors
    /// Two names that are one in JSON; more depth or more nodes than a shape may have.
    pub fn new(name: Option<TypeName>, docs: Option<String>, kind: Kind) -> Result<Self, ShapeError> {
        let mut nodes: u32 = 1;
        let mut below: u32 = 0;
        let mut has_object = kind.is_object();
        for part in kind.parts() {
            nodes = nodes.saturating_add(part.0.nodes);
            below = below.max(part.0.depth);
            has_object |= part.0.has_object;
        }
        nodes = nodes.saturating_add(kind.width());
        let depth = below.saturating_add(kind.json_levels());
        if depth > MAX_DEPTH {
            return Err(ShapeError::TooDeep);
        }
        if nodes > MAX_NODES {
            return Err(ShapeError::TooLarge);
        }
        Ok(Self(Arc::new(Def { name, docs, kind, nodes, depth, has_object })))
    }

    /// The kind of value.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The name of the type, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&TypeName> {
        self.0.name.as_ref()
    }

    /// The doc comment of the type.
    #[must_use]
    pub fn docs(&self) -> Option<&str> {
        self.0.docs.as_deref()
    }

    /// How deep its JSON nests, counted in arrays and objects.
    #[must_use]
    pub fn depth(&self) -> u32 {
        self.0.depth
    }

    /// How many nodes it has when every shared type is written out.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        self.0.nodes
    }

    /// Whether a JSON object with members that the type names stands anywhere in it.
    pub(crate) fn has_object(&self) -> bool {
        self.0.has_object
    }

    /// Whether its JSON may be `null`, or absent where it is a member.
    #[must_use]
    pub fn is_option(&self) -> bool {
        matches!(self.0.kind, Kind::Option(_))
    }
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
    fn width(&self) -> u32 {
        match self {
            Self::Variant(cases) | Self::Enum(cases) | Self::Flags(cases) => {
                u32::try_from(cases.items().len()).unwrap_or(u32::MAX)
            }
            _ => 0,
        }
    }

    /// Whether its JSON is an object with members that the type names.
    fn is_object(&self) -> bool {
        match self {
            Self::Record(_) | Self::Variant(_) | Self::Result(..) => true,
            Self::Option(inner) => inner.is_option(),
            _ => false,
        }
    }

    /// How many arrays and objects the JSON of this node opens around its parts.
    fn json_levels(&self) -> u32 {
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
