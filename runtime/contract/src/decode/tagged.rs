//! Values that are JSON objects with `tag` and `val`: variants, results, options of options.
//!
//! Invariant: `tag` and `val` may come in either order, as the members of any JSON object may. A `val` that comes first
//! waits as text and is decoded when the tag is known.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::path::Path;
use super::scalars::{no_such, number_of};
use super::seed::{Seed, Want};
use super::text::Text;
use super::{State, words};
use crate::names::Table;
use crate::refusal::ProblemCode;
use crate::shape::{Case, Kind, Shape};
use crate::values::Node;

/// The tags that a kind of value knows.
#[derive(Clone, Copy)]
pub(super) enum Tags<'s> {
    Variant(&'s Table<Case>),
    Result(Option<&'s Shape>, Option<&'s Shape>),
    Option(&'s Shape),
}

impl<'s> Tags<'s> {
    pub(super) fn of(kind: &'s Kind) -> Option<Self> {
        match kind {
            Kind::Variant(cases) => Some(Self::Variant(cases)),
            Kind::Result(ok, err) => Some(Self::Result(ok.as_ref(), err.as_ref())),
            Kind::Option(inner) if inner.is_option() => Some(Self::Option(inner)),
            _ => None,
        }
    }

    /// The number of the case, and what it carries; none if there is no such tag.
    fn case(self, tag: &str) -> Option<(u32, Option<&'s Shape>)> {
        match (self, tag) {
            (Self::Variant(cases), _) => {
                let at = number_of(cases, tag)?;
                Some((at, cases.items().get(at as usize)?.payload.as_ref()))
            }
            (Self::Result(ok, _), "ok") => Some((0, ok)),
            (Self::Result(_, err), "err") => Some((1, err)),
            (Self::Option(inner), "some") => Some((1, Some(inner))),
            _ => None,
        }
    }

    fn no_such(self, wrong: &str) -> String {
        match self {
            Self::Variant(cases) => no_such(cases, wrong),
            Self::Result(..) => "wants one of `ok`, `err`".to_owned(),
            Self::Option(_) => "wants `some`; for none give `null` instead of the object".to_owned(),
        }
    }
}

/// The tag as far as it is known.
enum Tag<'s> {
    NotYet,
    Bad,
    Good(u32, Option<&'s Shape>),
}

/// The payload as far as it is known.
enum Payload<'de> {
    NotYet,
    Waiting(&'de RawValue),
    Bad,
    Good(Node),
}

pub(super) fn object<'de, A: MapAccess<'de>>(
    state: &mut State<'_>,
    path: &Path<'_>,
    kind: &Kind,
    mut object: A,
) -> Result<Option<Node>, A::Error> {
    let Some(tags) = Tags::of(kind) else { return Ok(None) };
    let val_path = path.member("val");
    let mut tag = Tag::NotYet;
    let mut payload = Payload::NotYet;
    let mut good = true;
    while let Some(key) = object.next_key::<Text<'de>>()? {
        let Text::Is(key) = key else { continue };
        match (key.as_ref(), &tag, &payload) {
            ("tag", Tag::NotYet, _) => tag = read_tag(state, path, tags, object.next_value()?),
            ("val", Tag::NotYet, Payload::NotYet) => payload = Payload::Waiting(object.next_value()?),
            ("val", Tag::Good(_, shape), Payload::NotYet) => {
                let seed = Seed { state, want: Want::payload(*shape), path: &val_path };
                payload = object.next_value_seed(seed)?.map_or(Payload::Bad, Payload::Good);
            }
            ("val", Tag::Bad, Payload::NotYet) => {
                object.next_value::<IgnoredAny>()?;
                payload = Payload::Bad;
            }
            (name, ..) => {
                object.next_value::<IgnoredAny>()?;
                good = false;
                let twice = matches!(name, "tag" | "val");
                let (code, message) = if twice {
                    (ProblemCode::Duplicate, "this member stands there already")
                } else {
                    (ProblemCode::Unknown, "no such member; there is `tag`, `val`")
                };
                state.problem(&path.member(name), code, || message.to_owned());
            }
        }
    }
    let value = close(state, path, &val_path, tag, payload)?;
    Ok(value.filter(|_| good))
}

fn read_tag<'s>(state: &mut State<'_>, path: &Path<'_>, tags: Tags<'s>, text: Text<'_>) -> Tag<'s> {
    let here = path.member("tag");
    match text {
        Text::Is(name) => match tags.case(&name) {
            Some((at, shape)) => return Tag::Good(at, shape),
            None => state.problem(&here, ProblemCode::InvalidValue, || tags.no_such(&name)),
        },
        Text::IsNot(found) => {
            state.problem(&here, ProblemCode::WrongType, || {
                format!("wants the name of a case as a string, not {found}")
            });
        }
    }
    Tag::Bad
}

/// Puts tag and payload together after the last member.
fn close<'de, E: serde::de::Error>(
    state: &mut State<'_>,
    path: &Path<'_>,
    val_path: &Path<'_>,
    tag: Tag<'_>,
    payload: Payload<'de>,
) -> Result<Option<Node>, E> {
    let (at, shape) = match tag {
        Tag::Good(at, shape) => (at, shape),
        Tag::Bad => return Ok(None),
        Tag::NotYet => {
            let message = || "`tag` is missing: wants the name of a case".to_owned();
            state.problem(&path.member("tag"), ProblemCode::Missing, message);
            return Ok(None);
        }
    };
    let value = match payload {
        Payload::Good(value) => value,
        Payload::Bad => return Ok(None),
        Payload::Waiting(raw) => {
            let mut parser = serde_json::Deserializer::from_str(raw.get());
            let seed = Seed { state, want: Want::payload(shape), path: val_path };
            match seed.deserialize(&mut parser) {
                Ok(Some(value)) => value,
                Ok(None) => return Ok(None),
                Err(error) => return Err(state.fail_in(raw.get(), &error)),
            }
        }
        Payload::NotYet if shape.is_none_or(Shape::is_option) => Node::NONE,
        Payload::NotYet => {
            state.problem(val_path, ProblemCode::Missing, || {
                let wanted = shape.map(words::wanted).unwrap_or_default();
                format!("`val` is missing: wants {wanted}")
            });
            return Ok(None);
        }
    };
    let payload = if shape.is_some() { Some(state.payload(value)?) } else { None };
    Ok(Some(Node::Case(at, payload)))
}
