//! Readers and writers of RTTM, UEM and JSON.

mod fields;
pub mod json;
pub mod rttm;
pub mod uem;

#[cfg(test)]
mod tests;
