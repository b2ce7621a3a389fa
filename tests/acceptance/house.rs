//! The house itself: the arrows between its crates, what every file and crate must have, and documents that lead
//! somewhere. A change that bends it fails here before anybody has to notice.

use crate::harness::root;
use cargo_metadata::{Metadata, MetadataCommand, Package};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of our crates each may depend on, for whatever purpose, and which heavy libraries it may hold.
const ARROWS: [(&str, &[&str], &[&str]); 13] = [
    ("nhip-bench", &["nhip-postgres"], &["axum"]),
    ("bench-plugin", &[], &[]),
    ("nhip-policies", &[], &[]),
    ("nhip-contract", &[], &["wasmtime"]),
    ("nhip-systems", &[], &["axum"]),
    ("nhip-postgres", &[], &[]),
    ("nhip-exchange", &["nhip-policies"], &[]),
    ("nhip-registry", &["nhip-exchange", "nhip-policies", "nhip-postgres"], &[]),
    ("nhip-host", &["nhip-exchange", "nhip-contract", "nhip-policies"], &["wasmtime"]),
    ("nhip-gateway", &["nhip-exchange", "nhip-registry", "nhip-policies"], &["axum"]),
    ("nhip-manage", &["nhip-exchange", "nhip-registry", "nhip-policies"], &["axum"]),
    ("nhip-triggers", &["nhip-exchange", "nhip-registry", "nhip-policies"], &[]),
    (
        "nhip-cli",
        &[
            "nhip-policies",
            "nhip-contract",
            "nhip-systems",
            "nhip-postgres",
            "nhip-exchange",
            "nhip-registry",
            "nhip-host",
            "nhip-gateway",
            "nhip-manage",
            "nhip-triggers",
        ],
        &["wasmtime"],
    ),
];

/// What has its place by rule: the sandbox engine and the HTTP framework.
const HEAVY: [&str; 2] = ["wasmtime", "axum"];

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata")
}

/// The names of everything that a package depends on: to build, to test, to run.
fn dependencies(package: &Package) -> BTreeSet<String> {
    package.dependencies.iter().map(|dependency| dependency.name.clone()).collect()
}

