//! Values into a component: flat, as arguments of a core function, or into its memory.
//!
//! Invariant: every flat place and every byte of an area is set, also where a type leaves padding, so nothing of the
//! gateway's memory gets into the guest. Each text and list is in memory that the guest's own allocator gave for it.

use super::{Arguments, FlatParams, PartTypes, case_of, integer, keyword, mismatch, size, width};
use crate::values::{Node, Place, Span, Values};
use std::mem::MaybeUninit;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InterfaceType, LowerContext, wasmtime_environ,
};
use wasmtime::component::Lower;
use wasmtime::{Error, Result, ValRaw};
use wasmtime_environ::component::{MAX_FLAT_PARAMS, StringEncoding, VariantInfo};

/// Room for common parameters, so that the area is not moved while it grows.
const COMMON: usize = 512;

// SAFETY: all places of the flat form are written.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl<E: Fn(&mut [u8]) + Send + Sync> Lower for Arguments<'_, E> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<FlatParams>,
    ) -> Result<()> {
        let InterfaceType::Tuple(params) = ty else { return Err(mismatch("parameters")) };
        let types = cx.types;
        let (abi, params) = (&types[params].abi, &types[params].types);
        let roots = self.values.roots();
        if roots.len() != params.len() {
            return Err(mismatch("a value for each parameter"));
        }
        if cx.options().memory().is_some() {
            (self.enter)(cx.as_slice_mut());
        }
        let mut places = [ValRaw::u64(0); MAX_FLAT_PARAMS];
        let mut to = Flat { places: places.iter_mut() };
        let mut lowering = Lowering { cx, types, values: self.values, area: Vec::with_capacity(COMMON) };
        if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
            for (ty, node) in params.iter().zip(roots) {
                lowering.flat(*ty, node, &mut to)?;
            }
        } else {
            let memory = lowering.room(abi.align32, size(abi))?;
            let mut end = 0;
            for (ty, node) in params.iter().zip(roots) {
                let at = types.canonical_abi(ty).next_field32(&mut end);
                lowering.store(*ty, node, at as usize)?;
            }
            lowering.give(0, memory)?;
            to.put(memory.into())?;
        }
        dst.write(places);
        Ok(())
    }

    fn linear_lower_to_memory<T>(&self, _: &mut LowerContext<'_, T>, _: InterfaceType, _: usize) -> Result<()> {
        Err(mismatch("parameters"))
    }
}

/// The flat places that are left.
struct Flat<'p> {
    places: std::slice::IterMut<'p, ValRaw>,
}

impl Flat<'_> {
    /// Narrower values are widened with zeros, as the canonical ABI wants them where cases of a variant share a place.
    fn put(&mut self, bits: u64) -> Result<()> {
        let place = self.places.next().ok_or_else(|| mismatch("fewer flat values"))?;
        *place = ValRaw::u64(bits);
        Ok(())
    }

    fn put_pair(&mut self, (one, other): (u32, u32)) -> Result<()> {
        self.put(one.into())?;
        self.put(other.into())
    }

    /// Leave places at zero.
    fn skip(&mut self, count: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.put(0))
    }
}

/// Values on their way into one component.
struct Lowering<'c, 'a, 'v, T: 'static> {
    cx: &'c mut LowerContext<'a, T>,
    types: &'a ComponentTypes,
    values: &'v Values,
    /// What is to be copied into the guest as a whole: the parameters or the elements of a list, with those of lists in it behind.
    area: Vec<u8>,
}

/// A case of a variant with its payload, or none.
type Payload<'v> = Option<(InterfaceType, &'v Node)>;

