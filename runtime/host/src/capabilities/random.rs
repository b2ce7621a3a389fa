//! `wasi:random`: always granted; each exchange has a generator of its own, seeded by the operating system.

use super::{Capability, Grant};
use wasmtime_wasi::p2::bindings::random;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};

/// The most bytes one call can ask for.
pub(crate) const MAX_BYTES: u64 = 64 << 10;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:random/random", "wasi:random/insecure", "wasi:random/insecure-seed"],
    grant: |_| Grant::Granted("always granted".to_owned()),
    link: |linker| {
        random::random::add_to_linker::<_, WasiRandom>(linker, WasiRandomView::random)?;
        random::insecure::add_to_linker::<_, WasiRandom>(linker, WasiRandomView::random)?;
        random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, WasiRandomView::random)
    },
};
