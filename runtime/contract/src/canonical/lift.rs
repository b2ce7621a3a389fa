//! Values out of a component: from the flat result of a core function, or from its memory.
//!
//! Invariant: nothing that the guest says about its memory is believed: where a value is, how long, how it is aligned, which case it is.
//! What is taken for it is counted before it is taken, against what the store lets a call carry out.

use super::{FlatResult, PartTypes, Returned, case_of, integer, keyword, mismatch, size, width};
use crate::values::{Full, Node, Span, Values};
use std::slice::Iter;
use std::sync::Arc;
use wasmtime::component::__internal::{CanonicalAbiInfo, ComponentTypes, InterfaceType, LiftContext, wasmtime_environ};
use wasmtime::component::Lift;
use wasmtime::{Error, Result, ValRaw};
use wasmtime_environ::component::{MAX_FLAT_RESULTS, StringEncoding};

/// Room for the parts of a common result, and for the bytes of its texts, so that they are not moved again and again while they grow.
const PARTS: usize = 64;
const TEXTS: usize = 1024;

// SAFETY: the flat form is read as raw values, of which every bit pattern is one.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl Lift for Returned {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &FlatResult) -> Result<Self> {
        let InterfaceType::Tuple(results) = ty else { return Err(mismatch("results")) };
        let types = Arc::clone(cx.types);
        let (abi, results) = (&types[results].abi, &types[results].types);
        let memory = cx.memory();
        let mut lifting =
            Lifting { memory, cx, types: &types, values: Values::with_room(PARTS, 0), texts: Texts::new() };
        match &**results {
            [] => {}
            [ty] => {
                let mut places = src.iter();
                let root = if abi.flat_count(MAX_FLAT_RESULTS).is_some() {
                    lifting.flat(*ty, &mut places)?
                } else {
                    let bytes = lifting.area(next(&mut places)?.get_u32(), 1, abi)?;
                    lifting.load(*ty, bytes)?
                };
                lifting.values.set_root(root).map_err(too_large)?;
            }
            _ => return Err(mismatch("at most one result")),
        }
        let Lifting { mut values, texts, .. } = lifting;
        values.set_texts(texts.proven()?);
        Ok(Self(values))
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        Err(mismatch("results"))
    }
}

/// Values on their way out of one component.
struct Lifting<'c, 'a, 't> {
    cx: &'c mut LiftContext<'a>,
    types: &'t ComponentTypes,
    memory: &'a [u8],
    values: Values,
    texts: Texts,
}

impl<'a> Lifting<'_, 'a, '_> {
    fn flat(&mut self, ty: InterfaceType, from: &mut Iter<'_, ValRaw>) -> Result<Node> {
        match ty {
            InterfaceType::Bool => Ok(Node::Bool(next(from)?.get_u32() != 0)),
            InterfaceType::U64 | InterfaceType::S64 => Ok(Node::Int(next(from)?.get_u64())),
            InterfaceType::Float32 => Ok(Node::Float32(f32::from_bits(next(from)?.get_f32()))),
            InterfaceType::Float64 => Ok(Node::Float64(f64::from_bits(next(from)?.get_f64()))),
            InterfaceType::Char => letter(next(from)?.get_u32()),
            InterfaceType::String => {
                let (at, length) = (next(from)?.get_u32(), next(from)?.get_u32());
                self.text(at, length)
            }
            InterfaceType::List(_) | InterfaceType::Map(_) => {
                let (at, length) = (next(from)?.get_u32(), next(from)?.get_u32());
                self.list(ty, at, length)
            }
            InterfaceType::Record(_) | InterfaceType::Tuple(_) | InterfaceType::FixedLengthList(_) => {
                self.each_part(ty, |this, ty| this.flat(ty, from))
            }
            InterfaceType::Flags(flags) => {
                let count = self.types[flags].names.len();
                let words = (0..count.div_ceil(32)).map(|_| Ok(next(from)?.get_u32())).collect::<Result<Vec<_>>>()?;
                self.flags(count, &words)
            }
            _ => match width(ty) {
                Some(width) => Ok(Node::Int(integer(ty, width, next(from)?.get_u32().into()))),
                None => self.flat_case(ty, from),
            },
        }
    }

    fn flat_case(&mut self, ty: InterfaceType, from: &mut Iter<'_, ValRaw>) -> Result<Node> {
        let case = next(from)?.get_u32();
        let (_, payload) = case_of(self.types, ty, case).ok_or_else(|| no_such_case(ty, case))?;
        let count = |ty| self.types.canonical_abi(&ty).flat_count(usize::MAX).unwrap_or_default();
        let unused = count(ty).saturating_sub(1).saturating_sub(payload.map_or(0, count));
        let node = match payload {
            None => Node::Case(case, None),
            Some(ty) => {
                let payload = self.flat(ty, from)?;
                self.payload(case, payload)?
            }
        };
        for _ in 0..unused {
            next(from)?;
        }
        Ok(node)
    }

