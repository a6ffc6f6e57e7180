//! Segmentation network: ten seconds of samples to the powerset class of each of 589 frames.
//!
//! Source: pyannote.audio `models/segmentation/PyanNet.py` with the hyper-parameters of segmentation-3.0: sinc convolution
//! front end (the module `sincnet`), four bidirectional LSTM layers of 128 units, two linear layers of 128, a classifier of 7.
//!
//! A call takes several chunks: the recurrence then is a matrix product per step instead of a matrix-vector product. A chunk's
//! scores are the same, bit for bit, whatever the other chunks of the call are.

use diarist_kernels::{
    AlignedBuffer, Isa, LstmWeights, LstmWorkspace, PackedBiLstm, PackedMatrix, Rows, RowsMut, Store, gemm,
};

use super::Tensors;
use super::sincnet::{CHANNELS, SincNet, SincNetWorkspace};
use crate::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, POWERSET_CLASSES, powerset};

const HIDDEN: usize = 128;
const LSTM_LAYERS: usize = 4;
const LSTM_FEATURES: usize = 2 * HIDDEN;
const LINEAR_FEATURES: usize = 128;
const LEAKY_SLOPE: f32 = 0.01;

/// The segmentation network with weights packed for this machine.
#[derive(Debug, Clone)]
pub struct PyanNet {
    sincnet: SincNet,
    lstm: Vec<PackedBiLstm>,
    linear: [PackedMatrix; 2],
    classifier: PackedMatrix,
}

/// Buffers of [`PyanNet`], one for each thread; they grow to the largest batch and are reused from then on.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    sincnet: SincNetWorkspace,
    lstm: LstmWorkspace,
    /// Two activations that take turns, `[frames, chunks, features]`.
    activations: [AlignedBuffer; 2],
    /// `[frames, chunks, classes]`
    time_major_scores: AlignedBuffer,
    /// `[chunks, frames, classes]`
    scores: AlignedBuffer,
}

/// Chunks of [`CHUNK_SAMPLES`] samples, mono, 16 kHz, in [-1, 1]; the caller pads a shorter end of a recording with zeros.
///
/// The first convolution of stretches that several chunks share is computed once.
#[derive(Debug, Clone, Copy)]
pub struct Chunks<'a> {
    /// All chunks, one after the other.
    pub signal: &'a [f32],
    /// Samples from the start of one chunk to that of the next: a multiple of 10, [`CHUNK_SAMPLES`] if they do not overlap.
    pub step_samples: usize,
    /// How many chunks there are.
    pub num_chunks: usize,
}

impl<'a> Chunks<'a> {
    /// A single chunk.
    pub fn one(signal: &'a [f32]) -> Self {
        Self { signal, step_samples: CHUNK_SAMPLES, num_chunks: 1 }
    }
}

impl PyanNet {
    /// Packs the weights for the best instruction set of this machine; names are those of the checkpoint's state dict.
    ///
    /// # Errors
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if a tensor is missing, has another shape or cannot be used.
    pub fn new(tensors: &Tensors<'_>) -> Result<Self> {
        Self::with_isa(tensors, Isa::detect())
    }

    /// As [`Self::new`], for the given instruction set.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_isa(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        let linear = |name: &str, in_features: usize, out_features: usize| -> Result<PackedMatrix> {
            let weight = tensors.f32(&format!("{name}.weight"), &[out_features, in_features])?;
            let bias = tensors.f32(&format!("{name}.bias"), &[out_features])?;
            Ok(PackedMatrix::from_transposed(isa, &weight, in_features, out_features).with_bias(&bias))
        };
        Ok(Self {
            sincnet: SincNet::new(tensors, isa)?,
            lstm: (0..LSTM_LAYERS).map(|layer| lstm_layer(tensors, isa, layer)).collect::<Result<_>>()?,
            linear: [
                linear("linear.0", LSTM_FEATURES, LINEAR_FEATURES)?,
                linear("linear.1", LINEAR_FEATURES, LINEAR_FEATURES)?,
            ],
            classifier: linear("classifier", LINEAR_FEATURES, POWERSET_CLASSES)?,
        })
    }

    /// Writes the local-speaker masks of every chunk to `masks`, one for each chunk.
    ///
    /// A chunk with samples that are not finite has no speakers.
    ///
    /// # Panics
    /// As [`Self::scores`], or if there are not as many masks as chunks.
    pub fn forward(&self, chunks: Chunks<'_>, workspace: &mut Workspace, masks: &mut [ChunkMasks]) {
        assert_eq!(masks.len(), chunks.num_chunks);
        let scores = self.scores(chunks, workspace);
        for (masks, scores) in masks.iter_mut().zip(scores.chunks_exact(FRAMES_PER_CHUNK * POWERSET_CLASSES)) {
            *masks = powerset::decode(scores);
        }
    }

    /// Class scores before the softmax (logits) of every chunk, `[chunks, 589, 7]`; see
    /// [`powerset::log_softmax`] for log-probabilities.
    ///
    /// # Panics
    /// If the step is not a positive multiple of 10 samples, or the signal ends before the last chunk does.
    pub fn scores<'a>(&self, chunks: Chunks<'_>, workspace: &'a mut Workspace) -> &'a [f32] {
        let Chunks { signal, step_samples, num_chunks } = chunks;
        let num_rows = FRAMES_PER_CHUNK * num_chunks;
        let Workspace { sincnet, lstm, activations: [a, b], time_major_scores, scores } = workspace;

        a.resize(num_rows * CHANNELS);
        self.sincnet.run(signal, step_samples, num_chunks, sincnet, a);
        let (mut input, mut output) = (a, b);
        for layer in &self.lstm {
            output.resize(num_rows * layer.out_features());
            layer.run(input, num_chunks, lstm, output);
            std::mem::swap(&mut input, &mut output);
        }
        for layer in &self.linear {
            output.resize(num_rows * layer.n());
            linear(layer, input, output);
            for value in output.iter_mut() {
                *value = if *value > 0.0 { *value } else { *value * LEAKY_SLOPE };
            }
            std::mem::swap(&mut input, &mut output);
        }
        time_major_scores.resize(num_rows * POWERSET_CLASSES);
        linear(&self.classifier, input, time_major_scores);

        scores.resize(num_rows * POWERSET_CLASSES);
        for (row, values) in time_major_scores.chunks_exact(POWERSET_CLASSES).enumerate() {
            let (frame, chunk) = (row / num_chunks, row % num_chunks);
            scores[(chunk * FRAMES_PER_CHUNK + frame) * POWERSET_CLASSES..][..POWERSET_CLASSES].copy_from_slice(values);
        }
        scores
    }
}

/// `output = input * layer`, rows back to back.
fn linear(layer: &PackedMatrix, input: &[f32], output: &mut [f32]) {
    let num_rows = input.len() / layer.k();
    let rows = Rows { data: input, stride: layer.k() };
    gemm(num_rows, rows, layer, Store::default(), RowsMut { data: output, stride: layer.n() });
}

fn lstm_layer(tensors: &Tensors<'_>, isa: Isa, layer: usize) -> Result<PackedBiLstm> {
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
