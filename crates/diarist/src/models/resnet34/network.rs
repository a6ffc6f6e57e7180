//! The network itself: trunk, pooling and the embedding layer.

use diarist_kernels::{Bf16, Columns, F16, Isa, PackedMatrix, Plane, Rows, RowsMut, Store, gemm, statistics};

use super::input::set_input;
use super::ranges;
use super::trunk::{BAND_COLUMNS, Code, Planes, Trunk, num_features};
use crate::error::Result;
use crate::features::fbank::NUM_MEL_BINS;
use crate::models::architecture::EMBEDDING_DIMENSION;
use crate::models::precision::Precision;
use crate::models::stored;
use crate::models::tensors::Tensors;
use crate::segmentation::masks::FrameMask;
use crate::segmentation::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

/// Height of the trunk's output: 80 bins halved three times.
pub(crate) const OUT_HEIGHT: usize = 10;
pub(crate) const OUT_CHANNELS: usize = 256;
/// Fbank frames from one feature frame to the next.
pub(crate) const FEATURE_SHIFT: usize = 8;
/// Number of pooled statistics: means, then standard deviations, over (frequency, channel).
const NUM_STATISTICS: usize = 2 * OUT_HEIGHT * OUT_CHANNELS;

/// The network; one instance serves any number of threads, each with its own [`Workspace`].
#[derive(Debug)]
pub struct ResNet34 {
    trunk: AnyTrunk,
    /// `[5120, 256]`; rows in the order of the statistics: mean or deviation, frequency, channel.
    linear: PackedMatrix,
}

#[derive(Debug)]
enum AnyTrunk {
    F32(Trunk<f32>),
    F16(Trunk<F16>),
    Bf16(Trunk<Bf16>),
    Int8(Trunk<u8>),
}

/// Activations of one chunk: 26 MB for 10 s in f32, half of that in 16 bits, a quarter in 8 bits.
/// Reuse a workspace: after the first chunk of a length nothing is allocated.
#[derive(Debug, Default)]
pub struct Workspace {
    input: Plane,
    f32: Planes<f32>,
    f16: Planes<F16>,
    bf16: Planes<Bf16>,
    int8: Planes<u8>,
    features: Plane,
    /// Feature frames to compute.
    wanted: Columns,
}

impl Workspace {
    /// Number of feature frames that the last [`ResNet34::trunk`] left here: 125 for a chunk of
    /// 10 s.
    pub fn num_frames(&self) -> usize {
        self.features.width()
    }

    /// Features of the trunk at frequency `row` (0..10): shape `[num_frames, 256]`. After
    /// [`ResNet34::trunk_for`] the frames that no mask needs hold unspecified values.
    ///
    /// # Panics
    ///
    /// If `row` is 10 or more, or no trunk was run.
    pub fn features(&self, row: usize) -> &[f32] {
        self.features.row(row)
    }
}

impl ResNet34 {
    /// Packs the weights for the best instruction set ([`Isa::detect`]). The tensors are
    /// `resnet.conv1`, `resnet.layer{1..4}.{i}.conv{1,2}`, `resnet.layer{2..4}.0.shortcut.0` and
    /// `resnet.seg_1`, each with `.weight` and `.bias`, with batch normalisation folded into them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if a tensor is missing or misshapen.
    pub fn new(tensors: &Tensors<'_>) -> Result<Self> {
        Self::with_isa(tensors, Isa::detect())
    }

    /// As [`Self::new`] for a given instruction set.
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn with_isa(tensors: &Tensors<'_>, isa: Isa) -> Result<Self> {
        Self::with_precision(tensors, isa, Precision::F32)
    }

    /// As [`Self::new`] for a given instruction set, and with convolutions in `precision`. Pooling
    /// and the last layer are always `f32`; [`Precision::F16`] rounds the weights of the last
    /// layer, too. With [`Precision::Int8`] the ranges of the activations are those of the embedded
    /// weights, so `tensors` should be close to them (see [`ranges_fit`](super::ranges_fit)).
    ///
    /// # Errors
    ///
    /// As [`Self::new`].
    pub fn with_precision(tensors: &Tensors<'_>, isa: Isa, precision: Precision) -> Result<Self> {
        let rounded = if precision == Precision::F16 { Some(stored::in_f16(tensors)?) } else { None };
        let tensors = rounded.as_ref().unwrap_or(tensors);
        let trunk = || match precision {
            Precision::F32 => Ok(AnyTrunk::F32(Trunk::new(tensors, isa, |_, _| Ok(Code::PLAIN))?)),
            Precision::F16 => Ok(AnyTrunk::F16(Trunk::new(tensors, isa, |_, _| Ok(Code::PLAIN))?)),
            Precision::Bf16 => Ok(AnyTrunk::Bf16(Trunk::new(tensors, isa, |_, _| Ok(Code::PLAIN))?)),
            Precision::Int8 => Ok(AnyTrunk::Int8(Trunk::new(tensors, isa, ranges::code)?)),
        };
        let linear = || {
            let weight = tensors.f32("resnet.seg_1.weight", &[EMBEDDING_DIMENSION, NUM_STATISTICS])?;
            let bias = tensors.f32("resnet.seg_1.bias", &[EMBEDDING_DIMENSION])?;
            let linear = PackedMatrix::from_fn(isa, NUM_STATISTICS, EMBEDDING_DIMENSION, |row, column| {
                weight[column * NUM_STATISTICS + checkpoint_statistic(row)]
            });
            Result::Ok(linear.with_bias(&bias))
        };
        let (trunk, linear) = rayon::join(trunk, linear);
        Ok(Self { trunk: trunk?, linear: linear? })
    }

