//! Analyzes audio that arrives in pieces.
//!
//! Finished chunks go to a temporary file, so that memory does not grow with the recording. The
//! file is larger than a saved analysis in f16 by two fifths, about 7 MB for each hour. WebAssembly
//! has no files, so they stay in memory there.

#[cfg(not(target_family = "wasm"))]
use std::fs::File;
#[cfg(target_family = "wasm")]
use std::io::Cursor;
use std::io::{BufReader, Seek};

use crate::analysis::saved::{self, AnalysisWriter};
use crate::analysis::{Analysis, ChunkGeometry, Embeddings, Origin, Subsegments};
use crate::error::{Error, ErrorKind, Result};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;

use super::analyzer::{Analyzer, collect};
use super::backend::{Run, Wave, WaveOutput};
use super::intake::Window;
use super::wave::WaveSpan;

/// Least number of chunks that are computed together before the end. The segmentation network takes
/// much less time for each of four chunks than for a single one (docs/adr/0007).
const WAVE_CHUNKS: usize = 4;
/// Largest number of chunks that are held before they are stored: a minute at the usual step.
const MAX_HELD_CHUNKS: usize = 60;

/// The place of finished chunks.
#[cfg(not(target_family = "wasm"))]
type Store = File;
#[cfg(target_family = "wasm")]
type Store = Cursor<Vec<u8>>;

/// As [`Analyzer::analyze`], but the caller supplies the samples. The analysis is the same to the
/// last bit, for pieces of any size.
///
/// Chunks are computed a few at a time, after all samples that they need have arrived. Samples and
/// features before the oldest unfinished chunk are discarded.
#[derive(Debug)]
pub struct StreamAnalysis {
    origin: Origin,
    step_samples: usize,
    window: Window,
    run: Box<dyn Run>,
    num_samples: u64,
    /// First chunk of `masks`, `probabilities` and `embeddings`; the chunks before it are in the
    /// file, and so are the subsegments before those of `subsegments`.
    first_chunk: usize,
    masks: Vec<ChunkMasks>,
    probabilities: Vec<ChunkProbabilities>,
    embeddings: Embeddings,
    subsegments: Subsegments,
    output: WaveOutput,
    stored: AnalysisWriter<Store>,
}

impl StreamAnalysis {
    /// An analysis without samples, of the recording `file_id`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Output`] if there is no room for a temporary file.
    pub fn new(analyzer: &Analyzer, file_id: &str) -> Result<Self> {
        let header = analyzer.header(file_id)?;
        let step_samples = header.step_samples;
        let file = empty_store()?;
        Ok(Self {
            stored: AnalysisWriter::new(file, &header)?,
            origin: header.origin,
            step_samples,
            window: Window::new(step_samples, 0),
            run: analyzer.start(),
            num_samples: 0,
            first_chunk: 0,
            masks: Vec::new(),
            probabilities: Vec::new(),
            embeddings: Embeddings::default(),
            subsegments: Subsegments::default(),
            output: WaveOutput::default(),
        })
    }

    /// Computes chunks that earlier samples completed, and takes the next samples (16 kHz mono,
    /// finite). So work on these samples that is more urgent can come before their chunks.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if a network gives a value that is not finite.
    pub fn push(&mut self, analyzer: &Analyzer, samples: &[f32]) -> Result<()> {
        let num_chunks = self.window.num_whole_chunks(self.num_chunks(), self.run.samples_beyond());
        if num_chunks >= WAVE_CHUNKS {
            self.compute(analyzer, num_chunks, None)?;
        }
        if self.masks.len() >= MAX_HELD_CHUNKS {
            self.store()?;
        }
        self.window.extend(samples);
        self.num_samples += samples.len() as u64;
        Ok(())
    }

    /// Computes the remaining chunks. The last chunk is padded with zeros.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn finish(mut self, analyzer: &Analyzer) -> Result<Analysis> {
        let geometry = ChunkGeometry { step_samples: self.step_samples, num_samples: self.num_samples };
        let all_chunks = geometry.num_chunks();
        let remaining = all_chunks - self.num_chunks();
        if remaining > 0 {
            self.window.pad(self.num_chunks(), remaining);
            self.compute(analyzer, remaining, Some(all_chunks))?;
        }
        if self.first_chunk == 0 {
            let Self { origin, masks, probabilities, embeddings, subsegments, .. } = self;
            return Ok(Analysis {
                origin,
                geometry,
                masks,
                probabilities,
                embeddings,
                subsegments,
                ..Analysis::default()
            });
        }
        self.store()?;
        let mut file = self.stored.finish(self.num_samples)?;
        file.rewind().map_err(unusable)?;
        let saved = saved::read(BufReader::new(file))?;
        if !saved.is_whole {
            return Err(Error::new(ErrorKind::Internal, "the temporary file of the analysis is damaged"));
        }
        Ok(saved.analysis)
    }

    /// Number of chunks so far.
    fn num_chunks(&self) -> usize {
        self.first_chunk + self.masks.len()
    }

    /// Moves the held chunks to the file.
    fn store(&mut self) -> Result<()> {
        self.stored.push(&self.masks, &self.probabilities, &self.embeddings, &self.subsegments)?;
        self.first_chunk += self.masks.len();
        self.masks.clear();
        self.probabilities.clear();
        self.embeddings.slots.clear();
        self.embeddings.values.clear();
        self.subsegments.truncate(0);
        Ok(())
    }

    fn compute(&mut self, analyzer: &Analyzer, num_chunks: usize, all_chunks: Option<usize>) -> Result<()> {
        let first_chunk = self.num_chunks();
        let step_samples = self.step_samples;
        let Self { window, run, masks, probabilities, subsegments, output, .. } = self;
        let wave = Wave { window, span: WaveSpan { first_chunk, num_chunks, step_samples, all_chunks } };
        analyzer.install(|| run.compute(&wave, output))?;
        let computed = analyzer.settings().has_embeddings().then_some(output.embeddings.as_slice());
        collect(first_chunk, &output.masks, computed, &mut self.embeddings)?;
        masks.append(&mut output.masks);
        probabilities.append(&mut output.probabilities);
        subsegments.append(&mut output.subsegments);
        window.discard_before(run.first_kept(first_chunk + num_chunks, step_samples));
        Ok(())
    }
}

#[cfg(not(target_family = "wasm"))]
fn empty_store() -> Result<Store> {
    tempfile::tempfile().map_err(unusable)
}

#[cfg(target_family = "wasm")]
#[expect(clippy::unnecessary_wraps, reason = "a file may be impossible")]
fn empty_store() -> Result<Store> {
    Ok(Store::default())
}

fn unusable(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Output, "the temporary file of the analysis cannot be used")
        .caused_by(error)
        .hint("make room in the folder for temporary files, or choose another with TMPDIR")
}
