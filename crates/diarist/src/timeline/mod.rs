//! From clusters to turns: aggregation, speaker count, reconstruction, binarisation.

mod segment;

pub use segment::{Annotation, Segment, Turn};
