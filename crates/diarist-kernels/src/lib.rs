//! Compute kernels of diarist: the only crate with `unsafe`.
