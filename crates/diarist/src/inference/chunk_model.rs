//! Runs both networks and the scores of one chunk in one call.

use std::ops::Range;
use std::{fmt, slice};

use crate::analysis::{
    EMBEDDING_DIMENSION, MAX_SOLO_FRAMES, MIN_SOLO_FRAMES, SUBSEGMENT_FRAMES, SUBSEGMENT_SHIFT, Subsegments,
};
use crate::error::{Error, Result};
use crate::features::fbank::{FRAME_SHIFT, Fbank, chunk_mean};
use crate::models::pyannet::Chunks;
use crate::models::resnet34::{FEATURE_SHIFT, OUT_CHANNELS, mask_frame};
use crate::models::{pyannet, resnet34};
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, LOCAL_SPEAKERS, SAMPLE_RATE};

use super::networks::{Networks, check_finite};
use super::scores::{ChunkScoreOptions, ChunkScores, score_chunk};
use super::wave::recording_frame;

/// Feature frames of a chunk.
const CHUNK_FEATURES: usize = CHUNK_SAMPLES / FRAME_SHIFT / FEATURE_SHIFT;

/// The unified model of one chunk: masks, probabilities, embeddings, and distances to the speakers
/// known so far.
///
/// One instance serves one thread; several may share the [`Networks`]. After the first chunk
/// nothing is allocated, unless there are more known speakers than ever before.
///
/// ```
/// use diarist::parts::inference::{ChunkModel, Networks, ChunkScoreOptions};
///
/// # fn main() -> diarist::Result<()> {
/// let networks = Networks::embedded()?;
/// let mut model = ChunkModel::new(&networks);
/// let mut known = Vec::new();
/// let samples = vec![0.0; 16_000]; // A second of silence; usually up to 10 s of 16 kHz mono.
/// let chunk = model.run(&samples, &known, &ChunkScoreOptions::default())?;
/// for local in 0..3 {
///     let distances = chunk.distances(local);
///     if chunk.scores.valid[local] && distances.iter().all(|&distance| distance > 0.6) {
///         known.extend_from_slice(&chunk.embeddings[local]); // A new speaker.
///     }
/// }
/// assert!(known.is_empty());
/// # Ok(())
/// # }
/// ```
pub struct ChunkModel<'a> {
    networks: &'a Networks,
    state: ChunkState,
}

/// The state that a [`ChunkModel`] keeps from chunk to chunk, for callers that hold the networks in
/// another way.
pub(crate) struct ChunkState {
    fbank: Fbank,
    segmentation: pyannet::Workspace,
    embedding: resnet34::Workspace,
    /// The samples of the chunk, padded with zeros.
    signal: Vec<f32>,
    /// Shape `[998, 80]`.
    frames: Vec<f32>,
    output: ChunkOutput,
}

impl fmt::Debug for ChunkModel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkModel").field("output", &self.state.output).finish_non_exhaustive()
    }
}

impl fmt::Debug for ChunkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkState").field("output", &self.output).finish_non_exhaustive()
    }
}

