//! Diarization and Jaccard error rates.
//!
//! The definitions are those of pyannote.metrics 4.2 (`diarization.py`, `identification.py`,
//! `utils.py`) in every rule, with exact interval arithmetic instead of frames. One name differs:
//! [`ScoreOptions::collar_s`] is the width on *each* side of a boundary, as in NIST's `md-eval`;
//! pyannote.metrics takes the total width, twice as much.

mod der;
mod jer;
mod mapping;
mod options;
mod score;
mod scored;
mod sparse;

pub use der::DerComponents;
pub use jer::JerComponents;
pub use mapping::optimal_mapping;
pub use options::ScoreOptions;
pub use score::{Scores, score};

#[cfg(test)]
mod tests;
