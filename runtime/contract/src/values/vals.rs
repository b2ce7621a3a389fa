//! To and from the engine's own values, which is what an imported function is called with and answers with.
//!
//! Invariant: nothing is converted that is not of its shape, and no more memory is taken than is said.

use super::{Full, Node, Span, Values};
use crate::encode::EncodeError;
use crate::names::Table;
use crate::shape::{Case, Field, Int, Kind, Shape};
use wasmtime::component::Val;

/// Why there is no [`Val`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVal {
    /// It would take more memory than it may.
    #[error("the values take more memory than they may")]
    TooLarge,
    /// The value is not of the shape, which is a defect of the host.
    #[error("a value is not of its type")]
    Mismatch,
}

impl From<Full> for EncodeError {
    fn from(_: Full) -> Self {
        Self::TooLarge { limit: u32::MAX as usize }
    }
}

impl Values {
    /// The engine's form of the values, which are of these shapes, in at most about `most` bytes.
    ///
    /// # Errors
    /// They would take more, or are of other shapes.
    pub fn to_vals<'s>(
        &self,
        shapes: impl ExactSizeIterator<Item = &'s Shape>,
        most: usize,
    ) -> Result<Vec<Val>, NoVal> {
        if shapes.len() != self.roots().len() {
            return Err(NoVal::Mismatch);
        }
        Reader { values: self, left: most }.vals(shapes, self.roots())
    }

    /// Values of these shapes from the engine's form.
    ///
    /// # Errors
    /// They are of other shapes.
    pub fn of_vals<'s>(shapes: impl ExactSizeIterator<Item = &'s Shape>, vals: &'s [Val]) -> Result<Self, EncodeError> {
        if shapes.len() != vals.len() {
            return Err(mismatch("a value for each type"));
        }
        let mut values = Self::default();
        let span = values.fill(shapes.zip(vals), vals.len())?;
        values.set_roots(span);
        Ok(values)
    }

    fn fill<'a>(
        &mut self,
        parts: impl Iterator<Item = (&'a Shape, &'a Val)>,
        count: usize,
    ) -> Result<Span, EncodeError> {
        let span = self.room(count)?;
        for (at, (shape, val)) in parts.enumerate() {
            let node = self.node_of(shape, val)?;
            self.set(span, at, node);
        }
        Ok(span)
    }

    fn node_of(&mut self, shape: &Shape, val: &Val) -> Result<Node, EncodeError> {
        Ok(match (shape.kind(), val) {
            (Kind::Bool, Val::Bool(value)) => Node::Bool(*value),
            (Kind::Int(int), _) => Node::Int(bits(*int, val).ok_or(mismatch("an integer"))?),
            (Kind::Float32, Val::Float32(number)) => Node::Float32(*number),
            (Kind::Float64, Val::Float64(number)) => Node::Float64(*number),
            (Kind::Char, Val::Char(letter)) => Node::Char(*letter),
            (Kind::String, Val::String(text)) => self.add_text(text)?,
            (Kind::Bytes, Val::List(bytes)) => {
                let byte = |val: &Val| if let Val::U8(byte) = val { Ok(*byte) } else { Err(mismatch("u8")) };
                let bytes = bytes.iter().map(byte).collect::<Result<Vec<u8>, _>>()?;
                self.add_bytes(&bytes)?
            }
            (Kind::List(item), Val::List(vals)) => {
                Node::Parts(self.fill(vals.iter().map(|val| (item, val)), vals.len())?)
            }
            (Kind::FixedList(item, length), Val::FixedLengthList(vals)) if u32::try_from(vals.len()) == Ok(*length) => {
                Node::Parts(self.fill(vals.iter().map(|val| (item, val)), vals.len())?)
            }
            (Kind::Tuple(parts), Val::Tuple(vals)) if parts.len() == vals.len() => {
                Node::Parts(self.fill(parts.iter().zip(vals), vals.len())?)
            }
            (Kind::Map { key, value, .. }, Val::Map(entries)) => {
                let parts = entries.iter().flat_map(|(one, other)| [(key, one), (value, other)]);
                Node::Parts(self.fill(parts, 2 * entries.len())?)
            }
            (Kind::Record(fields), Val::Record(members)) if same_names(fields, members) => {
                let parts = fields.items().iter().map(|field| &field.shape).zip(members.iter().map(|(_, val)| val));
                Node::Parts(self.fill(parts, members.len())?)
            }
            (Kind::Variant(cases), Val::Variant(name, payload)) => {
                let (at, case) = case(cases, name).ok_or(mismatch("variant"))?;
                self.case_of(at, case.payload.as_ref(), payload.as_deref())?
            }
            (Kind::Enum(cases), Val::Enum(name)) => {
                let (at, _) = case(cases, name).ok_or(mismatch("enum"))?;
                Node::Case(at, None)
            }
            (Kind::Flags(flags), Val::Flags(names)) => {
                if !names.iter().all(|name| flags.get(name).is_some()) {
                    return Err(mismatch("flags"));
                }
                self.add_parts(flags.items().iter().map(|flag| Node::Bool(names.contains(&flag.name))))?
            }
            (Kind::Option(_), Val::Option(None)) => Node::NONE,
            (Kind::Option(inner), Val::Option(payload)) => self.case_of(1, Some(inner), payload.as_deref())?,
            (Kind::Result(ok, _), Val::Result(Ok(payload))) => self.case_of(0, ok.as_ref(), payload.as_deref())?,
            (Kind::Result(_, err), Val::Result(Err(payload))) => self.case_of(1, err.as_ref(), payload.as_deref())?,
            (kind, _) => return Err(mismatch(kind.keyword())),
        })
    }

    fn case_of(&mut self, at: u32, shape: Option<&Shape>, payload: Option<&Val>) -> Result<Node, EncodeError> {
        match (shape, payload) {
            (None, None) => Ok(Node::Case(at, None)),
            (Some(shape), Some(payload)) => {
                let payload = self.node_of(shape, payload)?;
                Ok(Node::Case(at, Some(self.add(payload)?)))
            }
            _ => Err(mismatch("a payload just where the case has one")),
        }
    }
}