impl<'v, T: 'static> Lowering<'_, '_, 'v, T> {
    fn flat(&mut self, ty: InterfaceType, node: &Node, to: &mut Flat<'_>) -> Result<()> {
        match (ty, node) {
            (InterfaceType::Bool, Node::Bool(value)) => to.put(u64::from(*value)),
            (_, Node::Int(bits)) => match integer_width(ty, *bits)? {
                8 => to.put(*bits),
                _ => to.put(*bits & u64::from(u32::MAX)),
            },
            (InterfaceType::Float32, Node::Float32(number)) => to.put(number.to_bits().into()),
            (InterfaceType::Float64, Node::Float64(number)) => to.put(number.to_bits()),
            (InterfaceType::Char, Node::Char(letter)) => to.put(u32::from(*letter).into()),
            (InterfaceType::String, Node::Text(span)) => to.put_pair(self.text(*span)?),
            (InterfaceType::List(_) | InterfaceType::Map(_), _) => to.put_pair(self.list(ty, node)?),
            (InterfaceType::Flags(flags), Node::Parts(span)) => {
                for word in words(&self.flags(self.types[flags].names.len(), *span)?) {
                    to.put(word.into())?;
                }
                Ok(())
            }
            (_, Node::Parts(span)) => self.each_part(ty, *span, |this, ty, node| this.flat(ty, node, to)),
            (_, Node::Case(case, payload)) => {
                let (_, payload) = self.case(ty, *case, *payload)?;
                to.put(u64::from(*case))?;
                let mut used = 1;
                if let Some((ty, node)) = payload {
                    self.flat(ty, node, to)?;
                    used += self.flat_count(ty)?;
                }
                to.skip(self.flat_count(ty)?.saturating_sub(used))
            }
            _ => Err(mismatch(keyword(ty))),
        }
    }

    /// Put a value into the area.
    fn store(&mut self, ty: InterfaceType, node: &Node, at: usize) -> Result<()> {
        match (ty, node) {
            (InterfaceType::Bool, Node::Bool(value)) => self.put(at, &[u8::from(*value)]),
            (_, Node::Int(bits)) => {
                let width = integer_width(ty, *bits)?;
                self.put(at, bits.to_le_bytes().get(..width).unwrap_or_default())
            }
            (InterfaceType::Float32, Node::Float32(number)) => self.put(at, &number.to_le_bytes()),
            (InterfaceType::Float64, Node::Float64(number)) => self.put(at, &number.to_le_bytes()),
            (InterfaceType::Char, Node::Char(letter)) => self.put(at, &u32::from(*letter).to_le_bytes()),
            (InterfaceType::String, Node::Text(span)) => {
                let pair = self.text(*span)?;
                self.put_pair(at, pair)
            }
            (InterfaceType::List(_) | InterfaceType::Map(_), _) => {
                let pair = self.list(ty, node)?;
                self.put_pair(at, pair)
            }
            (InterfaceType::Flags(flags), Node::Parts(span)) => {
                let set = self.flags(self.types[flags].names.len(), *span)?;
                let bytes: Vec<u8> = words(&set).flat_map(u32::to_le_bytes).collect();
                let size = size(self.types.canonical_abi(&ty));
                self.put(at, bytes.get(..size).unwrap_or_default())
            }
            (_, Node::Parts(span)) => {
                // Each at its alignment; `at` is aligned for all of them.
                let mut end = 0;
                self.each_part(ty, *span, |this, ty, node| {
                    let offset = this.types.canonical_abi(&ty).next_field32(&mut end);
                    this.store(ty, node, at + offset as usize)
                })
            }
            (_, Node::Case(case, payload)) => {
                let (info, payload) = self.case(ty, *case, *payload)?;
                let number = case.to_le_bytes();
                let width = usize::from(info.size);
                self.put(at, number.get(..width).unwrap_or_default())?;
                match payload {
                    Some((ty, node)) => self.store(ty, node, at + info.payload_offset32 as usize),
                    None => Ok(()),
                }
            }
            _ => Err(mismatch(keyword(ty))),
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let place = self.area.get_mut(at..).and_then(|area| area.get_mut(..bytes.len()));
        place.ok_or_else(|| mismatch("a larger area"))?.copy_from_slice(bytes);
        Ok(())
    }

    fn put_pair(&mut self, at: usize, (one, other): (u32, u32)) -> Result<()> {
        self.put(at, &one.to_le_bytes())?;
        self.put(at + 4, &other.to_le_bytes())
    }

    /// Memory that the guest gives for so many bytes, and as much room at the end of the area.
    fn room(&mut self, align: u32, bytes: usize) -> Result<u32> {
        let memory = self.cx.realloc(0, 0, align, bytes)?;
        self.area.resize(self.area.len() + bytes, 0);
        Ok(u32::try_from(memory)?)
    }

    /// What is in the area from `began` on goes into the memory that was given for it.
    fn give(&mut self, began: usize, memory: u32) -> Result<()> {
        let bytes = self.area.get(began..).unwrap_or_default();
        let rest = self.cx.as_slice_mut().get_mut(memory as usize..);
        let part = rest.and_then(|guest| guest.get_mut(..bytes.len())).ok_or_else(too_little_memory)?;
        part.copy_from_slice(bytes);
        self.area.truncate(began);
        Ok(())
    }

    /// A text in the guest's memory: where, and how long in units of its encoding.
    fn text(&mut self, span: Span) -> Result<(u32, u32)> {
        let text = self.values.text(span).ok_or_else(|| mismatch("string"))?;
        if self.cx.options().string_encoding == StringEncoding::Utf8 {
            return self.bytes(text.as_bytes());
        }
        let mut pair = MaybeUninit::new([ValRaw::u64(0); 2]);
        text.linear_lower_to_flat(self.cx, InterfaceType::String, &mut pair)?;
        // SAFETY: it was set when it was made.
        #[expect(unsafe_code, reason = "the engine takes places that may be unset")]
        let [memory, length] = unsafe { pair.assume_init() };
        Ok((memory.get_u32(), length.get_u32()))
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(u32, u32)> {
        let memory = self.cx.realloc(0, 0, 1, bytes.len())?;
        let part = self.cx.as_slice_mut().get_mut(memory..).and_then(|guest| guest.get_mut(..bytes.len()));
        part.ok_or_else(too_little_memory)?.copy_from_slice(bytes);
        Ok((u32::try_from(memory)?, u32::try_from(bytes.len())?))
    }

    /// A list, or a map, which is a list of pairs: where, and how many elements.
    fn list(&mut self, ty: InterfaceType, node: &Node) -> Result<(u32, u32)> {
        match (ty, node) {
            (InterfaceType::List(list), Node::Bytes(span)) if self.types[list].element == InterfaceType::U8 => {
                let bytes = self.values.bytes(*span).ok_or_else(|| mismatch("list<u8>"))?;
                self.bytes(bytes)
            }
            (InterfaceType::List(list), Node::Parts(span)) => {
                let element = self.types[list].element;
                let abi = self.types.canonical_abi(&element);
                let (memory, began, each) = self.elements(span.len(), abi)?;
                for (at, node) in self.nodes(*span)?.iter().enumerate() {
                    self.store(element, node, began + at * each)?;
                }
                self.give(began, memory)?;
                Ok((memory, u32::try_from(span.len())?))
            }
            (InterfaceType::Map(map), Node::Parts(span)) => {
                let map = &self.types[map];
                let (entries, []) = self.nodes(*span)?.as_chunks::<2>() else { return Err(mismatch("map")) };
                let (memory, began, each) = self.elements(entries.len(), &map.entry_abi)?;
                for (at, [key, value]) in entries.iter().enumerate() {
                    let at = began + at * each;
                    self.store(map.key, key, at)?;
                    self.store(map.value, value, at + map.value_offset32 as usize)?;
                }
                self.give(began, memory)?;
                Ok((memory, u32::try_from(entries.len())?))
            }
            _ => Err(mismatch(keyword(ty))),
        }
    }

    /// Room for so many elements: the guest's memory, where they begin in the area, and how far one is from the next.
    fn elements(&mut self, count: usize, abi: &CanonicalAbiInfo) -> Result<(u32, usize, usize)> {
        let (began, each) = (self.area.len(), size(abi));
        let bytes = count.checked_mul(each).ok_or_else(too_little_memory)?;
        Ok((self.room(abi.align32, bytes)?, began, each))
    }

    fn nodes(&self, span: Span) -> Result<&'v [Node]> {
        self.values.parts(span).ok_or_else(|| mismatch("a value that is whole"))
    }
}

