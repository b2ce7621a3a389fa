//! The components under test, built from this source tree once for each run.

use nhip_cli::env;
use nhip_cli::workshop::Workshop;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The source tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the source tree")
}

fn workshop() -> Workshop {
    Workshop::find(env::variable("CARGO").map(Into::into)).expect("the source tree")
}

/// The folder of the fixtures.
pub(crate) fn fixtures() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| workshop().fixtures(&|_| {}).unwrap_or_else(|error| panic!("{error:#}")))
}

/// The folder of the guest adapters.
pub(crate) fn adapters() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| workshop().adapters(&|_| {}).unwrap_or_else(|error| panic!("{error:#}")))
}

/// The bytes of a fixture: `hostile`, `foreign`, `sockets`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    read(&fixtures().join(format!("{name}.wasm")))
}

/// The bytes of a guest adapter: `population-1.0.0`, say.
pub(crate) fn adapter(name: &str) -> Vec<u8> {
    read(&adapters().join(format!("{name}.wasm")))
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// A manifest under which the hostile component goes by another name or version.
pub(crate) fn with_manifest(name: &str, version: &str) -> String {
    format!(
        "name = \"{name}\"\nversion = \"{version}\"\ndescription = \"Made for a test\"\n\
         contracts = [\"test:hostile/attacks@1.0.0\"]\n"
    )
}
