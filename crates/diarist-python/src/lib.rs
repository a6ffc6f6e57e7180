//! The Python module `diarist._diarist`, below the package `diarist` (`python/diarist`).
//!
//! It holds only the code that needs the library. The package sorts arguments and gives results
//! their classes in Python.
#![deny(unsafe_code)]

mod analysis;
mod audio;
mod call;
mod devices;
mod engine;
mod fault;
mod labels;
mod live;
mod of_process;
mod people;
mod results;

use pyo3::pymodule;

/// The compiled part of the package `diarist`.
#[pymodule]
mod _diarist {
    #[pymodule_export]
    use crate::analysis::{Networks, analysis_from_bytes, open_analysis};
    #[pymodule_export]
    use crate::devices::devices;
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::labels::{assign, check_format, read_labels, read_uem, readable, score, write_labels, write_text};
    #[pymodule_export]
    use crate::live::LiveEngine;
    #[pymodule_export]
    use crate::people::{compare, enroll, identify, learn, people, remove, rename};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("COLOURS", diarist::parts::formats::COLOURS)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
