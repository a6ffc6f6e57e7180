//! The offline pipeline: audio in, turns out.
//!
//! [`Pipeline::analyze`] streams a recording through the networks into an [`Analysis`]; [`Pipeline::cluster`] turns an
//! analysis into a [`Diarization`] in milliseconds; [`Pipeline::diarize`] is both in one call.

mod analysis;
mod analyze;
mod cache;
mod chunk_model;
mod embed;
mod intake;
mod models;
mod offline;
mod options;
mod result;
mod shared_trunk;
mod stitch;
mod timings;
mod unchanged;

pub use analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
pub use cache::CacheUse;
pub use chunk_model::{ChunkModel, ChunkOutput};
pub use models::Models;
pub use offline::Pipeline;
pub use options::{DiarizationOptions, EmbeddingMode, Profile, Progress, TrunkPasses};
pub use result::{Diarization, SpeakerSummary};
pub use timings::{Stage, Timings};
