//! The limits that were set before anything was measured. They are printed beside the figures; nothing fails by them.

use crate::measure::Floor::{self, AtLeast, AtMost};

/// Typed exchange against native, in requests per second.
pub(crate) const PLAIN_TO_NATIVE: Floor = AtLeast(0.6);
/// The same against `wasmtime serve`.
pub(crate) const PLAIN_TO_WASMTIME: Floor = AtLeast(4.0);
/// A JavaScript adapter against a Rust one.
pub(crate) const JAVASCRIPT_TO_RUST: Floor = AtLeast(0.05);
/// The same where a sandbox serves again, against a Rust adapter with fresh ones.
pub(crate) const JAVASCRIPT_AGAIN_TO_RUST: Floor = AtLeast(0.3);
/// Exchange with one upstream call through `endpoints`, against native with a pooled client.
pub(crate) const UPSTREAM_TO_NATIVE: Floor = AtLeast(0.65);
/// The same against `wasmtime serve`.
pub(crate) const UPSTREAM_TO_WASMTIME: Floor = AtLeast(5.0);
/// The same against nginx, which transforms nothing.
pub(crate) const UPSTREAM_TO_NGINX: Floor = AtLeast(0.4);
/// `durable` record against `relaxed`.
pub(crate) const DURABLE_TO_RELAXED: Floor = AtLeast(0.8);
/// p99 at half the top load against native at its half.
pub(crate) const HALF_LOAD_P99: Floor = AtMost(3.0);
/// Many adapters against one, in requests per second.
pub(crate) const MANY_TO_ONE: Floor = AtLeast(0.9);
/// Resident memory of an idle adapter, MiB.
pub(crate) const IDLE_MEMORY: Floor = AtMost(1.0);
/// p99 with a neighbour that spins against without.
pub(crate) const NEIGHBOUR_P99: Floor = AtMost(2.0);
/// `nhip deploy` of a new component, from the command to the first exchange, seconds.
pub(crate) const DEPLOY_NEW: Floor = AtMost(0.5);
/// The same from the compile cache.
pub(crate) const DEPLOY_CACHED: Floor = AtMost(0.1);
