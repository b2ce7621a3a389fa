//! Calls of a component's function with [`Values`]: the canonical ABI of the component model, from our buffers straight
//! into the component's memory and back.
//!
//! The engine can do it with values of its own, and with Rust types that are known when the gateway is built. This is
//! the third way, for types that are known when a component is admitted. It stands on the traits that the engine's
//! `bindgen!` implements for Rust types. They are hidden from its documentation and may change with a release of it,
//! and then this does not compile.
//!
//! Sources: the canonical ABI of the component model (`CanonicalABI.md`, "flattening", "lifting and lowering") and
//! the engine's own implementation for its `Val`.
//!
//! Invariant: what the guest gets, and what it is believed, does not depend on the shapes that the values were decoded by: every value
//! is compared here with the type that the engine has of the function, and one of another type ends the call. The guest's memory is
//! read and written through slices that are checked.

mod lift;
mod lower;

use crate::values::Values;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, wasmtime_environ,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, TypedFunc};
use wasmtime::{AsContextMut, Error, Result, ValRaw};
use wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, RecordField, VariantInfo};

/// Call a function. What it returned has no root if it returns nothing.
///
/// `enter` is given the guest's memory before anything is put into it; it is not called for a function that needs no memory.
///
/// # Errors
/// The guest trapped or broke the canonical ABI, or the values are not of the types of the function.
pub async fn call(
    function: Func,
    store: impl AsContextMut<Data: Send>,
    arguments: &Values,
    enter: impl Fn(&mut [u8]) + Send + Sync,
) -> Result<Values> {
    // SAFETY: both types take any list of parameters and any result. They compare each value with its type, and their flat forms
    // have as many places as any function may have.
    #[expect(unsafe_code, reason = "the engine has no safe way to name types that are known only at run time")]
    let function = unsafe { TypedFunc::<Arguments<'_, _>, Returned>::new_unchecked(function) };
    let Returned(values) = function.call_async(store, Arguments { values: arguments, enter }).await?;
    Ok(values)
}

/// What goes in.
struct Arguments<'v, E> {
    values: &'v Values,
    enter: E,
}

/// What comes out.
struct Returned(Values);

/// As many flat values as the parameters of a function may have; with more than that they are in memory.
type FlatParams = [ValRaw; MAX_FLAT_PARAMS];
/// The same for the result.
type FlatResult = [ValRaw; MAX_FLAT_RESULTS];

/// As the engine asks for a size where a type is known; it is not looked at where the flat form is short enough, as ours is.
const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR4;

// SAFETY: the flat form is an array of the engine's raw values.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl<E: Send + Sync> ComponentType for Arguments<'_, E> {
    type Lower = FlatParams;
    const ABI: CanonicalAbiInfo = ABI;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Err(not_checked_here())
    }
}

// SAFETY: as above.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl<E: Send + Sync> ComponentNamedList for Arguments<'_, E> {}

// SAFETY: the flat form is an array of the engine's raw values.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl ComponentType for Returned {
    type Lower = FlatResult;
    const ABI: CanonicalAbiInfo = ABI;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        Err(not_checked_here())
    }
}

// SAFETY: as above.
#[expect(unsafe_code, reason = "the trait is unsafe, since the engine builds on it")]
unsafe impl ComponentNamedList for Returned {}

fn not_checked_here() -> Error {
    Error::msg("these values are compared with their types one by one, when they go in or come out")
}

/// A value is not of the type that the function has there.
fn mismatch(wanted: &'static str) -> Error {
    Error::msg(format!("a value is not of its type: wants {wanted}"))
}

fn size(abi: &CanonicalAbiInfo) -> usize {
    abi.size32 as usize
}

/// How many bytes an integer type has.
fn width(ty: InterfaceType) -> Option<usize> {
    match ty {
        InterfaceType::U8 | InterfaceType::S8 => Some(1),
        InterfaceType::U16 | InterfaceType::S16 => Some(2),
        InterfaceType::U32 | InterfaceType::S32 => Some(4),
        InterfaceType::U64 | InterfaceType::S64 => Some(8),
        _ => None,
    }
}

