//! The crate seen from outside: real components in, JSON and documents out. One binary, because each links the engine.

mod compare;
mod decode;
mod encode;
mod generate;
mod hostile;
mod openapi;
mod properties;
mod support;
mod surface;
