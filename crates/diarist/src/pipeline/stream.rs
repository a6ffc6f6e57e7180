//! The analysis of audio that arrives bit by bit.

use crate::error::Result;
use crate::features::fbank::Fbank;
use crate::segmentation::masks::ChunkMasks;

use super::analysis::{Analysis, ChunkGeometry, Embeddings};
use super::analyze::{collect, segment};
use super::embed::{ChunkEmbeddings, Embedder, Wave};
use super::intake::Window;
use super::offline::Pipeline;
use super::options::{DiarizationOptions, EmbeddingMode};

/// As [`Pipeline::analyze`], but fed by its caller: the same analysis to the last bit, whatever the sizes of the pieces.
///
/// A chunk is computed as soon as all that it needs is there. Samples and features before the oldest unfinished chunk are let go.
#[derive(Debug)]
pub(crate) struct StreamAnalysis {
    options: DiarizationOptions,
    step_samples: usize,
    fbank: Fbank,
    window: Window,
    embedder: Embedder,
    num_samples: u64,
    masks: Vec<ChunkMasks>,
    embeddings: Embeddings,
    wave_embeddings: Vec<ChunkEmbeddings>,
}

impl StreamAnalysis {
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for options outside their range.
    pub(crate) fn new(options: &DiarizationOptions) -> Result<Self> {
        options.validate()?;
        let step_samples = options.step_samples()?;
        Ok(Self {
            options: options.clone(),
            step_samples,
            fbank: Fbank::new(),
            window: Window::new(step_samples),
            embedder: Embedder::new(options.trunk),
            num_samples: 0,
            masks: Vec::new(),
            embeddings: Embeddings::default(),
            wave_embeddings: Vec::new(),
        })
    }

    /// Takes the samples that follow (16 kHz mono, finite) and computes the chunks that they complete.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if a network gives a value that is not finite.
    pub(crate) fn push(&mut self, pipeline: &Pipeline, samples: &[f32]) -> Result<()> {
        self.window.extend(samples);
        self.num_samples += samples.len() as u64;
        let num_chunks = self.window.num_whole_chunks(self.masks.len(), self.embedder.samples_beyond());
        self.compute(pipeline, num_chunks, None)
    }

    /// Computes what is left; the last chunk is padded with zeros.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub(crate) fn finish(mut self, pipeline: &Pipeline) -> Result<Analysis> {
        let geometry = ChunkGeometry { step_samples: self.step_samples, num_samples: self.num_samples };
        let all_chunks = geometry.num_chunks();
        let remaining = all_chunks - self.masks.len();
        if remaining > 0 {
            self.window.pad(self.masks.len(), remaining);
            self.compute(pipeline, remaining, Some(all_chunks))?;
        }
        Ok(Analysis { geometry, masks: self.masks, embeddings: self.embeddings })
    }

    fn compute(&mut self, pipeline: &Pipeline, num_chunks: usize, all_chunks: Option<usize>) -> Result<()> {
        if num_chunks == 0 {
            return Ok(());
        }
        let first_chunk = self.masks.len();
        let Self { window, embedder, masks, wave_embeddings, .. } = self;
        masks.resize(first_chunk + num_chunks, ChunkMasks::default());
        wave_embeddings.resize(num_chunks, [0.0; _]);
        let wave_masks = &mut masks[first_chunk..];
        let mode = self.options.embedding_mode;
        pipeline.install(|| {
            segment(&pipeline.models, &pipeline.workspaces, window, first_chunk, wave_masks);
            window.compute_fbank(&mut self.fbank);
            let chunks = pipeline.workspaces.chunk_embedder(&pipeline.models, mode);
            let wave = Wave { window, first_chunk, masks: wave_masks, step_samples: self.step_samples, all_chunks };
            embedder.embed(&chunks, &wave, wave_embeddings)
        });
        let computed = (mode != EmbeddingMode::Skip).then_some(wave_embeddings.as_mut_slice());
        collect(first_chunk, wave_masks, computed, &mut self.embeddings)?;
        window.discard_before(first_chunk + num_chunks);
        Ok(())
    }
}
