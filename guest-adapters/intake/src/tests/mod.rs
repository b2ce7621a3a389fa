//! A run against an axis, an office and a memory that are made up.

mod manifest;
mod memory;
mod packets;
mod world;
