//! The admin token: proof of whoever may change the gateway. Made at first start, in a file of the data folder.
//!
//! Invariants: the file is readable by its owner alone, or the gateway does not start; the token is never logged,
//! printed or put on a command line.

use crate::data_folder::open_to_others;
use crate::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The name of the file in the data folder.
pub const FILE: &str = "admin-token";
const RANDOM: usize = 32;
/// Fewer characters than this were not made by a machine. 32 random bytes make 43.
const SHORTEST: usize = 32;
/// No token is longer; more is another file given by mistake.
const LONGEST: u64 = 4096;

/// Where the token of a data folder is.
#[must_use]
pub fn file_of(data: &Path) -> PathBuf {
    data.join(FILE)
}

/// The token of a data folder; made when there is none yet. For the gateway, which holds the folder.
///
/// # Errors
/// The file cannot be made or read, holds no token, or others can read it.
pub fn keep(data: &Path) -> anyhow::Result<Zeroizing<String>> {
    let file = file_of(data);
    let metadata = match std::fs::metadata(&file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return make(&file),
        Err(error) => return Err(unreadable(&file, error).into()),
    };
    if open_to_others(&metadata.permissions(), 0o077) {
        return Err(Failure::new(format!("the admin token `{}` can be read by other users", file.display()))
            .hint(format!("run `chmod 600 {}`", file.display()))
            .hint("if somebody may have read it: delete the file; the next start makes a new token")
            .into());
    }
    read(&file)
}

/// The token in a file. For whoever was given one.
///
/// # Errors
/// The file cannot be read or holds no token.
pub fn read(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    let opened = File::open(file).map_err(|error| unreadable(file, error))?;
    opened.take(LONGEST + 1).read_to_string(&mut text).map_err(|error| unreadable(file, error))?;
    check(text.trim()).map(|token| Zeroizing::new(token.to_owned())).ok_or_else(|| {
        Failure::new(format!("`{}` holds no admin token", file.display()))
            .hint("delete it and start the gateway again to have a new one made, if this is the gateway's own file")
            .into()
    })
}

/// The text, if it can be a token: it travels in a header.
pub(crate) fn check(text: &str) -> Option<&str> {
    let sound = text.len() >= SHORTEST
        && text.len() as u64 <= LONGEST
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte));
    sound.then_some(text)
}

fn make(file: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut random = Zeroizing::new([0_u8; RANDOM]);
    getrandom::fill(random.as_mut_slice())
        .map_err(|error| Failure::new("the machine gave no random numbers for the admin token").because(error))?;
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_slice()));
    write(file, &token).map_err(|error| {
        Failure::new(format!("the admin token cannot be kept in `{}`", file.display())).because(error)
    })?;
    Ok(token)
}

/// Whole or not at all: the file gets its name when everything in it is on the disk.
fn write(file: &Path, token: &str) -> std::io::Result<()> {
    let partial = file.with_extension("partial");
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&partial)?;
    out.write_all(token.as_bytes())?;
    out.write_all(b"\n")?;
    out.sync_all()?;
    std::fs::rename(&partial, file)
}

fn unreadable(file: &Path, error: std::io::Error) -> Failure {
    Failure::new(format!("the admin token `{}` cannot be read", file.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_kept() {
        let data = tempfile::tempdir().unwrap();
        let first = keep(data.path()).unwrap();
        assert_eq!(first.len(), 43);
        assert_eq!(*keep(data.path()).unwrap(), *first);
        assert_eq!(*read(&file_of(data.path())).unwrap(), *first);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(*keep(other.path()).unwrap(), *first);
    }

    #[test]
    fn what_a_killed_start_left_behind_is_no_obstacle() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("admin-token.partial"), "half").unwrap();
        assert_eq!(keep(data.path()).unwrap().len(), 43);
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        keep(data.path()).unwrap();
        let file = file_of(data.path());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let told = crate::failure::render(&keep(data.path()).unwrap_err());
            assert!(told.contains("hint: run `chmod 600"), "{told}");
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let data = tempfile::tempdir().unwrap();
        for wrong in ["", "short", &"x y".repeat(20), &"é".repeat(40), &"a".repeat(5000)] {
            std::fs::write(file_of(data.path()), wrong).unwrap();
            assert!(read(&file_of(data.path())).is_err(), "{wrong}");
        }
    }
}
