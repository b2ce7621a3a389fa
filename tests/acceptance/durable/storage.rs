//! What the gateway keeps things in is full or gone: new work is refused and says so, nothing that was taken is lost,
//! and service returns by itself.

use super::cluster::Pair;
use super::work::{all_done, effects, the_record_verifies, verified};
use super::{Stage, numbered};
use crate::harness::{Answer, Gateway, Manner, Process, eventually, folder, run};
use nhip_systems::Mode;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Puts a small file system of its own in place of the data folder, then becomes what follows.
const SMALL: &str = "mkdir -p \"$0\" && mount -t tmpfs -o size=48m,mode=700 nhip \"$0\" && exec \"$@\"";

/// How an exchange is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ask {
    Now,
    Keyed,
    Later,
}

/// What was asked, and what was said.
#[derive(Default)]
struct Said {
    asked: usize,
    /// Those that were answered, by their notation: each has its effect once.
    answered: Vec<String>,
    /// Where those are that were accepted.
    accepted: Vec<String>,
    /// Those that were refused before they began, and are not repeated: they have no effect.
    refused: Vec<String>,
    /// Those that are to be repeated with their key.
    repeated: Vec<(usize, Ask)>,
}

impl Said {
    /// Ask once. `true` where it was taken.
    async fn ask(&mut self, gateway: &Gateway, key: &str, ask: Ask) -> bool {
        self.asked += 1;
        self.ask_for(gateway, key, self.asked, ask).await
    }

    /// Ask for the exchange of that number.
    async fn ask_for(&mut self, gateway: &Gateway, key: &str, number: usize, ask: Ask) -> bool {
        let notation = format!("{ask:?}").to_uppercase();
        let idempotency = format!("made-up-{number}");
        let mut headers = Vec::new();
        headers.extend((ask != Ask::Now).then_some(("idempotency-key", idempotency.as_str())));
        headers.extend((ask == Ask::Later).then_some(("prefer", "respond-async")));
        let answer = gateway.call_with(key, "documents", "send", &numbered(number, &notation), &headers).await;
        let name = format!("{number}/{notation}");
        match answer.status {
            200 => self.answered.push(name),
            202 => {
                self.accepted.push(answer.header("location").unwrap().to_owned());
                self.answered.push(name);
            }
            _ => {
                refused(&answer);
                match ask {
                    Ask::Now if answer.code() == "record-unwritten" => {}
                    Ask::Now => self.refused.push(name),
                    ask => self.repeated.push((number, ask)),
                }
                return false;
            }
        }
        true
    }

    /// Ask so until it is refused before it begins.
    async fn until_refused(&mut self, gateway: &Gateway, key: &str, ask: Ask, also: impl Fn()) {
        // What is left of a file's last block takes one or the other; the record has up to 1 MiB that is already its own,
        // which at some hundreds of bytes an entry takes thousands.
        for _ in 0..10_000 {
            also();
            if !self.ask(gateway, key, ask).await {
                return;
            }
        }
        panic!("{ask:?} is never refused");
    }

    /// What was refused with a key is repeated with it until it is taken, and then all is as it was said.
    async fn settled(mut self, stage: &Stage, gateway: &Gateway, key: &str) {
        while let Some((number, ask)) = self.repeated.pop() {
            // A refusal puts it back; it is asked for at most so often as there is patience.
            let mut said = Said::default();
            while !said.ask_for(gateway, key, number, ask).await {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            self.answered.append(&mut said.answered);
            self.accepted.append(&mut said.accepted);
        }
        all_done(gateway, key, &self.accepted).await;
        let effects = effects(stage);
        for name in &self.answered {
            assert_eq!(effects.get(name), Some(&1), "{name}");
        }
        for name in &self.refused {
            assert_eq!(effects.get(name), None, "{name}");
        }
        assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    }
}

/// A refusal that says why, and that it is worth another try.
fn refused(answer: &Answer) {
    let code = answer.code();
    assert!(matches!(&*code, "record-unavailable" | "record-unwritten" | "ledger-unavailable"), "{answer:?}");
    let problem = answer.fault(503, &code);
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
}

/// What is accepted while the axis is down, so that it waits when the storage goes; then the axis is up again.
async fn waiting(stage: &Stage, gateway: &Gateway, key: &str, said: &mut Said) {
    stage.vxp.faults().set(Mode::Down);
    for _ in 0..5 {
        assert!(said.ask(gateway, key, Ask::Later).await);
    }
}

/// Take all the room there is on a file system.
fn fill(folder: &Path) {
    let mut file = File::options().create(true).append(true).open(folder.join("filler")).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        match file.write(&vec![0; size]) {
            Ok(written) if written > 0 => {}
            _ => size /= 2,
        }
    }
}

