//! The host with real components: contracts that adapters import (values, faults, what is done later, what admission says, where a chain
//! ends), calls with JSON texts, and how often a sandbox serves.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by failing"
)]

mod admission;
#[path = "../../../exchange/src/tests/book.rs"]
mod book;
mod calls;
mod chains;
mod guests;
mod json_calls;
mod later;
mod sandboxes;
mod world;
