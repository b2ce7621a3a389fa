//! The crate seen from outside: real components in, JSON and documents out. One binary, because each links the engine.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, and a table of cases is as long as it is"
)]

mod canonical;
mod compare;
mod decode;
mod encode;
mod generate;
mod hostile;
mod import;
mod json_calls;
mod openapi;
mod properties;
mod support;
mod surface;
