//! A contender's processes: started as a process group of their own, watched through `/proc`, and ended together when the
//! value is dropped.

use anyhow::{Context, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Clock ticks of `/proc/PID/stat` in a second: part of Linux' interface to programs, the same on every machine.
const TICKS: u64 = 100;

/// The longest to wait for a contender to be ready.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// How long a contender may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A process and those it starts.
pub(crate) struct Group {
    child: Child,
    id: u32,
    name: String,
    log: PathBuf,
}

impl Group {
    /// Start a program. Its standard error goes to `log`.
    pub(crate) fn start(name: &str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write `{}`", log.display()))?;
        // What a developer sets for himself would make failures of a contender slow.
        let child = command
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LIB_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let id = child.id().with_context(|| format!("{name} ended at once"))?;
        Ok(Self { child, id, name: name.to_owned(), log: log.to_owned() })
    }

    /// The lines it prints; can be taken once.
    pub(crate) fn lines(&mut self) -> anyhow::Result<Lines<BufReader<ChildStdout>>> {
        let out = self.child.stdout.take().context("the output was taken before")?;
        Ok(BufReader::new(out).lines())
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Fail when it has ended.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait().with_context(|| format!("cannot watch {}", self.name))? {
            Some(status) => bail!("{} ended ({status}):\n{}", self.name, self.logged()),
            None => Ok(()),
        }
    }

    /// Processor time of all its processes since they began.
    pub(crate) fn cpu(&self) -> Duration {
        let ticks: u64 = self.members().iter().map(|stat| stat.ticks).sum();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// Bytes of it that are in memory now. What processes share is counted once for each.
    pub(crate) fn resident(&self) -> u64 {
        self.members().iter().map(|stat| resident(stat.process)).sum()
    }

    fn members(&self) -> Vec<Stat> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let stats = entries.filter_map(|entry| {
            entry.file_name().to_str()?.parse::<u32>().ok()?;
            Stat::read(&fs::read_to_string(entry.path().join("stat")).ok()?)
        });
        stats.filter(|stat| stat.group == self.id).collect()
    }

    /// With the shell's own `kill`: the standard library signals no groups. By its number, so nobody else is met.
    fn signal(&self, signal: &str) {
        let kill = format!("kill -s {signal} -- -{}", self.id);
        let _ =
            std::process::Command::new("sh").args(["-c", &kill]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // First as an operator ends it: a build that takes a profile writes it down when it ends.
        self.signal("TERM");
        let until = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.signal("KILL");
    }
}

/// What we need of `/proc/PID/stat`.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    process: u32,
    group: u32,
    ticks: u64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        let process = text.split(' ').next()?.parse().ok()?;
        // The name stands in brackets and may hold anything, brackets too.
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self { process, group: u32::try_from(number(2)?).ok()?, ticks: number(11)? + number(12)? })
    }
}

fn resident(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_group_and_the_ticks_of_a_process() {
        let line = "4711 (a (b) c) S 1 4700 4700 0 -1 4194304 9 0 0 0 250 50 7 7 20 0 4 0 100 1 2 3";
        assert_eq!(Stat::read(line), Some(Stat { process: 4711, group: 4700, ticks: 300 }));
        assert_eq!(Stat::read("4711 (half"), None);
    }

    #[tokio::test]
    async fn a_group_is_gone_with_its_value() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]);
        let mut group = Group::start("a sleeper", &mut command, &folder.path().join("log")).unwrap();
        let inner: u32 = group.lines().unwrap().next_line().await.unwrap().unwrap().parse().unwrap();
        group.check().unwrap();
        assert!(group.resident() > 0);
        assert!(group.members().iter().any(|stat| stat.process == inner));
        let id = group.id;
        drop(group);
        let alive = || {
            let stat = fs::read_to_string(format!("/proc/{inner}/stat")).ok();
            // What was killed may wait for its parent as a zombie.
            stat.is_some_and(|text| Stat::read(&text).is_some_and(|stat| stat.group == id) && !text.contains(") Z "))
        };
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while alive() {
            assert!(tokio::time::Instant::now() < deadline, "it still runs");
            tokio::task::yield_now().await;
        }
    }
}
