//! The CPU as a machine that runs the networks.

use std::sync::Arc;

use crate::clock::Instant;
use crate::error::Result;
use crate::inference::backend::{self, Backend, Run, WaveOutput};
use crate::inference::networks::Networks;
use crate::inference::pool::Pool;
use crate::inference::settings::{AnalysisSettings, EmbeddingMode, TrunkPasses};
use crate::models::{pyannet, resnet34};
use crate::segmentation::probabilities::ChunkProbabilities;

use super::cache::EmbeddingCache;
use super::chunk_embedder::ChunkEmbedder;
use super::embedder::Embedder;
use super::frames::Frames;
use super::segment::{WAVE_CHUNKS_PER_THREAD, segment};
use super::wave::Wave;

/// The CPU with networks, and with memory that its runs share. Runs compute on the threads of the
/// pool that calls them.
#[derive(Debug, Clone)]
pub(in crate::inference) struct Cpu(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    networks: Arc<Networks>,
    trunk: TrunkPasses,
    mode: EmbeddingMode,
    segmentation_pool: Pool<pyannet::Workspace>,
    embedding_pool: Pool<resnet34::Workspace>,
    cache: EmbeddingCache,
}

impl Cpu {
    pub(in crate::inference) fn new(networks: Arc<Networks>, settings: &AnalysisSettings) -> Self {
        Self(Arc::new(Shared {
            networks,
            trunk: settings.trunk,
            mode: settings.embedding_mode,
            segmentation_pool: Pool::default(),
            embedding_pool: Pool::default(),
            cache: EmbeddingCache::default(),
        }))
    }
}

impl Backend for Cpu {
    fn wave_chunks(&self) -> usize {
        WAVE_CHUNKS_PER_THREAD * rayon::current_num_threads()
    }

    fn start(&self) -> Box<dyn Run> {
        let cpu = Arc::clone(&self.0);
        Box::new(CpuRun { embedder: Embedder::new(cpu.trunk), frames: Frames::default(), cpu })
    }
}

/// The work on one recording.
#[derive(Debug)]
struct CpuRun {
    cpu: Arc<Shared>,
    frames: Frames,
    embedder: Embedder,
}

impl Shared {
    fn chunk_embedder(&self) -> ChunkEmbedder<'_> {
        ChunkEmbedder {
            network: &self.networks.embedding,
            pool: &self.embedding_pool,
            cache: &self.cache,
            mode: self.mode,
        }
    }
}

impl Run for CpuRun {
    fn samples_beyond(&self) -> usize {
        self.embedder.samples_beyond()
    }

    fn first_resumed(&self, next: usize, step_samples: usize) -> usize {
        self.embedder.first_resumed(self.cpu.mode, next, step_samples)
    }

    fn resume(&mut self, wave: &backend::Wave<'_>, recent: &[ChunkProbabilities]) -> Result<()> {
        let Self { cpu, frames, embedder } = self;
        frames.follow(wave.window);
        let wave = Wave { window: wave.window, frames, span: wave.span, masks: &[], probabilities: &[] };
        embedder.resume(&cpu.chunk_embedder(), &wave, recent);
        Ok(())
    }

    fn compute(&mut self, wave: &backend::Wave<'_>, out: &mut WaveOutput) -> Result<()> {
        let Self { cpu, frames, embedder } = self;
        let backend::Wave { window, span } = *wave;
        out.reset(span.num_chunks);
        let WaveOutput { masks, probabilities, embeddings, subsegments, cache_use, timings } = out;

        let clock = Instant::now();
        let network = &cpu.networks.segmentation;
        segment(network, &cpu.segmentation_pool, window, span.first_chunk, masks, probabilities);
        timings.segmentation_s = clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        frames.follow(window);
        timings.fbank_s = clock.elapsed().as_secs_f64();

        let clock = Instant::now();
        let wave = Wave { window, frames, span, masks, probabilities };
        *cache_use = embedder.embed(&cpu.chunk_embedder(), &wave, embeddings, subsegments)?;
        timings.embedding_s = clock.elapsed().as_secs_f64();
        Ok(())
    }
}
