//! `wasi:filesystem`: the folders of `[[files]]`, opened through a capability of the operating system, so that neither
//! `..` nor a link leads out of them. Without any, the interfaces are there (language runtimes link them) and empty.

use super::{Capability, Grant};
use nhip_policies::FileMode;
use wasmtime_wasi::FsPerms;
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:filesystem/types", "wasi:filesystem/preopens"],
    grant: |policy| {
        let folders: Vec<String> =
            policy.files.iter().map(|file| format!("{} ({})", file.guest, file.mode.as_str())).collect();
        Grant::Granted(if folders.is_empty() {
            "granted: no folder".to_owned()
        } else {
            format!("granted: {}", folders.join(", "))
        })
    },
    link: |linker| {
        filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, WasiFilesystemView::filesystem)?;
        filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, WasiFilesystemView::filesystem)
    },
};

/// What a mode lets the guest do.
pub(crate) fn permissions(mode: FileMode) -> FsPerms {
    match mode {
        FileMode::Read => FsPerms::ReadOnly,
        FileMode::Write => FsPerms::ReadWrite,
    }
}
