//! The machines that the networks can run on.

use diarist::parts::inference;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The machines as JSON: a list of objects.
#[pyfunction]
pub(crate) fn devices(py: Python<'_>) -> PyResult<String> {
    let devices = py.detach(inference::devices);
    serde_json::to_string(&devices).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
