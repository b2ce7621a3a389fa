//! The process is killed at any instant; what was accepted is done or dead in the end, each effect once, in the order
//! of its lane.
//!
//! The one test has two roles: it starts itself in a process of its own, which accepts exchanges and delivers them to an
//! upstream system that writes each into a file, and kills that.

use super::{SOON, World, caller, does, eventually, service, work};
use crate::{Delivery, DeliveryConfig};
use bytes::Bytes;
use nhip_exchange::durable::{Claimed, Ledger, State};
use nhip_exchange::port::Call;
use nhip_exchange::{ExchangeId, Fault, Kind, Service, SystemClock};
use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use uuid::Uuid;

const FOLDER: &str = "NHIP_TRIGGERS_KILL_TEST";
const ROUNDS: usize = 40;
const LANES: usize = 3;
const NAME: &str = "tests::kill::what_was_accepted_is_done_once_however_often_the_gateway_is_killed";

#[test]
#[expect(clippy::disallowed_methods, reason = "how the test tells its other process what to do")]
fn what_was_accepted_is_done_once_however_often_the_gateway_is_killed() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        runtime.block_on(accept_for_ever(Path::new(&folder)));
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut accepted: Vec<(ExchangeId, String)> = Vec::new();
    for round in 0..ROUNDS {
        std::fs::write(folder.path().join("round"), round.to_string()).unwrap();
        for line in killed_at_random(folder.path()) {
            assert!(!line.starts_with("wrong"), "round {round}: {line}");
            if let Some((id, body)) = line.strip_prefix("accepted ").and_then(|line| line.split_once(' ')) {
                accepted.push((id.parse::<Uuid>().unwrap().into(), body.to_owned()));
            }
        }
    }
    // Otherwise nothing was tried.
    assert!(accepted.len() > 4 * ROUNDS, "only {} accepted in all rounds", accepted.len());
    runtime.block_on(ends_well(folder.path(), &accepted));
}

/// Start the other process, and kill it after it accepted some.
fn killed_at_random(folder: &Path) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut said, wanted) = (Vec::new(), 1 + random(24));
    while said.iter().filter(|line: &&String| line.starts_with("accepted")).count() < wanted {
        let Some(line) = lines.next() else { break };
        said.push(line.unwrap());
    }
    // Into the middle of something: this is the instant, not a wait for something.
    std::thread::sleep(Duration::from_micros(random(30_000) as u64));
    child.kill().unwrap();
    child.wait().unwrap();
    said.extend(lines.map_while(Result::ok));
    said
}

/// Deliver the rest without killing, and ask the oracle.
async fn ends_well(folder: &Path, accepted: &[(ExchangeId, String)]) {
    let world = World::on(folder, SystemClock::shared(), [upstream(folder)]).await;
    let delivery = deliver(&world);
    let durables = &world.registry.durables;
    eventually("nothing waits", async || durables.counts().await.unwrap().waiting.exchanges == 0).await;
    world.stop.send_replace(true);
    delivery.await.unwrap();

    let (first, cut_off) = effects(folder);
    println!("{} accepted, {} effects, {cut_off} tries cut off after their effect", accepted.len(), first.len());
    assert!(cut_off > 0, "no try was ever cut off after its effect: the test kills at the wrong time");
    let mut orders: Vec<Vec<usize>> = vec![Vec::new(); LANES];
    for (id, body) in accepted {
        let status = durables.status(&caller(), *id).await.unwrap().unwrap_or_else(|| panic!("`{id}` is lost"));
        let effect = first.get(&id.to_string());
        match status.state {
            State::Done => assert_eq!(effect.map(|(_, effect)| effect), Some(body), "done without its effect"),
            State::Dead => assert!(effect.is_none() && is_refused(body), "dead with its effect: `{id}`"),
            other => panic!("`{id}` is {other:?}"),
        }
        if let (Some(lane), Some((at, _))) = (lane_of(body), effect) {
            orders[lane].push(*at);
        }
    }
    assert!(orders.iter().all(|order| order.is_sorted()), "out of the order of its lane: {orders:?}");
}

