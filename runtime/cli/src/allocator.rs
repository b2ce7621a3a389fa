//! The allocator: mimalloc, and before it a few blocks that each shard has just freed and hands out again, the last one first.
//!
//! An exchange frees what it has taken, and the next one on its shard takes the same sizes. mimalloc goes round all blocks of a page before
//! it comes back to one, so that the next exchange writes to memory that has left the processor's cache: dozens of places, and
//! more of them the more exchanges have ever been under way at once. The block that was freed last is still there.
//!
//! Invariant: a block of a size up to [`LARGEST`] is as large as its class, whichever thread it was taken on, so any can be handed out for any
//! size of its class. A thread that keeps blocks keeps them for good: only those that live as long as the process do.

use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr::null_mut;

/// The largest size that is kept, in bytes: a buffer of a connection.
const LARGEST: usize = 8192;
/// What every block of a class is aligned to, in bytes.
const ALIGN: usize = 16;
/// Four classes up to 64 bytes, then four for each doubling: above 64 bytes a block is at most a quarter larger than what was asked for.
const CLASSES: usize = 32;
/// How many blocks of a class are kept: as many as the exchanges take that wait on one shard. At most 3.3 MB of all classes.
const DEPTH: usize = 64;

thread_local! {
    /// Whether this thread keeps blocks.
    static KEEPS: Cell<bool> = const { Cell::new(false) };
    static KEPT: [Kept; CLASSES] = const { [const { Kept::none() }; CLASSES] };
}

/// From now on this thread keeps what it frees, to the end of the process.
pub fn keep_blocks() {
    KEEPS.set(true);
}

/// The blocks of one class that are kept, the last one on top.
struct Kept {
    count: Cell<usize>,
    blocks: [Cell<*mut u8>; DEPTH],
}

impl Kept {
    const fn none() -> Self {
        Self { count: Cell::new(0), blocks: [const { Cell::new(null_mut()) }; DEPTH] }
    }

    #[inline]
    fn take(&self) -> Option<*mut u8> {
        let top = self.count.get().checked_sub(1)?;
        let block = self.blocks.get(top)?.get();
        self.count.set(top);
        Some(block)
    }

    /// Whether there was room for it.
    #[inline]
    fn keep(&self, block: *mut u8) -> bool {
        let count = self.count.get();
        let Some(place) = self.blocks.get(count) else { return false };
        place.set(block);
        self.count.set(count + 1);
        true
    }
}

/// The class of a size, and how large its blocks are.
#[inline]
fn class(layout: Layout) -> Option<(usize, Layout)> {
    let last = layout.size().wrapping_sub(1);
    if last >= LARGEST || layout.align() > ALIGN {
        return None;
    }
    let (class, size) = if last < 64 {
        (last >> 4, (last | 15) + 1)
    } else {
        // The highest bit and the two after it.
        let bit = last.ilog2() as usize;
        let step = bit - 2;
        (4 * (bit - 6) + 4 + (last >> step & 3), ((last >> step) + 1) << step)
    };
    Some((class, Layout::from_size_align(size, ALIGN).ok()?))
}

fn take(class: usize) -> Option<*mut u8> {
    KEPT.with(|kept| kept.get(class)?.take())
}

/// Whether this thread keeps it.
fn keep(class: usize, block: *mut u8) -> bool {
    KEEPS.get() && KEPT.with(|kept| kept.get(class).is_some_and(|kept| kept.keep(block)))
}

/// See the [module](self).
#[derive(Debug, Default)]
pub struct Allocator;

