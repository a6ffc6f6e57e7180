//! The library's errors as exceptions of `diarist._errors`.

use std::io;

use diarist::{Error, ErrorKind};
use pyo3::prelude::*;

/// The exception for `error`.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error.kind() {
        ErrorKind::InvalidOption => "OptionError",
        ErrorKind::Input => "InputError",
        ErrorKind::Weights => "WeightsError",
        ErrorKind::Output => "OutputError",
        ErrorKind::SpeakerBounds => "SpeakerBoundsError",
        ErrorKind::Device => "DeviceError",
        _ => "InternalError",
    };
    // Names of the module `errno`.
    let errno = match error.io_kind() {
        Some(io::ErrorKind::NotFound) => Some("ENOENT"),
        Some(io::ErrorKind::PermissionDenied) => Some("EACCES"),
        Some(io::ErrorKind::IsADirectory) => Some("EISDIR"),
        _ => None,
    };
    let arguments = (class, error.to_string(), errno, error.context());
    let exception = || py.import("diarist._errors")?.getattr("fault")?.call1(arguments);
    exception().map_or_else(|other| other, PyErr::from_value)
}
