//! The other contenders: the native one, `wasmtime serve`, nginx; and the register of agencies behind them.

use crate::build;
use crate::contender::{Contender, Target, announced};
use crate::group::{Group, PATIENCE};
use crate::tools::Tools;
use crate::work::{AGENCY, Work};
use anyhow::{Context, ensure};
use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::process::Command;

/// The best settings of `wasmtime serve` for this: slots from a pool, reset by `PAGEMAP_SCAN` with as much memory kept
/// resident as Nhịp keeps. A component of WASI 0.2 gets a fresh instance for every request by default.
const WASMTIME: [&str; 8] = [
    "-Opooling-allocator=y",
    "-Opooling-pagemap-scan=y",
    "-Opooling-total-component-instances=1600",
    "-Opooling-total-core-instances=12800",
    "-Opooling-total-memories=3200",
    "-Opooling-total-tables=6400",
    "-Opooling-total-stacks=1600",
    "-Opooling-memory-keep-resident=4194304",
];

fn target(address: SocketAddr, work: Work) -> Target {
    Target {
        address,
        paths: vec![format!("/{}", work.function())],
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
    }
}

/// Start this program as something else, with at most one option.
async fn own(tools: &Tools, name: &str, option: Option<(&str, &OsStr)>) -> anyhow::Result<(Group, SocketAddr)> {
    let log = tools.scratch().join(format!("{name}.log"));
    let mut command = Command::new(&tools.own);
    command.arg(name);
    if let Some((option, value)) = option {
        command.arg(option).arg(value);
    }
    let mut group = Group::start(name, &mut command, &log)?;
    let found = announced(&mut group, &["data"]).await?;
    Ok((group, found.first().copied().context("no address")?))
}

/// The register of agencies; it lives as long as the group.
pub(crate) async fn register(tools: &Tools) -> anyhow::Result<(Group, SocketAddr)> {
    own(tools, "register", None).await
}

/// The native contender.
pub(crate) async fn native(tools: &Tools, work: Work, register: Option<SocketAddr>) -> anyhow::Result<Contender> {
    let address = register.map(|register| register.to_string());
    native_with(tools, work, address.as_ref().map(|address| ("--register", address.as_ref()))).await
}

async fn native_with(tools: &Tools, work: Work, option: Option<(&str, &OsStr)>) -> anyhow::Result<Contender> {
    let (group, address) = own(tools, "native", option).await?;
    Ok(Contender { name: "native axum".to_owned(), work, target: target(address, work), group: Arc::new(group) })
}

/// The native contender with so many plugins, each a file of its own: their code is the same, and nothing shares it.
pub(crate) async fn plugins(tools: &Tools, many: usize) -> anyhow::Result<Contender> {
    let plugin = build::plugin(&tools.root).await?;
    let folder = tools.folder("plugins")?;
    let names: Vec<String> = (1..=many).map(|number| format!("plugin-{number}")).collect();
    for name in &names {
        let file = folder.join(name).with_extension("so");
        fs::copy(&plugin, &file).with_context(|| format!("cannot copy the plugin to `{}`", file.display()))?;
    }
    let mut contender = native_with(tools, Work::Convert, Some(("--plugins", folder.as_ref()))).await?;
    contender.target.paths = names.iter().map(|name| format!("/plugins/{name}/{}", Work::Convert.function())).collect();
    Ok(contender)
}

/// The native contender whose answers wait until their requests are in its journal.
pub(crate) async fn kept(tools: &Tools) -> anyhow::Result<Contender> {
    let file = tools.folder("journal")?.join("journal");
    let mut contender = native_with(tools, Work::Convert, Some(("--journal", file.as_ref()))).await?;
    contender.target.paths = vec![format!("/kept/{}", Work::Convert.function())];
    Ok(contender)
}

/// `wasmtime serve` of the same logic as a `wasi:http` component.
pub(crate) async fn wasmtime(
    tools: &Tools,
    program: &Path,
    work: Work,
    register: Option<SocketAddr>,
) -> anyhow::Result<Contender> {
    let log = tools.folder("wasmtime")?.join("serve.log");
    let mut command = Command::new(program);
    command.args(["serve", "--addr", "127.0.0.1:0", "-Scli"]).args(WASMTIME);
    if let Some(register) = register {
        command.arg("--env").arg(format!("REGISTER={register}"));
    }
    command.arg(tools.component("proxy"));
    let mut group = Group::start("`wasmtime serve`", &mut command, &log)?;
    let address = until(&mut group, |group| {
        let text = group.logged();
        let (_, rest) = text.split_once("http://")?;
        rest.split(['/', '\n']).next()?.trim().parse().ok()
    })
    .await?;
    Ok(Contender { name: "wasmtime serve".to_owned(), work, target: target(address, work), group: Arc::new(group) })
}

/// Look again and again, until something is there.
async fn until<T>(group: &mut Group, look: impl Fn(&Group) -> Option<T>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look(group) {
            return Ok(found);
        }
        group.check()?;
        ensure!(Instant::now() < deadline, "it is not ready in time:\n{}", group.logged());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// nginx that hands each request on to the register, and the answer back, both as they are.
pub(crate) async fn nginx(tools: &Tools, program: &Path, register: SocketAddr) -> anyhow::Result<Contender> {
    let folder = tools.folder("nginx")?;
    // nginx takes no port 0. Somebody may take this one before it does: then it ends, and says so.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    let address = listener.local_addr().context("no port is free")?;
    drop(listener);
    let file = folder.join("nginx.conf");
    fs::write(&file, nginx_conf(&folder, address, register))
        .with_context(|| format!("cannot write `{}`", file.display()))?;
    let mut command = Command::new(program);
    command.arg("-p").arg(&folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    let mut group = Group::start("nginx", &mut command, &folder.join("serve.log"))?;
    until(&mut group, |_| std::net::TcpStream::connect(address).ok()).await?;
    let target = target(address, Work::PassOn);
    Ok(Contender { name: "nginx proxy_pass".to_owned(), work: Work::PassOn, target, group: Arc::new(group) })
}

fn nginx_conf(folder: &Path, address: SocketAddr, register: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
worker_processes auto;
pid "{folder}/nginx.pid";
error_log "{folder}/error.log" error;
events {{
    worker_connections 4096;
}}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    client_body_temp_path "{folder}/client";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    upstream register {{
        server {register};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address} reuseport;
        location = /consult {{
            proxy_pass http://register/agencies/{AGENCY};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }}
    }}
}}
"#
    )
}
