//! Building the guest components of this source tree: the adapters for the demo and the tests, and the test fixtures.
//!
//! Cargo decides what is out of date, so a second run takes a moment. What is built gets its WIT documentation packed in
//! and is put in place by a rename, so that several processes may build at once.

use anyhow::{Context, bail};
use nhip_contract::docs::WitDocs;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The source tree.
#[derive(Debug, Clone)]
pub struct Workshop {
    root: PathBuf,
    cargo: OsString,
}

/// One component to build.
struct Job {
    /// The workspace, below the root.
    workspace: &'static str,
    /// The package.
    package: &'static str,
    /// Features to turn on.
    features: &'static str,
    /// The name of the finished file.
    file: &'static str,
}

const ADAPTERS: &[Job] = &[
    Job { workspace: "guest-adapters", package: "population", features: "", file: "population-1.0.0.wasm" },
    Job { workspace: "guest-adapters", package: "population", features: "v1-1", file: "population-1.1.0.wasm" },
    Job { workspace: "guest-adapters", package: "documents", features: "", file: "documents-1.0.0.wasm" },
    Job { workspace: "guest-adapters", package: "intake", features: "", file: "intake-1.0.0.wasm" },
    Job { workspace: "guest-adapters", package: "qlvb", features: "", file: "qlvb-1.0.0.wasm" },
];

const FIXTURES: &[Job] = &[
    Job { workspace: "tests/guests", package: "hostile", features: "", file: "hostile.wasm" },
    Job { workspace: "tests/guests", package: "foreign", features: "", file: "foreign.wasm" },
    Job { workspace: "tests/guests", package: "sockets", features: "", file: "sockets.wasm" },
];

impl Workshop {
    /// The tree this binary was built from. `cargo` is the command to build with.
    ///
    /// # Errors
    /// When the tree is not there (any more).
    pub fn find(cargo: Option<OsString>) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root =
            root.canonicalize().ok().filter(|root| root.join("guest-adapters/Cargo.toml").is_file()).with_context(
                || format!("the source tree `{}` is not there: give components that are built already", root.display()),
            )?;
        Ok(Self { root, cargo: cargo.unwrap_or_else(|| "cargo".into()) })
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Build the adapters; the folder they are in.
    ///
    /// # Errors
    /// When cargo fails; its output is in the message.
    pub fn adapters(&self, say: &dyn Fn(&str)) -> anyhow::Result<PathBuf> {
        self.build(ADAPTERS, say)
    }

    /// Build the test fixtures; the folder they are in.
    ///
    /// # Errors
    /// When cargo fails; its output is in the message.
    pub fn fixtures(&self, say: &dyn Fn(&str)) -> anyhow::Result<PathBuf> {
        self.build(FIXTURES, say)
    }

    fn build(&self, jobs: &[Job], say: &dyn Fn(&str)) -> anyhow::Result<PathBuf> {
        let docs = self.documentation()?;
        let finished = self.root.join("target/components");
        fs::create_dir_all(&finished).with_context(|| format!("cannot make `{}`", finished.display()))?;
        for job in jobs {
            say(job.file);
            let built = self.cargo_build(job)?;
            let bytes = fs::read(&built).with_context(|| format!("cannot read `{}`", built.display()))?;
            let packed = docs.embed(&bytes).with_context(|| format!("cannot pack `{}`", built.display()))?;
            let file = finished.join(job.file);
            let partial = finished.join(format!("{}.{}", job.file, std::process::id()));
            fs::write(&partial, packed).with_context(|| format!("cannot write `{}`", partial.display()))?;
            fs::rename(&partial, &file).with_context(|| format!("cannot write `{}`", file.display()))?;
        }
        Ok(finished)
    }

    /// Run cargo for one component; where it is.
    fn cargo_build(&self, job: &Job) -> anyhow::Result<PathBuf> {
        let workspace = self.root.join(job.workspace);
        // A folder for each set of features: otherwise two versions of one package would rebuild each other for ever.
        let target = workspace.join("target").join(if job.features.is_empty() { "plain" } else { job.features });
        let mut command = Command::new(&self.cargo);
        command
            .current_dir(&workspace)
            .args(["build", "--release", "--locked", "--target", "wasm32-wasip2", "--package", job.package])
            .args(["--features", job.features])
            .arg("--target-dir")
            .arg(&target)
            // Meant for the machine we run on, not for the sandbox.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .stdin(Stdio::null());
        let output = command
            .output()
            .with_context(|| format!("cannot run `{}`: install Rust from https://rustup.rs", self.cargo.display()))?;
        if !output.status.success() {
            bail!(
                "building `{}` failed:\n{}\nhint: the target is added by `rustup target add wasm32-wasip2`",
                job.file,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(target.join("wasm32-wasip2/release").join(format!("{}.wasm", job.package)))
    }

    /// The doc comments of every contract in `wit/` and of the fixtures.
    fn documentation(&self) -> anyhow::Result<WitDocs> {
        let mut docs = WitDocs::default();
        let mut folders = vec![self.root.join("wit/adapter"), self.root.join("tests/guests/hostile/wit")];
        let contracts = self.root.join("wit/lgsp");
        for entry in fs::read_dir(&contracts).with_context(|| format!("cannot read `{}`", contracts.display()))? {
            folders.push(entry?.path());
        }
        for folder in folders {
            docs.merge(package_docs(&folder)?);
        }
        Ok(docs)
    }
}

/// The doc comments of the WIT package in a folder.
///
/// # Errors
/// When the folder cannot be read or does not hold WIT.
pub fn package_docs(folder: &Path) -> anyhow::Result<WitDocs> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    WitDocs::parse(files).with_context(|| format!("`{}` does not hold a WIT package", folder.display()))
}
