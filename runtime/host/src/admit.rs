//! Admission: everything that must be right before a component can be called, said at once.
//!
//! The order is by cost: reading, comparing with the policy, making the endpoints ready; only what passes all that is
//! compiled. Nothing here changes what is live.

use crate::adapter::{Entry, WasmAdapter, decoding};
use crate::capabilities::key_value::GrantedStore;
use crate::capabilities::{self, Grant};
use crate::egress::{Egress, Surroundings};
use crate::fit;
use crate::gaps::Gaps;
use crate::heavy::Habit;
use crate::host::WasmHost;
use crate::idle::Idle;
use crate::imports;
use crate::manifest;
use crate::state::Shared;
use crate::text::{tame, tame_lines};
use bytes::Bytes;
use nhip_contract::{Contract, Import, JSON_CALL, JSON_CALLS, ServiceInfo, Surface, openapi};
use nhip_exchange::port::{Admitted, FunctionId, Progress, Quota, Report, ServiceDescription, Step};
use nhip_exchange::{Digest, Routes};
use nhip_policies::{Manifest, Policy, Severity};
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};
use wasmtime_wasi_config::WasiConfigVariables;

/// The largest component, in bytes. Python components have 18 MB.
const LARGEST: usize = 64 << 20;

/// What is to be admitted.
pub(crate) struct Asked<'a> {
    pub(crate) component: Bytes,
    /// The manifest given beside it.
    pub(crate) manifest: Option<&'a str>,
    pub(crate) policy: Arc<Policy>,
    /// What is live, and may serve what it imports.
    pub(crate) routes: &'a Routes,
}

/// Admit a component, or say in the report all that is wrong with it.
pub(crate) async fn admit(
    host: &WasmHost,
    asked: Asked<'_>,
    progress: Progress<'_>,
    report: &mut Report,
) -> Option<Admitted> {
    let Asked { component: bytes, manifest, policy, routes } = asked;
    progress(Step::Verify);
    report.size = bytes.len() as u64;
    if bytes.len() > LARGEST {
        report.refuse("component", format!("{} bytes; the gateway takes at most {LARGEST}", bytes.len()));
        return None;
    }
    let digest = Digest::of(&bytes);
    report.digest = Some(digest);
    let surface = match Surface::read(&bytes) {
        Ok(surface) => surface,
        Err(error) => {
            report.refuse("component", tame_lines(&error.to_string(), 2048));
            return None;
        }
    };
    let manifest = read_manifest(&bytes, manifest, report);
    if let Some(manifest) = &manifest {
        report.adapter = Some(manifest.name.to_string());
        report.version = Some(manifest.version.to_string());
        for mismatch in manifest.compare(&policy) {
            match mismatch.severity {
                Severity::Refuse => report.refuse(mismatch.key, format!("{}: {}", mismatch.message, mismatch.hint)),
                Severity::Note => report.note(mismatch.key, mismatch.message),
            }
        }
    }
    compare_imports(&surface, &policy, report);
    imports::admission::check(&surface, &policy, routes, report);
    compare_contracts(&surface, &policy, report);
    describe_limits(&policy, report);
    let egress = ready_endpoints(host, &policy, report);
    check_folders(&policy, report);
    if report.refuses() {
        return None;
    }
    let (manifest, egress) = (manifest?, egress?);

    progress(Step::Compile);
    let component = compile(host, bytes, digest, report).await?;
    fit::check(&component, &policy, report);
    let pre = link(host, &component, &surface, &policy, report)?;
    let json_calls = surface.json_calls;
    let contracts: Vec<_> = surface.contracts.into_iter().map(|contract| host.contracts.share(contract)).collect();
    let (entries, services) = serve(&contracts, json_calls, &component, &policy, &manifest, report);
    if report.refuses() {
        return None;
    }
    let asks = !surface.imports.iter().all(Import::only_types);
    let shared = Arc::new(share(host, &policy, &manifest, egress, asks));
    let answering = decoding(policy.limits.response);
    let decoding = decoding(policy.limits.request);
    let idle = Idle::of(&policy, &host.room);
    let adapter = Arc::new(WasmAdapter {
        engine: host.engine.clone(),
        pre,
        component,
        entries,
        contracts,
        shared,
        gaps: if idle.is_none() { Gaps::of_engine() } else { None },
        idle,
        decoding,
        answering,
        habit: Habit::default(),
    });
    Some(Admitted { adapter, services })
}

