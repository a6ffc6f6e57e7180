//! Runs the networks over recordings: from audio to an [`Analysis`](crate::analysis::Analysis).
//!
//! An [`Analyzer`] processes the chunks of a [`Recording`] in waves: it segments them, and computes
//! the embeddings of their active local speakers. [`StreamAnalysis`] does the same for audio that
//! arrives in pieces, [`ChunkModel`] for a single chunk. The windows of live streams that share an
//! analyzer go through the segmentation network together (the module `windows`).

mod analyzer;
mod backend;
mod beginning;
mod cache_use;
mod checkpoint;
mod chunk_model;
mod cpu;
mod device;
mod devices;
#[cfg(any(feature = "gpu", test))]
mod fallback;
#[cfg(feature = "gpu")]
mod gpu;
mod intake;
mod machine;
mod networks;
mod pool;
mod recording;
mod scores;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod threads;
mod timings;
mod wave;
mod windows;

pub use analyzer::{Analyzed, Analyzer};
pub use cache_use::CacheUse;
pub use chunk_model::{ChunkModel, ChunkOutput};
pub use device::{Device, DeviceInfo, GpuInfo, SelfTest};
pub use devices::{devices, self_test};
pub use networks::Networks;
pub use recording::{Progress, Recording};
pub use scores::{ChunkScoreOptions, ChunkScores, cosine_distance, score_chunk};
pub use settings::{AnalysisSettings, EmbeddingMode, MAX_STEP_S, TrunkPasses};
pub(crate) use settings::{NUM_THREADS, STEP_S};
pub use stream::StreamAnalysis;
pub use timings::{Stage, Timings};
