//! The adapter of the benchmark that asks the register of agencies through `wasi:http`.

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../wit/lgsp/types", "../wit"],
        world: "bench:dossiers/http@1.0.0",
        generate_all,
    });
}

use bench_logic::Trouble;
use bindings::bench::dossiers::types as wit;
use bindings::exports::bench::dossiers::consultation::{Dossier, Guest, Receipt};
use bindings::lgsp::types::faults::{Fault, FaultCode};

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
    let path = bench_logic::json::path(&receipt.agency);
    // The name of the endpoint stands for its address, and the host does the TLS, if any.
    let (status, body) =
        bench_outgoing::get(bench_outgoing::Scheme::Https, "agencies", &path).map_err(Trouble::Register)?;
    bench_logic::json::named(receipt, status, &body)
}
