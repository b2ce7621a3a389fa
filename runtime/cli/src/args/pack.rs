//! `nhip pack`.

use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  nhip pack target/wasm32-wasip2/release/parking.wasm --wit wit --out parking.wasm
  nhip pack app.wasm --manifest adapter.toml --wit wit --out parking.wasm";

/// The arguments of `nhip pack`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PackArgs {
    /// The component that the language's tools built
    #[arg(value_name = "COMPONENT")]
    pub component: PathBuf,
    /// The manifest to embed, where the component does not carry one already
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Folder of the adapter's WIT files, with their dependencies in `deps/`: their doc comments become the API document
    #[arg(long, value_name = "DIR")]
    pub wit: Option<PathBuf>,
    /// Where to write the finished component
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
}