fn mismatch(wanted: &'static str) -> EncodeError {
    EncodeError::Mismatch { wanted }
}

fn same_names(fields: &Table<Field>, members: &[(String, Val)]) -> bool {
    fields.items().len() == members.len()
        && fields.items().iter().zip(members).all(|(field, (name, _))| field.name == *name)
}

fn case<'a>(cases: &'a Table<Case>, name: &str) -> Option<(u32, &'a Case)> {
    let at = cases.find(name, 0)?;
    Some((u32::try_from(at).ok()?, cases.items().get(at)?))
}

/// The integer, if it is of that type.
fn bits(int: Int, val: &Val) -> Option<u64> {
    let wide = |number: i64| number.cast_unsigned();
    Some(match (int, val) {
        (Int::U8, Val::U8(number)) => (*number).into(),
        (Int::U16, Val::U16(number)) => (*number).into(),
        (Int::U32, Val::U32(number)) => (*number).into(),
        (Int::U64, Val::U64(number)) => *number,
        (Int::S8, Val::S8(number)) => wide((*number).into()),
        (Int::S16, Val::S16(number)) => wide((*number).into()),
        (Int::S32, Val::S32(number)) => wide((*number).into()),
        (Int::S64, Val::S64(number)) => wide(*number),
        _ => return None,
    })
}

/// Makes [`Val`]s, counting what they take.
struct Reader<'v> {
    values: &'v Values,
    left: usize,
}

