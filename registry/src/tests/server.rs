//! PostgreSQL for the tests: a throw-away cluster, and one database for each test.
//!
//! The cluster is started once for the test process, by a shell that waits for the process to end, however it ends,
//! and then stops the server and removes its folder. It listens on a socket in that folder alone, so nothing else on
//! the machine meets it.

use super::DEADLINE;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::fs::Permissions;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

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
pub(super) struct Server {
    folder: PathBuf,
    settings: Vec<String>,
    keeper: Option<Child>,
}

impl Server {
    /// Make a cluster and start it.
    pub(super) fn start() -> Self {
        let mut server = Self::made();
        server.settings.push("listen_addresses=".to_owned());
        server.go_on();
        server
    }

    /// Make a cluster that speaks TLS on this port of `localhost`, with this certificate and key, and start it.
    pub(super) fn with_tls(port: u16, certificate: &str, key: &str) -> Self {
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
    pub(super) fn go_on(&mut self) {
        assert!(self.keeper.is_none());
        let keeper = as_user(Command::new("sh"))
            .args(["-c", KEEPER])
            .args([&Path::new(binaries()).join("postgres"), &self.folder])
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
    pub(super) fn stop(&mut self, signal: &str) {
        let mut keeper = self.keeper.take().unwrap();
        writeln!(keeper.stdin.take().unwrap(), "{signal}").unwrap();
        keeper.wait().unwrap();
    }

    /// The URL of a database on it.
    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://nhip@localhost:{}/{database}?host={}", self.port(), self.folder.display())
    }

    fn port(&self) -> &str {
        self.settings.iter().find_map(|setting| setting.strip_prefix("port=")).unwrap_or("5432")
    }

    /// Its socket.
    pub(super) fn socket(&self) -> PathBuf {
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

/// A database of its own, dropped with this.
pub(super) struct Scratch {
    pub(super) url: String,
    name: String,
    above: String,
}

impl Scratch {
    /// On the server that the test process shares.
    pub(super) async fn shared() -> Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        match given() {
            Some(url) => Self::make(url.clone(), |name| renamed(&url, name)).await,
            None => {
                let server = SERVER.get_or_init(Server::start);
                Self::on(server).await
            }
        }
    }

    /// On this server.
    pub(super) async fn on(server: &Server) -> Self {
        Self::make(server.url("postgres"), |name| server.url(name)).await
    }

    async fn make(above: String, url: impl FnOnce(&str) -> String) -> Self {
        let name = format!("nhip_test_{}", uuid::Uuid::now_v7().simple());
        admin(&above, format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await.unwrap();
        Self { url: url(&name), name, above }
    }

    /// Run a statement on the database from outside.
    pub(super) async fn sql(&self, statement: &str) -> Result<(), sqlx::Error> {
        admin(&self.url, statement.to_owned()).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (above, statement) = (self.above.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A runtime of its own: the test's is not to be waited for from here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            // A test may have stopped its server.
            let _ = runtime.block_on(admin(&above, statement));
        });
        let _ = dropping.join();
    }
}

async fn admin(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection: PgConnection = options.disable_statement_logging().connect().await?;
    sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

/// The URL with another database.
fn renamed(url: &str, database: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(database);
    url.into()
}

/// The server that this machine's owner names.
#[expect(clippy::disallowed_methods, reason = "it is by the environment that a machine says what it has")]
fn given() -> Option<String> {
    std::env::var("NHIP_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

fn binaries() -> &'static str {
    match option_env!("NHIP_POSTGRES_BINARIES") {
        Some(folder) => folder,
        None => panic!("build.rs found no server, and NHIP_TEST_POSTGRES is not set any more"),
    }
}

fn run(program: &str) -> Command {
    as_user(Command::new(Path::new(binaries()).join(program)))
}

/// As somebody whom PostgreSQL serves, in a process group of its own: the keeper outlives a Ctrl-C.
fn as_user(mut command: Command) -> Command {
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir("/").process_group(0);
    command
}

/// PostgreSQL refuses to run as root: then, its own user or nobody.
fn other_user() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let of = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("a user who is not root"))
}
