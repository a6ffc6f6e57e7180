//! The library's errors as exceptions of `diarist._errors`.

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
        _ => "InternalError",
    };
    let exception = || py.import("diarist._errors")?.getattr(class)?.call1((error.to_string(),));
    exception().map_or_else(|other| other, PyErr::from_value)
}
