//! One place that turns a panic of a decoder or a container's reader into an error.
//!
//! The readers are other people's code on foreign bytes. A recording that makes one of them panic
//! must not end the process or the rest of a folder.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `operation` and returns its panic as a reason, without a word on stderr.
///
/// Values that `operation` changed are in an unknown state after a panic; the caller gives them up.
pub(super) fn contain<T>(operation: impl FnOnce() -> T) -> Result<T, String> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // Where a panic ends the process, its reason is reported.
            if !IS_CONTAINED.get() || cfg!(panic = "abort") {
                report(panic);
            }
        }));
    });
    let before = IS_CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(operation));
    IS_CONTAINED.set(before);
    result.map_err(|panic| format!("the decoder failed: {}", message(&*panic)))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    message.and_then(|message| message.lines().next()).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_first_line() {
        assert_eq!(contain(|| 7), Ok(7));
        assert_eq!(contain(|| panic!("one\ntwo {}", 1)), Err::<(), _>("the decoder failed: one".to_owned()));
        assert_eq!(contain(|| panic!("static")), Err::<(), _>("the decoder failed: static".to_owned()));
        assert!(!IS_CONTAINED.get());
    }
}
