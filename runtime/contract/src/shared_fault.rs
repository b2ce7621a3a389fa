//! The fault type that the contracts of an LGSP share, recognised once when a component is read.
//!
//! Invariant: a fault is only taken for the shared one if its name, its package and the members that the gateway acts
//! on are all as published, so a look-alike of a vendor's own stays an error value like any other.

use wasmtime::component::Val;

use crate::shape::{Field, Int, Kind, Shape};

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
    pub(crate) fn of(value: &Val) -> Option<Self> {
        let Val::Record(fields) = value else { return None };
        let get = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value);
        let (Some(Val::Enum(code)), Some(Val::String(message))) = (get("code"), get("message")) else {
            return None;
        };
        let upstream_code = match get("upstream-code") {
            Some(Val::Option(Some(code))) => match &**code {
                Val::String(code) => Some(code.clone()),
                _ => return None,
            },
            _ => None,
        };
        let retry_after = match get("retry-after") {
            Some(Val::Option(Some(seconds))) => match **seconds {
                Val::U32(seconds) => Some(seconds),
                _ => return None,
            },
            _ => None,
        };
        Some(Self { code: code.clone(), message: message.clone(), upstream_code, retry_after })
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
