//! Segmentation network: ten seconds of samples to the powerset class of each of 589 frames.
//!
//! Source: pyannote.audio `models/segmentation/PyanNet.py` with the hyper-parameters of
//! segmentation-3.0: sinc convolution front end (the module `sincnet`), four bidirectional LSTM
//! layers of 128 units, two linear layers of 128, a classifier of 7.
//!
//! A call takes several chunks, so that each step of the recurrence is a matrix product instead of
//! a matrix-vector product. Beyond four chunks, their number makes little difference. The scores of
//! a chunk are the same, bit for bit, for any other chunks of the call.

use diarist_kernels::{
    AlignedBuffer, Bf16, Element, Isa, LeftHand, LstmWeights, LstmWorkspace, PackedBiLstm, PackedMatrix, Recurrent,
    Rows, RowsMut, Store, gemm, vecmath,
};
use rayon::prelude::*;

use super::precision::Precision;
use super::sincnet::{CHANNELS, SincNet, SincNetWorkspace};
use super::stored;
use super::tensors::Tensors;
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, POWERSET_CLASSES, powerset};

/// Scores of one chunk, `[589, 7]`.
const SCORES_PER_CHUNK: usize = FRAMES_PER_CHUNK * POWERSET_CLASSES;
const HIDDEN: usize = 128;
const LSTM_LAYERS: usize = 4;
const LSTM_FEATURES: usize = 2 * HIDDEN;
const LINEAR_FEATURES: usize = 128;
const LEAKY_SLOPE: f32 = 0.01;
/// Rows that pass through all linear layers together, so that they stay in the first-level caches.
/// They fill whole tiles of every matrix product.
const LINEAR_BLOCK_ROWS: usize = 84;

/// The segmentation network with weights packed for this machine.
#[derive(Debug, Clone)]
pub struct PyanNet {
    layers: AnyLayers,
}

#[derive(Debug, Clone)]
enum AnyLayers {
    F32(Layers<f32>),
    Bf16(Layers<Bf16>),
}

/// The layers of the network. All but the first and the last multiply numbers of type `T`.
#[derive(Debug, Clone)]
struct Layers<T: Recurrent> {
    sincnet: SincNet<T>,
    lstm: Vec<PackedBiLstm<T>>,
    linear: [PackedMatrix<T>; 2],
    classifier: PackedMatrix,
}

/// Buffers of [`PyanNet`]. Each thread uses its own; they grow to the largest batch and are then
/// reused.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    f32: Activations<f32>,
    bf16: Activations<Bf16>,
    lstm: LstmWorkspace,
    /// Two blocks of rows, used in turn as input and output of the linear layers.
    linear: [AlignedBuffer; 2],
    /// `[chunks, frames, classes]`
    scores: AlignedBuffer,
}

#[derive(Debug, Clone, Default)]
struct Activations<T: Element> {
    sincnet: SincNetWorkspace<T>,
    /// Two activations, used in turn as input and output, `[frames, chunks, features]`.
    lstm: [AlignedBuffer<T>; 2],
}

/// Chunks of [`CHUNK_SAMPLES`] samples, mono, 16 kHz, in [-1, 1]; the caller pads a shorter end of
/// a recording with zeros.
///
/// The first convolution is computed only once where chunks overlap.
#[derive(Debug, Clone, Copy)]
pub struct Chunks<'a> {
    /// Samples from the start of the first chunk to the end of the last.
    pub signal: &'a [f32],
    /// Samples from the start of one chunk to that of the next: a multiple of 10, [`CHUNK_SAMPLES`]
    /// if they do not overlap.
    pub step_samples: usize,
    /// Number of chunks.
    pub num_chunks: usize,
}

impl<'a> Chunks<'a> {
    /// A single chunk.
    pub fn one(signal: &'a [f32]) -> Self {
        Self { signal, step_samples: CHUNK_SAMPLES, num_chunks: 1 }
    }
}

impl PyanNet {
    /// Packs the weights for the best instruction set of this machine; names are those of the
    /// checkpoint's state dict.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if a tensor is missing, has another shape
    /// or cannot be used.
    pub fn new(tensors: &Tensors<'_>) -> Result<Self> {
        Self::with_isa(tensors, Isa::detect())
    }

