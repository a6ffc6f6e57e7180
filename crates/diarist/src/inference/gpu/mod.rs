//! The networks on a GPU, by the crate `diarist-gpu`.

mod choice;
mod plan;
mod report;
mod results;
mod run;
mod sound;
mod speeds;
#[cfg(test)]
mod tests;
mod weights;

pub(super) use choice::backend;
pub(super) use report::{devices, self_test};
