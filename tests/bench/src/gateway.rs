//! Nhịp as a contender: a gateway process on a folder of its own, with a caller, and adapters deployed by its own command.

use crate::build::run;
use crate::client::Client;
use crate::contender::{Contender, Target, announced};
use crate::group::Group;
use crate::tools::Tools;
use crate::work::Work;
use anyhow::{Context, ensure};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::process::Command;

/// The purpose that every policy demands.
const PURPOSE: &str = "TTHC-1.004222";
/// Sandboxes at once: what any scenario takes, and the default of `nhip serve` at the least. With it 2,000 memories are kept
/// warm, one for each of 1,000 components on each of two cores.
const POOL: &str = "1600";

/// A gateway, running.
pub(crate) struct Gateway {
    pub(crate) group: Arc<Group>,
    nhip: PathBuf,
    data: SocketAddr,
    admin: SocketAddr,
    folder: PathBuf,
    key: String,
}

/// What is deployed, and under which names.
#[derive(Clone)]
pub(crate) struct Deployment {
    pub(crate) component: PathBuf,
    /// The adapter's name.
    pub(crate) adapter: String,
    /// The public name of its service.
    pub(crate) service: String,
    pub(crate) interface: &'static str,
    pub(crate) record: Record,
    pub(crate) concurrency: u32,
    /// How many exchanges a sandbox serves.
    pub(crate) exchanges: u32,
    /// Memory and time in the guest.
    pub(crate) limits: (&'static str, &'static str),
    /// The manifest, where the component's own is not the one.
    pub(crate) manifest: Option<String>,
    /// The register of agencies, where it is asked.
    pub(crate) register: Option<SocketAddr>,
}

/// What an answer waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    Durable,
    Relaxed,
}

impl Deployment {
    /// A component of the fixtures under its own name.
    pub(crate) fn of(tools: &Tools, name: &str, interface: &'static str) -> Self {
        Self {
            component: tools.component(name),
            adapter: format!("bench-{name}"),
            service: format!("bench-{name}"),
            interface,
            record: Record::Relaxed,
            concurrency: 1024,
            exchanges: 1,
            limits: ("128 MiB", "200 ms"),
            manifest: None,
            register: None,
        }
    }

    /// The same under another name.
    pub(crate) fn renamed(mut self, name: &str) -> Self {
        let interface = self.interface;
        self.manifest = Some(format!(
            "name = \"{name}\"\nversion = \"1.0.0\"\ndescription = \"Made for the benchmark\"\n\
             contracts = [\"bench:dossiers/{interface}@1.0.0\"]\n"
        ));
        name.clone_into(&mut self.adapter);
        name.clone_into(&mut self.service);
        self
    }

    fn policy(&self) -> String {
        let mode = if self.record == Record::Durable { "durable" } else { "relaxed" };
        let (adapter, service, interface, concurrency) =
            (&self.adapter, &self.service, self.interface, self.concurrency);
        let ((memory, cpu), exchanges) = (self.limits, self.exchanges);
        let mut policy = format!(
            r#"adapter = "{adapter}"

[services]
{service} = "bench:dossiers/{interface}@1.0.0"

[limits]
memory = "{memory}"
cpu = "{cpu}"
deadline = "30 s"
concurrency = {concurrency}
request = "16 MiB"

[callers]
allow = ["bench"]
purposes = ["{PURPOSE}"]

[record]
mode = "{mode}"

[sandbox]
exchanges = {exchanges}
"#
        );
        if let Some(address) = self.register {
            policy.push_str(&format!(
                "\n[endpoints.agencies]\nurl = \"http://{address}\"\nmethods = [\"GET\"]\npaths = [\"/agencies/*\"]\n\
                 private-network = true\n"
            ));
        }
        policy
    }
}

impl Gateway {
    /// Start one, and register the caller.
    pub(crate) async fn start(tools: &Tools, name: &str) -> anyhow::Result<Self> {
        Self::begin(tools, name, None).await?.with_caller().await
    }

    /// Start one on a shared database, and register the caller there.
    pub(crate) async fn start_on(tools: &Tools, name: &str, database: &str) -> anyhow::Result<Self> {
        Self::begin(tools, name, Some(database)).await?.with_caller().await
    }

    /// Start another one on the database of this one.
    pub(crate) async fn beside(&self, tools: &Tools, name: &str, database: &str) -> anyhow::Result<Self> {
        Ok(Self { key: self.key.clone(), ..Self::begin(tools, name, Some(database)).await? })
    }

