//! `wasi:clocks`: always granted. Time is no secret, and the meter bounds what a guest can do with it.

use super::{Capability, Grant};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::clocks;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:clocks/wall-clock", "wasi:clocks/monotonic-clock"],
    grant: |_| Grant::Granted("always granted".to_owned()),
    link: |linker| {
        clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, WasiClocksView::clocks)?;
        clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, WasiClocksView::clocks)
    },
};
