//! The powers a guest can have, one file each, named as in the policy.
//!
//! Each goes through four moments: **grant** (what the policy says of it, in words for the report), **link** (its
//! interfaces are put into the linker, only if granted), **prepare** (its part of the state of one exchange, in
//! [`crate::state`]) and **enforce** (the host functions, which check again what each call asks for).
//!
//! [`ALL`] is the table of contents. An interface that is in no row is refused at admission: absent is denied.

pub(crate) mod clocks;
pub(crate) mod config;
pub(crate) mod endpoints;
pub(crate) mod exchange;
pub(crate) mod files;
pub(crate) mod http;
pub(crate) mod io;
pub(crate) mod key_value;
pub(crate) mod logging;
pub(crate) mod random;
pub(crate) mod stdio;

use crate::state::State;
use nhip_policies::Policy;
use wasmtime::component::Linker;

/// What a policy says of a power, in words for the report.
pub(crate) enum Grant {
    /// The adapter may use it, in this measure.
    Granted(String),
    /// It may not; the text is the cure.
    Denied(String),
}

/// One power.
pub(crate) struct Capability {
    /// The interfaces it is reached by, without their versions.
    pub(crate) interfaces: &'static [&'static str],
    /// What the policy says of it.
    pub(crate) grant: fn(&Policy) -> Grant,
    /// Put its interfaces into the linker.
    pub(crate) link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
}

/// Every power there is.
pub(crate) const ALL: &[Capability] = &[
    endpoints::CAPABILITY,
    http::CAPABILITY,
    exchange::CAPABILITY,
    config::CAPABILITY,
    key_value::CAPABILITY,
    logging::CAPABILITY,
    files::CAPABILITY,
    clocks::CAPABILITY,
    random::CAPABILITY,
    io::CAPABILITY,
    stdio::CAPABILITY,
];

/// The power an import asks for: `wasi:http/types@0.2.12` asks for [`http`].
pub(crate) fn asked_by(import: &str) -> Option<&'static Capability> {
    let interface = import.split_once('@').map_or(import, |(interface, _)| interface);
    ALL.iter().find(|capability| capability.interfaces.contains(&interface))
}

/// A linker with the powers that the policy grants, and no others.
pub(crate) fn linker(engine: &wasmtime::Engine, policy: &Policy) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    for capability in ALL {
        if let Grant::Granted(_) = (capability.grant)(policy) {
            (capability.link)(&mut linker)?;
        }
    }
    Ok(linker)
}

/// The text of a grant over the policy's endpoints, or the cure where there are none.
fn endpoints_granted(policy: &Policy) -> Grant {
    if policy.endpoints.is_empty() {
        return Grant::Denied(
            "the policy grants no endpoint: add `[endpoints.NAME]` with `url`, `methods` and `paths`".to_owned(),
        );
    }
    let names: Vec<&str> = policy.endpoints.keys().map(String::as_str).collect();
    Grant::Granted(format!("granted: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_of_the_adapter_world_has_one_row_and_sockets_have_none() {
        let world = include_str!("../../../../wit/adapter/world.wit");
        let imports: Vec<String> = world
            .lines()
            .filter_map(|line| line.trim().strip_prefix("import "))
            .map(|name| name.trim_end_matches(';'))
            .map(|name| if name.contains(':') { name.to_owned() } else { format!("nhip:adapter/{name}@1.0.0") })
            .collect();
        assert!(imports.len() > 10, "{imports:?}");
        for import in &imports {
            assert!(asked_by(import).is_some(), "{import} is in the world but in no row");
        }
        assert!(asked_by("wasi:sockets/tcp@0.2.12").is_none());
        assert!(asked_by("lgsp:population/register@1.0.0").is_none());
        let all: Vec<&str> = ALL.iter().flat_map(|row| row.interfaces).copied().collect();
        assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1), "{all:?}");
    }
}
