//! The engine: one for all adapters, with a pool of sandboxes.
//!
//! Chosen by measurement: a pooling allocator whose slots are reset by `PAGEMAP_SCAN`, no support for guest
//! concurrency (WASI 0.3 components will get an engine of their own), copy-on-write memory images.

use crate::clock;
use std::num::NonZeroUsize;
use std::sync::LazyLock;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// The size of the pool of sandboxes.
#[derive(Clone, Copy, Debug)]
pub struct PoolConfig {
    /// How many instances may live at once. Address space is reserved for all of them, memory is not.
    pub instances: u32,
    /// The largest memory of one instance, in bytes: the most that a policy can grant.
    pub max_memory: usize,
}

impl Default for PoolConfig {
    fn default() -> Self {
        // 512 instances: eight times the default concurrency of one adapter, and 2 TiB of the 128 TiB address space.
        Self { instances: 512, max_memory: 1 << 30 }
    }
}

impl PoolConfig {
    /// Sandboxes that may wait to serve again, beside those under way: a quarter as many.
    pub(crate) fn idle(&self) -> usize {
        usize::try_from(self.instances.div_ceil(4)).unwrap_or(usize::MAX)
    }

    /// Places of the pool.
    fn places(&self) -> u32 {
        self.instances.saturating_add(self.instances.div_ceil(4))
    }
}

/// What one component may need at the most; more does not fit a slot of the pool. JavaScript and Python components
/// need far more table elements and larger instances than Rust ones, so the numbers are theirs, doubled.
pub(crate) const MAX_CORE_INSTANCES: u32 = 64;
pub(crate) const MAX_MEMORIES: u32 = 4;
pub(crate) const MAX_TABLES: u32 = 16;
pub(crate) const MAX_TABLE_ELEMENTS: usize = 100_000;
const MAX_INSTANCE_BYTES: usize = 4 << 20;

/// What may stay resident of a memory that is reset by what was written in it, in bytes.
pub(crate) const KEPT_RESIDENT: usize = 4 << 20;

/// Guest stack, in bytes. The fiber's stack holds it and the host's frames on top.
const GUEST_STACK: usize = 1 << 20;
const FIBER_STACK: usize = 2 << 20;

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine refused its configuration, or the address space is too small for the pool.
    #[error("the sandbox engine cannot start: {0}; try a smaller pool")]
    Engine(String),
    /// The cache's folder cannot be made.
    #[error("the folder `{}` of compiled components cannot be made", folder.display())]
    Cache {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The thread of the clock could not be started.
    #[error("the engine's clock thread cannot start")]
    Clock(#[source] std::io::Error),
}

/// Make the engine, with the clock that interrupts its guests.
pub(crate) fn start(pool: &PoolConfig) -> Result<Engine, EngineError> {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pooling(pool)))
        .concurrency_support(false)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(FIBER_STACK)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32));
    let engine = Engine::new(&config).map_err(|error| EngineError::Engine(format!("{error:#}")))?;
    clock::tick_for(&engine).map_err(EngineError::Clock)?;
    Ok(engine)
}

fn pooling(pool: &PoolConfig) -> PoolingAllocationConfig {
    let mut config = PoolingAllocationConfig::new();
    let places = pool.places();
    config
        .total_component_instances(places)
        .total_stacks(pool.instances)
        // A warm memory is reset for the next exchange of its component; any other is mapped anew. The engine's own 100 are too few
        // for hundreds of components.
        .max_unused_warm_slots(places)
        .total_core_instances(places.saturating_mul(8))
        .total_memories(places.saturating_mul(2))
        .total_tables(places.saturating_mul(4))
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_component_instance_size(MAX_INSTANCE_BYTES)
        .max_core_instance_size(MAX_INSTANCE_BYTES)
        .max_memory_size(pool.max_memory)
        .table_elements(MAX_TABLE_ELEMENTS);
    if scans_pages() {
        tracing::info!(reset = "pagemap-scan", "sandbox memory is reset by PAGEMAP_SCAN, up to 4 MiB kept resident");
        config.pagemap_scan(Enabled::Yes).linear_memory_keep_resident(KEPT_RESIDENT).table_keep_resident(64 << 10);
    } else {
        tracing::info!(
            reset = "madvise",
            "sandbox memory is reset by madvise: PAGEMAP_SCAN needs Linux 6.7 and no swap"
        );
        config.linear_memory_keep_resident(0);
    }
    config
}

/// Whether slots are reset by `PAGEMAP_SCAN`: the kernel has it, and there was no swap at the start, since a dirty page that is
/// swapped out would be missed and keep what the exchange before wrote.
pub(crate) fn scans_pages() -> bool {
    static SAFE: LazyLock<bool> = LazyLock::new(|| {
        let no_swap = std::fs::read_to_string("/proc/swaps").is_ok_and(|swaps| swaps.lines().count() <= 1);
        no_swap && PoolingAllocationConfig::is_pagemap_scan_available()
    });
    *SAFE
}
