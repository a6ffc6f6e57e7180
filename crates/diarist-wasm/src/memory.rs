//! Memory that the program around the module fills.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::null_mut;
use std::slice;

use diarist::{Error, Result};

/// Alignment of all given memory, enough for numbers.
const ALIGNMENT: usize = 8;

fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len.max(1), ALIGNMENT).ok()
}

/// Memory for `len` bytes, which a call takes over. NULL if there is none left.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_allocate(len: usize) -> *mut u8 {
    // SAFETY: the layout has at least one byte.
    layout(len).map_or(null_mut(), |layout| unsafe { alloc(layout) })
}

/// Memory that [`diarist_allocate`] gave and that was filled since. Freed when dropped.
#[derive(Debug)]
pub(crate) struct Given {
    start: *mut u8,
    len: usize,
}

// SAFETY: the memory belongs to this value alone.
unsafe impl Send for Given {}
// SAFETY: shared values only read.
unsafe impl Sync for Given {}

impl Given {
    /// Takes over `len` bytes.
    ///
    /// # Safety
    /// [`diarist_allocate`] gave `start` for `len`, all bytes were written, and nobody else uses
    /// them any more.
    pub(crate) unsafe fn take(start: *mut u8, len: usize) -> Self {
        Self { start, len }
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// [`diarist::ErrorKind::InvalidOption`] if they are not UTF-8.
    pub(crate) fn text(&self) -> Result<&str> {
        str::from_utf8(self.as_ref()).map_err(|error| Error::invalid_option("a text is not UTF-8").caused_by(error))
    }

    /// The bytes as samples.
    pub(crate) fn samples(&self) -> &[f32] {
        // SAFETY: the memory is aligned for numbers, and every four bytes are one.
        unsafe { slice::from_raw_parts(self.start.cast(), self.len / size_of::<f32>()) }
    }
}

impl AsRef<[u8]> for Given {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `take` was promised so many bytes.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.len) {
            // SAFETY: `diarist_allocate` gave the memory with this layout.
            unsafe { dealloc(self.start, layout) }
        }
    }
}
