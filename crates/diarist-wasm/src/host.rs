//! The program around the module: a clock, and a listener for progress and panics.

use std::panic;
use std::sync::Once;
use std::time::Duration;

use diarist::Progress;
use diarist::parts::clock;

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Milliseconds since any fixed moment.
    safe fn now() -> f64;
    /// Takes the seconds of the recording that are done, and those in all (0 if that is not known).
    safe fn progress(processed_s: f64, total_s: f64);
    /// Takes the reason of a panic, a text in UTF-8.
    fn panicked(message: *const u8, len: usize);
}

/// Connects the library with the program around the module.
pub(crate) fn connect() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        clock::set(|| Duration::from_secs_f64(now() / 1e3));
        panic::set_hook(Box::new(|panic| {
            let message = panic.to_string();
            // SAFETY: the text lives until the call returns.
            unsafe { panicked(message.as_ptr(), message.len()) }
        }));
    });
}

/// Reports progress.
pub(crate) fn report(now: Progress) {
    progress(now.processed_s, now.total_s.unwrap_or(0.0));
}
