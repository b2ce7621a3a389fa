//! Finds out, for build scripts, what this machine has for tests, so that those that lack something are `ignored` in
//! plain sight instead of passing without having run. None of this is in the product.
//!
//! | `cfg` | what there is |
//! |---|---|
//! | `nhip_postgres` | a PostgreSQL to test on: the one that `NHIP_TEST_POSTGRES` names (a URL whose role may create databases), or one that the tests can start |
//! | `nhip_postgres_binaries` | one that the tests can start and stop, in `/usr/lib/postgresql` |
//! | `nhip_faketime` | `libfaketime`, by which a process is told another time |
//! | `nhip_mounts` | a process may have file systems of its own: as root, or in a user namespace |
//!
//! Where `NHIP_TEST_MUST` is set, as in the gate, a build without one of the first three fails: they can be installed. Whether a process
//! may mount is for whoever runs the machine to say, and the build warns where it may not.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const POSTGRES: &str = "/usr/lib/postgresql";
const LIBRARIES: &str = "/usr/lib";

/// A database server to start.
pub(crate) fn postgres() -> Result<(), String> {
    say("rustc-check-cfg=cfg(nhip_postgres)");
    say("rustc-check-cfg=cfg(nhip_postgres_binaries)");
    say("rerun-if-env-changed=NHIP_TEST_POSTGRES");
    let here = children(Path::new(POSTGRES)).iter().any(|version| version.join("bin/initdb").exists());
    if here {
        say(&format!("rerun-if-changed={POSTGRES}"));
    }
    if here || is_set("NHIP_TEST_POSTGRES") {
        say("rustc-cfg=nhip_postgres");
    }
    found("nhip_postgres_binaries", here, "a PostgreSQL (Debian: postgresql)")
}

/// A library that tells a process another time.
#[allow(dead_code, reason = "not every package's tests need it")]
pub(crate) fn faketime() -> Result<(), String> {
    let file = |folder: PathBuf| Some(folder.join("faketime/libfaketimeMT.so.1")).filter(|file| file.exists());
    let library = children(Path::new(LIBRARIES)).into_iter().find_map(file);
    if let Some(library) = &library {
        say(&format!("rerun-if-changed={}", library.display()));
        say(&format!("rustc-env=NHIP_FAKETIME={}", library.display()));
    }
    say("rustc-check-cfg=cfg(nhip_faketime)");
    found("nhip_faketime", library.is_some(), "libfaketime (Debian: faketime)")
}

/// The right to file systems of one's own.
#[allow(dead_code, reason = "not every package's tests need it")]
pub(crate) fn mounts() {
    const TRIED: [&str; 2] = ["--mount", "--mount --map-root-user"];
    let works = |how: &&&str| {
        let mut command = Command::new("unshare");
        command.args(how.split(' ')).args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let how = TRIED.iter().find(works);
    if let Some(how) = how {
        say(&format!("rustc-env=NHIP_UNSHARE={how}"));
    }
    say("rustc-check-cfg=cfg(nhip_mounts)");
    match how {
        Some(_) => say("rustc-cfg=nhip_mounts"),
        None if is_set("NHIP_TEST_MUST") => {
            say("warning=no right to mount (`unshare --mount`): the test of a full disk is left out")
        }
        None => {}
    }
}

/// Say that it is there, or that it is not, where it must be.
fn found(name: &str, here: bool, what: &str) -> Result<(), String> {
    say("rerun-if-env-changed=NHIP_TEST_MUST");
    if here {
        say(&format!("rustc-cfg={name}"));
    } else if is_set("NHIP_TEST_MUST") {
        return Err(format!("all tests must run here, and there is no {what}"));
    }
    Ok(())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[expect(clippy::disallowed_methods, reason = "it is by the environment that a machine says what it has")]
fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn say(what: &str) {
    println!("cargo::{what}");
}