    /// Computes the features of one chunk and leaves them in `workspace`.
    ///
    /// `fbank` has shape `[frames, 80]`: log-mel features of 16-bit-scaled samples; `mean` is their
    /// mean over the frames of the chunk, which is subtracted here. 998 frames (10 s) give 125
    /// feature frames, n frames give n / 8 rounded up.
    ///
    /// # Panics
    ///
    /// If `fbank` is not a whole number of frames.
    pub fn trunk(&self, fbank: &[f32], mean: &[f32; NUM_MEL_BINS], workspace: &mut Workspace) {
        let num_frames = num_features(fbank.len() / NUM_MEL_BINS);
        workspace.wanted.set(std::iter::once(0..num_frames));
        self.wanted_features(fbank, mean, workspace);
    }

    /// As [`Self::trunk`], but computes only the features that embeddings of `masks` need, with the
    /// same bits. Embeddings of other masks must not be asked for.
    ///
    /// # Panics
    ///
    /// As [`Self::trunk`].
    pub fn trunk_for<'a>(
        &self,
        fbank: &[f32],
        mean: &[f32; NUM_MEL_BINS],
        masks: impl Iterator<Item = &'a FrameMask> + Clone,
        workspace: &mut Workspace,
    ) {
        let num_frames = num_features(fbank.len() / NUM_MEL_BINS);
        let is_wanted = |t: usize| masks.clone().any(|mask| mask.get(mask_frame(t, num_frames)));
        self.trunk_where(fbank, mean, is_wanted, workspace);
    }

    /// As [`Self::trunk`], but computes only the feature frames for which `is_wanted` is true, to
    /// the same bits.
    ///
    /// # Panics
    ///
    /// As [`Self::trunk`].
    pub fn trunk_where(
        &self,
        fbank: &[f32],
        mean: &[f32; NUM_MEL_BINS],
        is_wanted: impl Fn(usize) -> bool,
        workspace: &mut Workspace,
    ) {
        let num_frames = num_features(fbank.len() / NUM_MEL_BINS);
        workspace.wanted.set((0..num_frames).filter(|t| is_wanted(*t)).map(|t| t..t + 1));
        self.wanted_features(fbank, mean, workspace);
    }

    fn wanted_features(&self, fbank: &[f32], mean: &[f32; NUM_MEL_BINS], workspace: &mut Workspace) {
        let Workspace { input, f32, f16, bf16, int8, features, wanted } = workspace;
        set_input(fbank, mean, input);
        match &self.trunk {
            AnyTrunk::F32(trunk) => trunk.run(input, wanted, BAND_COLUMNS, f32, features, |_, _, _| {}),
            AnyTrunk::F16(trunk) => trunk.run(input, wanted, BAND_COLUMNS, f16, features, |_, _, _| {}),
            AnyTrunk::Bf16(trunk) => trunk.run(input, wanted, BAND_COLUMNS, bf16, features, |_, _, _| {}),
            AnyTrunk::Int8(trunk) => trunk.run(input, wanted, BAND_COLUMNS, int8, features, |_, _, _| {}),
        }
    }

    /// Writes to `out` the embedding of the frames in `mask`, not normalised, from the features of
    /// the last [`Self::trunk`] on `workspace`. If these come from [`Self::trunk_for`], `mask` must
    /// be one of its masks.
    ///
    /// The 589 frames of the mask are mapped to the feature frames by the nearest lower index, as
    /// pyannote.audio does. With no active frame the statistics are zero and the embedding is the
    /// bias of the last layer.
    ///
    /// # Panics
    ///
    /// If `out.len() != 256` or no trunk was run.
    pub fn embed(&self, workspace: &Workspace, mask: &FrameMask, out: &mut [f32]) {
        let num_frames = workspace.num_frames();
        let active = (0..num_frames).filter(|t| mask.get(mask_frame(*t, num_frames)));
        let frames = |_, row| {
            let features = workspace.features(row);
            active.clone().map(move |t| &features[t * OUT_CHANNELS..][..OUT_CHANNELS])
        };
        self.embed_frames(frames, out);
    }

    /// Writes the embeddings of at most three speakers to `out`, `[speakers, 256]`, not normalised.
    ///
    /// `frames(speaker, row)` returns the features of a speaker at frequency `row` (0..10), each of
    /// 256 values. A speaker without frames gets the embedding of an empty mask in [`Self::embed`].
    ///
    /// # Panics
    ///
    /// If `out` is not a whole number of embeddings, or more than three.
    pub fn embed_frames<'a, I>(&self, frames: impl Fn(usize, usize) -> I, out: &mut [f32])
    where
        I: Iterator<Item = &'a [f32]> + Clone,
    {
        let mut all = [0.0; LOCAL_SPEAKERS * NUM_STATISTICS];
        self.embed_with(frames, &mut all, out);
    }

    /// As [`Self::embed_frames`], for any number of sets of frames in place of speakers.
    ///
    /// # Panics
    ///
    /// If `out` is not a whole number of embeddings.
    pub(crate) fn embed_sets<'a, I>(&self, frames: impl Fn(usize, usize) -> I, out: &mut [f32])
    where
        I: Iterator<Item = &'a [f32]> + Clone,
    {
        let mut all = vec![0.0; out.len() / EMBEDDING_DIMENSION * NUM_STATISTICS];
        self.embed_with(frames, &mut all, out);
    }

    /// As [`Self::embed_sets`]. The statistics of the sets are left in `all`, `[sets, 5120]`.
    fn embed_with<'a, I>(&self, frames: impl Fn(usize, usize) -> I, all: &mut [f32], out: &mut [f32])
    where
        I: Iterator<Item = &'a [f32]> + Clone,
    {
        let num_sets = out.len() / EMBEDDING_DIMENSION;
        assert_eq!(out.len(), num_sets * EMBEDDING_DIMENSION, "embeddings");
        let all = &mut all[..num_sets * NUM_STATISTICS];
        for (set, values) in all.chunks_exact_mut(NUM_STATISTICS).enumerate() {
            let (means, deviations) = values.split_at_mut(NUM_STATISTICS / 2);
            let outputs = means.chunks_exact_mut(OUT_CHANNELS).zip(deviations.chunks_exact_mut(OUT_CHANNELS));
            for (row, (mean, deviation)) in outputs.enumerate() {
                statistics(frames(set, row), mean, deviation);
            }
        }
        let all = Rows { data: all, stride: NUM_STATISTICS };
        gemm(num_sets, all, &self.linear, Store::default(), RowsMut { data: out, stride: EMBEDDING_DIMENSION });
    }
}

