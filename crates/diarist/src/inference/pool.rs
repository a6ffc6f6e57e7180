//! Memory that the networks use again and again.

use std::sync::{Mutex, PoisonError};

/// Scratch memory, one piece for each thread that has used it. After the first uses, nothing is
/// allocated.
#[derive(Debug)]
pub(super) struct Pool<W>(Mutex<Vec<W>>);

impl<W> Default for Pool<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W: Default> Pool<W> {
    /// Calls `work` with a piece of memory that no other thread uses meanwhile.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut W) -> R) -> R {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut workspace = taken.unwrap_or_default();
        let result = work(&mut workspace);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
        result
    }
}
