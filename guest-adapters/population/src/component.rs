//! The component: the contract's functions over the host, and the manifest as a section of the module.

use guest::Wasi;
use guest::faults::Fault;

use crate::Register;
use crate::bindings::{self, exports::lgsp::population::register as contract};

#[cfg(not(feature = "v1-1"))]
guest::manifest!("../adapter.toml");
#[cfg(feature = "v1-1")]
guest::manifest!("../adapter-1.1.0.toml");

struct Component;

const HOST: Wasi = Wasi { adapter: "population" };

impl contract::Guest for Component {
    fn find(request: contract::FindRequest) -> Result<Vec<contract::Citizen>, Fault> {
        Register::new(&HOST)?.find(&request)
    }

    fn verify(request: contract::VerifyRequest) -> Result<contract::Verification, Fault> {
        Register::new(&HOST)?.verify(&request)
    }
}

bindings::export!(Component with_types_in bindings);
