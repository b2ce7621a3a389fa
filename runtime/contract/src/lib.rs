//! WIT types to and from JSON, JSON Schema, OpenAPI; compatibility of two versions.
//!
//! A component says what it exports; this crate reads that ([`Surface::read`]) and turns it into everything the gateway
//! does with values: requests decoded into [`Values`], these brought into a component's memory and what it answers out of it
//! ([`call`]), answers encoded, documents described, versions compared. It knows no HTTP and does no I/O.
//!
//! Invariant: what [`openapi`] and [`schema`] promise is what [`Function::decode`] accepts and [`Function::encode`] writes.
//!
//! # The JSON of WIT values
//!
//! It follows what JavaScript bindings do, where they have a JSON form at all.
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool` | `true`, `false` |
//! | `u8` … `s32` | number; `1.0` and `1e3` are integers too |
//! | `u64`, `s64` | number within ±(2^53−1), where every JSON reader is exact (RFC 7493, section 2.2); a decimal string beyond. On the way in a string is accepted for any value, without sign `+`, leading zeros or blanks |
//! | `f32`, `f64` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | string of one Unicode scalar value |
//! | `string` | string |
//! | `list<u8>` | base64 (RFC 4648, section 4), with padding, without line breaks |
//! | `list<T>`, `list<T, N>` | array |
//! | `tuple<…>` | array of exactly that many |
//! | `map<string, T>` | object |
//! | `map<K, V>` | array of `[key, value]` |
//! | record, parameters | object, names in lowerCamelCase; unknown and duplicate members are refused |
//! | `variant` | `{"tag": "case", "val": …}`; `tag` as in WIT, `val` absent if the case carries nothing |
//! | `enum` | string, as in WIT |
//! | `flags` | array of strings, as in WIT, each at most once, in any order |
//! | `option<T>` | the value or `null`. A member may be absent instead, and is absent in answers |
//! | `option<option<T>>` | `null` or `{"tag": "some", "val": …}` around the inner option, so that every value has one form |
//! | `result<T, E>` in a value | `{"tag": "ok" \| "err", "val": …}` |
//! | `result<T, E>` as the answer | the JSON of `T` or of `E`; `null` for one that carries nothing |

pub mod docs;
pub mod names;

mod canonical;
mod compare;
mod contract;
mod decode;
mod encode;
mod import;
mod json_calls;
mod openapi;
mod refusal;
mod schema;
mod shape;
mod shared_fault;
mod surface;
mod values;

pub use canonical::call;
pub use compare::{Change, ChangeKind, compare};
pub use contract::{Answer, Contract, Function, Unservable};
pub use decode::DecodeLimits;
pub use encode::{EncodeError, Encoded, ErrAnswer};
pub use json_calls::{JSON_CALL, JSON_CALLS, Misfit};
pub use openapi::{ServiceInfo, openapi};
pub use refusal::{Problem, ProblemCode, Refusal};
pub use schema::{Side, schema};
pub use shape::{Case, Field, Int, Kind, MAX_DEPTH, MAX_NODES, Shape, ShapeError, TypeName};
pub use shared_fault::SharedFault;
pub use surface::{Import, MAX_SURFACE_NODES, OtherExport, Surface, SurfaceError};
pub use values::{Full, NoVal, Node, Place, Span, Values};
