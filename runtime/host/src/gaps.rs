//! The gaps between the pages that an adapter writes, filled where they make its memory slow to reset.
//!
//! A memory is reset for the next exchange by putting back what stood in the pages that were written. The engine asks the kernel for at
//! most 32 runs of such pages; what lies behind them is unmapped instead, and each page of it then costs the next exchange a page fault
//! and the other processors an interrupt. The interpreter in a JavaScript adapter writes all over its memory, in more than forty runs, most
//! of them a page or two apart. So now and then we look which pages of an adapter's memory are its own, and where there are too many
//! runs of them, a byte in each page of the smallest gaps is written, too, with what it was.
//!
//! Invariant: no guest sees a difference but in time. What is written here is reset like what the guest writes.

use crate::engine;
use arc_swap::ArcSwapOption;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, LazyLock};

/// As many runs as there should be: fewer than the engine takes, for pages that only some exchanges write.
const RUNS: usize = 24;
/// The largest memory that is looked at, in pages: 64 MiB of pages of 4 KiB, whose list has 128 KiB.
const LARGEST: usize = 16 << 10;

/// A word for each page of this process, kept open as the engine keeps its own.
static PAGES: LazyLock<Option<File>> = LazyLock::new(|| File::open("/proc/self/pagemap").ok());

/// The gaps of one adapter's memory.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// The pages to write, by their number in the memory, in order.
    fill: ArcSwapOption<Vec<usize>>,
}

impl Gaps {
    /// None where memories are not reset by what was written: there every page costs.
    pub(crate) fn of_engine() -> Option<Self> {
        engine::scans_pages().then(Self::default)
    }

    /// Write a byte of each page in a gap, with what it was.
    pub(crate) fn fill(&self, memory: &mut [u8]) {
        let fill = self.fill.load();
        let size = rustix::param::page_size();
        for page in fill.iter().flat_map(|pages| pages.iter()) {
            if let Some(byte) = memory.get_mut(page.saturating_mul(size)) {
                // The compiler must not know that nothing changes.
                *byte = std::hint::black_box(*byte);
            }
        }
    }

    /// Look at a memory after an exchange: at the pages that it has written, and those before it in the same place.
    pub(crate) fn look(&self, memory: Place) {
        let known = self.fill.load();
        let known = known.as_deref().map(Vec::as_slice).unwrap_or_default();
        let more = memory.written().map(|written| smallest(&runs(&written), most(&written))).unwrap_or_default();
        if more.is_empty() {
            return;
        }
        let mut all = [known, &more].concat();
        all.sort_unstable();
        all.dedup();
        self.fill.store(Some(Arc::new(all)));
    }
}

/// Where a memory is, for as long as its sandbox is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    address: usize,
    bytes: usize,
}

impl Place {
    pub(crate) fn of(memory: &[u8]) -> Self {
        Self { address: memory.as_ptr().addr(), bytes: memory.len() }
    }

    /// Which of its pages are there and its own, in order; nothing if that cannot be known. A page without an image that was only read
    /// counts, too: to the kernel's list it looks the same.
    /// Source: the kernel's `Documentation/admin-guide/mm/pagemap.rst`.
    fn written(self) -> Option<Vec<bool>> {
        const PRESENT: u64 = 1 << 63;
        const OF_A_FILE: u64 = 1 << 61;
        const WORD: usize = size_of::<u64>();
        let size = rustix::param::page_size();
        let pages = self.bytes / size;
        if pages > LARGEST {
            return None;
        }
        let mut words = vec![0; pages * WORD];
        let first = u64::try_from(self.address / size * WORD).ok()?;
        PAGES.as_ref()?.read_exact_at(&mut words, first).ok()?;
        let words = words.as_chunks::<WORD>().0.iter().copied().map(u64::from_le_bytes);
        Some(words.map(|word| word & PRESENT != 0 && word & OF_A_FILE == 0).collect())
    }
}

/// How many pages may be written more: with them, there are no more than the engine keeps, which would unmap the rest again.
fn most(written: &[bool]) -> usize {
    let kept = engine::KEPT_RESIDENT / rustix::param::page_size();
    kept.saturating_sub(written.iter().filter(|written| **written).count())
}

/// The runs of pages that were written: the first and the one behind the last.
fn runs(written: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (page, _) in written.iter().enumerate().filter(|(_, written)| **written) {
        match runs.last_mut() {
            Some((_, end)) if *end == page => *end += 1,
            _ => runs.push((page, page + 1)),
        }
    }
    runs
}

