//! `wasi:config`: the settings of `[config]`. Granted always: without the section there is nothing in it.

use super::{Capability, Grant};
use wasmtime_wasi_config::WasiConfig;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:config/store"],
    grant: |policy| {
        let names: Vec<&str> = policy.config.keys().map(String::as_str).collect();
        Grant::Granted(if names.is_empty() {
            "granted: empty".to_owned()
        } else {
            format!("granted: {}", names.join(", "))
        })
    },
    link: |linker| {
        wasmtime_wasi_config::add_to_linker(linker, |state: &mut crate::state::State| {
            WasiConfig::new(&state.reach.shared.config)
        })
    },
};
