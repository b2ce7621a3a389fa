//! The control plane as its users meet it: a real registry in a temporary folder, a real spine, real sockets; only the
//! host is a stand-in, whose components are small JSON texts (see [`fake_host`]).

mod api;
mod audit;
#[path = "../../exchange/src/tests/book.rs"]
#[expect(dead_code, reason = "the ledger of the spine's own tests: here no exchange is kept")]
mod book;
mod breaking;
mod client;
mod dead_letters;
mod deploying;
mod door;
mod fake_host;
mod following;
mod metrics;
mod refusing;
mod restoring;
mod rolling_back;
mod traffic;
mod world;
