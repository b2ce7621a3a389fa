//! PostgreSQL for the tests: a throw-away cluster, and one database for each test.
//!
//! Invariant: a cluster listens on a socket in its own folder alone, so nothing else on the machine meets it, and it
//! ends with the process that started it, however that ends.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it is part of tests: they say what went wrong by failing"
)]

mod machine;
mod scratch;
mod server;

pub use machine::is_installed;
pub use scratch::Scratch;
pub use server::Server;
