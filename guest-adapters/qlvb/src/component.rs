//! The component: the contract's function over the host, and the manifest as a section of the module.

use guest::Wasi;
use guest::faults::Fault;

use crate::bindings::{self, exports::lgsp::office::inbox as contract};

guest::manifest!("../adapter.toml");

struct Component;

const HOST: Wasi = Wasi { adapter: "qlvb" };

impl contract::Guest for Component {
    fn receive(document: contract::Incoming) -> Result<(), Fault> {
        crate::receive(&HOST, &document)
    }
}

bindings::export!(Component with_types_in bindings);
