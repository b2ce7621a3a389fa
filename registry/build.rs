//! Finds out whether the tests can have a PostgreSQL, so that those that need one are `ignored` in plain sight where
//! there is none, instead of passing without having run.
//!
//! `nhip_postgres` is set when there is a server to test on: the one that `NHIP_TEST_POSTGRES` names (a URL whose role
//! may create databases), or one that the tests can start from the binaries in `/usr/lib/postgresql`.
//! `nhip_postgres_binaries` is set when there are binaries: some tests stop and start their server. Where
//! `NHIP_TEST_POSTGRES_MUST` is set, as in the gate, a build without binaries fails. None of this is in the product.

use std::path::Path;

const INSTALLED: &str = "/usr/lib/postgresql";

fn main() -> Result<(), String> {
    say("rerun-if-changed=build.rs");
    say("rerun-if-changed=migrations");
    say("rerun-if-env-changed=NHIP_TEST_POSTGRES");
    say("rerun-if-env-changed=NHIP_TEST_POSTGRES_MUST");
    say("rustc-check-cfg=cfg(nhip_postgres)");
    say("rustc-check-cfg=cfg(nhip_postgres_binaries)");
    let binaries = binaries();
    match &binaries {
        Some(folder) => {
            say(&format!("rerun-if-changed={folder}"));
            say(&format!("rustc-env=NHIP_POSTGRES_BINARIES={folder}"));
            say("rustc-cfg=nhip_postgres_binaries");
        }
        None if is_set("NHIP_TEST_POSTGRES_MUST") => {
            return Err(format!("the tests on PostgreSQL must run here, and there is no server in {INSTALLED}"));
        }
        None => {}
    }
    if binaries.is_some() || is_set("NHIP_TEST_POSTGRES") {
        say("rustc-cfg=nhip_postgres");
    }
    Ok(())
}

/// The folder of the newest server's binaries.
fn binaries() -> Option<String> {
    let versions = Path::new(INSTALLED).read_dir().ok()?.flatten();
    let version = versions
        .filter(|version| version.path().join("bin/initdb").exists())
        .filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok())
        .max()?;
    Some(format!("{INSTALLED}/{version}/bin"))
}

#[expect(clippy::disallowed_methods, reason = "it is by the environment that a machine says what it has")]
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn say(what: &str) {
    println!("cargo::{what}");
}
