//! A contender: processes that listen, and how they are asked for a work.

use crate::client::{Answer, Client};
use crate::group::Group;
use crate::work::Work;
use anyhow::{Context, ensure};
use http::StatusCode;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::time::timeout;

/// How many answers are looked at before anything is measured; and how many of large ones, which take their time.
const SAMPLE: (usize, usize) = (20, 3);
/// From how many bytes a request is large.
const LARGE: usize = 100_000;

/// Where and how to ask.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// One, or many that are asked in turn.
    pub(crate) paths: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
}

/// A contender, ready.
#[derive(Clone)]
pub(crate) struct Contender {
    /// Its row in the table.
    pub(crate) name: String,
    pub(crate) work: Work,
    pub(crate) target: Target,
    /// Its processes.
    pub(crate) group: Arc<Group>,
}

impl Contender {
    /// The same with its addresses again and again, until there are so many: the load generator then works as hard for one as for many.
    pub(crate) fn listed(mut self, addresses: usize) -> Self {
        self.target.paths = self.target.paths.iter().cycle().take(addresses).cloned().collect();
        self
    }

    /// One request; fails unless the answer is right.
    pub(crate) async fn ask(&self, client: &Client, number: usize) -> anyhow::Result<()> {
        let answer = self.answer(client, number).await?;
        self.judge(number, &answer)
    }

    /// The same under load, when a contender may also refuse: whoever drives it counts that among its errors.
    pub(crate) async fn look(&self, client: &Client, number: usize) -> anyhow::Result<()> {
        let answer = self.answer(client, number).await?;
        if answer.status == StatusCode::SERVICE_UNAVAILABLE { Ok(()) } else { self.judge(number, &answer) }
    }

    async fn answer(&self, client: &Client, number: usize) -> anyhow::Result<Answer> {
        let paths = &self.target.paths;
        let path = paths.get(number % paths.len().max(1)).context("nothing to ask")?;
        client.post(self.target.address, path, &self.target.headers, self.work.body(number)?).await
    }

    fn judge(&self, number: usize, answer: &Answer) -> anyhow::Result<()> {
        let text = || String::from_utf8_lossy(answer.body.get(..500).unwrap_or(&answer.body)).into_owned();
        ensure!(answer.status == 200, "{} answers {}: {}", self.name, answer.status, text());
        self.work.check(number, &answer.body).with_context(|| format!("{} answers wrong", self.name))
    }

    /// Look at a sample of answers, and whether what is wrong is refused.
    pub(crate) async fn prove(&self, client: &Client) -> anyhow::Result<()> {
        let large = self.work.body(0)?.len() >= LARGE;
        for number in 0..if large { SAMPLE.1 } else { SAMPLE.0 } {
            self.ask(client, number).await?;
        }
        if let (Some(body), Some(path)) = (self.work.wrong_body()?, self.target.paths.first()) {
            let answer = client.post(self.target.address, path, &self.target.headers, body).await?;
            let refused = answer.status.is_client_error();
            ensure!(refused, "{} answers {} to a request that is wrong", self.name, answer.status);
        }
        Ok(())
    }
}

/// Wait until a process has announced where it listens, in lines of JSON: the address of the listener of that name.
pub(crate) async fn announced(group: &mut Group, listeners: &[&str]) -> anyhow::Result<Vec<SocketAddr>> {
    let mut lines = group.lines()?;
    let mut found: Vec<Option<SocketAddr>> = vec![None; listeners.len()];
    let reading = async {
        while let Some(line) = lines.next_line().await? {
            let line: Value = serde_json::from_str(&line).with_context(|| format!("it prints `{line}`"))?;
            if line.get("ready") == Some(&Value::Bool(true)) {
                return anyhow::Ok(true);
            }
            let text = |key: &str| line.get(key).and_then(Value::as_str);
            let place = listeners.iter().position(|name| Some(*name) == text("listening"));
            if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
                *slot = text("address").and_then(|address| address.parse().ok());
            }
        }
        Ok(false)
    };
    let ready = timeout(crate::group::PATIENCE, reading).await.context("it is not ready in time")??;
    ensure!(ready, "it ended before it was ready:\n{}", group.logged());
    let all: Option<Vec<SocketAddr>> = found.into_iter().collect();
    all.context("it did not say where it listens")
}
