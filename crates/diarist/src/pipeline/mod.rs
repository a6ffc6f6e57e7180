//! The offline pipeline: audio in, turns out.

mod analysis;

pub use analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