    /// A value that has these bytes.
    fn load(&mut self, ty: InterfaceType, bytes: &'a [u8]) -> Result<Node> {
        match ty {
            InterfaceType::Bool => Ok(Node::Bool(number(bytes, 1)? != 0)),
            InterfaceType::Float32 => Ok(Node::Float32(f32::from_bits(word(bytes, 0)?))),
            InterfaceType::Float64 => Ok(Node::Float64(f64::from_bits(number(bytes, 8)?))),
            InterfaceType::Char => letter(word(bytes, 0)?),
            InterfaceType::String => self.text(word(bytes, 0)?, word(bytes, 4)?),
            InterfaceType::List(_) | InterfaceType::Map(_) => self.list(ty, word(bytes, 0)?, word(bytes, 4)?),
            InterfaceType::Record(_) | InterfaceType::Tuple(_) | InterfaceType::FixedLengthList(_) => {
                let mut end = 0;
                self.each_part(ty, |this, ty| {
                    let abi = this.types.canonical_abi(&ty);
                    let at = abi.next_field32(&mut end);
                    this.load(ty, part(bytes, at as usize, size(abi))?)
                })
            }
            InterfaceType::Flags(flags) => {
                let (count, abi) = (self.types[flags].names.len(), self.types.canonical_abi(&ty));
                // One or two bytes where that is enough, or words.
                let words = match size(abi) {
                    short @ ..4 => vec![u32::try_from(number(bytes, short)?)?],
                    long => (0..long / 4).map(|at| word(bytes, at * 4)).collect::<Result<_>>()?,
                };
                self.flags(count, &words)
            }
            _ => match width(ty) {
                Some(width) => Ok(Node::Int(integer(ty, width, number(bytes, width)?))),
                None => self.load_case(ty, bytes),
            },
        }
    }

    fn load_case(&mut self, ty: InterfaceType, bytes: &'a [u8]) -> Result<Node> {
        // Each type with cases says for its first one how it tells them apart.
        let (info, _) = case_of(self.types, ty, 0).ok_or_else(|| mismatch(keyword(ty)))?;
        let width = usize::from(info.size);
        let case = u32::try_from(number(bytes, width)?)?;
        let (info, payload) = case_of(self.types, ty, case).ok_or_else(|| no_such_case(ty, case))?;
        let Some(ty) = payload else { return Ok(Node::Case(case, None)) };
        let size = size(self.types.canonical_abi(&ty));
        let payload = self.load(ty, part(bytes, info.payload_offset32 as usize, size)?)?;
        self.payload(case, payload)
    }

    /// The parts of a value, one after the other.
    fn each_part(
        &mut self,
        ty: InterfaceType,
        mut then: impl FnMut(&mut Self, InterfaceType) -> Result<Node>,
    ) -> Result<Node> {
        let parts = PartTypes::of(self.types, ty)?;
        self.cx.consume_fuel_array(parts.len(), size_of::<Node>())?;
        let room = self.values.room(parts.len()).map_err(too_large)?;
        for (at, ty) in parts.iter().enumerate() {
            let node = then(self, ty)?;
            self.values.set(room, at, node);
        }
        Ok(Node::Parts(room))
    }

