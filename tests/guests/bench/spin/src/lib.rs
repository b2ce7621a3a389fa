//! The neighbour of the benchmark: it spins until the host ends it.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../wit/lgsp/types", "../wit"],
        world: "bench:dossiers/spinner@1.0.0",
        generate_all,
    });
}

use bindings::exports::bench::dossiers::wheel::Guest;
use std::hint::black_box;

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Spin;

bindings::export!(Spin with_types_in bindings);

impl Guest for Spin {
    fn spin() {
        let mut turns = 0_u64;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }
}
