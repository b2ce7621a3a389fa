//! The adapter of the benchmark without upstream system: typed values in, typed values out.
//! It needs nothing of WASI, and so it takes nothing.

#![no_std]

extern crate alloc;

#[expect(warnings, reason = "generated code")]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../../../wit/lgsp/types", "../wit"],
        world: "bench:dossiers/plain@1.0.0",
        generate_all,
    });
}

use alloc::vec::Vec;
use bare as _;
use bindings::bench::dossiers::types as wit;
use bindings::exports::bench::dossiers::converter::{Dossier, Fault, Guest, Paper, Receipt, Summary};
use bindings::lgsp::types::faults::FaultCode;

#[used]
#[unsafe(link_section = "nhip:adapter")]
static MANIFEST: [u8; include_bytes!("../adapter.toml").len()] = *include_bytes!("../adapter.toml");

struct Plain;

bindings::export!(Plain with_types_in bindings);

bench_logic::typed!(wit, Fault, FaultCode);

impl Guest for Plain {
    fn convert(dossier: Dossier) -> Result<Receipt, Fault> {
        bench_logic::convert(dossier_from_wit(dossier)).map(receipt_to_wit).map_err(fault)
    }

    fn summarize(papers: Vec<Paper>) -> Result<Summary, Fault> {
        let papers: Vec<_> = papers.into_iter().map(paper_from_wit).collect();
        let summary = bench_logic::summarize(&papers).map_err(fault)?;
        Ok(Summary { papers: summary.papers, pages: summary.pages, originals: summary.originals })
    }
}