/// An integer of a type, of which only that many bytes count, widened to 64 bits.
fn integer(ty: InterfaceType, width: usize, bits: u64) -> u64 {
    let unused = 64_usize.saturating_sub(8 * width);
    let high = bits << unused;
    let signed = matches!(ty, InterfaceType::S8 | InterfaceType::S16 | InterfaceType::S32 | InterfaceType::S64);
    if signed { (high.cast_signed() >> unused).cast_unsigned() } else { high >> unused }
}

/// The types of a value's parts.
#[derive(Clone, Copy)]
enum PartTypes<'t> {
    Fields(&'t [RecordField]),
    Each(&'t [InterfaceType]),
    Same(InterfaceType, usize),
}

impl<'t> PartTypes<'t> {
    /// Those of a record, a tuple or a list of fixed length.
    fn of(types: &'t ComponentTypes, ty: InterfaceType) -> Result<Self> {
        match ty {
            InterfaceType::Record(record) => Ok(Self::Fields(&types[record].fields)),
            InterfaceType::Tuple(tuple) => Ok(Self::Each(&types[tuple].types)),
            InterfaceType::FixedLengthList(list) => Ok(Self::Same(types[list].element, types[list].size as usize)),
            _ => Err(mismatch(keyword(ty))),
        }
    }

    fn len(self) -> usize {
        match self {
            Self::Fields(fields) => fields.len(),
            Self::Each(types) => types.len(),
            Self::Same(_, count) => count,
        }
    }

    fn iter(self) -> impl Iterator<Item = InterfaceType> {
        let one = move |at: usize| match self {
            Self::Fields(fields) => fields.get(at).map(|field| field.ty),
            Self::Each(types) => types.get(at).copied(),
            Self::Same(ty, _) => Some(ty),
        };
        (0..self.len()).map_while(one)
    }
}

/// How a type tells its cases apart, and what this one carries; none if it has no such case.
fn case_of(types: &ComponentTypes, ty: InterfaceType, case: u32) -> Option<(&VariantInfo, Option<InterfaceType>)> {
    let at = case as usize;
    match ty {
        InterfaceType::Variant(variant) => {
            let variant = &types[variant];
            variant.cases.get_index(at).map(|(_, payload)| (&variant.info, *payload))
        }
        InterfaceType::Enum(names) => {
            let names = &types[names];
            (at < names.names.len()).then_some((&names.info, None))
        }
        InterfaceType::Option(option) => {
            let option = &types[option];
            [None, Some(option.ty)].get(at).map(|payload| (&option.info, *payload))
        }
        InterfaceType::Result(result) => {
            let result = &types[result];
            [result.ok, result.err].get(at).map(|payload| (&result.info, *payload))
        }
        _ => None,
    }
}

/// What a type is, as a WIT keyword.
fn keyword(ty: InterfaceType) -> &'static str {
    match ty {
        InterfaceType::Bool => "bool",
        InterfaceType::S8 => "s8",
        InterfaceType::U8 => "u8",
        InterfaceType::S16 => "s16",
        InterfaceType::U16 => "u16",
        InterfaceType::S32 => "s32",
        InterfaceType::U32 => "u32",
        InterfaceType::S64 => "s64",
        InterfaceType::U64 => "u64",
        InterfaceType::Float32 => "f32",
        InterfaceType::Float64 => "f64",
        InterfaceType::Char => "char",
        InterfaceType::String => "string",
        InterfaceType::Record(_) => "record",
        InterfaceType::Variant(_) => "variant",
        InterfaceType::List(_) => "list",
        InterfaceType::Tuple(_) => "tuple",
        InterfaceType::Flags(_) => "flags",
        InterfaceType::Enum(_) => "enum",
        InterfaceType::Option(_) => "option",
        InterfaceType::Result(_) => "result",
        InterfaceType::Map(_) => "map",
        InterfaceType::FixedLengthList(_) => "fixed-length list",
        InterfaceType::Own(_)
        | InterfaceType::Borrow(_)
        | InterfaceType::Future(_)
        | InterfaceType::Stream(_)
        | InterfaceType::ErrorContext(_) => "a value that is data and not a handle",
    }
}