/// The result of [`ChunkModel::run`] for a chunk.
#[derive(Debug, Clone, PartialEq)]
pub struct ChunkOutput {
    /// Frames of each local speaker.
    pub masks: ChunkMasks,
    /// Probabilities of each local speaker and of overlap.
    pub probabilities: ChunkProbabilities,
    /// Raw embedding of each local speaker, `[3, 256]`; zeros for local speakers that are never
    /// active.
    pub embeddings: [[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    /// Distances to the known speakers, activity, and validity of the local speakers.
    pub scores: ChunkScores,
}

impl ChunkOutput {
    /// Cosine distances of a local speaker (0 to 2) to the known speakers; empty if there are no
    /// known speakers.
    ///
    /// # Panics
    /// If there is no such local speaker.
    pub fn distances(&self, local: usize) -> &[f32] {
        assert!(local < LOCAL_SPEAKERS, "local speakers are 0 to {}", LOCAL_SPEAKERS - 1);
        let num_known = self.scores.distances.len() / LOCAL_SPEAKERS;
        &self.scores.distances[local * num_known..][..num_known]
    }
}

impl<'a> ChunkModel<'a> {
    /// A model that runs `networks`.
    pub fn new(networks: &'a Networks) -> Self {
        Self { networks, state: ChunkState::default() }
    }

    /// Runs both networks and the scores on one chunk.
    ///
    /// - `audio`: up to 10 s of 16 kHz mono samples in [-1, 1]; a shorter chunk is padded with
    ///   silence.
    /// - `known`: embeddings of the known speakers, row-major `[num_known, 256]`, possibly none.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Input`] for more than 10 s or a sample that is not finite,
    /// [`crate::ErrorKind::InvalidOption`] if `known` does not consist of rows of 256,
    /// [`crate::ErrorKind::Weights`] if an embedding is not finite.
    pub fn run(&mut self, audio: &[f32], known: &[f32], options: &ChunkScoreOptions) -> Result<&ChunkOutput> {
        self.state.run(self.networks, audio, known, options)
    }

    /// The embeddings of the subsegments `indices` of a recording, from the features of the last
    /// chunk, which starts at the fbank frame `start` (10 ms) of the recording.
    ///
    /// A subsegment is used as far as it lies within the chunk, and a feature frame is solo by this
    /// chunk alone. Embeddings of a whole recording take the mean of all chunks instead.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Weights`] if an embedding is not finite.
    pub fn subsegments(&self, start: usize, indices: Range<usize>) -> Result<Subsegments> {
        self.state.subsegments(self.networks, start, indices)
    }
}

impl Default for ChunkState {
    fn default() -> Self {
        let output = ChunkOutput {
            masks: ChunkMasks::default(),
            probabilities: ChunkProbabilities::default(),
            embeddings: [[0.0; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
            scores: ChunkScores::default(),
        };
        Self {
            fbank: Fbank::new(),
            segmentation: pyannet::Workspace::default(),
            embedding: resnet34::Workspace::default(),
            signal: Vec::new(),
            frames: Vec::new(),
            output,
        }
    }
}

impl ChunkState {
    /// As [`ChunkModel::run`].
    pub(crate) fn run(
        &mut self,
        networks: &Networks,
        audio: &[f32],
        known: &[f32],
        options: &ChunkScoreOptions,
    ) -> Result<&ChunkOutput> {
        check(audio, known)?;
        let mut signal = std::mem::take(&mut self.signal);
        signal.clear();
        signal.extend_from_slice(audio);
        signal.resize(CHUNK_SAMPLES, 0.0);
        let ChunkOutput { masks, probabilities, .. } = &mut self.output;
        let one = (slice::from_mut(masks), slice::from_mut(probabilities));
        networks.segmentation.forward(Chunks::one(&signal), &mut self.segmentation, one.0, one.1);
        let embedded = self.embed(networks, &signal, known, options);
        self.signal = signal;
        embedded?;
        Ok(&self.output)
    }

    /// As [`Self::run`] for a whole chunk that was segmented already. `known` has whole rows.
    pub(crate) fn run_segmented(
        &mut self,
        networks: &Networks,
        signal: &[f32],
        segmented: (ChunkMasks, ChunkProbabilities),
        known: &[f32],
        options: &ChunkScoreOptions,
    ) -> Result<()> {
        (self.output.masks, self.output.probabilities) = segmented;
        self.embed(networks, signal, known, options)
    }

    /// Fills the embeddings and the scores of the output, from its masks and probabilities.
    fn embed(&mut self, networks: &Networks, signal: &[f32], known: &[f32], options: &ChunkScoreOptions) -> Result<()> {
        let Self { fbank, embedding: workspace, frames, output, .. } = self;
        let ChunkOutput { masks, probabilities, embeddings, scores } = output;
        let speakers = masks.embedding_masks();
        if !masks.is_silent() {
            frames.clear();
            fbank.compute(signal, frames);
            let is_wanted = |t: usize| {
                let frame = mask_frame(t, CHUNK_FEATURES);
                is_solo(probabilities, t) || speakers.iter().flatten().any(|mask| mask.get(frame))
            };
            networks.embedding.trunk_where(frames, &chunk_mean(frames), is_wanted, workspace);
        }
        for (mask, embedding) in speakers.iter().zip(embeddings.iter_mut()) {
            match mask {
                Some(mask) => networks.embedding.embed(workspace, mask, embedding),
                None => embedding.fill(0.0),
            }
        }
        check_finite(embeddings.as_flattened())?;
        let present: [Option<&[f32]>; LOCAL_SPEAKERS] =
            std::array::from_fn(|local| speakers[local].is_some().then_some(embeddings[local].as_slice()));
        score_chunk(&present, known, masks, options, scores);
        Ok(())
    }

    /// The output for the last chunk.
    pub(crate) fn output(&self) -> &ChunkOutput {
        &self.output
    }

    /// As [`ChunkModel::subsegments`].
    pub(crate) fn subsegments(&self, networks: &Networks, start: usize, indices: Range<usize>) -> Result<Subsegments> {
        let ChunkOutput { masks, probabilities, .. } = &self.output;
        let mut found = Subsegments::default();
        if masks.is_silent() {
            return Ok(found);
        }
        for index in indices {
            let first = (index * SUBSEGMENT_SHIFT).saturating_sub(start).div_ceil(FEATURE_SHIFT);
            let end = (index * SUBSEGMENT_SHIFT + SUBSEGMENT_FRAMES).saturating_sub(start).div_ceil(FEATURE_SHIFT);
            let frames = first..end.min(CHUNK_FEATURES);
            let solo = frames.filter(|&t| is_solo(probabilities, t)).take(MAX_SOLO_FRAMES);
            let num_frames = solo.clone().count();
            if num_frames < MIN_SOLO_FRAMES {
                continue;
            }
            let frames = |_, row| {
                let features = self.embedding.features(row);
                solo.clone().map(move |t| &features[t * OUT_CHANNELS..][..OUT_CHANNELS])
            };
            let mut embedding = [0.0; EMBEDDING_DIMENSION];
            networks.embedding.embed_frames(frames, &mut embedding);
            check_finite(&embedding)?;
            found.push(index as u32, num_frames as u8, &embedding);
        }
        Ok(found)
    }
}

/// Whether somebody, and only one person, is likelier than not to speak in feature frame `t`.
fn is_solo(probabilities: &ChunkProbabilities, t: usize) -> bool {
    probabilities.is_solo(recording_frame(t * FEATURE_SHIFT))
}

fn check(audio: &[f32], known: &[f32]) -> Result<()> {
    if audio.len() > CHUNK_SAMPLES {
        let seconds = audio.len() as f64 / f64::from(SAMPLE_RATE);
        return Err(Error::input(format!("a chunk of {seconds:.3} s is longer than 10 s")).hint("cut it into chunks"));
    }
    if let Some(bad) = audio.iter().position(|sample| !sample.is_finite()) {
        return Err(Error::input(format!("sample {bad} of the chunk is not a finite number")));
    }
    if !known.len().is_multiple_of(EMBEDDING_DIMENSION) {
        return Err(Error::invalid_option(format!("{} values are not rows of {EMBEDDING_DIMENSION}", known.len()))
            .hint("give the embedding of each known speaker as 256 values"));
    }
    Ok(())
}