    async fn begin(tools: &Tools, name: &str, database: Option<&str>) -> anyhow::Result<Self> {
        let folder = tools.folder(name)?;
        let mut command = Command::new(&tools.nhip);
        command.args([
            "serve",
            "--json",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
            "--pool",
            POOL,
            "--data",
        ]);
        command.arg(folder.join("data"));
        if let Some(database) = database {
            command.args(["--gateway", name, "--database", database]);
        }
        for own in ["NHIP_LOG", "NHIP_DATABASE"] {
            command.env_remove(own);
        }
        let mut group = Group::start("`nhip serve`", &mut command, &folder.join("serve.log"))?;
        let found = announced(&mut group, &["data", "admin"]).await?;
        let (&data, &admin) = found.first().zip(found.get(1)).context("a gateway has two listeners")?;
        Ok(Self { group: Arc::new(group), nhip: tools.nhip.clone(), data, admin, folder, key: String::new() })
    }

    async fn with_caller(mut self) -> anyhow::Result<Self> {
        let mut add = self.command(&["caller", "add", "bench"]);
        self.key = run(&mut add).await?.trim().to_owned();
        ensure!(!self.key.is_empty(), "`nhip caller add` prints no key");
        Ok(self)
    }

    /// How many accepted exchanges are not delivered yet.
    pub(crate) async fn undelivered(&self, client: &Client) -> anyhow::Result<u64> {
        let file = self.folder.join("data/admin-token");
        let token = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
        let status = client.get(self.admin, "/api/status", token.trim()).await?;
        let count = |state: &str| status.pointer(&format!("/durable/{state}")).and_then(serde_json::Value::as_u64);
        let dead = count("dead").with_context(|| format!("the status counts no dead letters: {status}"))?;
        ensure!(dead == 0, "{dead} exchanges are dead letters");
        let open = count("waiting").zip(count("trying")).map(|(waiting, trying)| waiting + trying);
        open.with_context(|| format!("the status counts nothing that waits: {status}"))
    }

    /// One of its commands.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.nhip);
        command.args(words).arg("--admin").arg(format!("http://{}", self.admin));
        command.arg("--token-file").arg(self.folder.join("data/admin-token"));
        for own in ["NHIP_ADMIN", "NHIP_TOKEN", "NHIP_OPERATOR", "NHIP_LOG"] {
            command.env_remove(own);
        }
        command.stderr(std::process::Stdio::piped());
        command
    }

    /// The command that deploys it; its files are written.
    pub(crate) fn deploying(&self, deployment: &Deployment) -> anyhow::Result<Command> {
        let write = |ending: &str, text: &str| -> anyhow::Result<PathBuf> {
            let file = self.folder.join(format!("{}.{ending}", deployment.adapter));
            fs::write(&file, text).with_context(|| format!("cannot write `{}`", file.display()))?;
            Ok(file)
        };
        let mut command = self.command(&["deploy"]);
        command.arg(&deployment.component).arg("--policy").arg(write("policy.toml", &deployment.policy())?);
        if let Some(manifest) = &deployment.manifest {
            command.arg("--manifest").arg(write("adapter.toml", manifest)?);
        }
        Ok(command)
    }

    /// Deploy it.
    pub(crate) async fn deploy(&self, deployment: &Deployment) -> anyhow::Result<()> {
        let said = run(&mut self.deploying(deployment)?).await;
        said.map(drop).with_context(|| format!("`{}` cannot be deployed", deployment.adapter))
    }

    /// How some services are asked for a work.
    pub(crate) fn contender(&self, name: &str, services: &[String], work: Work) -> Contender {
        let path = |service: &String| format!("/services/{service}/{}", work.function());
        Contender {
            name: name.to_owned(),
            work,
            target: Target {
                address: self.data,
                paths: services.iter().map(path).collect(),
                headers: vec![
                    ("content-type".to_owned(), "application/json".to_owned()),
                    ("x-api-key".to_owned(), self.key.clone()),
                    ("x-purpose".to_owned(), PURPOSE.to_owned()),
                ],
            },
            group: Arc::clone(&self.group),
        }
    }

    /// The same of one deployment.
    pub(crate) fn contender_of(&self, name: &str, deployment: &Deployment, work: Work) -> Contender {
        self.contender(name, std::slice::from_ref(&deployment.service), work)
    }
}

/// A gateway with one deployment, as a contender.
pub(crate) async fn with(tools: &Tools, name: &str, deployment: &Deployment, work: Work) -> anyhow::Result<Contender> {
    let gateway = Gateway::start(tools, &format!("{}-{}", deployment.adapter, deployment.exchanges)).await?;
    gateway.deploy(deployment).await?;
    Ok(gateway.contender_of(name, deployment, work))
}

/// The JavaScript adapter.
pub(crate) fn javascript(tools: &Tools, component: &Path) -> anyhow::Result<Deployment> {
    let file = tools.root.join("tests/bench/js/adapter.toml");
    let manifest = fs::read_to_string(&file).with_context(|| format!("cannot read `{}`", file.display()))?;
    let named = Deployment::of(tools, "js", "converter");
    Ok(Deployment { component: component.to_owned(), manifest: Some(manifest), ..named })
}
