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

/// Replace what changes from run to run, by machine or by build: ids, digests, hints of keys, times, durations, sizes.
/// Columns keep two blanks between them, since the widths go with what was replaced.
fn normal(screen: &str) -> String {
    screen.lines().map(|line| format!("{}\n", normal_line(line))).collect()
}

fn normal_line(line: &str) -> String {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    // A cell of a table ends with two blanks, a word with one.
    let cells = line.trim_start().split("  ").map(str::trim).filter(|cell| !cell.is_empty());
    let of_component = line.contains(" of at most ");
    let cells: Vec<String> = cells.map(|cell| normal_cell(cell, of_component)).collect();
    indent + &cells.join("  ")
}

fn normal_cell(cell: &str, of_component: bool) -> String {
    let words: Vec<&str> = cell.split(' ').collect();
    let mut shown: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let unit = words.get(at + 1).map(|next| next.trim_end_matches([',', ')', ':']));
        let number = word.trim_start_matches('(').parse::<f64>().is_ok();
        let name = match unit {
            Some("s" | "ms" | "µs") if number => Some("[DURATION]"),
            Some("B" | "KiB" | "MiB") if number => Some("[SIZE]"),
            _ => None,
        };
        if let (Some(name), Some(next)) = (name, words.get(at + 1)) {
            let head = if word.starts_with('(') { "(" } else { "" };
            shown.push(format!("{head}{name}{}", next.trim_start_matches(|c: char| c.is_alphabetic())));
            at += 2;
            continue;
        }
        // What a build of the component happens to need.
        let needed = of_component && at > 0 && words.get(at - 1) == Some(&"largest");
        shown.push(if needed { "[N]".to_owned() } else { normal_word(word) });
        at += 1;
    }
    shown.join(" ")
}

fn normal_word(word: &str) -> String {
    let (core, tail) = word.split_at(word.trim_end_matches([',', '.', ')', ':', '`']).len());
    let (head, core) = core.split_at(core.len() - core.trim_start_matches(['(', '`']).len());
    let shown = match core {
        _ if is_id(core) => "[ID]".to_owned(),
        _ if is_hex(core) && (core.len() == 12 || core.len() == 64) => "[DIGEST]".to_owned(),
        _ if core.strip_suffix('…').is_some_and(|hint| is_hex(hint) && hint.len() == 6) => "[HINT]".to_owned(),
        _ if is_time(core) => "[TIME]".to_owned(),
        _ => within(within(core.to_owned(), "sha256:", "[DIGEST]"), "\"hint\":\"", "\"hint\":\"[HINT]"),
    };
    format!("{head}{shown}{tail}")
}

/// Replace a mark and the hexadecimal digits behind it.
fn within(text: String, mark: &str, name: &str) -> String {
    let Some((before, after)) = text.split_once(mark) else { return text };
    format!("{before}{name}{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn is_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]) && groups.iter().all(|group| is_hex(group))
}

/// `2026-11-22T05:41:36Z`.
fn is_time(text: &str) -> bool {
    text.len() == 20 && text.starts_with("20") && text.as_bytes().get(10) == Some(&b'T') && text.ends_with('Z')
}
