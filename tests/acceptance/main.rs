//! What the gateway must stand, as behaviours: one file for each theme, each test named by the sentence it proves.
//!
//! Everything runs against the real thing: the gateway of `nhip serve` in this process or the binary itself, real
//! sockets, real components, the simulators of the demo. Invariant: no test waits for a fixed time; each waits for a
//! state, with a deadline.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test says what went wrong by failing"
)]

mod admin;
mod cli;
mod documents;
mod durable;
mod harness;
mod hostile_callers;
mod hostile_components;
mod house;
mod intake;
mod population;
mod process;
mod refusals;
mod secrets;
mod swaps;
mod tls;