/// The vendor's manifest: the one given beside the component, else the one embedded in it.
fn read_manifest(bytes: &[u8], given: Option<&str>, report: &mut Report) -> Option<Manifest> {
    let text = match given.map_or_else(|| manifest::embedded(bytes), |text| Ok(text.to_owned())) {
        Ok(text) => text,
        Err(error) => {
            report.refuse("adapter.toml", error.to_string());
            return None;
        }
    };
    match Manifest::parse(&text) {
        Ok(manifest) => Some(manifest),
        Err(mistakes) => {
            report.refuse("adapter.toml", tame_lines(&mistakes.to_string(), 8192));
            None
        }
    }
}

/// Every import, and what satisfies it.
fn compare_imports(surface: &Surface, policy: &Policy, report: &mut Report) {
    for import in &surface.imports {
        let name = tame(&import.name, 200);
        let grant = match capabilities::asked_by(&import.name) {
            Some(capability) => (capability.grant)(policy),
            None if import.only_types() => Grant::Granted("only types".to_owned()),
            None => stranger(import, policy),
        };
        match grant {
            Grant::Granted(how) => report.imports.push((name, how)),
            Grant::Denied(cure) => {
                report.imports.push((name.clone(), "not granted".to_owned()));
                report.refuse(format!("import {name}"), cure);
            }
        }
    }
}

/// An import that is no power of ours.
fn stranger(import: &Import, policy: &Policy) -> Grant {
    let name = &import.name;
    if name.starts_with("wasi:sockets/") {
        let text = "the gateway gives no sockets: reach upstream systems through `nhip:adapter/endpoints` or `wasi:http/outgoing-handler`";
        return Grant::Denied(text.to_owned());
    }
    if name.starts_with("wasi:") || name.starts_with("nhip:") {
        let text =
            "the gateway does not offer this interface; what it offers is the world `nhip:adapter/imports@1.0.0`";
        return Grant::Denied(text.to_owned());
    }
    imports::admission::grant(import, policy)
}

/// Every service of the policy, and the contract it names.
fn compare_contracts(surface: &Surface, policy: &Policy, report: &mut Report) {
    report.contracts = surface.contracts.iter().map(|contract| tame(&contract.name, 200)).collect();
    if surface.json_calls {
        report.note(format!("export {JSON_CALLS}"), "all functions are called with JSON, which the gateway checks");
    }
    for other in &surface.other_exports {
        report.note(format!("export {}", tame(&other.name, 200)), "not a contract: nobody can call it");
    }
    for (service, wanted) in &policy.services {
        let wanted = wanted.to_string();
        let Some(contract) = surface.contract(&wanted) else {
            let exported = if report.contracts.is_empty() { "none".to_owned() } else { report.contracts.join(", ") };
            report.refuse(
                format!("services.{service}"),
                format!("the component does not export `{wanted}`; the contracts it exports: {exported}"),
            );
            continue;
        };
        for place in &contract.unservable {
            report.refuse(
                format!("contract {wanted}"),
                format!("cannot be served as JSON: {}", tame(&place.to_string(), 500)),
            );
        }
        if contract.functions.items().is_empty() && contract.unservable.is_empty() {
            report.refuse(format!("contract {wanted}"), "has no function: there is nothing to serve");
        }
    }
}

fn describe_limits(policy: &Policy, report: &mut Report) {
    let limits = &policy.limits;
    report.limits = vec![
        format!("memory {} bytes", limits.memory),
        format!("processor time {:?}", limits.cpu),
        format!("deadline {:?}", limits.deadline),
        format!("concurrency {}", limits.concurrency),
        format!("request {} bytes, answer {} bytes", limits.request, limits.response),
    ];
}

/// The endpoints, with their credentials found and their certificates read.
fn ready_endpoints(host: &WasmHost, policy: &Policy, report: &mut Report) -> Option<Egress> {
    let config = &host.config;
    let surroundings = Surroundings {
        secrets: config.secrets.as_ref(),
        roots: &config.roots,
        resolver: Arc::clone(&config.resolver),
        clock: Arc::clone(&config.clock),
    };
    match Egress::new(&policy.endpoints, &surroundings) {
        Ok(egress) => Some(egress),
        Err(problems) => {
            for problem in problems {
                report.refuse(
                    format!("endpoints.{}", problem.endpoint),
                    format!("{}: {}", problem.message, problem.cure),
                );
            }
            None
        }
    }
}

fn check_folders(policy: &Policy, report: &mut Report) {
    for file in &policy.files {
        if !file.host.is_dir() {
            report.refuse(
                format!("files {}", file.guest),
                format!(
                    "`{}` is not a folder that the gateway can open: make it, or correct `host`",
                    file.host.display()
                ),
            );
        }
    }
}

