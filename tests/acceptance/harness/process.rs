//! The binary itself, as an operator's service manager runs it.

use super::{Gateway, PATIENCE, eventually};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A running `nhip serve`. Dropping it kills it.
pub(crate) struct Process {
    child: Child,
    gateway: Gateway,
    data: PathBuf,
    log: PathBuf,
}

impl std::ops::Deref for Process {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

/// How a process is started, where it is not as usual.
#[derive(Default)]
pub(crate) struct Manner<'a> {
    /// A program and its arguments that become the gateway in the end.
    pub(crate) by: &'a [&'a str],
    /// Further options of `nhip serve`.
    pub(crate) options: &'a [&'a str],
    /// Its environment: secrets, for instance.
    pub(crate) environment: &'a [(&'a str, &'a str)],
}

impl Process {
    /// Start one on a data folder and wait until it is ready. Its log is in `serve.log` beside the folder.
    pub(crate) async fn serve(data: &Path, secrets: &[(&str, &str)]) -> Self {
        Self::start(data, &Manner { environment: secrets, ..Manner::default() }).await
    }

    /// The same, in another manner.
    pub(crate) async fn start(data: &Path, manner: &Manner<'_>) -> Self {
        let log = data.with_extension("log");
        let file = std::fs::File::options().create(true).append(true).open(&log).expect("a file for the log");
        let words = [manner.by, &[env!("CARGO_BIN_EXE_nhip")]].concat();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pool", "96"])
            .args(manner.options)
            .arg("--data")
            .arg(data)
            .env_remove("NHIP_LOG")
            .envs(manner.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut addresses = [None, None];
        let announced = async {
            while let Some(line) = lines.next_line().await.expect("its output") {
                let line: Value = serde_json::from_str(&line).expect("a line of JSON");
                let address = || line["address"].as_str().and_then(|text| text.parse::<SocketAddr>().ok());
                match line["listening"].as_str() {
                    Some("data") => addresses[0] = address(),
                    Some("admin") => addresses[1] = address(),
                    _ if line["ready"] == true => return true,
                    _ => panic!("it announces something else: {line}"),
                }
            }
            false
        };
        let ready = timeout(PATIENCE, announced).await.expect("it to be ready in time");
        assert!(ready, "it ended before it was ready:\n{}", std::fs::read_to_string(&log).unwrap_or_default());
        let [Some(listen), Some(admin)] = addresses else { panic!("it did not say where it listens") };
        let mut process = Self { child, gateway: Gateway::new(listen, admin, ""), data: data.to_owned(), log };
        let token = std::fs::read_to_string(process.own_folder().join("admin-token")).expect("the admin token");
        process.gateway = Gateway::new(listen, admin, token.trim());
        process
    }

    pub(crate) fn data_folder(&self) -> &Path {
        &self.data
    }

    /// The data folder as the running process sees it: it may be on a file system of its own.
    pub(crate) fn own_folder(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.id(), self.data.display()))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("a process that runs")
    }

    /// The bytes of it that are in memory now.
    pub(crate) fn resident(&self) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("Linux' view of the process");
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its resident memory");
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kilobytes * 1024
    }

    /// Kill it where it stands (SIGKILL).
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().expect("a process to kill");
        self.child.wait().await.expect("its end");
    }

    /// Wait for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("it to end in time").expect("its end")
    }

    /// What it has logged.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Wait until it has logged that.
    pub(crate) async fn has_logged(&self, text: &str) {
        eventually(text, async || self.logged().contains(text).then_some(())).await;
    }
}

/// Send a process SIGTERM.
pub(crate) async fn terminate(process: u32) {
    // The shell's own `kill`: the standard library sends no signals, and not every machine has the program.
    let sent = Command::new("sh").args(["-c", &format!("kill -TERM {process}")]).status().await.expect("a shell");
    assert!(sent.success(), "no process {process} to stop");
}
