//! Counts the allocations of the calling thread, to show that warm networks make none.
//!
//! Every thread has a counter of its own. Tests on other threads do not change it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Counting;

// SAFETY: every call goes to the system allocator unchanged; counting neither allocates nor panics
// (the cell needs no initialisation and no destructor).
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: as above, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }
}

/// Allocations (and reallocations) that `run` makes on this thread.
pub(crate) fn count(run: impl FnOnce()) -> usize {
    let before = COUNT.get();
    run();
    COUNT.get() - before
}

#[test]
fn count_notices_an_allocation_and_a_growth() {
    let mut values = Vec::new();
    assert_eq!(count(|| values.push(std::hint::black_box(1_u8))), 1);
    assert_eq!(count(|| values.extend(std::hint::black_box([0_u8; 100]))), 1);
    assert_eq!(count(|| values.clear()), 0);
}
