//! Readers and writers of RTTM, UEM, JSON, and of saved analyses.

pub mod analysis;
mod fields;
pub mod json;
pub mod rttm;
pub mod uem;

#[cfg(test)]
mod tests;