#[test]
#[cfg_attr(
    not(nhip_mounts),
    ignore = "no right to mount when this was built (`unshare --mount`): touch runtime/cli/build.rs where there is"
)]
fn a_full_disk_refuses_what_is_new_and_loses_nothing() {
    run(async {
        let stage = Stage::set(&folder("full").join("data")).await;
        let data = stage.data.display().to_string();
        let unshare = option_env!("NHIP_UNSHARE").unwrap_or_default().split(' ');
        let by: Vec<&str> = ["unshare"].into_iter().chain(unshare).chain(["sh", "-c", SMALL, &data]).collect();
        let environment = [("VXP_SECRET", stage.secret.as_str())];
        let manner = Manner { by: &by, environment: &environment, ..Manner::default() };
        let process = Process::start(&stage.data, &manner).await;
        stage.deploy(&process, "").await;
        let (key, mut said) = (process.caller("van-thu").await, Said::default());
        for ask in [Ask::Now, Ask::Keyed, Ask::Later] {
            assert!(said.ask(&process, &key, ask).await);
        }
        waiting(&stage, &process, &key, &mut said).await;

        let disk = process.own_folder();
        fill(&disk);
        stage.vxp.faults().clear();
        for ask in [Ask::Later, Ask::Keyed, Ask::Now] {
            said.until_refused(&process, &key, ask, || fill(&disk)).await;
        }
        let ready = process.admin_request("GET", "/readyz").send().await.unwrap();
        assert_eq!(ready.status(), 503);
        assert_eq!(process.admin_text("/healthz").await, "ok\n");

        std::fs::remove_file(disk.join("filler")).unwrap();
        served_again(&process, &key, &mut said).await;
        said.settled(&stage, &process, &key).await;
        verified(&disk).await;
    });
}

/// Each kind of exchange is taken again.
async fn served_again(gateway: &Gateway, key: &str, said: &mut Said) {
    for ask in [Ask::Now, Ask::Keyed, Ask::Later] {
        let said = tokio::sync::Mutex::new(&mut *said);
        eventually("service again", async || said.lock().await.ask(gateway, key, ask).await.then_some(())).await;
    }
}

#[test]
#[cfg_attr(
    not(nhip_postgres_binaries),
    ignore = "no PostgreSQL when this was built: install it (Debian: postgresql) and touch runtime/cli/build.rs"
)]
fn without_its_database_it_refuses_what_needs_it_and_loses_nothing() {
    run(async {
        let mut pair = Pair::set("database-gone").await;
        let process = pair.serve("bridge-1").await;
        pair.stage.deploy(&process, "").await;
        let (key, mut said) = (process.caller("van-thu").await, Said::default());
        for ask in [Ask::Now, Ask::Keyed, Ask::Later] {
            assert!(said.ask(&process, &key, ask).await);
        }
        waiting(&pair.stage, &process, &key, &mut said).await;

        pair.server.stop("QUIT");
        pair.stage.vxp.faults().clear();
        for ask in [Ask::Later, Ask::Keyed] {
            said.until_refused(&process, &key, ask, || {}).await;
        }
        // What needs no more than what the gateway knows goes on; its record is on its own disk.
        for _ in 0..3 {
            assert!(said.ask(&process, &key, Ask::Now).await);
        }
        pair.server.go_on();
        served_again(&process, &key, &mut said).await;
        said.settled(&pair.stage, &process, &key).await;
        the_record_verifies(process).await;
    });
}
