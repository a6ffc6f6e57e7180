//! Text between C and Rust.

use std::ffi::{CStr, CString, c_char};

use diarist::{Error, Result};

/// The version of the library, as in "1.2.3". The text is always valid.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
    VERSION.as_ptr()
}

/// Frees a text that a function returned through its last argument. NULL is allowed.
///
/// # Safety
/// `text` must be NULL or such a text, which is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn diarist_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: by the caller's promise it is from `CString::into_raw`.
        drop(unsafe { CString::from_raw(text) });
    }
}

/// A text that may not be NULL.
///
/// # Safety
/// `text` must be NULL or end with a zero byte and stay as it is for as long as `'a` lasts.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { optional_text(text, name) }?.ok_or_else(|| Error::invalid_option(format!("{name} is NULL")))
}

/// A text, or nothing for NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL; the rest is the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_str();
    text.map(Some).map_err(|error| Error::invalid_option(format!("{name} is not UTF-8")).caused_by(error))
}

/// `text` for C, where a zero byte would end it.
pub(crate) fn without_zeros(text: &str) -> CString {
    CString::new(text.replace('\0', " ")).unwrap_or_default()
}