/// Position in the checkpoint's order (mean or deviation, channel, frequency) of statistic `index`
/// in the order used here (mean or deviation, frequency, channel).
fn checkpoint_statistic(index: usize) -> usize {
    let half = OUT_HEIGHT * OUT_CHANNELS;
    let (kind, row, channel) = (index / half, index % half / OUT_CHANNELS, index % OUT_CHANNELS);
    kind * half + channel * OUT_HEIGHT + row
}

/// The mask frame that stands for feature frame `t` of `num_frames`: `floor(t * 589 / num_frames)`
/// with the ratio rounded to f32, which is the rule of PyTorch's `interpolate(mode="nearest")`.
pub(crate) fn mask_frame(t: usize, num_frames: usize) -> usize {
    let ratio = FRAMES_PER_CHUNK as f32 / num_frames as f32;
    ((t as f32 * ratio) as usize).min(FRAMES_PER_CHUNK - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mask_frames_of_a_chunk() {
        let frames: Vec<usize> = (0..125).map(|t| mask_frame(t, 125)).collect();
        assert_eq!(frames[..5], [0, 4, 9, 14, 18]);
        assert_eq!(frames[122..], [574, 579, 584]);
        assert_eq!(mask_frame(588, 589), 588);
        assert_eq!(mask_frame(999, 1000), 588);
    }

    #[test]
    fn statistics_are_permuted_one_to_one() {
        let mut positions: Vec<usize> = (0..NUM_STATISTICS).map(checkpoint_statistic).collect();
        // Channel 1, frequency 2 of the deviations.
        assert_eq!(positions[2560 + 2 * 256 + 1], 2560 + 10 + 2);
        positions.sort_unstable();
        assert!(positions.into_iter().eq(0..NUM_STATISTICS));
    }
}
