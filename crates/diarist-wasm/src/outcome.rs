//! Outcomes of calls: a status, and a text that is kept until the next call.

use std::cell::RefCell;

use diarist::{Error, ErrorKind, Result};
use serde::Serialize;

thread_local! {
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The place of the text that the last call gave.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_output() -> *const u8 {
    OUTPUT.with_borrow(|output| output.as_ptr())
}

/// The length of that text in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn diarist_output_len() -> usize {
    OUTPUT.with_borrow(String::len)
}

#[derive(Serialize)]
struct Fault {
    kind: &'static str,
    message: String,
}

/// Runs a call and keeps its text, or its error.
pub(crate) fn outcome(call: impl FnOnce() -> Result<String>) -> u32 {
    let (output, status) = match call() {
        Ok(output) => (output, 0),
        Err(error) => {
            let fault = Fault { kind: kind(&error), message: error.to_string() };
            (serde_json::to_string(&fault).unwrap_or(fault.message), 1)
        }
    };
    OUTPUT.set(output);
    status
}

/// The names of the exceptions in Python, without their ending.
fn kind(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidOption => "InvalidOption",
        ErrorKind::Input => "Input",
        ErrorKind::Weights => "Weights",
        ErrorKind::Output => "Output",
        ErrorKind::SpeakerBounds => "SpeakerBounds",
        ErrorKind::Device => "Device",
        ErrorKind::Cancelled => "Cancelled",
        _ => "Internal",
    }
}

/// `value` as one line of JSON.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| Error::new(ErrorKind::Internal, "a value has no JSON form").caused_by(error))
}
