//! `[[files]]`: folders of the host that an adapter sees under another name.
//!
//! A grant is a folder, nothing above it and no link out of it; keeping a guest inside is the work of whoever opens the folder.
//! Invariant: no two grants overlap, on either side, so that a folder never has two modes.

use std::path::{Path, PathBuf};

use crate::mistakes::Invalid;
use crate::names::quoted;
use crate::reader::{Node, Table};
use crate::secret_ref::absolute_path;

/// One folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileGrant {
    /// The folder on the host, absolute.
    pub host: PathBuf,
    /// The folder as the guest sees it, absolute.
    pub guest: String,
    /// What may be done in it.
    pub mode: FileMode,
}

/// What an adapter may do in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileMode {
    /// List and read.
    Read,
    /// List, read, create, change and remove.
    Write,
}

impl FileMode {
    const WORDS: [(&'static str, Self); 2] = [("read", Self::Read), ("write", Self::Write)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads the mandatory mode of a folder.
    pub(crate) fn read(table: &Table<'_>) -> Option<Self> {
        table.required("mode", "write `read`, or `write`, which includes reading")?.choice(&Self::WORDS)
    }
}

/// Folders that hold the machine itself and never the data of a system.
const NEVER: [&str; 7] = ["/boot", "/dev", "/etc", "/proc", "/root", "/run", "/sys"];

/// Reads `[[files]]`, sorted by the guest's names.
pub(crate) fn read_all(root: &Table<'_>) -> Vec<FileGrant> {
    let mut grants: Vec<FileGrant> = Vec::new();
    for node in root.get("files").and_then(|node| node.list()).unwrap_or_default() {
        let Some(table) = node.table() else {
            continue;
        };
        let host = table.required("host", "write the absolute path of a folder on this machine");
        let guest = table.required("guest", "write the path under which the adapter sees the folder, such as `/in`");
        let host_path = host.as_ref().and_then(|node| node.parse(host_folder));
        let guest_path = guest.as_ref().and_then(|node| node.parse(guest_folder));
        let mode = FileMode::read(&table);
        table.finish();
        let (Some(host), Some(guest), Some(host_path), Some(guest_path)) = (host, guest, host_path, guest_path) else {
            continue;
        };
        for other in &grants {
            check_apart(&guest, Path::new(&guest_path), Path::new(&other.guest));
            check_apart(&host, &host_path, &other.host);
        }
        grants.push(FileGrant { host: host_path, guest: guest_path, mode: mode.unwrap_or(FileMode::Read) });
    }
    grants.sort_by(|a, b| a.guest.cmp(&b.guest));
    grants
}

fn check_apart(node: &Node<'_>, own: &Path, other: &Path) {
    if own.starts_with(other) || other.starts_with(own) {
        node.wrong(Invalid::new(
            format!("`{}` and `{}` are one folder, or one lies in the other", own.display(), other.display()),
            "grant folders that lie apart",
        ));
    }
}

fn host_folder(text: &str) -> Result<PathBuf, Invalid> {
    let path = absolute_path(text).map_err(|invalid| named(text, invalid))?;
    if path == Path::new("/") || NEVER.iter().any(|never| path.starts_with(never)) {
        return Err(Invalid::new(
            format!("`{}` belongs to the machine itself", path.display()),
            "grant a folder that holds nothing but the data of this system, such as `/srv/exports`",
        ));
    }
    Ok(path)
}

/// Checks a folder's name inside the guest.
pub(crate) fn guest_folder(text: &str) -> Result<String, Invalid> {
    absolute_path(text).map_err(|invalid| named(text, invalid))?;
    Ok(text.to_owned())
}

fn named(text: &str, invalid: Invalid) -> Invalid {
    Invalid { message: format!("{} {}", quoted(text), invalid.message), ..invalid }
}
