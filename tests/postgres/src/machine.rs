//! The PostgreSQL of this machine, and the user who may run it.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where Debian puts its servers.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Whether a server can be started here.
#[must_use]
pub fn is_installed() -> bool {
    newest().is_some()
}

/// The folder of the newest server's binaries.
pub(crate) fn binaries() -> PathBuf {
    newest().unwrap_or_else(|| panic!("there is no server in {INSTALLED}, and `NHIP_TEST_POSTGRES` names none"))
}

fn newest() -> Option<PathBuf> {
    let versions = Path::new(INSTALLED).read_dir().into_iter().flatten().flatten();
    let version = versions
        .filter(|version| version.path().join("bin/initdb").exists())
        .filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok())
        .max()?;
    Some(Path::new(INSTALLED).join(version.to_string()).join("bin"))
}

/// A shell that runs this script.
pub(crate) fn shell(script: &str) -> Command {
    let mut command = as_user(Command::new("sh"));
    command.args(["-c", script]);
    command
}

/// One of the server's programs.
pub(crate) fn run(program: &str) -> Command {
    as_user(Command::new(binaries().join(program)))
}

/// As somebody whom PostgreSQL serves, in a process group of its own: the keeper outlives a Ctrl-C.
fn as_user(mut command: Command) -> Command {
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/").process_group(0);
    command
}

/// PostgreSQL refuses to run as root: then, its own user or nobody.
pub(crate) fn other_user() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("a user who is not root"))
}