    /// Elements in the guest's memory: their bytes together.
    fn area(&self, at: u32, count: u32, abi: &CanonicalAbiInfo) -> Result<&'a [u8]> {
        if !at.is_multiple_of(abi.align32) {
            return Err(Error::msg("a pointer of the component is not aligned"));
        }
        let bytes =
            (count as usize).checked_mul(size(abi)).and_then(|bytes| part(self.memory, at as usize, bytes).ok());
        bytes.ok_or_else(|| Error::msg("a pointer of the component is outside its memory"))
    }

    fn text(&mut self, at: u32, length: u32) -> Result<Node> {
        if self.cx.options().string_encoding != StringEncoding::Utf8 {
            // The engine counts what it takes itself.
            let text =
                String::linear_lift_from_flat(self.cx, InterfaceType::String, &[ValRaw::u32(at), ValRaw::u32(length)])?;
            return self.texts.add(text.as_bytes());
        }
        let bytes = self.area(at, length, &CanonicalAbiInfo::SCALAR1)?;
        self.cx.consume_fuel(bytes.len())?;
        self.texts.add(bytes)
    }

    /// A list, or a map, which is a list of pairs.
    fn list(&mut self, ty: InterfaceType, at: u32, length: u32) -> Result<Node> {
        let types = self.types;
        match ty {
            InterfaceType::List(list) => {
                let element = types[list].element;
                let abi = types.canonical_abi(&element);
                let bytes = self.area(at, length, abi)?;
                if element == InterfaceType::U8 {
                    self.cx.consume_fuel(bytes.len())?;
                    return self.values.add_bytes(bytes).map_err(too_large);
                }
                self.cx.consume_fuel_array(length as usize, size_of::<Node>())?;
                let room = self.values.room(length as usize).map_err(too_large)?;
                for (at, bytes) in bytes.chunks_exact(size(abi).max(1)).enumerate() {
                    let node = self.load(element, bytes)?;
                    self.values.set(room, at, node);
                }
                Ok(Node::Parts(room))
            }
            InterfaceType::Map(map) => {
                let map = &types[map];
                let bytes = self.area(at, length, &map.entry_abi)?;
                self.cx.consume_fuel_array(length as usize, 2 * size_of::<Node>())?;
                let room = self.values.room(2 * length as usize).map_err(too_large)?;
                let sizes = [map.key, map.value].map(|ty| size(types.canonical_abi(&ty)));
                let [key_size, value_size] = sizes;
                for (at, entry) in bytes.chunks_exact(size(&map.entry_abi).max(1)).enumerate() {
                    let key = self.load(map.key, part(entry, 0, key_size)?)?;
                    let value = self.load(map.value, part(entry, map.value_offset32 as usize, value_size)?)?;
                    self.values.set(room, 2 * at, key);
                    self.values.set(room, 2 * at + 1, value);
                }
                Ok(Node::Parts(room))
            }
            _ => Err(mismatch(keyword(ty))),
        }
    }

    /// The first flag is the lowest bit; bits beyond the flags are left out.
    fn flags(&mut self, count: usize, words: &[u32]) -> Result<Node> {
        self.cx.consume_fuel_array(count, size_of::<Node>())?;
        let room = self.values.room(count).map_err(too_large)?;
        for at in 0..count {
            let word = words.get(at / 32).copied().unwrap_or_default();
            self.values.set(room, at, Node::Bool(word >> (at % 32) & 1 == 1));
        }
        Ok(Node::Parts(room))
    }

    fn payload(&mut self, case: u32, payload: Node) -> Result<Node> {
        self.cx.consume_fuel(size_of::<Node>())?;
        let place = self.values.add(payload).map_err(too_large)?;
        Ok(Node::Case(case, Some(place)))
    }
}

/// The texts of a result, of which it is not known yet whether they are UTF-8. They are looked at together, at the end: one pass over all of
/// them costs a fraction of one over each, most of which are short.
struct Texts(Vec<u8>);

impl Texts {
    fn new() -> Self {
        Self(Vec::with_capacity(TEXTS))
    }

    fn add(&mut self, text: &[u8]) -> Result<Node> {
        // All of them together are UTF-8 only if each ends where a letter ends, or the next one begins in the middle of a letter.
        if text.first().is_some_and(|byte| matches!(byte, 0x80..0xc0)) {
            std::str::from_utf8(text)?;
        }
        let span = Span::behind(self.0.len(), text.len()).map_err(too_large)?;
        self.0.extend_from_slice(text);
        Ok(Node::Text(span))
    }

    fn proven(self) -> Result<String> {
        if simdutf8::basic::from_utf8(&self.0).is_err() {
            // Again, for where it is not. The error of a `String` would hold the text.
            std::str::from_utf8(&self.0)?;
        }
        // SAFETY: one of the two has found it to be.
        #[expect(unsafe_code, reason = "the safe way looks at each byte once more")]
        Ok(unsafe { String::from_utf8_unchecked(self.0) })
    }
}

fn next<'p>(from: &mut Iter<'p, ValRaw>) -> Result<&'p ValRaw> {
    from.next().ok_or_else(|| mismatch("fewer flat values"))
}

/// Part of some bytes, if it is within them.
fn part(bytes: &[u8], at: usize, length: usize) -> Result<&[u8]> {
    let part = bytes.get(at..).and_then(|rest| rest.get(..length));
    part.ok_or_else(|| mismatch("more bytes"))
}

/// The number in the first bytes, the lowest first.
fn number(bytes: &[u8], width: usize) -> Result<u64> {
    let mut number = [0; 8];
    let to = number.get_mut(..width).ok_or_else(|| mismatch("at most eight bytes"))?;
    to.copy_from_slice(part(bytes, 0, width)?);
    Ok(u64::from_le_bytes(number))
}

fn word(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::try_from(number(part(bytes, at, 4)?, 4)?)?)
}

fn letter(number: u32) -> Result<Node> {
    char::from_u32(number)
        .map(Node::Char)
        .ok_or_else(|| Error::msg("a `char` of the component is not a Unicode scalar value"))
}

fn no_such_case(ty: InterfaceType, case: u32) -> Error {
    Error::msg(format!("the component answers with case {case} of a {}, which has fewer", keyword(ty)))
}

fn too_large(full: Full) -> Error {
    Error::new(full)
}
