//! Building what is measured: `nhip` in release, the components, the JavaScript components. Cargo decides what is out of date.

use anyhow::{Context, bail};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// By its name: what stands behind it then sees to it that the toolchain of the source tree is taken throughout.
const CARGO: &str = "cargo";

/// The source tree that this program was built from.
///
/// # Errors
/// It is not there any more.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().with_context(|| format!("the source tree `{}` is not there", root.display()))
}

/// Build `nhip` in release; where it is.
pub(crate) async fn nhip(root: &Path) -> anyhow::Result<PathBuf> {
    let executable = |message: &Value| message.get("executable")?.as_str().map(PathBuf::from);
    let built = cargo(root, &["--release", "--bin", "nhip"], executable).await?;
    built.context("cargo does not say where it built `nhip`")
}

/// Build the native contender's plugin; where it is.
pub(crate) async fn plugin(root: &Path) -> anyhow::Result<PathBuf> {
    let library = |message: &Value| {
        let mut files = message.get("filenames")?.as_array()?.iter().filter_map(Value::as_str).map(PathBuf::from);
        let ours = message.pointer("/target/name")?.as_str()? == "bench_plugin";
        files.find(|file| ours && file.extension().is_some_and(|ending| ending == "so"))
    };
    let built = cargo(root, &["--profile", "plugin", "--package", "bench-plugin"], library).await?;
    built.context("cargo does not say where it built the plugin")
}

/// Build something of the source tree; the last that is found in what cargo says of it.
async fn cargo<T>(root: &Path, what: &[&str], find: impl Fn(&Value) -> Option<T>) -> anyhow::Result<Option<T>> {
    let mut command = Command::new(CARGO);
    command.current_dir(root).args(["build", "--locked"]).args(what);
    command.args(["--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let output = run(&mut command).await?;
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(messages.filter_map(|message| find(&message)).last())
}

/// Build the components of the benchmark; the folder they are in.
pub(crate) async fn components(root: &Path) -> anyhow::Result<PathBuf> {
    let workspace = root.join("tests/guests");
    let target = workspace.join("target/bench");
    // One by one: of what is built together, each gets the features that any of them wants, and with those its imports.
    for name in ["plain", "endpoints", "http", "proxy", "spin"] {
        let mut command = Command::new(CARGO);
        command
            .current_dir(&workspace)
            .args(["build", "--profile", "fast", "--locked", "--quiet", "--target", "wasm32-wasip2"])
            .arg(format!("--package=bench-{name}"))
            .arg("--target-dir")
            .arg(&target)
            // Meant for the machine we run on, not for the sandbox.
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("CARGO_BUILD_TARGET")
            .stderr(Stdio::inherit());
        run(&mut command).await.context("the target is added by `rustup target add wasm32-wasip2`")?;
    }
    Ok(target.join("wasm32-wasip2/fast"))
}

/// The JavaScript adapter, made with each of two engines.
pub(crate) struct JavaScript {
    /// With QuickJS, by the npm package `componentize-qjs`; called with values of its types.
    pub(crate) quickjs: PathBuf,
    /// With SpiderMonkey, by the npm package `@bytecodealliance/componentize-js`; called with JSON texts.
    pub(crate) spidermonkey: PathBuf,
}

/// Build the JavaScript components, in a folder that is kept for the next run.
pub(crate) async fn javascript(root: &Path) -> anyhow::Result<JavaScript> {
    let sources = root.join("tests/bench/js");
    let folder = root.join("target/bench-js");
    let deps = folder.join("wit/deps");
    // What an earlier run left there may have another name by now.
    if deps.exists() {
        fs::remove_dir_all(&deps).with_context(|| format!("cannot remove `{}`", deps.display()))?;
    }
    for name in ["types", "dossiers", "adapter"] {
        let made = deps.join(name);
        fs::create_dir_all(&made).with_context(|| format!("cannot make `{}`", made.display()))?;
    }
    for name in ["adapter.js", "build.mjs", "package.json", "wit/world.wit"] {
        copy(&sources.join(name), &folder.join(name))?;
    }
    copy(&root.join("tests/guests/bench/wit/world.wit"), &deps.join("dossiers/world.wit"))?;
    copy(&root.join("wit/adapter/json-calls.wit"), &deps.join("adapter/json-calls.wit"))?;
    for entry in fs::read_dir(root.join("wit/lgsp/types")).context("cannot read `wit/lgsp/types`")? {
        let entry = entry?;
        copy(&entry.path(), &deps.join("types").join(entry.file_name()))?;
    }
    let made = JavaScript { quickjs: folder.join("quickjs.wasm"), spidermonkey: folder.join("spidermonkey.wasm") };
    let node = || {
        let mut node = Command::new("node");
        node.current_dir(&folder).arg("build.mjs").stderr(Stdio::piped());
        node
    };
    if run(node().arg("--check")).await.is_ok() {
        return Ok(made);
    }
    // From nothing: npm installs beside what an earlier run left, and can take out of it what is still needed.
    let installed = folder.join("node_modules");
    if installed.exists() {
        fs::remove_dir_all(&installed).with_context(|| format!("cannot remove `{}`", installed.display()))?;
    }
    let mut install = Command::new("npm");
    install
        .current_dir(&folder)
        .args(["install", "--no-package-lock", "--no-audit", "--no-fund"])
        .stderr(Stdio::piped());
    run(&mut install).await?;
    run(&mut node()).await?;
    Ok(made)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::copy(from, to).with_context(|| format!("cannot copy `{}` to `{}`", from.display(), to.display()))?;
    Ok(())
}

/// Run a program to its end; what it printed.
pub(crate) async fn run(command: &mut Command) -> anyhow::Result<String> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().with_context(|| format!("cannot run `{program}`"))?;
    let output = child.wait_with_output().await.with_context(|| format!("cannot run `{program}`"))?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        // Some say on standard output what is wrong, and some write a report of megabytes there.
        let end = out.char_indices().rev().nth(1000).map_or(0, |(place, _)| place);
        let (end, err) = (out.get(end..).unwrap_or_default(), String::from_utf8_lossy(&output.stderr));
        bail!("`{program}` failed ({}): {err}{end}", output.status);
    }
    Ok(out)
}

/// Whether a program is there: it can be started with this word.
pub(crate) async fn is_there(program: impl AsRef<OsStr>, word: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(word).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Some print their help and fail; what counts is that they started.
    command.kill_on_drop(true).status().await.is_ok()
}