    /// As [`Self::new`], for the given instruction set.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_isa(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        Self::with_precision(tensors, isa, Precision::F32)
    }

    /// As [`Self::new`], for the given instruction set, and with products in `precision`, except
    /// those of the first and the last layer; gates, cell states and norms are always `f32`.
    ///
    /// [`Precision::F16`] rounds only the weights. This network has no integer form: with
    /// [`Precision::Int8`] it computes in bfloat16 if the processor supports it, else in `f32`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_precision(tensors: &Tensors<'_>, isa: Isa, precision: Precision) -> Result<Self> {
        let layers = match precision {
            Precision::F32 => AnyLayers::F32(Layers::new(tensors, isa)?),
            Precision::F16 => AnyLayers::F32(Layers::new(&stored::in_f16(tensors)?, isa)?),
            Precision::Int8 if !isa.has_bf16() => AnyLayers::F32(Layers::new(tensors, isa)?),
            Precision::Bf16 | Precision::Int8 => AnyLayers::Bf16(Layers::new(tensors, isa)?),
        };
        Ok(Self { layers })
    }

    /// Writes the local-speaker masks of every chunk to `masks`, and the probabilities that they
    /// follow from to `probabilities`, one of each for each chunk. Allocates nothing in a warm
    /// workspace.
    ///
    /// A chunk with samples that are not finite has no speakers.
    ///
    /// # Panics
    /// As [`Self::scores`], or if there are not as many masks or probabilities as chunks.
    pub fn forward(
        &self,
        chunks: Chunks<'_>,
        workspace: &mut Workspace,
        masks: &mut [ChunkMasks],
        probabilities: &mut [ChunkProbabilities],
    ) {
        assert!(masks.len() == chunks.num_chunks && probabilities.len() == chunks.num_chunks);
        let scores = self.scores(chunks, workspace).chunks_exact(SCORES_PER_CHUNK);
        for ((masks, probabilities), scores) in masks.iter_mut().zip(probabilities).zip(scores) {
            *masks = powerset::decode(scores);
            probabilities.fill_from_scores(scores);
        }
    }

    /// As [`Self::forward`], without the probabilities.
    ///
    /// # Panics
    /// As [`Self::scores`], or if there are not as many masks as chunks.
    pub fn masks(&self, chunks: Chunks<'_>, workspace: &mut Workspace, masks: &mut [ChunkMasks]) {
        assert_eq!(masks.len(), chunks.num_chunks);
        let scores = self.scores(chunks, workspace).chunks_exact(SCORES_PER_CHUNK);
        masks.iter_mut().zip(scores).for_each(|(masks, scores)| *masks = powerset::decode(scores));
    }

    /// Class scores before the softmax (logits) of every chunk, `[chunks, 589, 7]`; see
    /// [`powerset::log_softmax`] for log-probabilities.
    ///
    /// # Panics
    /// If the step is not a positive multiple of 10 samples, or the signal ends before the last
    /// chunk does.
    pub fn scores<'a>(&self, chunks: Chunks<'_>, workspace: &'a mut Workspace) -> &'a [f32] {
        let Workspace { f32, bf16, lstm, linear, scores } = workspace;
        match &self.layers {
            AnyLayers::F32(layers) => layers.run(chunks, f32, lstm, linear, scores),
            AnyLayers::Bf16(layers) => layers.run(chunks, bf16, lstm, linear, scores),
        }
        scores
    }
}