impl<'a, 'v, T: 'static> Lowering<'_, 'a, 'v, T> {
    /// Do something with each part of a value and its type.
    fn each_part(
        &mut self,
        ty: InterfaceType,
        span: Span,
        mut then: impl FnMut(&mut Self, InterfaceType, &'v Node) -> Result<()>,
    ) -> Result<()> {
        let (nodes, parts) = (self.nodes(span)?, PartTypes::of(self.types, ty)?);
        if nodes.len() != parts.len() {
            return Err(mismatch(keyword(ty)));
        }
        parts.iter().zip(nodes).try_for_each(|(ty, node)| then(self, ty, node))
    }

    /// What the type has to say about a case, and its payload.
    fn case(&self, ty: InterfaceType, case: u32, payload: Option<Place>) -> Result<(&'a VariantInfo, Payload<'v>)> {
        let (info, wanted) = case_of(self.types, ty, case).ok_or_else(|| mismatch(keyword(ty)))?;
        match (wanted, payload.map(|place| self.values.payload(place))) {
            (None, None) => Ok((info, None)),
            (Some(ty), Some(Some(node))) => Ok((info, Some((ty, node)))),
            _ => Err(mismatch("a payload just where the case has one")),
        }
    }

    fn flags(&self, count: usize, span: Span) -> Result<Vec<bool>> {
        let nodes = self.nodes(span)?;
        if nodes.len() != count {
            return Err(mismatch("flags"));
        }
        let set = |node: &Node| if let Node::Bool(set) = node { Ok(*set) } else { Err(mismatch("flags")) };
        nodes.iter().map(set).collect()
    }

    fn flat_count(&self, ty: InterfaceType) -> Result<usize> {
        self.types.canonical_abi(&ty).flat_count(usize::MAX).ok_or_else(|| mismatch("a type with a flat form"))
    }
}

/// How many bytes an integer type has, if this is one of its integers.
fn integer_width(ty: InterfaceType, bits: u64) -> Result<usize> {
    width(ty).filter(|width| integer(ty, *width, bits) == bits).ok_or_else(|| mismatch(keyword(ty)))
}

/// A bit for each flag, the first one the lowest.
fn words(flags: &[bool]) -> impl Iterator<Item = u32> {
    flags.chunks(32).map(|word| word.iter().rev().fold(0, |bits, set| bits << 1 | u32::from(*set)))
}

fn too_little_memory() -> Error {
    Error::msg("the values do not fit into the memory of the component")
}
