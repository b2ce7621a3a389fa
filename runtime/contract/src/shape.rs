//! Shapes: the value types of a contract, compiled once at admission for everything that happens to values later.
//!
//! Invariant: a shape is finite and small. Its depth is at most [`MAX_DEPTH`] and, written out with every shared type
//! repeated, it has at most [`MAX_NODES`] nodes, so whatever walks a shape ends soon however the component was made.

use std::sync::Arc;

use crate::names::{Keyed, lower_camel};
pub use kind::{Int, Kind};

pub(crate) mod build;
mod kind;

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
