//! What this run has at hand: the built programs and components, and what of the others is installed.

use crate::build::{self, is_there};
use crate::screen::note;
use anyhow::{Context, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::process::Command;

/// What a run has at hand.
pub(crate) struct Tools {
    pub(crate) root: PathBuf,
    pub(crate) nhip: PathBuf,
    /// The folder of the Rust components.
    pub(crate) components: PathBuf,
    /// This program.
    pub(crate) own: PathBuf,
    /// Everything that is written beside the results; gone at the end.
    scratch: Arc<TempDir>,
}

impl Tools {
    /// Look for what cannot be done without, and build; `nhip` only where it is not given.
    pub(crate) async fn prepare(given: Option<&Path>) -> anyhow::Result<Self> {
        ensure!(is_there("wrk", "-v").await, "`wrk` is not installed: apt-get install -y wrk");
        let root = build::root()?;
        let nhip = match given {
            Some(nhip) => given_build(nhip, "--nhip").await?,
            None => {
                note("building `nhip` in release");
                build::nhip(&root).await?
            }
        };
        note("building the components");
        let components = build::components(&root).await?;
        let own = std::env::current_exe().context("this program does not know where it is")?;
        let scratch = tempfile::Builder::new().prefix("nhip-bench-").tempdir().context("no temporary folder")?;
        Ok(Self { root, nhip, components, own, scratch: Arc::new(scratch) })
    }

    /// The same with another build of `nhip`, which the option `--against` names.
    pub(crate) async fn against(&self, nhip: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            root: self.root.clone(),
            nhip: given_build(nhip, "--against").await?,
            components: self.components.clone(),
            own: self.own.clone(),
            scratch: Arc::clone(&self.scratch),
        })
    }

    /// A folder for files of this run.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// A new folder of this run.
    pub(crate) fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let made =
            tempfile::Builder::new().prefix(&format!("{name}-")).disable_cleanup(true).tempdir_in(self.scratch())?;
        Ok(made.path().to_owned())
    }

    /// A component of the fixtures.
    pub(crate) fn component(&self, name: &str) -> PathBuf {
        self.components.join(format!("bench_{name}.wasm"))
    }

    /// The same component with other bytes: a section that nobody reads. No cache knows it.
    pub(crate) fn unlike(&self, component: &Path, mark: &str) -> anyhow::Result<PathBuf> {
        let mut bytes = fs::read(component).with_context(|| format!("cannot read `{}`", component.display()))?;
        bytes.extend(custom_section("nhip-bench", mark.as_bytes())?);
        let file = self.scratch().join(format!("{mark}.wasm"));
        fs::write(&file, bytes).with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(file)
    }
}

/// A build of `nhip` that an option names.
async fn given_build(nhip: &Path, option: &str) -> anyhow::Result<PathBuf> {
    let nhip = nhip.canonicalize().with_context(|| format!("`{option} {}`: no such build", nhip.display()))?;
    let asked = build::run(Command::new(&nhip).arg("--version")).await;
    asked.with_context(|| format!("`{option}` is to name a built `nhip`"))?;
    Ok(nhip)
}

/// `wasmtime`, where it is installed.
pub(crate) async fn wasmtime() -> Option<PathBuf> {
    let beside = std::env::home_dir().map(|home| home.join(".cargo/bin/wasmtime"));
    for program in [Some(PathBuf::from("wasmtime")), beside].into_iter().flatten() {
        if is_there(&program, "--version").await {
            return Some(program);
        }
    }
    None
}

/// `nginx`, where it is installed.
pub(crate) async fn nginx() -> Option<PathBuf> {
    // Debian puts it where only root's PATH leads.
    for program in ["nginx", "/usr/sbin/nginx"] {
        if is_there(program, "-v").await {
            return Some(program.into());
        }
    }
    None
}

/// A custom section as it stands in a component's binary: id 0, length, name, bytes.
fn custom_section(name: &str, bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let small = |length: usize| {
        u8::try_from(length).ok().filter(|length| *length < 128).context("the section is too large for its short form")
    };
    let mut section = vec![0, small(1 + name.len() + bytes.len())?, small(name.len())?];
    section.extend(name.as_bytes());
    section.extend(bytes);
    Ok(section)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_says_how_long_it_is() {
        let section = custom_section("ab", b"xyz").unwrap();
        assert_eq!(section, [0, 6, 2, b'a', b'b', b'x', b'y', b'z']);
        assert!(custom_section("ab", &[0; 200]).is_err());
    }
}
