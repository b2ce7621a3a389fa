//! The adapter of the benchmark that asks the register of agencies through `nhip:adapter/endpoints`.

#![no_std]

extern crate alloc;

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../../wit/deps/io.wit",
            "../../../../wit/deps/clocks.wit",
            "../../../../wit/deps/random.wit",
            "../../../../wit/deps/filesystem.wit",
            "../../../../wit/deps/sockets.wit",
            "../../../../wit/deps/cli.wit",
            "../../../../wit/deps/http.wit",
            "../../../../wit/deps/config.wit",
            "../../../../wit/deps/keyvalue.wit",
            "../../../../wit/deps/logging.wit",
            "../../../../wit/adapter",
            "../../../../wit/lgsp/types",
            "../wit",
            "wit",
        ],
        world: "bench:endpoints/adapter@1.0.0",
        generate_all,
    });
}

use alloc::borrow::ToOwned as _;
use alloc::vec::Vec;
use bare as _;
use bench_logic::Trouble;
use bindings::bench::dossiers::types as wit;
use bindings::exports::bench::dossiers::consultation::{Dossier, Guest, Receipt};
use bindings::lgsp::types::faults::{Fault, FaultCode};
use bindings::nhip::adapter::endpoints::{self, Request};

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Asking;

bindings::export!(Asking with_types_in bindings);

bench_logic::typed!(wit, Fault, FaultCode);

impl Guest for Asking {
    fn consult(dossier: Dossier) -> Result<Receipt, Fault> {
        consult(dossier_from_wit(dossier)).map(receipt_to_wit).map_err(fault)
    }
}

fn consult(dossier: bench_logic::Dossier) -> Result<bench_logic::Receipt, Trouble> {
    let receipt = bench_logic::convert(dossier)?;
    let request = Request {
        method: "GET".to_owned(),
        path: bench_logic::json::path(&receipt.agency),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: None,
    };
    let answer = endpoints::send("agencies", &request).map_err(|failure| Trouble::Register(failure.message))?;
    bench_logic::json::named(receipt, answer.status, &answer.body)
}
