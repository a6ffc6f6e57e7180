//! The networks on a GPU, by the crate `diarist-gpu`.

mod batch;
mod choice;
mod machine;
mod memory;
mod plan;
mod report;
mod results;
mod run;
mod sound;
mod speeds;
mod weights;

pub(super) use choice::backend;
#[cfg(test)]
pub(super) use choice::open;
pub(super) use report::{devices, self_test};
#[cfg(test)]
pub(super) use run::GpuBackend;
