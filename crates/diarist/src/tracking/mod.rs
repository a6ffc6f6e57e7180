//! Speakers known so far and how a chunk's local speakers relate to them.

mod scores;

pub use scores::{ChunkScores, ScoreOptions, cosine_distance, score_chunk};
