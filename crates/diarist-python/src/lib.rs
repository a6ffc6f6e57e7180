//! The Python module `diarist._diarist`, below the package `diarist` (`python/diarist`).
//!
//! Only what needs the library is here: arguments are sorted, and results get their classes, in Python.
#![deny(unsafe_code)]

mod audio;
mod call;
mod engine;
mod fault;
mod people;
mod results;

use pyo3::pymodule;

/// What the package `diarist` is made of.
#[pymodule]
mod _diarist {
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::people::{compare, enroll, identify, learn, people, remove, rename};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
