//! The one clock of this process: it interrupts guests, so that they look at their time and let their neighbours run.
//!
//! It rests while no guest runs, so that an idle gateway leaves the machine alone. Invariant: whoever begins a guest, or lets it go on
//! after it waited or was interrupted, says so; and after that come fifty ticks at least.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;
use wasmtime::{Engine, EngineWeak};

/// How often guests are interrupted.
const TICK: Duration = Duration::from_millis(2);
/// The same while a guest computes for long: as long as it can hold a worker then.
const SHORT_TICK: Duration = Duration::from_micros(500);
/// After so many ticks without a guest that began or went on, the clock rests: a tenth of a second.
const QUIET: u32 = 50;

static CLOCK: Clock = Clock::new(TICK, QUIET);

/// Tick for this engine as long as it lives. The thread of the clock is started for the first one.
pub(crate) fn tick_for(engine: &Engine) -> std::io::Result<()> {
    CLOCK.tick_for(engine.weak())
}

/// A guest begins, or goes on.
#[inline]
pub(crate) fn guest_runs() {
    CLOCK.guest_runs();
}

/// A guest that computes for long goes on: the next ticks are short.
pub(crate) fn faster() {
    CLOCK.faster();
}

struct Clock {
    tick: Duration,
    quiet: u32,
    /// How many short ticks are still to come.
    short: AtomicU32,
    /// A guest began or went on since the last tick.
    ran: AtomicBool,
    /// The thread sleeps until one does, or is about to.
    rests: AtomicBool,
    thread: OnceLock<Thread>,
    engines: Mutex<Vec<EngineWeak>>,
}

impl Clock {
    const fn new(tick: Duration, quiet: u32) -> Self {
        Self {
            tick,
            quiet,
            short: AtomicU32::new(0),
            ran: AtomicBool::new(false),
            rests: AtomicBool::new(false),
            thread: OnceLock::new(),
            engines: Mutex::new(Vec::new()),
        }
    }

    /// A plain thread, not a task: a spinning guest can hold every worker of the async runtime, but not this.
    fn tick_for(&'static self, engine: EngineWeak) -> std::io::Result<()> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if self.thread.get().is_none() {
            let started = std::thread::Builder::new().name("nhip-epoch".to_owned()).spawn(|| self.run())?;
            // Only here, under the lock, is it set.
            self.thread.get_or_init(|| started.thread().clone());
        }
        engines.push(engine);
        Ok(())
    }

    /// Every exchange comes here several times, so it only looks, but for the first after a tick.
    #[inline]
    fn guest_runs(&self) {
        if !self.ran.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Either this sees that the thread rests, or the thread sees that a guest runs: each writes before it reads.
    #[cold]
    fn wake(&self) {
        self.ran.store(true, Ordering::SeqCst);
        if self.rests.load(Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    fn faster(&self) {
        self.short.store(8, Ordering::Relaxed);
    }

    fn run(&self) {
        let mut quiet = 0;
        loop {
            std::thread::sleep(self.next());
            self.tick();
            quiet = if self.ran.swap(false, Ordering::SeqCst) { 0 } else { quiet + 1 };
            if quiet > self.quiet {
                self.rest();
                quiet = 0;
            }
        }
    }

    fn tick(&self) {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).retain(|engine| {
            let engine = engine.upgrade();
            if let Some(engine) = &engine {
                engine.increment_epoch();
            }
            engine.is_some()
        });
    }

    fn rest(&self) {
        self.rests.store(true, Ordering::SeqCst);
        while !self.ran.load(Ordering::SeqCst) {
            std::thread::park();
        }
        self.rests.store(false, Ordering::SeqCst);
    }

    /// How long it is to the next tick. Nobody else counts down, and what is not seen now is seen at the next tick.
    fn next(&self) -> Duration {
        match self.short.load(Ordering::Relaxed).checked_sub(1) {
            Some(left) => {
                self.short.store(left, Ordering::Relaxed);
                SHORT_TICK
            }
            None => self.tick,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use wasmtime::{Config, Module, Store};

    #[test]
    fn ticks_are_short_for_a_while_after_a_heavy_guest_went_on() {
        let clock = Clock::new(TICK, QUIET);
        assert_eq!(clock.next(), TICK);
        clock.faster();
        clock.faster();
        for _ in 0..8 {
            assert_eq!(clock.next(), SHORT_TICK);
        }
        assert_eq!(clock.next(), TICK);
    }

    fn engine() -> Engine {
        Engine::new(Config::new().epoch_interruption(true)).unwrap()
    }

    /// A minute is more than enough for anything here; without an end a lost wake would hang the test.
    fn wait(what: &str, mut seen: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !seen() {
            assert!(Instant::now() < end, "{what}: waited for a minute");
            std::thread::yield_now();
        }
    }

    #[test]
    fn it_rests_while_no_guest_runs_and_interrupts_the_next_one() {
        let clock: &'static Clock = Box::leak(Box::new(Clock::new(TICK, 3)));
        let engine = engine();
        clock.tick_for(engine.weak()).unwrap();
        let spin = wat::parse_str(r#"(module (func (export "spin") (loop (br 0))))"#).unwrap();
        let module = Module::new(&engine, spin).unwrap();
        for _ in 0..3 {
            wait("no guest runs", || clock.rests.load(Ordering::SeqCst));
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(1);
            let instance = wasmtime::Instance::new(&mut store, &module, &[]).unwrap();
            let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").unwrap();
            clock.guest_runs();
            // Without a tick it would never return.
            assert!(spin.call(&mut store, ()).is_err());
        }
    }

    /// A clock that goes to rest at once, so that guests begin at every moment of it.
    #[test]
    fn no_guest_is_overlooked() {
        let clock: &'static Clock = Box::leak(Box::new(Clock::new(Duration::ZERO, 0)));
        clock.tick_for(engine().weak()).unwrap();
        for _ in 0..20_000 {
            clock.guest_runs();
            wait("the guest is seen", || !clock.ran.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn an_engine_that_is_gone_is_forgotten() {
        let clock = Clock::new(TICK, QUIET);
        let engine = engine();
        clock.engines.lock().unwrap().push(engine.weak());
        clock.tick();
        assert_eq!(clock.engines.lock().unwrap().len(), 1);
        drop(engine);
        clock.tick();
        assert!(clock.engines.lock().unwrap().is_empty());
    }
}
