//! Values with threads, which belong to one process.

use std::process;

/// A value whose threads belong to one process. A forked child has the memory of its parent, but
/// none of its threads.
pub(crate) struct OfProcess<T> {
    id: u32,
    value: Option<T>,
}

impl<T> OfProcess<T> {
    /// `value` with threads of this process.
    pub(crate) fn new(value: T) -> Self {
        Self { id: process::id(), value: Some(value) }
    }

    /// Whether the threads exist in this process.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.id == process::id()
    }

    /// The value, unless it was taken. Its threads may be those of another process.
    pub(crate) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// As [`Self::value`], to change it or to take it out.
    pub(crate) fn value_mut(&mut self) -> &mut Option<T> {
        &mut self.value
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if !self.is_of_this_process() {
            // Ending threads that do not exist here would wait for them without end.
            std::mem::forget(self.value.take());
        }
    }
}
