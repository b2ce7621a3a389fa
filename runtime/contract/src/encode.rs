//! Values to JSON: the answer of a function, written straight to bytes.
//!
//! Invariant: never a byte more than the limit is held, whatever the adapter answered, and what is written is exactly
//! what [`Shape::decode`] takes back.

use wasmtime::component::Val;

use crate::contract::{Answer, Function};
use crate::names::Table;
use crate::shape::{Field, Shape};
use crate::shared_fault::SharedFault;
use crate::values::{Node, Values};
use writer::Writer;

mod writer;

/// The answer of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encoded {
    /// The JSON of the success.
    Ok(Vec<u8>),
    /// The fault.
    Err(ErrAnswer),
}

/// A fault that a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrAnswer {
    /// Its JSON.
    pub json: Vec<u8>,
    /// What it says, if it is of the type that contracts share.
    pub shared_fault: Option<SharedFault>,
}

/// Why an answer cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// It is too long.
    #[error("the answer takes more than {limit} bytes of JSON")]
    TooLarge {
        /// The most bytes it may take.
        limit: usize,
    },
    /// The value is not of the type. The engine checks values, so this is a defect of the host.
    #[error("the answer is not of its type: wants {wanted}")]
    Mismatch {
        /// What the type wants, as a WIT keyword.
        wanted: &'static str,
    },
}

impl Function {
    /// The JSON of what a call returned, of at most `max_bytes`.
    ///
    /// # Errors
    /// It is longer than that, or not the result of this function.
    pub fn encode(&self, results: &Values, max_bytes: usize) -> Result<Encoded, EncodeError> {
        let json = |shape, node| json(shape, results, node, max_bytes);
        match (&self.answer, results.roots()) {
            (Answer::Nothing, []) => json(None, None).map(Encoded::Ok),
            (Answer::Value(shape), [node]) => json(Some(shape), Some(node)).map(Encoded::Ok),
            (Answer::Result { ok, .. }, [Node::Case(0, payload)]) => {
                json(ok.as_ref(), payload.and_then(|place| results.payload(place))).map(Encoded::Ok)
            }
            (Answer::Result { err, shared_fault, .. }, [Node::Case(1, payload)]) => {
                let payload = payload.and_then(|place| results.payload(place));
                let fault = payload.zip(err.as_ref()).filter(|_| *shared_fault);
                let shared_fault = fault.and_then(|(node, shape)| SharedFault::of(shape, results, node));
                Ok(Encoded::Err(ErrAnswer { json: json(err.as_ref(), payload)?, shared_fault }))
            }
            (Answer::Result { .. }, _) => Err(EncodeError::Mismatch { wanted: "result" }),
            (_, _) => Err(EncodeError::Mismatch { wanted: "one result" }),
        }
    }
}

impl Shape {
    /// The JSON of one value of this shape, of at most `max_bytes`.
    ///
    /// # Errors
    /// It is longer than that, or not a value of this shape.
    pub fn encode(&self, value: &Val, max_bytes: usize) -> Result<Vec<u8>, EncodeError> {
        let values = Values::of_vals(std::iter::once(self), std::slice::from_ref(value))?;
        json(Some(self), &values, values.roots().first(), max_bytes)
    }
}

/// The object of the parameters by name.
pub(crate) fn encode_params(params: &Table<Field>, values: &Values, max_bytes: usize) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(values, max_bytes);
    writer.record(params, values.roots())?;
    Ok(writer.done())
}

/// The parameters as an array, in their order. What was decoded is bounded, and so is this: no byte of it takes more than six.
pub(crate) fn encode_list(params: &Table<Field>, values: &Values) -> Result<String, EncodeError> {
    if params.items().len() != values.roots().len() {
        return Err(EncodeError::Mismatch { wanted: "as many values as there are parameters" });
    }
    let mut writer = Writer::new(values, usize::MAX);
    writer.list(params.items().iter().map(|field| &field.shape), values.roots())?;
    String::from_utf8(writer.done()).map_err(|_| EncodeError::Mismatch { wanted: "text" })
}

fn json(shape: Option<&Shape>, values: &Values, node: Option<&Node>, max_bytes: usize) -> Result<Vec<u8>, EncodeError> {
    let mut writer = Writer::new(values, max_bytes);
    match (shape, node) {
        (Some(shape), Some(node)) => writer.value(shape, node)?,
        (None, None) => writer.text("null")?,
        _ => return Err(EncodeError::Mismatch { wanted: "a payload just where the type has one" }),
    }
    Ok(writer.done())
}
