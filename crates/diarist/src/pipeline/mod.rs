//! The offline pipeline: audio in, turns out.
//!
//! [`Pipeline::analyze`] streams a recording through the networks into an [`Analysis`]; [`Pipeline::cluster`] turns an
//! analysis into a [`Diarization`] in milliseconds; [`Pipeline::diarize`] is both in one call. [`cluster`] needs no networks, for an analysis that was saved
//! ([`crate::formats::analysis`]).

mod analysis;
mod analyze;
mod cache;
mod checkpoint;
mod chunk_model;
mod constraints;
mod embed;
mod intake;
mod models;
mod offline;
mod options;
mod result;
mod settings;
mod shared_trunk;
mod stitch;
mod stream;
mod timings;

pub use analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
pub use cache::CacheUse;
pub(crate) use chunk_model::ChunkState;
pub use chunk_model::{ChunkModel, ChunkOutput};
pub use models::Models;
pub use offline::{Pipeline, cluster};
pub use options::{DiarizationOptions, EmbeddingMode, Profile, Progress, TrunkPasses};
pub use result::{Diarization, SpeakerSummary};
pub use settings::{Clustering, Settings};
pub(crate) use stream::StreamAnalysis;
pub use timings::{Stage, Timings};
