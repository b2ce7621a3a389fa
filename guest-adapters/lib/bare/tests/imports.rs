//! Adapters built with this crate import what they use and no more, read from components as cargo makes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use wasmparser::{ComponentExternalKind, Parser, Payload};

/// What is in a component.
#[derive(Debug, Default, PartialEq)]
struct Inside {
    /// The full names of the interfaces that it imports.
    imports: BTreeSet<String>,
    /// How many core modules it is made of.
    modules: usize,
    /// Whether it exports anything.
    serves: bool,
}

#[test]
fn an_adapter_without_upstream_system_is_one_module_and_takes_nothing_of_the_host() {
    let inside = inside("bench-plain");
    // Types are no more than types: nothing of them is there when the component runs.
    assert_eq!(inside.imports, names(&["bench:dossiers/types@1.0.0", "lgsp:types/faults@1.0.0"]));
    assert_eq!(inside.modules, 1);
    assert!(inside.serves);
}

#[test]
fn an_adapter_that_logs_its_panics_takes_the_log_and_what_it_uses() {
    let inside = inside("bench-endpoints");
    let taken = [
        "bench:dossiers/types@1.0.0",
        "lgsp:types/faults@1.0.0",
        "nhip:adapter/endpoints@1.0.0",
        "wasi:logging/logging@0.1.0-draft",
    ];
    assert_eq!(inside.imports, names(&taken));
    assert!(inside.serves);
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Build an adapter of the benchmark by itself, since features add up over what is built together, and look into it.
fn inside(package: &str) -> Inside {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/guests");
    let target = workspace.join("target/plain");
    let built = Command::new(env!("CARGO"))
        .current_dir(&workspace)
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--package", package, "--target-dir"])
        .arg(&target)
        // Meant for the machine we run on, not for the sandbox.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let file = format!("wasm32-wasip2/release/{}.wasm", package.replace('-', "_"));
    read(&fs::read(target.join(file)).unwrap())
}

fn read(component: &[u8]) -> Inside {
    let mut inside = Inside::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } => {
                inside.modules += 1;
                depth += 1;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 0 => {
                inside.imports.extend(imports.into_iter().map(|import| import.unwrap().name.name.to_owned()));
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                let instance = |kind| kind == ComponentExternalKind::Instance;
                inside.serves |= exports.into_iter().any(|export| instance(export.unwrap().kind));
            }
            _ => {}
        }
    }
    inside
}