#[test]
fn the_arrows_between_the_crates_are_those_of_the_plan() {
    let metadata = metadata();
    let packages = metadata.workspace_packages();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(name, ..)| *name).collect();
    let found: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    assert_eq!(found, known, "a crate must have its row here");
    let mut wrong = Vec::new();
    for package in packages {
        let (name, ours, heavy) = ARROWS.iter().find(|(name, ..)| *name == package.name.as_str()).unwrap();
        for dependency in dependencies(package) {
            let family =
                HEAVY.iter().find(|family| dependency == **family || dependency.starts_with(&format!("{family}-")));
            let allowed = match family {
                Some(family) => heavy.contains(family),
                None => !dependency.starts_with("nhip-") || ours.contains(&dependency.as_str()),
            };
            if !allowed {
                wrong.push(format!("{name} -> {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Every file below a folder, without what was built and what is hidden.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') || name == "target" || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

fn files_ending(ending: &str) -> Vec<(String, String)> {
    let (root, mut all) = (root(), Vec::new());
    files(&root, &mut all);
    let all = all.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    all.map(|path| (path.strip_prefix(&root).unwrap().display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The README's `cargo run --release -- demo` names no program, so exactly one package may claim to be meant.
#[test]
fn cargo_run_at_the_root_means_the_gateway() {
    let metadata = metadata();
    let packages = metadata.workspace_default_packages();
    let programs = packages.iter().flat_map(|package| &package.targets).filter(|target| target.is_bin()).count();
    let meant: Vec<&str> = packages.iter().filter_map(|package| package.default_run.as_deref()).collect();
    assert!(programs > 1, "with one program left, `default-run` is not needed any more");
    assert_eq!(meant, ["nhip"]);
}

#[test]
fn every_crate_is_under_the_lints_of_its_workspace() {
    let mut seen = 0;
    for (path, text) in files_ending("Cargo.toml") {
        let manifest: toml::Table = text.parse().expect(&path);
        // The fixtures do what no code of ours may.
        if !manifest.contains_key("package") || path.starts_with("tests/guests/") {
            continue;
        }
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(inherits, Some(true), "`{path}` lacks `[lints] workspace = true`");
        seen += 1;
    }
    assert!(seen > ARROWS.len(), "only {seen} manifests were found");
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let files = files_ending(".rs");
    assert!(files.len() > 300, "only {} files were found", files.len());
    let silent: Vec<&str> =
        files.iter().filter(|(_, text)| !opens_with_purpose(text)).map(|(path, _)| path.as_str()).collect();
    assert!(silent.is_empty(), "these do not open with `//!`: {silent:#?}");
}

/// `//!` is the first thing, or the first after inner attributes.
fn opens_with_purpose(text: &str) -> bool {
    let mut in_attribute = false;
    for line in text.lines() {
        if in_attribute || line.starts_with("#![") {
            in_attribute = !line.trim_end().ends_with(']');
            continue;
        }
        if !line.trim().is_empty() {
            return line.starts_with("//! ") && line.len() > 10;
        }
    }
    false
}

/// The targets of Markdown links, without those within code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        // Every second piece stands between backticks, unless it is the text of a link.
        let plain = line.replace("`](", "](");
        found.extend(plain.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    found
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let (root, mut seen) = (root(), 0);
    for (path, text) in files_ending(".md") {
        let folder = root.join(&path).parent().unwrap().to_owned();
        for link in links(&text) {
            let target = link.split('#').next().unwrap_or_default();
            if link.contains("://") || target.is_empty() {
                continue;
            }
            assert!(folder.join(target).exists(), "`{path}` links to `{target}`, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links were found");
}

/// The names of all test functions of the source tree.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in files_ending(".rs") {
        let (mut is_test, mut is_list) = (false, false);
        for line in text.lines().map(str::trim) {
            let function = line.trim_start_matches("async ").strip_prefix("fn ");
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some(rest) = function.filter(|_| is_test) {
                // Other attributes may stand between, on several lines.
                found.extend(rest.split('(').next().map(str::to_owned));
                is_test = false;
            } else if line.starts_with("on_both! {") || line.starts_with("on_postgres! {") {
                // The registry's lists of tests that run on one database or on both.
                is_list = true;
            } else if line.starts_with('}') {
                is_list = false;
            } else if is_list {
                found.extend(line.trim_end_matches(',').rsplit(' ').next().map(str::to_owned));
            }
        }
    }
    found
}

#[test]
fn every_threat_names_a_test_that_tries_it() {
    let (tests, mut rows) = (tests(), 0);
    let model = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    for line in model.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let last = cells.last().copied().unwrap_or_default();
        if last == "test" || last.starts_with("---") || line.starts_with("|---") {
            continue;
        }
        let named: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test stands against: {line}");
        for name in named {
            assert!(tests.contains(name), "there is no test `{name}`, which the threat model names");
        }
        rows += 1;
    }
    assert!(rows >= 20, "only {rows} threats were found");
}

#[test]
fn every_record_of_a_decision_has_its_number_and_fits_on_a_page() {
    let mut decisions = files_ending(".md");
    decisions.retain(|(path, _)| path.starts_with("docs/decisions/"));
    assert!(!decisions.is_empty());
    for (number, (path, text)) in (1..).zip(&decisions) {
        assert!(path.starts_with(&format!("docs/decisions/{number:04}-")), "`{path}` is not number {number}");
        assert!(text.starts_with(&format!("# {number}. ")), "`{path}` does not begin with its number");
        assert!(text.lines().count() <= 60, "`{path}` is longer than a page");
    }
}