/// The first effect of each id, with its place among all; and how many tries ended, without knowing it, after theirs.
fn effects(folder: &Path) -> (HashMap<String, (usize, String)>, usize) {
    let text = std::fs::read_to_string(folder.join("effects")).unwrap();
    let (mut first, mut answered, mut cut_off) = (HashMap::<String, (usize, String)>::new(), HashSet::new(), 0);
    for (at, line) in text.lines().enumerate() {
        let [id, answer, body] = line.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        // The upstream system recognises it by its id.
        let known = first.entry(id.to_owned()).or_insert_with(|| (at, body.to_owned()));
        assert_eq!(known.1, body, "one id with two effects");
        cut_off += usize::from(answered.contains(id));
        if answer == "answered" {
            answered.insert(id.to_owned());
        }
    }
    (first, cut_off)
}

/// The other process: accept and deliver until killed.
async fn accept_for_ever(folder: &Path) {
    let world = World::on(folder, SystemClock::shared(), [upstream(folder)]).await;
    let _delivery = deliver(&world);
    let round: usize = std::fs::read_to_string(folder.join("round")).unwrap().parse().unwrap();
    let durables = &world.registry.durables;
    for nth in round * 100_000.. {
        let (body, id) = (format!("{{\"n\":{nth}}}"), ExchangeId::from(Uuid::now_v7()));
        let lane = lane_of(&body).map(|lane| format!("lane {lane}"));
        match durables.accept(Some(&nth.to_string()), &work("upstream", &body), id, lane.as_deref()).await {
            Ok(Claimed::Mine { .. }) => say(&format!("accepted {id} {body}")),
            other => say(&format!("wrong: {other:?}")),
        }
        // Not more than are delivered, or the end takes long.
        eventually("some are delivered", async || durables.counts().await.unwrap().waiting.exchanges < 12).await;
    }
}

fn deliver(world: &World) -> tokio::task::JoinHandle<()> {
    let (spine, durables) = (Arc::clone(&world.spine), world.registry.durables.clone());
    Delivery::start(spine, durables, DeliveryConfig::default(), world.stop.subscribe().into())
}

/// A system that does what it is asked, refuses some, and now and then is busy or does not say that it did it.
fn upstream(folder: &Path) -> Arc<Service> {
    let effects: PathBuf = folder.join("effects");
    let what = does(move |call: Call| {
        let effects = effects.clone();
        async move {
            let body = String::from_utf8(call.body.to_vec()).unwrap();
            if is_refused(&body) {
                return Err(Fault::new(Kind::Conflict, "it refuses this"));
            }
            if random(6) == 0 {
                return Err(Fault::new(Kind::Busy, "it is busy"));
            }
            let answer = if random(6) == 0 { "lost" } else { "answered" };
            let line = format!("{} {answer} {body}\n", call.id);
            OpenOptions::new().create(true).append(true).open(effects).unwrap().write_all(line.as_bytes()).unwrap();
            if answer == "lost" {
                return Err(Fault::new(Kind::UpstreamTimeout, "its answer was lost"));
            }
            Ok(Bytes::from_static(b"{}"))
        }
    });
    service("upstream", &format!("{SOON}attempts = 1000\n"), what)
}

fn number(body: &str) -> usize {
    body.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

fn lane_of(body: &str) -> Option<usize> {
    Some(number(body) % (LANES + 1)).filter(|lane| *lane < LANES)
}

fn is_refused(body: &str) -> bool {
    number(body) % 13 == 5
}

/// A line of its own, whatever the test harness has begun to print.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
}

/// A number below `bound`.
fn random(bound: usize) -> usize {
    usize::try_from(getrandom::u32().unwrap()).unwrap() % bound
}
