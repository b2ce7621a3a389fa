//! Memory from wasi-libc, as the standard library takes it. Its allocator begins in what is left of the memory's last page,
//! and a sandbox whose memory need not grow costs the host two system calls less than one whose memory must.

#![expect(unsafe_code, reason = "an allocator")]

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;

/// What wasi-libc aligns everything to.
const ALIGNED: usize = 8;

#[link(name = "c")]
unsafe extern "C" {
    fn malloc(size: usize) -> *mut c_void;
    fn calloc(count: usize, size: usize) -> *mut c_void;
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
    /// What the host calls for room for the values that it passes in.
    fn cabi_realloc(old: *mut u8, old_len: usize, align: usize, new_len: usize) -> *mut u8;
}

struct Libc;

#[global_allocator]
static LIBC: Libc = Libc;

// SAFETY: blocks come from one allocator, and go back to it; each branch asks for no less than the layout says.
unsafe impl GlobalAlloc for Libc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNED {
            // SAFETY: any size will do.
            return unsafe { malloc(layout.size()) }.cast();
        }
        // SAFETY: the alignment of a layout is a power of two, and this one is a multiple of a pointer's size.
        unsafe { aligned_alloc(layout.align(), layout.size().next_multiple_of(layout.align())) }.cast()
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALIGNED {
            // SAFETY: any size will do.
            return unsafe { calloc(layout.size(), 1) }.cast();
        }
        // SAFETY: the caller's promises are those that `alloc` asks for, and what it gives is so long.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        // SAFETY: the caller has it from here.
        unsafe { free(block.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= ALIGNED {
            // SAFETY: the caller has it from here.
            return unsafe { realloc(block.cast(), size) }.cast();
        }
        // SAFETY: the caller promises that the new size makes a layout; both blocks are as long as what is copied.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            new
        }
    }
}

// Nothing but the host calls it, so that the linker would leave it out.
#[used]
static FOR_THE_HOST: unsafe extern "C" fn(*mut u8, usize, usize, usize) -> *mut u8 = cabi_realloc;
