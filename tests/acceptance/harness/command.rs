//! Commands of `nhip` as a user types them: the exit code and what was printed, with what changes from run to run
//! replaced by its name.

use super::PATIENCE;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// Exit code, standard output and standard error in one block, as a user sees them.
    pub(crate) fn screen(&self, replacements: &[(&str, &str)]) -> String {
        let mut screen = format!("exit: {}\n", self.code);
        for (name, text) in [("out", &self.out), ("err", &self.err)] {
            if !text.is_empty() {
                screen.push_str(&format!("--- {name}\n{text}"));
            }
        }
        for (from, to) in replacements {
            screen = screen.replace(from, to);
        }
        normal(&screen)
    }
}

/// Run `nhip` with these words; standard input is what is given.
pub(crate) async fn nhip(words: &[&str], environment: &[(&str, &str)], input: &str) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nhip"));
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    for own in ["NHIP_ADMIN", "NHIP_TOKEN", "NHIP_KEY", "NHIP_URL", "NHIP_OPERATOR", "NHIP_LOG"] {
        command.env_remove(own);
    }
    let mut child = command.envs(environment.iter().copied()).spawn().expect("the binary");
    let mut stdin = child.stdin.take().expect("its input");
    // A command that does not read its input has ended, or will.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = timeout(4 * PATIENCE, child.wait_with_output()).await.expect("it to end in time").expect("its end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// Replace what changes from run to run: ids, digests, hints of keys, ports, times and durations.
fn normal(screen: &str) -> String {
    screen.lines().map(|line| format!("{}\n", line.split(' ').map(word).collect::<Vec<_>>().join(" "))).collect()
}

fn word(word: &str) -> String {
    let (core, tail) = word.split_at(word.trim_end_matches([',', '.', ')', ':', '"', '}', ']', '`']).len());
    let start = core.len() - core.trim_start_matches(['(', '"', '{', '[', '`']).len();
    let (head, core) = core.split_at(start);
    let shown = match core {
        _ if is_id(core) => "[ID]",
        _ if core.strip_prefix("sha256:").is_some_and(|hex| is_hex(hex) && hex.len() >= 8) => "[DIGEST]",
        _ if is_hex(core) && core.len() >= 12 => "[DIGEST]",
        _ if is_hex(core) && core.len() == 8 && core.bytes().any(|byte| byte.is_ascii_digit()) => "[HINT]",
        _ if is_date(core) => "[DATE]",
        _ if is_clock(core) => "[TIME]",
        _ if is_duration(core) => "[DURATION]",
        _ => core,
    };
    format!("{head}{shown}{tail}")
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| is_hex(group))
}

fn is_date(text: &str) -> bool {
    text.len() >= 10
        && text.starts_with("20")
        && text.as_bytes().get(4) == Some(&b'-')
        && text.as_bytes().get(7) == Some(&b'-')
}

fn is_clock(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_end_matches('Z').split(':').collect();
    parts.len() == 3 && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = text.get(number.len()..).unwrap_or_default();
    matches!(unit, "s" | "ms" | "µs" | "us" | "ns" | "m") && number.parse::<f64>().is_ok()
}
