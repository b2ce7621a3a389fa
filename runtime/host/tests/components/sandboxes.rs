//! Sandboxes: a fresh one for every exchange, unless the policy says otherwise.

use crate::guests::{counter, desk, greedy_desk, never_given, never_ready, office, scatterer, sleeper};
use crate::world::{DIRECT, OFFICE, World, desk_policy};
use nhip_exchange::Kind;
use std::time::Duration;
use wasmtime::PoolingAllocationConfig;

fn policy(extra: &str) -> String {
    format!(
        "adapter = \"counter\"\n[services]\ncounter = \"test:count/counter@1.0.0\"\n[callers]\nallow = [\"mot-cua\"]\n\
         [limits]\ncpu = \"2 s\"\nmemory = \"2 MiB\"\n{extra}"
    )
}

async fn world(extra: &str) -> World {
    let world = World::new();
    world.deploy(&counter(), &policy(extra)).await;
    world
}

impl World {
    async fn next(&self) -> u64 {
        self.answer("counter", "next", r#"{"how":0}"#).await.as_u64().unwrap()
    }

    async fn ends(&self, how: u32) -> Kind {
        self.fault("counter", "next", &format!(r#"{{"how":{how}}}"#)).await.kind
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_adapter_keeps_of_one_exchange_is_gone_in_the_next() {
    let world = world("").await;
    for _ in 0..20 {
        assert_eq!(world.next().await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_serves_as_often_as_the_policy_says_and_not_once_more() {
    let world = world("[sandbox]\nexchanges = 3\n").await;
    let mut counted = Vec::new();
    for _ in 0..7 {
        counted.push(world.next().await);
    }
    assert_eq!(counted, [1, 2, 3, 1, 2, 3, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exchanges_are_never_in_one_sandbox_at_a_time() {
    let world = world("[sandbox]\nexchanges = 1000\n").await;
    for _ in 0..20 {
        let (a, b, c) = tokio::join!(world.next(), world.next(), world.next());
        // Whoever came into a sandbox in which another one was would have counted on from a number that is not its own.
        assert!(a > 0 && b > 0 && c > 0);
    }
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(world.next().await);
    }
    assert!(all.iter().max().is_some_and(|most| *most > 1), "none has served again: {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_in_which_an_exchange_failed_never_serves_again() {
    let world = world("[sandbox]\nexchanges = 1000\n").await;
    for (how, kind) in [(1, Kind::AdapterTrapped), (2, Kind::CpuExceeded)] {
        assert_eq!(world.next().await, 1);
        assert_eq!(world.next().await, 2);
        assert_eq!(world.ends(how).await, kind);
    }
    assert_eq!(world.next().await, 1);
}

/// The engine's clock rests after a tenth of a second without a guest.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_never_ends_is_ended_also_where_nothing_ran_for_a_while() {
    let world = world("").await;
    world.deploy(&sleeper(), &policy("").replace("count/counter", "sleep/sleeper").replace("counter", "sleeper")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(world.ends(2).await, Kind::CpuExceeded);
    let waits = world.fault("sleeper", "sleep", r#"{"millis":500}"#).await;
    assert_eq!(waits.kind, Kind::CpuExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_is_ended_wherever_it_never_ends() {
    let short = policy("").replace("2 s", "20 ms");
    for (component, body) in [(never_ready(), r#"{"how":0}"#), (never_given(), r#"{"how":"x"}"#)] {
        let world = World::new();
        world.deploy(&component, &short).await;
        assert_eq!(world.fault("counter", "next", body).await.kind, Kind::CpuExceeded);
        assert!(world.record().await.cpu_micros >= 20_000);
    }
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&greedy_desk(), &desk_policy(DIRECT, "[limits]\ncpu = \"20 ms\"\n")).await;
    assert_eq!(world.fault("desk", "tell", r#"{"how":1}"#).await.kind, Kind::CpuExceeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_that_computes_for_long_again_and_again_is_known_for_it() {
    let world = World::new();
    world.deploy(&counter(), &policy("").replace("2 s", "20 ms")).await;
    for known in [false, false, true] {
        assert_eq!(world.spine.computes_long("counter"), known);
        assert_eq!(world.ends(2).await, Kind::CpuExceeded);
    }
    let mut light = 0;
    while world.spine.computes_long("counter") {
        world.next().await;
        light += 1;
        assert!(light < 10_000);
    }
    assert!(light > 2, "two of hundreds say nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_an_adapter_that_computes_for_long_is_known_for_it_too() {
    let world = World::new();
    world.deploy(&office(), &format!("{OFFICE}[limits]\ncpu = \"20 ms\"\n")).await;
    world.deploy(&desk(), &desk_policy(DIRECT, "")).await;
    for known in [false, false, true] {
        assert_eq!(["office-inbox", "desk"].map(|service| world.spine.computes_long(service)), [known; 2]);
        assert_eq!(world.fault("desk", "tell", r#"{"how":3}"#).await.kind, Kind::UpstreamTimeout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_the_way_on_are_those_of_each_exchange() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    world.deploy(&desk(), &desk_policy(DIRECT, "[limits]\nupstream-calls = 1\n[sandbox]\nexchanges = 1000\n")).await;
    for _ in 0..3 {
        assert_eq!(world.answer("desk", "count", "{}").await, 3);
        let (inner, outer) = (world.record().await, world.record().await);
        assert_eq!(inner.parent, Some(outer.id), "{inner:?}");
    }
}

/// The page faults of this thread so far that needed no disk.
/// Source: `proc_pid_stat(5)`, the tenth field; the second, in brackets, may hold anything.
fn faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(7).unwrap().parse().unwrap()
}

/// One thread, so that what it counts are the faults of these exchanges.
#[tokio::test]
async fn an_adapter_that_writes_all_over_its_memory_soon_does_so_without_page_faults() {
    let world = World::new();
    let policy = policy("").replace("count/counter", "scatter/scatterer");
    world.deploy(&scatterer(), &policy).await;
    let exchanges = async |count| {
        let before = faults();
        for _ in 0..count {
            assert_eq!(world.answer("counter", "write", r#"{"text":"x"}"#).await, 100);
        }
        faults() - before
    };
    // Its memory is looked at after one exchange in 128, by chance: 2,000 without a look are one case in six million.
    exchanges(2000).await;
    let found = exchanges(100).await;
    let no_swap = std::fs::read_to_string("/proc/swaps").unwrap().lines().count() <= 1;
    if !no_swap || !PoolingAllocationConfig::is_pagemap_scan_available() {
        assert!(found > 100 * 90, "the kernel does not say what was written, and only {found} page faults");
        return;
    }
    assert!(
        found < 100 * 10,
        "{found} page faults in 100 exchanges: of 100 pages each, 68 are taken away again and again"
    );
}

/// The slices of all threads of this process, in nanoseconds.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "no library has this system call")]
fn slices() -> Vec<u64> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let ids = threads.map(|thread| thread.unwrap().file_name().to_string_lossy().parse::<i32>().unwrap());
    ids.filter_map(|id| {
        let mut attributes = std::mem::MaybeUninit::<libc::sched_attr>::zeroed();
        let size = size_of::<libc::sched_attr>();
        // SAFETY: the kernel writes at most `size` bytes, which are there; all of them zero are attributes, too.
        let (done, attributes) = unsafe {
            (libc::syscall(libc::SYS_sched_getattr, id, attributes.as_mut_ptr(), size, 0), attributes.assume_init())
        };
        // A thread may have ended meanwhile.
        (done == 0).then_some(attributes.sched_runtime)
    })
    .collect()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_has_a_long_slice_while_a_guest_spins_on_it() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};
    let world = world("").await;
    let own = slices();
    let kernel_has_them = !own.is_empty() && own.iter().all(|slice| *slice > 0);
    let long = || slices().into_iter().any(|slice| slice == 100_000_000);
    let (seen, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    // Two seconds of processor time, in which one look has to meet one of the spinner's turns.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            let goes_on = || !ended.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(60);
            while goes_on() && !seen.load(Ordering::Relaxed) {
                seen.store(long(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let spins = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(world.ends(2)));
        ended.store(true, Ordering::Relaxed);
        assert_eq!(spins, Kind::CpuExceeded);
    });
    assert_eq!(seen.into_inner(), kernel_has_them, "whether a thread had a long slice");
    // Other tests have spinners, too; all of them end.
    let back = async {
        while long() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("a thread kept the slice of a guest that is gone");
}