/// The pages of the smallest gaps, so many that [`RUNS`] are left; nothing where there are no more than those, or it would take more
/// than `most` pages.
fn smallest(runs: &[(usize, usize)], most: usize) -> Vec<usize> {
    let mut gaps: Vec<(usize, usize)> =
        runs.iter().zip(runs.iter().skip(1)).map(|(one, next)| (one.1, next.0)).collect();
    gaps.sort_by_key(|(start, end)| end - start);
    gaps.truncate(runs.len().saturating_sub(RUNS));
    let pages: Vec<usize> = gaps.into_iter().flat_map(|(start, end)| start..end).collect();
    if pages.len() > most { Vec::new() } else { pages }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_contract::Values;
    use std::sync::OnceLock;
    use wasmtime::Store;
    use wasmtime::component::{Component, Linker};

    /// Sixty runs of one page, and 40 KiB without any behind them.
    const SCATTERED: &str = r#"
        (component
            (core module $guest
                (memory (export "memory") 9)
                (data (i32.const 0) "image")
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
                (func (export "write") (param i32 i32) (result i32)
                    (local $at i32)
                    (loop $next
                        (i32.store8 offset=128 (local.get $at) (i32.const 7))
                        (local.set $at (i32.add (local.get $at) (i32.const 8192)))
                        (br_if $next (i32.lt_u (local.get $at) (i32.const 491520))))
                    (i32.const 0)))
            (core instance $guest (instantiate $guest))
            (func $write (param "text" string) (result u32)
                (canon lift (core func $guest "write")
                    (memory (core memory $guest "memory"))
                    (realloc (core func $guest "realloc"))))
            (instance $api (export "write" (func $write)))
            (export "test:it/api" (instance $api)))
    "#;

    /// How many pages of a memory are there when an exchange begins, after several in the same place.
    async fn there_at_the_start(gaps: Option<&Gaps>) -> usize {
        let engine = engine::start(&engine::PoolConfig { instances: 1, max_memory: 1 << 20 }).unwrap();
        let component = Component::new(&engine, wat::parse_str(SCATTERED).unwrap()).unwrap();
        let pre = Linker::<()>::new(&engine).instantiate_pre(&component).unwrap();
        let (_, api) = component.get_export(None, "test:it/api").unwrap();
        let (_, write) = component.get_export(Some(&api), "write").unwrap();
        let mut text = Values::default();
        let root = text.add_text("x").unwrap();
        text.set_root(root).unwrap();
        let mut found = 0;
        for last in [false, false, false, false, false, true] {
            let mut store = Store::new(&engine, ());
            store.set_epoch_deadline(100_000);
            let instance = pre.instantiate_async(&mut store).await.unwrap();
            let function = instance.get_func(&mut store, write).unwrap();
            let (place, before) = (OnceLock::new(), OnceLock::new());
            let enter = |memory: &mut [u8]| {
                place.set(Place::of(memory)).unwrap();
                before.set(Place::of(memory).written().unwrap().iter().filter(|written| **written).count()).unwrap();
                if let Some(gaps) = gaps {
                    gaps.fill(memory);
                }
                // Not before the end: a page that is read is there, too.
                assert!(!last || memory.strip_prefix(b"image").unwrap().iter().all(|byte| *byte == 0));
            };
            nhip_contract::call(function, &mut store, &text, enter).await.unwrap();
            found = *before.get().unwrap();
            if let Some(gaps) = gaps {
                gaps.look(*place.get().unwrap());
            }
        }
        found
    }

    #[tokio::test]
    async fn a_memory_that_is_written_in_many_places_stays_mapped_as_a_whole() {
        let without = there_at_the_start(None).await;
        let Some(gaps) = Gaps::of_engine() else {
            assert_eq!(without, 0, "where pages are not scanned, everything is unmapped");
            return;
        };
        assert!(without < 60, "the engine takes more runs than it did, so that this can go: {without} pages stay");
        let with = there_at_the_start(Some(&gaps)).await;
        let filled = gaps.fill.load().as_deref().map_or(0, Vec::len);
        assert_eq!((with, filled), (60 + 36, 36), "sixty runs become {RUNS} by filling 36 gaps of one page");
    }

    #[test]
    fn runs_are_found_and_the_smallest_gaps_between_them_filled() {
        assert!(runs(&[]).is_empty() && runs(&[false; 9]).is_empty());
        assert_eq!(runs(&[true, true, false, false, true, false, true]), [(0, 2), (4, 5), (6, 7)]);
        // Behind each run a gap of one page, but behind the first two of two and of three.
        let mut many = vec![(0, 1), (3, 4), (7, 8)];
        many.extend((4..=RUNS).map(|run| (2 * run + 1, 2 * run + 2)));
        assert_eq!(many.len(), RUNS);
        assert!(smallest(&many, 1000).is_empty(), "there are few enough");
        let end = 2 * RUNS + 1;
        many.extend([(end + 2, end + 3), (end + 4, end + 5)]);
        assert_eq!(smallest(&many, 2).len(), 2, "two too many, and two gaps of one page are the smallest");
        assert!(smallest(&many, 1).is_empty(), "half of it would not help");
        let apart: Vec<_> = (0..=RUNS).map(|run| (10 * run, 10 * run + 1)).collect();
        assert_eq!(smallest(&apart, 1000), (1..10).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_no_memory_any_more_or_too_large_is_not_looked_at() {
        let gaps = Gaps::default();
        gaps.look(Place { address: 0, bytes: 1 << 16 });
        gaps.look(Place { address: usize::MAX - 4095, bytes: 1 << 16 });
        gaps.look(Place { address: 1 << 20, bytes: usize::MAX });
        assert!(gaps.fill.load().is_none());
        // A plan for a larger memory than this one.
        gaps.fill.store(Some(Arc::new(vec![0, 7, usize::MAX])));
        gaps.fill(&mut [1, 2, 3]);
    }
}
