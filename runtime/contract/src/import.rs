//! A function as the component that imports it sees it: its parameters go out as JSON, and its answer comes in.
//!
//! The other way round than [`Function::decode`] and [`Function::encode`], which are the side of the component that has the function.
//!
//! Invariant: what comes in is a value of the type that was imported, or nothing comes in. An answer may have members that the importer
//! does not know, since its contract may be an older one; they are left out.

use wasmtime::component::Val;

use crate::contract::{Answer, Function};
use crate::decode::{DecodeLimits, decode_open};
use crate::encode::{EncodeError, encode_params};
use crate::refusal::{ProblemCode, Refusal};
use crate::shape::Shape;
use crate::shared_fault::SharedFault;
use crate::values::Values;

impl Function {
    /// The parameters as the JSON object that [`Function::decode`] takes, of at most `max_bytes`. Equal values give equal bytes.
    ///
    /// # Errors
    /// It is longer than that, or the values are not the parameters of this function.
    pub fn encode_params(&self, params: &[Val], max_bytes: usize) -> Result<Vec<u8>, EncodeError> {
        let values = Values::of_vals(self.params.items().iter().map(|field| &field.shape), params)?;
        encode_params(&self.params, &values, max_bytes)
    }

    /// The result of a call that ended well with this JSON. Nothing for a function that answers nothing.
    ///
    /// # Errors
    /// Everything that does not fit, with its place.
    pub fn decode_answer(&self, json: &[u8], limits: &DecodeLimits) -> Result<Option<Val>, Refusal> {
        match &self.answer {
            Answer::Nothing => payload(None, json, limits).map(|_| None),
            Answer::Value(shape) => decode_open(shape, json, limits).map(Some),
            Answer::Result { ok, .. } => {
                payload(ok.as_ref(), json, limits).map(|value| Some(Val::Result(Ok(value.map(Box::new)))))
            }
        }
    }

    /// The result of a call that ended with an error value of the contract's own type.
    ///
    /// # Errors
    /// Everything that does not fit, with its place; a function without error values has none.
    pub fn decode_error(&self, json: &[u8], limits: &DecodeLimits) -> Result<Val, Refusal> {
        let Answer::Result { err, .. } = &self.answer else {
            return Err(Refusal::whole(ProblemCode::WrongType, "the function has no error values"));
        };
        payload(err.as_ref(), json, limits).map(|value| Val::Result(Err(value.map(Box::new))))
    }

    /// The result of a call that ended with a fault of the type that contracts share. Nothing where the function's faults are of
    /// another type, or its version of the type has not this code or demands more than a fault tells.
    #[must_use]
    pub fn shared_fault(&self, fault: &SharedFault) -> Option<Val> {
        let Answer::Result { err: Some(shape), shared_fault: true, .. } = &self.answer else { return None };
        fault.value(shape).map(|value| Val::Result(Err(Some(Box::new(value)))))
    }

    /// The result of a call of which nothing is known yet but that it is going to be done. Nothing if the function answers a value.
    #[must_use]
    pub fn done_later(&self) -> Option<Option<Val>> {
        match &self.answer {
            Answer::Nothing => Some(None),
            Answer::Result { ok: None, .. } => Some(Some(Val::Result(Ok(None)))),
            Answer::Value(_) | Answer::Result { ok: Some(_), .. } => None,
        }
    }
}

/// What an answer carries; `null` where it carries nothing.
fn payload(shape: Option<&Shape>, json: &[u8], limits: &DecodeLimits) -> Result<Option<Val>, Refusal> {
    match shape {
        Some(shape) => decode_open(shape, json, limits).map(Some),
        None if json.trim_ascii() == b"null" => Ok(None),
        None => Err(Refusal::whole(ProblemCode::WrongType, "wants `null`: the answer carries nothing")),
    }
}
