//! The stage: simulators, gateway, adapters and policies of the demo, all on loopback.

use super::screen::Screen;
use crate::args::DemoArgs;
use crate::env;
use crate::gateway::{Assembly, Options, Running};
use crate::workshop::Workshop;
use anyhow::{Context, bail};
use nhip_systems::{Ngsp, NgspConfig, Vxp, VxpConfig};
use reqwest::Client;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;
use tokio::process::Command;

/// What is up while the demo runs.
pub(super) struct Stage {
    pub(super) ngsp: Ngsp,
    pub(super) vxp: Vxp,
    pub(super) running: Running,
    pub(super) http: Client,
    components: PathBuf,
    folder: PathBuf,
    temporary: bool,
    keys: std::sync::Mutex<HashMap<&'static str, String>>,
}

impl Stage {
    /// Build the adapters and start everything.
    pub(super) async fn set(args: &DemoArgs, screen: &Screen) -> anyhow::Result<Self> {
        screen.line("Nhịp: the integration gateway, demonstrated with made-up people and organisations.");
        screen.chapter("1", "Simulators of the national systems and a gateway, on this machine");
        let components = components(args, screen).await?;
        let (folder, temporary) = match &args.data {
            Some(folder) => (folder.clone(), false),
            None => (std::env::temp_dir().join(format!("nhip-demo-{}", std::process::id())), true),
        };
        fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;

        let ngsp = Ngsp::start(NgspConfig::default()).await?;
        let vxp = Vxp::start(VxpConfig::default()).await?;
        let systems = vxp.systems();
        let system = systems.first().context("the simulator of the axis has no system")?.clone();
        let secrets = HashMap::from([
            ("NGSP_CLIENT_ID", ngsp.client_id().to_owned()),
            ("NGSP_CLIENT_SECRET", ngsp.client_secret().to_owned()),
            ("VXP_SECRET", system.secret.clone()),
        ]);
        let mut options = Options::new(folder.join("data"));
        options.variable = Arc::new(move |name: &str| secrets.get(name).cloned());
        let running = Assembly::start(options).await?;
        screen.line(&format!("  NGSP with the population register   {}", ngsp.url()));
        screen.line(&format!("  agent of the document axis (VXP)    {}", vxp.url()));
        screen.line(&format!("  Nhịp, data listener                 {}", running.data_url()));
        screen.line(&format!("  Nhịp, admin listener                {}", running.admin_url()));

        let policies =
            [("population.toml", population_policy(&ngsp)), ("documents.toml", documents_policy(&vxp, &system.id))];
        for (file, text) in policies {
            let path = folder.join(file);
            fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let http = crate::http_client::plain()?;
        Ok(Self { ngsp, vxp, running, http, components, folder, temporary, keys: std::sync::Mutex::default() })
    }

    /// Register two callers and deploy both adapters.
    pub(super) async fn deploy_both(&self, screen: &Screen) -> anyhow::Result<()> {
        for caller in ["mot-cua", "van-thu"] {
            let key = self.nhip(&["caller", "add", caller]).await?.trim().to_owned();
            screen.command(&format!("caller add {caller}"), "(the key, printed once)");
            self.locked().insert(caller, key);
        }
        self.deploy(screen, "population-1.0.0.wasm", "population").await?;
        self.deploy(screen, "documents-1.0.0.wasm", "documents").await
    }

    /// Deploy a component under the policy of its name.
    pub(super) async fn deploy(&self, screen: &Screen, component: &str, policy: &str) -> anyhow::Result<()> {
        let wasm = self.components.join(component);
        let policy = self.folder.join(format!("{policy}.toml"));
        let output = self.nhip(&["deploy", &text(&wasm), "--policy", &text(&policy)]).await?;
        screen.command(&format!("deploy {component} --policy {}", file_name(&policy)), &output);
        Ok(())
    }

    /// Roll `population` back.
    pub(super) async fn rollback(&self, screen: &Screen) -> anyhow::Result<()> {
        let output = self.nhip(&["rollback", "population"]).await?;
        screen.command("rollback population", &output);
        Ok(())
    }

    /// Call a function as a caller; status, answer and milliseconds.
    pub(super) async fn call(
        &self,
        caller: &'static str,
        function: &str,
        body: &Value,
    ) -> anyhow::Result<(u16, Value, u128)> {
        let begun = Instant::now();
        let answer = self
            .http
            .post(format!("{}/services/{function}", self.running.data_url()))
            .header("x-api-key", self.key(caller))
            .json(body)
            .send()
            .await?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await?;
        Ok((status, serde_json::from_slice(&bytes)?, begun.elapsed().as_millis()))
    }

    /// The key of a caller.
    pub(super) fn key(&self, caller: &'static str) -> String {
        self.locked().get(caller).cloned().unwrap_or_default()
    }

    /// Say what can be tried, and wait to be interrupted.
    pub(super) async fn stay_up(&self, screen: &Screen) -> anyhow::Result<()> {
        let citizen = self.ngsp.citizens().first().context("the simulator has no citizens")?;
        let body = super::scenes::find(citizen);
        let data = self.running.data_url();
        screen.chapter("6", "It stays up: try it from another terminal (Ctrl-C ends it)");
        screen.line(&format!("\n  curl -s {data}/services/population/find -H 'X-Api-Key: {}' -H 'Content-Type: application/json' \\\n       -d '{body}'", self.key("mot-cua")));
        screen.line(&format!("  curl -s {data}/services -H 'X-Api-Key: {}'", self.key("mot-cua")));
        screen
            .line(&format!("  curl -s {data}/services/documents/openapi.json -H 'X-Api-Key: {}'", self.key("van-thu")));
        screen.line(&format!("  curl -s -X PUT {}/__faults -d '{{\"mode\":\"down\"}}'      # the register breaks; call again, then {{\"mode\":\"none\"}}", self.ngsp.url()));
        screen.line(&format!(
            "  nhip adapters --admin {} --data {}",
            self.running.admin_url(),
            self.running.data().display()
        ));
        screen.line(&format!(
            "  nhip exchanges --admin {} --data {}",
            self.running.admin_url(),
            self.running.data().display()
        ));
        tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
    }

    /// Stop everything and clean up.
    pub(super) async fn strike(self) -> anyhow::Result<()> {
        self.running.stop();
        self.running.wait().await?;
        self.ngsp.stop().await;
        self.vxp.stop().await;
        if self.temporary {
            fs::remove_dir_all(&self.folder).with_context(|| format!("cannot remove `{}`", self.folder.display()))?;
        }
        Ok(())
    }

    /// Run this program again, as an operator would; what it printed.
    async fn nhip(&self, words: &[&str]) -> anyhow::Result<String> {
        let program = std::env::current_exe().context("cannot find this program")?;
        let admin = self.running.admin_url();
        let data = text(self.running.data());
        let output = Command::new(program)
            .args(words)
            .args(["--admin", &admin, "--data", &data])
            .env_remove("NHIP_TOKEN")
            .stdin(Stdio::null())
            .output()
            .await
            .context("cannot run this program again")?;
        if !output.status.success() {
            bail!(
                "`nhip {}` failed:\n{}{}",
                words.join(" "),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, String>> {
        self.keys.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The folder of the components: the one given, or the one just built.
async fn components(args: &DemoArgs, screen: &Screen) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &args.adapters {
        return Ok(folder.clone());
    }
    screen.line("  building the guest adapters for wasm32-wasip2 (the first time takes a minute or two)");
    let workshop = Workshop::find(env::variable("CARGO").map(Into::into))?;
    tokio::task::spawn_blocking(move || workshop.adapters(&|file| Screen.line(&format!("    {file}")))).await?
}

fn population_policy(ngsp: &Ngsp) -> String {
    format!(
        r#"adapter = "population"

[services]
population = "lgsp:population/register@1.0.0"

[endpoints.population-db]
url = "{url}"
methods = ["POST"]
paths = ["/tracuu"]
credential = {{ oauth2 = {{ token-url = "{token}", client-id = "env:NGSP_CLIENT_ID", client-secret = "env:NGSP_CLIENT_SECRET" }} }}
private-network = true # the simulator runs on this machine

[config]
"unit-code" = "H99"
"integration-code" = "037"

[callers]
allow = ["mot-cua"]
"#,
        url = ngsp.population_url().trim_end_matches("/tracuu"),
        token = ngsp.token_url()
    )
}

fn documents_policy(vxp: &Vxp, system: &str) -> String {
    format!(
        r#"adapter = "documents"

[services]
documents = "lgsp:documents/axis@1.0.0"

[limits]
memory = "128 MiB"
cpu = "2 s"
request = "8 MiB"

[endpoints.vxp]
url = "{url}"
methods = ["POST"]
paths = ["/sendEdoc", "/getReceivedEdocList", "/getSentEdocList", "/getEdoc", "/updateStatus", "/getAgenciesListQD20"]
credential = {{ vxp-signature = {{ system-id = "{system}", secret = "env:VXP_SECRET" }} }}
private-network = true # the simulator runs on this machine

[callers]
allow = ["van-thu"]
"#,
        url = vxp.url()
    )
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
