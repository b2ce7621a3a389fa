//! What a Rust adapter without the standard library needs: an allocator, and an end for panics. Such an adapter imports
//! nothing that it does not use itself, so that a sandbox for it is made and taken down sooner.
//!
//! ```ignore
//! #![no_std]
//! extern crate alloc;
//! use bare as _;
//! ```
//!
//! Invariant: of WASI nothing is imported but `wasi:logging`, and that only with the feature `log`. Off WebAssembly this
//! crate is empty, and the standard library does the same work.

#![no_std]

#[cfg(target_family = "wasm")]
mod memory;
#[cfg(target_family = "wasm")]
mod panics;
#[cfg(any(all(target_family = "wasm", feature = "log"), test))]
mod words;

#[cfg(not(target_family = "wasm"))]
extern crate std;
