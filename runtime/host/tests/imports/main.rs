//! Contracts that adapters import, with real components: values, faults, what is done later, what admission says, where a chain ends.
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
mod later;
mod world;
