//! A saved [`Analysis`](crate::analysis::Analysis): all that the networks gave, to be clustered later.
//!
//! The file is a stream: a header, records of some chunks each, and an end. Every record stands as soon as it is written, and
//! its checksum covers all that comes before it, so a file that was cut anywhere can be read up to its last whole record, and
//! no change goes unnoticed. `docs/analysis-format.md` describes every byte.

mod block;
mod file;
mod header;
mod reader;
mod record;
#[cfg(test)]
mod tests;
mod writer;

pub use header::{FORMAT_VERSION, Header, Values};
pub use reader::{Saved, read, read_file};
pub use record::AudioMark;
pub use writer::AnalysisWriter;
