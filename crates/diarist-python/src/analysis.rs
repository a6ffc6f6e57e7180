//! The output of the networks, to be clustered again.

use std::path::PathBuf;

use diarist::parts::analysis::saved::{self, AnalysisWriter, Header, Values};
use diarist::{Analysis, Result};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;

use crate::fault::raised;

/// A `diarist.Analysis`.
#[pyclass(frozen, module = "diarist._diarist")]
pub(crate) struct Networks {
    pub(crate) analysis: Analysis,
}

/// The output of the networks in the file at `path`; if `is_partial`, also in a file that is not
/// whole.
#[pyfunction]
pub(crate) fn open_analysis(py: Python<'_>, path: PathBuf, is_partial: bool) -> PyResult<Networks> {
    let open = || if is_partial { Ok(saved::read_file(&path)?.analysis) } else { Analysis::open(&path) };
    made(py, open)
}

/// The output of the networks from [`Networks::to_bytes`].
#[pyfunction]
pub(crate) fn analysis_from_bytes(py: Python<'_>, data: PyBackedBytes) -> PyResult<Networks> {
    made(py, || Ok(saved::read(&data[..])?.analysis))
}

fn made(py: Python<'_>, open: impl FnOnce() -> Result<Analysis> + Send) -> PyResult<Networks> {
    py.detach(open).map(|analysis| Networks { analysis }).map_err(|error| raised(py, &error))
}

#[pymethods]
impl Networks {
    /// Name of the recording.
    #[getter]
    fn file_id(&self) -> &str {
        &self.analysis.origin.file_id
    }

    /// Length of the recording in seconds.
    #[getter]
    fn duration_s(&self) -> f64 {
        self.analysis.geometry.duration_s()
    }

    /// Saves the output of the networks in a file.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.analysis.save(&path)).map_err(|error| raised(py, &error))
    }

    /// Everything, to the last bit.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let analysis = &self.analysis;
        let header = Header::of(analysis, Values::F32);
        let bytes = py.detach(|| AnalysisWriter::write_all(Vec::new(), &header, analysis));
        Ok(PyBytes::new(py, &bytes.map_err(|error| raised(py, &error))?))
    }
}
