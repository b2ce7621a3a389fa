//! `nhip policy`: what is wrong with a policy file, and what a right one grants. Needs no gateway.

use crate::args::PolicyCommand;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use nhip_policies::{Mistake, Policy};
use serde_json::json;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check or explain.
///
/// # Errors
/// A file cannot be read, or standard output cannot be written.
pub(super) fn run(command: &PolicyCommand, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Check { files } => check(files, out),
        PolicyCommand::Explain { file } => explain(file, out),
    }
}

fn check(files: &[PathBuf], out: Output) -> anyhow::Result<ExitCode> {
    let mut wrong = 0;
    for file in files {
        let mistakes = Policy::parse(&files::text(file)?).err().map(|found| found.to_vec()).unwrap_or_default();
        tell(file, &mistakes, out)?;
        wrong += usize::from(!mistakes.is_empty());
    }
    if wrong > 0 {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(file: &Path, out: Output) -> anyhow::Result<ExitCode> {
    let policy = match Policy::parse(&files::text(file)?) {
        Ok(policy) => policy,
        Err(mistakes) => {
            tell(file, &mistakes, out)?;
            return Err(
                Failure::new(format!("`{}` grants nothing until its mistakes are mended", file.display())).into()
            );
        }
    };
    let explanation = policy.explain();
    out.text(&explanation)?;
    out.json(&json!({
        "file": file, "adapter": policy.adapter.as_str(), "digest": policy.digest_hex(), "explanation": explanation,
    }))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(file: &Path, mistakes: &[Mistake], out: Output) -> anyhow::Result<()> {
    out.json(&json!({ "file": file, "mistakes": mistakes }))?;
    if mistakes.is_empty() {
        out.text(&format!("{}: no mistakes", file.display()))?;
    }
    for mistake in mistakes {
        out.text(&placed(file, mistake))?;
    }
    Ok(())
}

/// A mistake with its place in the form that editors follow, and its cure.
#[must_use]
pub(super) fn placed(file: &Path, mistake: &Mistake) -> String {
    let Mistake { line, column, key, message, hint } = mistake;
    let mut text = format!("{}:{line}:{column}: ", file.display());
    if !key.is_empty() {
        let _ = write!(text, "{key}: ");
    }
    text.push_str(message);
    text.push('\n');
    if let Some(hint) = hint {
        let _ = writeln!(text, "  hint: {hint}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_has_its_place_and_its_cure() {
        let mistake = Mistake {
            line: 3,
            column: 12,
            key: "limits.memory".to_owned(),
            message: "is not a size".to_owned(),
            hint: Some("write `64 MiB`".to_owned()),
        };
        assert_eq!(
            placed(Path::new("p.toml"), &mistake),
            "p.toml:3:12: limits.memory: is not a size\n  hint: write `64 MiB`\n"
        );
    }

    #[test]
    fn mistakes_end_in_failure_and_a_right_policy_in_success() {
        let folder = tempfile::tempdir().unwrap();
        let (right, wrong) = (folder.path().join("r.toml"), folder.path().join("w.toml"));
        std::fs::write(&right, "adapter = \"a\"\n[services]\na = \"x:y/z@1.0.0\"\n").unwrap();
        std::fs::write(&wrong, "adapter = \"A\"\n").unwrap();
        let out = Output::new(true);
        assert_eq!(check(std::slice::from_ref(&right), out).unwrap(), ExitCode::SUCCESS);
        assert_eq!(check(&[right.clone(), wrong.clone()], out).unwrap(), ExitCode::FAILURE);
        assert_eq!(explain(&right, out).unwrap(), ExitCode::SUCCESS);
        assert!(explain(&wrong, out).is_err());
    }
}
