//! One value: takes what JSON offers and hands it to the file that knows that kind of value.
//!
//! Invariant: the offered value is consumed whole whether it fits or not; `None` means that a problem was noted.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::path::Path;
use super::text::{Found, skip_elements, skip_members};
use super::{State, arrays, objects, scalars, tagged, words};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Field, Kind, Shape};
use crate::values::Node;

/// What should stand there.
#[derive(Clone, Copy)]
pub(super) enum Want<'s> {
    /// A value of a shape.
    Shape(&'s Shape),
    /// The parameters of a function.
    Params(&'s Table<Field>),
    /// `null`, behind the tag of a case that carries nothing.
    Nothing,
}

impl<'s> Want<'s> {
    pub(super) fn payload(shape: Option<&'s Shape>) -> Self {
        shape.map_or(Self::Nothing, Self::Shape)
    }

    fn kind(self) -> Option<&'s Kind> {
        match self {
            Self::Shape(shape) => Some(shape.kind()),
            Self::Params(_) | Self::Nothing => None,
        }
    }

    fn words(self) -> String {
        match self {
            Self::Shape(shape) => words::wanted(shape),
            Self::Params(_) => "an object with the parameters by name".to_owned(),
            Self::Nothing => "nothing: this case carries no value, leave `val` out".to_owned(),
        }
    }
}

/// Decodes one value at one place.
pub(super) struct Seed<'a, 't> {
    pub(super) state: &'a mut State<'t>,
    pub(super) want: Want<'a>,
    pub(super) path: &'a Path<'a>,
}

impl Seed<'_, '_> {
    fn wrong_type(self, found: Found) -> Option<Node> {
        let want = self.want;
        self.state.problem(self.path, ProblemCode::WrongType, || format!("wants {}, not {found}", want.words()));
        None
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = Option<Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Node>, D::Error> {
        match self.want.kind() {
            Some(Kind::Option(inner)) if !inner.is_option() => deserializer.deserialize_option(self),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_> {
    type Value = Option<Node>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON value")
    }

    fn visit_none<E: Error>(self) -> Result<Option<Node>, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Node>, D::Error> {
        let Some(Kind::Option(inner)) = self.want.kind() else {
            return deserializer.deserialize_any(self);
        };
        let value =
            Seed { state: &mut *self.state, want: Want::Shape(inner), path: self.path }.deserialize(deserializer)?;
        value.map(|value| Ok(Node::Case(1, Some(self.state.payload(value)?)))).transpose()
    }

    fn visit_unit<E: Error>(self) -> Result<Option<Node>, E> {
        match self.want {
            Want::Nothing => Ok(Some(Node::NONE)),
            Want::Shape(shape) if shape.is_option() => Ok(Some(Node::NONE)),
            _ => Ok(self.wrong_type(Found::Null)),
        }
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<Node>, E> {
        match self.want.kind() {
            Some(Kind::Bool) => Ok(Some(Node::Bool(value))),
            _ => Ok(self.wrong_type(Found::Bool)),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Node>, E> {
        match self.want.kind() {
            Some(Kind::Int(int)) => Ok(scalars::integer(self.state, self.path, *int, i128::from(number))),
            // Exact up to 2^53 and rounded to the nearest beyond, as for any other decimal number.
            #[expect(clippy::cast_precision_loss, reason = "a float is what the contract wants")]
            _ => self.visit_f64(number as f64),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<Node>, E> {
        match self.want.kind() {
            Some(Kind::Int(int)) => Ok(scalars::integer(self.state, self.path, *int, i128::from(number))),
            #[expect(clippy::cast_precision_loss, reason = "a float is what the contract wants")]
            _ => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<Node>, E> {
        match self.want.kind() {
            Some(Kind::Float64) => Ok(Some(Node::Float64(number))),
            Some(Kind::Float32) => Ok(scalars::float32(self.state, self.path, number)),
            Some(Kind::Int(int)) => Ok(scalars::integral(self.state, self.path, *int, number)),
            _ => Ok(self.wrong_type(Found::Number)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<Node>, E> {
        match self.want.kind() {
            Some(Kind::String) => self.state.text_value(text).map(Some),
            Some(Kind::Bytes) => scalars::bytes(self.state, self.path, text),
            Some(Kind::Char) => Ok(scalars::character(self.state, self.path, text)),
            Some(Kind::Enum(cases)) => Ok(scalars::case(self.state, self.path, cases, text)),
            Some(Kind::Int(int)) if int.is_wide() => Ok(scalars::decimal(self.state, self.path, *int, text)),
            Some(kind @ (Kind::Float32 | Kind::Float64)) => {
                Ok(scalars::special_float(self.state, self.path, kind, text))
            }
            _ => Ok(self.wrong_type(Found::String)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Option<Node>, A::Error> {
        match self.want.kind() {
            Some(Kind::List(item)) => arrays::list(self.state, self.path, item, array),
            Some(Kind::FixedList(item, length)) => arrays::fixed(self.state, self.path, item, *length, array),
            Some(Kind::Tuple(parts)) => arrays::tuple(self.state, self.path, parts, array),
            Some(Kind::Flags(flags)) => arrays::flags(self.state, self.path, flags, array),
            Some(Kind::Map { key, entry, .. }) if !words::is_string(key) => {
                arrays::entries(self.state, self.path, entry, array)
            }
            _ => {
                skip_elements(array)?;
                Ok(self.wrong_type(Found::Array))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Option<Node>, A::Error> {
        let kind = match self.want {
            Want::Params(fields) => return objects::record(self.state, self.path, fields, object),
            Want::Shape(shape) => Some(shape.kind()),
            Want::Nothing => None,
        };
        match kind {
            Some(Kind::Record(fields)) => objects::record(self.state, self.path, fields, object),
            Some(Kind::Map { key, value, .. }) if words::is_string(key) => {
                objects::map(self.state, self.path, value, object)
            }
            Some(kind) if tagged::Tags::of(kind).is_some() => tagged::object(self.state, self.path, kind, object),
            _ => {
                skip_members(object)?;
                Ok(self.wrong_type(Found::Object))
            }
        }
    }
}
