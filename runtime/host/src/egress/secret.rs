//! Secrets, and where they come from.
//!
//! Invariant: a [`Secret`] cannot be printed, serialised or compared, and is wiped from memory with its last copy. Its text is reached
//! only inside this module tree, where it is placed on a request. Secrets are read once, when an adapter is made ready: a missing one
//! is told before the adapter goes live, and a changed one takes effect with the next deployment or start.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nhip_policies::SecretRef;
use zeroize::Zeroizing;

/// Longest secret, in bytes: the longest certificate chains fit.
const LONGEST: u64 = 64 * 1024;

/// A text that must not be seen. Cloning shares it.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The text, to be placed and forgotten.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret cannot be had. Names where it should be, never what it is.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is no such environment variable, or it is not UTF-8.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is more than a secret can be.
    #[error("what `{0}` holds is longer than {LONGEST} bytes")]
    TooLong(String),
    /// There is something, but no text.
    #[error("what `{0}` holds is not UTF-8 text")]
    NotText(String),
    /// There is nothing in it.
    #[error("what `{0}` holds is empty")]
    Empty(String),
}

/// Finds secrets. The composition root gives one to the host.
pub trait SecretSource: Send + Sync {
    /// The secret a policy refers to.
    ///
    /// # Errors
    /// It is not there, or is not a non-empty text of bounded length.
    fn resolve(&self, secret: &SecretRef) -> Result<Secret, SecretError>;
}

/// Reads files itself and asks a function for environment variables, so that only the composition root reads the environment. One line
/// break at the end of a file is not part of the secret.
pub struct FileAndMap<F> {
    variable: F,
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> FileAndMap<F> {
    /// `variable` gives the value of an environment variable.
    pub fn new(variable: F) -> Self {
        Self { variable }
    }
}

impl<F> fmt::Debug for FileAndMap<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileAndMap(…)")
    }
}

impl<F: Fn(&str) -> Option<String> + Send + Sync> SecretSource for FileAndMap<F> {
    fn resolve(&self, secret: &SecretRef) -> Result<Secret, SecretError> {
        let text = match secret {
            SecretRef::Env(name) => (self.variable)(name).ok_or_else(|| SecretError::NotSet(name.clone()))?,
            SecretRef::File(path) => read_text(path)?,
        };
        let text = Secret::new(text);
        if text.expose().len() as u64 > LONGEST {
            return Err(SecretError::TooLong(secret.to_string()));
        }
        if text.expose().is_empty() {
            return Err(SecretError::Empty(secret.to_string()));
        }
        Ok(text)
    }
}

fn read_text(path: &Path) -> Result<String, SecretError> {
    let bytes = read_bounded(path, LONGEST).map_err(|error| match error {
        Bounded::TooLong => SecretError::TooLong(path.display().to_string()),
        Bounded::Io(source) => SecretError::Unreadable { path: path.to_owned(), source },
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText(path.display().to_string()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Why a file was not read whole.
#[derive(Debug)]
pub(super) enum Bounded {
    TooLong,
    Io(io::Error),
}

/// Reads a regular file of at most `longest` bytes; a pipe or a device, which could block or never end, is refused.
pub(super) fn read_bounded(path: &Path, longest: u64) -> Result<Zeroizing<Vec<u8>>, Bounded> {
    let metadata = std::fs::metadata(path).map_err(Bounded::Io)?;
    if !metadata.is_file() {
        return Err(Bounded::Io(io::Error::other("it is not a regular file")));
    }
    if metadata.len() > longest {
        return Err(Bounded::TooLong);
    }
    // Room for all of it at once: a buffer that grows would leave unwiped copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1));
    let file = std::fs::File::open(path).map_err(Bounded::Io)?;
    file.take(longest + 1).read_to_end(&mut bytes).map_err(Bounded::Io)?;
    if bytes.len() as u64 > longest {
        return Err(Bounded::TooLong);
    }
    Ok(bytes)
}