#[expect(unsafe_code, reason = "every allocator is")]
// SAFETY: a block comes from mimalloc with the layout of its class, and goes back with it; in between it is kept by one thread, which hands it
// out once. What has no class is mimalloc's alone. Nothing here panics or allocates.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            // SAFETY: as the caller promises; the class is not empty.
            Some((class, whole)) => take(class).unwrap_or_else(|| unsafe { MiMalloc.alloc(whole) }),
            // SAFETY: as the caller promises.
            None => unsafe { MiMalloc.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some((class, whole)) = class(layout) else {
            // SAFETY: as the caller promises.
            return unsafe { MiMalloc.alloc_zeroed(layout) };
        };
        match take(class) {
            Some(block) => {
                // SAFETY: the block has at least the size of the layout.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            // SAFETY: as the caller promises; the class is not empty.
            None => unsafe { MiMalloc.alloc_zeroed(whole) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            Some((class, whole)) => {
                if !keep(class, block) {
                    // SAFETY: it was taken with this layout.
                    unsafe { MiMalloc.dealloc(block, whole) };
                }
            }
            // SAFETY: as the caller promises.
            None => unsafe { MiMalloc.dealloc(block, layout) },
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size, rounded up to the alignment, is not too large.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(wanted)) {
            (Some((old, _)), Some((new, _))) if old == new => block,
            // SAFETY: as the caller promises.
            (None, None) => unsafe { MiMalloc.realloc(block, layout, size) },
            _ => {
                // SAFETY: as the caller promises; both blocks have the smaller of both sizes, and they are two.
                unsafe {
                    let larger = self.alloc(wanted);
                    if !larger.is_null() {
                        larger.copy_from_nonoverlapping(block, layout.size().min(size));
                        self.dealloc(block, layout);
                    }
                    larger
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(unsafe_code, reason = "this is how an allocator is called")]
    use super::*;
    use std::collections::BTreeSet;
    use std::sync::mpsc;

    /// A block with its layout, filled with a letter.
    struct Block(*mut u8, Layout, u8);

    // SAFETY: a block may be freed on any thread.
    unsafe impl Send for Block {}

    impl Block {
        fn new(size: usize, align: usize, letter: u8) -> Self {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: the size is not zero, and the block is as large.
            unsafe {
                let block = Allocator.alloc(layout);
                assert!(!block.is_null() && block.addr().is_multiple_of(align));
                block.write_bytes(letter, size);
                Self(block, layout, letter)
            }
        }

        fn holds(&self) {
            // SAFETY: it was filled.
            let bytes = unsafe { std::slice::from_raw_parts(self.0, self.1.size()) };
            assert!(bytes.iter().all(|byte| *byte == self.2), "{:?}", self.1);
        }

        fn resize(&mut self, size: usize) {
            // SAFETY: the block was taken with this layout.
            unsafe {
                let old = self.1.size();
                self.0 = Allocator.realloc(self.0, self.1, size);
                assert!(self.0.addr().is_multiple_of(self.1.align()));
                self.1 = Layout::from_size_align(size, self.1.align()).unwrap();
                self.0.add(old.min(size)).write_bytes(self.2, size.saturating_sub(old));
            }
        }

        fn free(self) {
            self.holds();
            // SAFETY: the block was taken with this layout.
            unsafe { Allocator.dealloc(self.0, self.1) }
        }
    }

    fn on_a_thread(keeps: bool, work: impl FnOnce() + Send) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if keeps {
                    keep_blocks();
                }
                work();
            });
        });
    }

    #[test]
    fn every_size_has_a_class_that_is_large_enough_and_not_much_larger() {
        let mut classes = BTreeSet::new();
        for size in 1..=LARGEST {
            let (number, whole) = class(Layout::from_size_align(size, 1).unwrap()).unwrap();
            assert!(whole.size() >= size && whole.size() - size < 16.max(size / 4 + 1), "{size}: {whole:?}");
            assert_eq!(class(whole), Some((number, whole)), "{size}");
            classes.insert((number, whole.size()));
        }
        let numbers: Vec<_> = classes.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..CLASSES).collect::<Vec<_>>(), "one size for each class");
        for (size, align) in [(0, 1), (LARGEST + 1, 1), (64, 32)] {
            assert_eq!(class(Layout::from_size_align(size, align).unwrap()), None);
        }
    }

    #[test]
    fn a_thread_that_keeps_blocks_hands_out_the_one_that_was_freed_last() {
        on_a_thread(true, || {
            let (first, second) = (Block::new(1800, 8, 1), Block::new(1900, 8, 2));
            let (lower, upper) = (first.0, second.0);
            first.free();
            second.free();
            let again = [2048, 1793].map(|size| Block::new(size, 16, 3));
            assert_eq!(again.each_ref().map(|block| block.0), [upper, lower]);
            again.into_iter().for_each(Block::free);
            // SAFETY: the size is not zero.
            let zeroed = unsafe { Allocator.alloc_zeroed(Layout::from_size_align_unchecked(2000, 8)) };
            assert_eq!(zeroed, lower);
            Block(zeroed, Layout::from_size_align(2000, 8).unwrap(), 0).free();
        });
        on_a_thread(false, || {
            Block::new(100, 1, 1).free();
            assert_eq!(KEPT.with(|kept| kept.iter().map(|kept| kept.count.get()).sum::<usize>()), 0);
        });
    }

    #[test]
    fn so_many_are_kept_and_no_more() {
        on_a_thread(true, || {
            let blocks: Vec<_> = (0..3 * DEPTH).map(|_| Block::new(300, 1, 1)).collect();
            blocks.into_iter().for_each(Block::free);
            let (number, _) = class(Layout::from_size_align(300, 1).unwrap()).unwrap();
            assert_eq!(KEPT.with(|kept| kept[number].count.get()), DEPTH);
        });
    }

    #[test]
    fn a_block_that_grows_or_shrinks_keeps_what_is_in_it() {
        on_a_thread(true, || {
            let mut block = Block::new(1, 1, 7);
            for size in [16, 17, 64, 65, 100, 5000, LARGEST, LARGEST + 1, 1 << 20, 1 << 21, LARGEST + 1, LARGEST, 20, 3]
            {
                block.resize(size);
                block.holds();
            }
            block.free();
            let mut aligned = Block::new(100, 64, 8);
            aligned.resize(9000);
            aligned.free();
        });
    }

    /// Blocks of all sizes, taken, resized and freed by threads that keep blocks and one that does not, and handed from one to the other.
    #[test]
    fn no_block_is_in_two_hands() {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| mpsc::channel::<Block>()).unzip();
        std::thread::scope(|scope| {
            for (number, receiver) in receivers.into_iter().enumerate() {
                let senders = senders.clone();
                scope.spawn(move || {
                    if number > 0 {
                        keep_blocks();
                    }
                    let mut chance = 1 + number as u64;
                    let mut next = move |most: usize| {
                        chance = chance.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        (chance >> 33) as usize % most
                    };
                    let mut mine = Vec::new();
                    for _ in 0..30_000 {
                        match next(5) {
                            0 | 1 => {
                                let most = 1 << (1 + next(14));
                                mine.push(Block::new(1 + next(most), 1 << next(5), next(256) as u8));
                            }
                            2 if !mine.is_empty() => {
                                let at = next(mine.len());
                                mine[at].resize(1 + next(10_000));
                            }
                            3 if !mine.is_empty() => senders[next(3)].send(mine.swap_remove(next(mine.len()))).unwrap(),
                            _ if !mine.is_empty() => mine.swap_remove(next(mine.len())).free(),
                            _ => {}
                        }
                        receiver.try_iter().for_each(Block::free);
                    }
                    drop(senders);
                    mine.into_iter().for_each(Block::free);
                    receiver.iter().for_each(Block::free);
                });
            }
            drop(senders);
        });
    }
}