impl Reader<'_> {
    fn charge(&mut self, bytes: usize) -> Result<(), NoVal> {
        self.left = self.left.checked_sub(bytes).ok_or(NoVal::TooLarge)?;
        Ok(())
    }

    fn val(&mut self, shape: &Shape, node: &Node) -> Result<Val, NoVal> {
        self.charge(size_of::<Val>())?;
        Ok(match (shape.kind(), node) {
            (Kind::Bool, Node::Bool(value)) => Val::Bool(*value),
            (Kind::Int(int), Node::Int(bits)) => integer(*int, *bits).ok_or(NoVal::Mismatch)?,
            (Kind::Float32, Node::Float32(number)) => Val::Float32(*number),
            (Kind::Float64, Node::Float64(number)) => Val::Float64(*number),
            (Kind::Char, Node::Char(letter)) => Val::Char(*letter),
            (Kind::String, Node::Text(span)) => {
                self.charge(span.len())?;
                Val::String(self.values.text(*span).ok_or(NoVal::Mismatch)?.to_owned())
            }
            (Kind::Bytes, Node::Bytes(span)) => {
                self.charge(span.len().saturating_mul(size_of::<Val>()))?;
                let bytes = self.values.bytes(*span).ok_or(NoVal::Mismatch)?;
                Val::List(bytes.iter().copied().map(Val::U8).collect())
            }
            (Kind::List(item), Node::Parts(span)) => Val::List(self.vals(std::iter::repeat(item), self.parts(*span)?)?),
            (Kind::FixedList(item, length), Node::Parts(span)) if u32::try_from(span.len()) == Ok(*length) => {
                Val::FixedLengthList(self.vals(std::iter::repeat(item), self.parts(*span)?)?)
            }
            (Kind::Tuple(parts), Node::Parts(span)) if parts.len() == span.len() => {
                Val::Tuple(self.vals(parts.iter(), self.parts(*span)?)?)
            }
            (Kind::Map { key, value, .. }, Node::Parts(span)) => {
                let (pairs, []) = self.parts(*span)?.as_chunks::<2>() else { return Err(NoVal::Mismatch) };
                let pairs = pairs.iter().map(|[one, other]| Ok((self.val(key, one)?, self.val(value, other)?)));
                Val::Map(pairs.collect::<Result<_, NoVal>>()?)
            }
            (Kind::Record(fields), Node::Parts(span)) if fields.items().len() == span.len() => {
                let members = fields.items().iter().zip(self.parts(*span)?);
                let members = members.map(|(field, node)| {
                    self.charge(size_of::<String>() + field.name.len())?;
                    Ok((field.name.clone(), self.val(&field.shape, node)?))
                });
                Val::Record(members.collect::<Result<_, NoVal>>()?)
            }
            (Kind::Variant(cases), Node::Case(at, payload)) => {
                let case = cases.items().get(*at as usize).ok_or(NoVal::Mismatch)?;
                self.charge(case.name.len())?;
                Val::Variant(case.name.clone(), self.payload(case.payload.as_ref(), *payload)?)
            }
            (Kind::Enum(cases), Node::Case(at, None)) => {
                let case = cases.items().get(*at as usize).ok_or(NoVal::Mismatch)?;
                self.charge(case.name.len())?;
                Val::Enum(case.name.clone())
            }
            (Kind::Flags(flags), Node::Parts(span)) if flags.items().len() == span.len() => {
                Val::Flags(self.flags(flags, self.parts(*span)?)?)
            }
            (Kind::Option(_), Node::Case(0, None)) => Val::Option(None),
            (Kind::Option(inner), Node::Case(1, payload)) => Val::Option(self.payload(Some(inner), *payload)?),
            (Kind::Result(ok, _), Node::Case(0, payload)) => Val::Result(Ok(self.payload(ok.as_ref(), *payload)?)),
            (Kind::Result(_, err), Node::Case(1, payload)) => Val::Result(Err(self.payload(err.as_ref(), *payload)?)),
            _ => return Err(NoVal::Mismatch),
        })
    }

    fn vals<'s>(&mut self, shapes: impl Iterator<Item = &'s Shape>, nodes: &[Node]) -> Result<Vec<Val>, NoVal> {
        shapes.zip(nodes).map(|(shape, node)| self.val(shape, node)).collect()
    }

    fn payload(&mut self, shape: Option<&Shape>, place: Option<super::Place>) -> Result<Option<Box<Val>>, NoVal> {
        match (shape, place.map(|place| self.values.payload(place))) {
            (None, None) => Ok(None),
            (Some(shape), Some(Some(node))) => Ok(Some(Box::new(self.val(shape, node)?))),
            _ => Err(NoVal::Mismatch),
        }
    }

    fn flags(&mut self, flags: &Table<Case>, nodes: &[Node]) -> Result<Vec<String>, NoVal> {
        let mut names = Vec::new();
        for (flag, node) in flags.items().iter().zip(nodes) {
            match node {
                Node::Bool(true) => {
                    self.charge(size_of::<String>() + flag.name.len())?;
                    names.push(flag.name.clone());
                }
                Node::Bool(false) => {}
                _ => return Err(NoVal::Mismatch),
            }
        }
        Ok(names)
    }
}

impl<'v> Reader<'v> {
    fn parts(&self, span: Span) -> Result<&'v [Node], NoVal> {
        self.values.parts(span).ok_or(NoVal::Mismatch)
    }
}

fn integer(int: Int, bits: u64) -> Option<Val> {
    let signed = bits.cast_signed();
    Some(match int {
        Int::U8 => Val::U8(bits.try_into().ok()?),
        Int::U16 => Val::U16(bits.try_into().ok()?),
        Int::U32 => Val::U32(bits.try_into().ok()?),
        Int::U64 => Val::U64(bits),
        Int::S8 => Val::S8(signed.try_into().ok()?),
        Int::S16 => Val::S16(signed.try_into().ok()?),
        Int::S32 => Val::S32(signed.try_into().ok()?),
        Int::S64 => Val::S64(signed),
    })
}
