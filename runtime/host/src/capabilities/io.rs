//! `wasi:io`: streams and polling, always granted. By themselves they reach nothing: a stream comes from another power.

use super::{Capability, Grant};
use crate::state::State;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::p2::bindings::io;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:io/error", "wasi:io/poll", "wasi:io/streams"],
    grant: |_| Grant::Granted("always granted".to_owned()),
    link: |linker| {
        io::error::add_to_linker::<_, Table>(linker, table)?;
        io::poll::add_to_linker::<_, Table>(linker, table)?;
        io::streams::add_to_linker::<_, Table>(linker, table)
    },
};

fn table(state: &mut State) -> &mut ResourceTable {
    &mut state.table
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}
