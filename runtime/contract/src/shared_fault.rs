//! The fault type that the contracts of an LGSP share, recognised once when a component is read.
//!
//! Invariant: a fault is only taken for the shared one if its name, its package and the members that the gateway acts
//! on are all as published, so a look-alike of a vendor's own stays an error value like any other.

use wasmtime::component::Val;

use crate::shape::{Field, Int, Kind, Shape};
use crate::values::{Node, Values};

const PACKAGE: &str = "lgsp:types";
const INTERFACE: &str = "faults";
const NAME: &str = "fault";

/// A value of the record `fault` of the interface `lgsp:types/faults@1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFault {
    /// The kebab-case case of `fault-code`, e.g. `not-found`.
    pub code: String,
    /// One sentence for the caller.
    pub message: String,
    /// The code of the upstream system, if it gave one.
    pub upstream_code: Option<String>,
    /// How many seconds to wait before another try.
    pub retry_after: Option<u32>,
}

/// Whether `shape` is the shared fault of any `1.x` version. Later versions may add members.
pub(crate) fn is_shared_fault(shape: &Shape) -> bool {
    let Some(name) = shape.name() else { return false };
    name.name == NAME && is_shared_interface(&name.interface) && has_its_members(shape)
}

fn is_shared_interface(interface: &str) -> bool {
    let Some((path, version)) = interface.split_once('@') else { return false };
    let version = semver::Version::parse(version);
    path.split_once('/') == Some((PACKAGE, INTERFACE)) && version.is_ok_and(|version| version.major == 1)
}

fn has_its_members(shape: &Shape) -> bool {
    let Kind::Record(fields) = shape.kind() else { return false };
    let kind = |json: &str| fields.get(json).map(|field| field.shape.kind());
    let inner = |json: &str| match kind(json) {
        Some(Kind::Option(inner)) => Some(inner.kind()),
        _ => None,
    };
    matches!(kind("code"), Some(Kind::Enum(_)))
        && matches!(kind("message"), Some(Kind::String))
        && matches!(inner("upstreamCode"), Some(Kind::String))
        && matches!(inner("retryAfter"), Some(Kind::Int(Int::U32)))
}

impl SharedFault {
    /// The fault that a value of the shared type holds; none if the value is not of that type.
    pub(crate) fn of(shape: &Shape, values: &Values, node: &Node) -> Option<Self> {
        let (Kind::Record(fields), Node::Parts(span)) = (shape.kind(), node) else { return None };
        let parts = values.parts(*span)?;
        let get = |json: &str| {
            let at = fields.find(json, 0)?;
            Some((fields.items().get(at)?.shape.kind(), parts.get(at)?))
        };
        let (Some((Kind::Enum(codes), Node::Case(code, None))), Some((Kind::String, Node::Text(message)))) =
            (get("code"), get("message"))
        else {
            return None;
        };
        let some = |json: &str| match get(json) {
            Some((Kind::Option(_), Node::Case(1, Some(place)))) => values.payload(*place),
            _ => None,
        };
        let upstream_code = match some("upstreamCode") {
            Some(Node::Text(code)) => Some(values.text(*code)?.to_owned()),
            Some(_) => return None,
            None => None,
        };
        let retry_after = match some("retryAfter") {
            Some(Node::Int(seconds)) => Some(u32::try_from(*seconds).ok()?),
            Some(_) => return None,
            None => None,
        };
        let code = codes.items().get(*code as usize)?.name.clone();
        Some(Self { code, message: values.text(*message)?.to_owned(), upstream_code, retry_after })
    }

    /// The value of this shape, which is one of the shared type. A later version may have more members: those that are optional are
    /// absent. None if the shape has not the code or demands another member.
    pub(crate) fn value(&self, shape: &Shape) -> Option<Val> {
        let Kind::Record(fields) = shape.kind() else { return None };
        let optional = |value: Option<Val>| Val::Option(value.map(Box::new));
        let member = |field: &Field| match (field.name.as_str(), field.shape.kind()) {
            ("code", Kind::Enum(codes)) => codes.get(&self.code).map(|code| Val::Enum(code.name.clone())),
            ("message", Kind::String) => Some(Val::String(self.message.clone())),
            ("upstream-code", Kind::Option(_)) => Some(optional(self.upstream_code.clone().map(Val::String))),
            ("retry-after", Kind::Option(_)) => Some(optional(self.retry_after.map(Val::U32))),
            (_, Kind::Option(_)) => Some(optional(None)),
            _ => None,
        };
        let members = fields.items().iter().map(|field| member(field).map(|value| (field.name.clone(), value)));
        members.collect::<Option<Vec<_>>>().map(Val::Record)
    }
}