/// Compile, or load what was compiled before. Off the async workers: it takes seconds.
async fn compile(host: &WasmHost, bytes: Bytes, digest: Digest, report: &mut Report) -> Option<Arc<Component>> {
    let Ok(_turn) = host.compiling.acquire().await else { return None };
    let (engine, cache) = (host.engine.clone(), host.cache.clone());
    let begun = Instant::now();
    let work = tokio::task::spawn_blocking(move || -> wasmtime::Result<(Arc<Component>, bool)> {
        if let Some(component) = cache.in_use(&digest) {
            return Ok((component, true));
        }
        if let Some(component) = cache.load(&engine, &digest) {
            return Ok((cache.share(digest, component), true));
        }
        let component = Component::from_binary(&engine, &bytes)?;
        cache.store(&digest, &component);
        Ok((cache.share(digest, component), false))
    });
    match work.await {
        Ok(Ok((component, cached))) => {
            report.cached = cached;
            report.compile_ms = Some(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
            Some(component)
        }
        Ok(Err(error)) => {
            report.refuse("component", format!("cannot be compiled: {}", tame_lines(&format!("{error:#}"), 2048)));
            None
        }
        Err(_) => {
            report.refuse("component", "the compiler failed on it");
            None
        }
    }
}

/// Satisfy every import. What is missing was said before; what remains are interfaces of another shape than ours.
fn link(
    host: &WasmHost,
    component: &Component,
    surface: &Surface,
    policy: &Policy,
    report: &mut Report,
) -> Option<InstancePre<crate::state::State>> {
    let linked = capabilities::linker(&host.engine, policy).and_then(|mut linker| {
        imports::link(&mut linker, surface, policy)?;
        linker.instantiate_pre(component)
    });
    match linked {
        Ok(pre) => Some(pre),
        Err(error) => {
            report.refuse(
                "imports",
                format!(
                    "the component wants an interface in another shape than the gateway offers it; build it against the \
                     WIT files of this version of the gateway: {}",
                    tame_lines(&format!("{error:#}"), 2048)
                ),
            );
            None
        }
    }
}

/// The functions, numbered, and the services they belong to.
fn serve(
    contracts: &[Arc<Contract>],
    json_calls: bool,
    component: &Component,
    policy: &Policy,
    manifest: &Manifest,
    report: &mut Report,
) -> (Vec<Entry>, Vec<ServiceDescription>) {
    let mut entries = Vec::new();
    let mut services = Vec::new();
    for (name, wanted) in &policy.services {
        let wanted = wanted.to_string();
        let Some(contract) = contracts.iter().find(|contract| contract.name == wanted) else { continue };
        let in_json: Option<Arc<str>> = json_calls.then(|| wanted.as_str().into());
        let mut functions = Vec::new();
        for function in contract.functions.items() {
            let (interface, name) = if json_calls { (JSON_CALLS, JSON_CALL) } else { (&*wanted, &*function.name) };
            match export(component, interface, name) {
                Some(export) => {
                    functions.push((function.name.clone(), FunctionId(entries.len())));
                    entries.push(Entry { function: Arc::clone(function), export, in_json: in_json.clone() });
                }
                None => report.refuse(
                    format!("contract {wanted}"),
                    format!("the compiled component has lost `{}`", function.name),
                ),
            }
        }
        services.push(describe(name, contract, functions, manifest));
    }
    (entries, services)
}

/// A function of an interface that the component exports.
fn export(component: &Component, interface: &str, function: &str) -> Option<ComponentExportIndex> {
    let instance = component.get_export_index(None, interface)?;
    component.get_export_index(Some(&instance), function)
}

fn describe(
    name: &str,
    contract: &Contract,
    functions: Vec<(String, FunctionId)>,
    manifest: &Manifest,
) -> ServiceDescription {
    let summary = contract.docs.as_deref().and_then(|docs| docs.lines().next()).unwrap_or_default().to_owned();
    let info = ServiceInfo {
        name: name.to_owned(),
        title: format!("{name}: {}", contract.name),
        version: manifest.version.to_string(),
        server_url: "/".to_owned(),
    };
    let document = openapi(&info, contract).to_string();
    ServiceDescription {
        name: name.to_owned(),
        contract: contract.name.clone(),
        functions,
        summary,
        openapi: document.into(),
    }
}

fn share(host: &WasmHost, policy: &Arc<Policy>, manifest: &Manifest, egress: Egress, asks: bool) -> Shared {
    let config: WasiConfigVariables = policy.config.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    Shared {
        adapter: manifest.name.to_string(),
        version: manifest.version.to_string(),
        asks,
        policy: Arc::clone(policy),
        egress,
        config,
        key_value: policy.key_value.as_ref().map(|grant| GrantedStore {
            store: Arc::clone(&host.config.key_value),
            quota: Quota { bytes: grant.quota, keys: grant.keys },
            largest: grant.value,
        }),
    }
}
