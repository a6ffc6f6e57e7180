//! Faults as C sees them: a status, and a message that is kept for the thread.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use diarist::{Error, ErrorKind, Result};

use crate::text::without_zeros;

/// Outcome of a call. The values are those of the command's exit codes.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Success.
    Ok = 0,
    /// A fault inside diarist; please report it.
    Internal = 1,
    /// An option or an argument is outside its range.
    InvalidOption = 2,
    /// An input cannot be read or is not usable.
    Input = 3,
    /// Network weights are missing, damaged, or of another architecture.
    Weights = 4,
    /// A result cannot be written.
    Output = 5,
    /// The requested number of speakers cannot be honoured for this recording.
    SpeakerBounds = 6,
    /// The progress function has ended the call.
    Cancelled = 7,
    /// The device that was asked for cannot be used, or failed.
    Device = 8,
}

thread_local! {
    static LAST: RefCell<Option<CString>> = const { RefCell::new(None) };
}

/// The fault of the last call that failed on this thread, and a hint for the next step, on one
/// line. NULL if none has failed.
///
/// The text is valid until the next call on this thread that fails.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_last_error() -> *const c_char {
    LAST.with_borrow(|last| last.as_ref().map_or(ptr::null(), |message| message.as_ptr()))
}

/// Runs `work`. A fault or a panic becomes a status, and a message for [`diarist_last_error`].
pub(crate) fn guard(work: impl FnOnce() -> Result<()>) -> Status {
    let (status, message) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return Status::Ok,
        Ok(Err(error)) => (status_of(error.kind()), error.to_string()),
        Err(panic) => (Status::Internal, format!("a fault inside diarist ({}); please report it", text_of(&*panic))),
    };
    LAST.set(Some(without_zeros(&message)));
    status
}

/// An argument that may not be NULL.
///
/// # Safety
/// `pointer` must be NULL or point to a value that nobody changes for as long as `'a` lasts.
pub(crate) unsafe fn given<'a, T>(pointer: *const T, name: &str) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    unsafe { pointer.as_ref() }.ok_or_else(|| Error::invalid_option(format!("{name} is NULL")))
}

/// A place for a result that may not be NULL.
///
/// # Safety
/// `pointer` must be NULL or valid for a write.
pub(crate) unsafe fn place<T>(pointer: *mut T, name: &str) -> Result<Place<T>> {
    if pointer.is_null() {
        return Err(is_no_place(name));
    }
    Ok(Place(pointer))
}

/// The error for a place that is NULL.
pub(crate) fn is_no_place(name: &str) -> Error {
    Error::invalid_option(format!("{name} is NULL, but must point to a place for the result"))
}

/// A place for a result: valid for a write.
pub(crate) struct Place<T>(*mut T);

impl<T> Place<T> {
    pub(crate) fn put(self, value: T) {
        // SAFETY: the caller of `place` promised that a write is allowed. The old value belongs to
        // C and needs no drop.
        unsafe { self.0.write(value) };
    }
}

fn status_of(kind: ErrorKind) -> Status {
    match kind {
        ErrorKind::InvalidOption => Status::InvalidOption,
        ErrorKind::Input => Status::Input,
        ErrorKind::Weights => Status::Weights,
        ErrorKind::Output => Status::Output,
        ErrorKind::SpeakerBounds => Status::SpeakerBounds,
        ErrorKind::Cancelled => Status::Cancelled,
        ErrorKind::Device => Status::Device,
        _ => Status::Internal,
    }
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::text;

    fn last_error() -> String {
        // SAFETY: the text lives until the next fault of this thread.
        unsafe { text(diarist_last_error(), "message") }.unwrap().to_owned()
    }

    #[test]
    fn no_panic_leaves_a_call() {
        assert_eq!(guard(|| panic!("of {}", "a\0kind")), Status::Internal);
        assert_eq!(last_error(), "a fault inside diarist (of a kind); please report it");
    }

    #[test]
    fn every_thread_has_its_own_last_error() {
        assert_eq!(guard(|| Err(Error::input("here").hint("look"))), Status::Input);
        std::thread::spawn(|| {
            assert!(diarist_last_error().is_null());
            assert_eq!(guard(|| Err(Error::new(ErrorKind::Cancelled, "cancelled"))), Status::Cancelled);
        })
        .join()
        .unwrap();
        assert_eq!(guard(|| Ok(())), Status::Ok);
        assert_eq!(last_error(), "here; look");
    }
}
