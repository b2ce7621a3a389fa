//! The listener over real sockets, with an adapter that needs no sandbox. Every test looks at what the caller got and
//! at the record that was left.

#![cfg(test)]

#[path = "../../../exchange/src/tests/book.rs"]
mod book;
mod catalogue;
mod durable;
mod exchanges;
mod hostile_bodies;
mod hostile_connections;
mod hostile_requests;
mod http2;
mod raw;
mod secrecy;
mod shards;
mod stop;
mod tls;
mod world;
