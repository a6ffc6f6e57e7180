//! A saved [`Analysis`](crate::analysis::Analysis): the whole output of the networks in a file, to
//! be clustered later.
//!
//! The file is a stream: a header, records of some chunks each, and an end. Every record is
//! complete as soon as it is written, and its checksum covers all bytes before it. So a file that
//! was cut anywhere can be read up to its last whole record, and no change goes unnoticed.
//! `docs/analysis-format.md` describes every byte.

mod block;
mod file;
mod header;
mod payload;
mod reader;
mod record;
mod stretches;
#[cfg(test)]
mod tests;
mod writer;

pub use header::{FORMAT_VERSION, Header, Probabilities, StoredSubsegments, Values, is_saved};
pub use reader::{Saved, read, read_file};
pub use record::AudioMark;
pub use writer::AnalysisWriter;
