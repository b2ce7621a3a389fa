//! One database for each test, on a server that may be shared.

use crate::Server;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use std::sync::OnceLock;

/// A database of its own, dropped with this.
pub struct Scratch {
    /// Its URL.
    pub url: String,
    name: String,
    above: String,
}

impl Scratch {
    /// On the server that the test process shares.
    pub async fn shared() -> Self {
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
    pub async fn on(server: &Server) -> Self {
        Self::make(server.url("postgres"), |name| server.url(name)).await
    }

    async fn make(above: String, url: impl FnOnce(&str) -> String) -> Self {
        let name = format!("nhip_test_{}", uuid::Uuid::now_v7().simple());
        admin(&above, format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")).await.unwrap();
        Self { url: url(&name), name, above }
    }

    /// Run a statement on the database from outside.
    pub async fn sql(&self, statement: &str) -> Result<(), sqlx::Error> {
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
