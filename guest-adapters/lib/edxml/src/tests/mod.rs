//! The codec against packets with every oddity of the field, made-up ones, and arbitrary bytes.

mod made;
mod odd;
mod refused;
mod round_trip;
mod samples;
