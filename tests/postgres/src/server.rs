//! A throw-away cluster. It is run by a shell that waits for the process to end, however it ends, and then stops the
//! server and removes its folder.

use crate::machine::{other_user, run, shell};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start.
const DEADLINE: Duration = Duration::from_secs(60);

/// Runs the server until a line comes, or the end of who writes lines: then the server is stopped as the line says.
const KEEPER: &str = r#"
server=$0 folder=$1
shift
"$server" -D "$folder/data" -k "$folder" -c max_connections=400 -c shared_buffers=16MB "$@" >>"$folder/log" 2>&1 &
server=$!
how=QUIT
if read -r how; then kill -s "$how" $server; wait $server; exit; fi
kill -s QUIT $server; wait $server; rm -rf "$folder"
"#;

/// A server of the tests' own.
pub struct Server {
    folder: PathBuf,
    settings: Vec<String>,
    keeper: Option<Child>,
}

impl Server {
    /// Make a cluster and start it.
    #[must_use]
    pub fn start() -> Self {
        let mut server = Self::made();
        server.settings.push("listen_addresses=".to_owned());
        server.go_on();
        server
    }

    /// Make a cluster that speaks TLS on this port of `localhost`, with this certificate and key, and start it.
    #[must_use]
    pub fn with_tls(port: u16, certificate: &str, key: &str) -> Self {
        let mut server = Self::made();
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = server.folder.join(name);
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            if let Some((user, group)) = other_user() {
                std::os::unix::fs::chown(&file, Some(user), Some(group)).unwrap();
            }
            let setting = if name.ends_with("key") { "ssl_key_file" } else { "ssl_cert_file" };
            server.settings.push(format!("{setting}={}", file.display()));
        }
        server.settings.extend(["ssl=on".to_owned(), "listen_addresses=127.0.0.1".to_owned(), format!("port={port}")]);
        server.go_on();
        server
    }

    fn made() -> Self {
        let folder = tempfile::Builder::new().prefix("nhip-pg-").tempdir().unwrap().keep();
        if let Some((user, group)) = other_user() {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let made = run("initdb")
            .args(["--auth=trust", "--username=nhip", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(folder.join("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {made:?}");
        Self { folder, settings: Vec::new(), keeper: None }
    }

    /// Start the server again.
    pub fn go_on(&mut self) {
        assert!(self.keeper.is_none());
        let keeper = shell(KEEPER)
            .args([&crate::machine::binaries().join("postgres"), &self.folder])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        self.keeper = Some(keeper);
        let until = Instant::now() + DEADLINE;
        while !run("pg_isready").args(["-q", "-p", self.port()]).arg("-h").arg(&self.folder).status().unwrap().success()
        {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "the server does not start: {log}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Stop the server: `INT` to end all sessions properly, `QUIT` to let it fall as in a crash.
    pub fn stop(&mut self, signal: &str) {
        let mut keeper = self.keeper.take().unwrap();
        writeln!(keeper.stdin.take().unwrap(), "{signal}").unwrap();
        keeper.wait().unwrap();
    }

    /// The URL of a database on it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://nhip@localhost:{}/{database}?host={}", self.port(), self.folder.display())
    }

    fn port(&self) -> &str {
        self.settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432")
    }

    /// Its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self.keeper.take() {
            Some(mut keeper) => {
                drop(keeper.stdin.take());
                let _ = keeper.wait();
            }
            None => {
                let _ = std::fs::remove_dir_all(&self.folder);
            }
        }
    }
}