impl<T: Recurrent> Layers<T>
where
    f32: LeftHand<T>,
{
    fn new(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        Ok(Self {
            sincnet: SincNet::new(tensors, isa)?,
            lstm: (0..LSTM_LAYERS)
                .into_par_iter()
                .map(|layer| lstm_layer(tensors, isa, layer))
                .collect::<Result<_>>()?,
            linear: [
                linear_layer(tensors, isa, "linear.0", LSTM_FEATURES, LINEAR_FEATURES)?,
                linear_layer(tensors, isa, "linear.1", LINEAR_FEATURES, LINEAR_FEATURES)?,
            ],
            classifier: linear_layer(tensors, isa, "classifier", LINEAR_FEATURES, POWERSET_CLASSES)?,
        })
    }

    fn run(
        &self,
        chunks: Chunks<'_>,
        activations: &mut Activations<T>,
        lstm: &mut LstmWorkspace,
        linear: &mut [AlignedBuffer; 2],
        scores: &mut AlignedBuffer,
    ) {
        let num_rows = FRAMES_PER_CHUNK * chunks.num_chunks;
        let Activations { sincnet, lstm: [a, b] } = activations;
        a.resize(num_rows * CHANNELS);
        self.sincnet.run(chunks.signal, chunks.step_samples, chunks.num_chunks, sincnet, a);
        let (mut input, mut output) = (a, b);
        for layer in &self.lstm {
            output.resize(num_rows * layer.out_features());
            layer.run(input, chunks.num_chunks, lstm, output);
            std::mem::swap(&mut input, &mut output);
        }
        scores.resize(num_rows * POWERSET_CLASSES);
        self.classify(input, chunks.num_chunks, linear, scores);
    }

    /// The layers after the LSTM: from `[frames, chunks, features]` to `[chunks, frames, classes]`.
    fn classify(&self, input: &[T], num_chunks: usize, [a, b]: &mut [AlignedBuffer; 2], scores: &mut [f32]) {
        a.resize(LINEAR_BLOCK_ROWS * LINEAR_FEATURES);
        b.resize(LINEAR_BLOCK_ROWS * LINEAR_FEATURES);
        for (block, input) in input.chunks(LINEAR_BLOCK_ROWS * LSTM_FEATURES).enumerate() {
            let num_rows = input.len() / LSTM_FEATURES;
            multiply(num_rows, input, &self.linear[0], a);
            vecmath::leaky_relu(self.linear[0].isa(), a, LEAKY_SLOPE);
            multiply(num_rows, a, &self.linear[1], b);
            vecmath::leaky_relu(self.linear[1].isa(), b, LEAKY_SLOPE);
            multiply::<f32, f32>(num_rows, b, &self.classifier, a);
            for (row, values) in a.chunks_exact(POWERSET_CLASSES).take(num_rows).enumerate() {
                let row = block * LINEAR_BLOCK_ROWS + row;
                let (frame, chunk) = (row / num_chunks, row % num_chunks);
                scores[(chunk * FRAMES_PER_CHUNK + frame) * POWERSET_CLASSES..][..POWERSET_CLASSES]
                    .copy_from_slice(values);
            }
        }
    }
}

/// `output = input * layer` for rows back to back.
fn multiply<A: LeftHand<T>, T: Recurrent>(num_rows: usize, input: &[A], layer: &PackedMatrix<T>, output: &mut [f32]) {
    let rows = Rows { data: input, stride: layer.k() };
    gemm(num_rows, rows, layer, Store::default(), RowsMut { data: output, stride: layer.n() });
}

fn linear_layer<T: Recurrent>(
    tensors: &Tensors<'_>,
    isa: Isa,
    name: &str,
    in_features: usize,
    out_features: usize,
) -> Result<PackedMatrix<T>> {
    let weight = tensors.f32(&format!("{name}.weight"), &[out_features, in_features])?;
    let bias = tensors.f32(&format!("{name}.bias"), &[out_features])?;
    Ok(PackedMatrix::from_transposed(isa, &weight, in_features, out_features).with_bias(&bias))
}

fn lstm_layer<T: Recurrent>(tensors: &Tensors<'_>, isa: Isa, layer: usize) -> Result<PackedBiLstm<T>> {
    let in_features = if layer == 0 { CHANNELS } else { LSTM_FEATURES };
    let read = |suffix: &str| -> Result<[Vec<f32>; 4]> {
        let tensor = |part: &str, shape: &[usize]| tensors.f32(&format!("lstm.{part}_l{layer}{suffix}"), shape);
        Ok([
            tensor("weight_ih", &[4 * HIDDEN, in_features])?,
            tensor("weight_hh", &[4 * HIDDEN, HIDDEN])?,
            tensor("bias_ih", &[4 * HIDDEN])?,
            tensor("bias_hh", &[4 * HIDDEN])?,
        ])
    };
    let (forward, backward) = (read("")?, read("_reverse")?);
    let [forward, backward] = [&forward, &backward].map(|[weight_ih, weight_hh, bias_ih, bias_hh]| LstmWeights {
        weight_ih,
        weight_hh,
        bias_ih,
        bias_hh,
    });
    Ok(PackedBiLstm::new(isa, in_features, HIDDEN, forward, backward))
}
