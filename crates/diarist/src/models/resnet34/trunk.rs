//! The convolutions of ResNet34, in any precision.
//!
//! The stem takes `f32` and the last addition gives `f32`; the planes in between hold the numbers
//! that the precision multiplies. An activation that is stored in integers has a [`Code`]: the
//! layer before it divides by the step and the layer after it multiplies by the step, both with
//! scaled weights.

use std::ops::Range;

use diarist_kernels::{
    Activation, Bf16, Columns, Conv2dShape, F16, Isa, PackedConv2d, PackedWinogradConv2d, Plane, Store,
    WinogradWorkspace,
};

use rayon::prelude::*;

use super::needs::Needs;
use crate::error::Result;
use crate::models::tensors::Tensors;

/// Channels and number of blocks of each stage. The first block of every stage but the first halves
/// both axes.
const STAGES: [(usize, usize); 4] = [(32, 3), (64, 4), (128, 6), (256, 3)];

const NUM_BLOCKS: usize = 16;

/// Columns of the first stage that pass through all its layers together. The planes of such a band
/// stay in the cache from layer to layer; whole planes, 10 MB in f32, do not.
pub(super) const BAND_COLUMNS: usize = 64;

const RELU: Store = Store { accumulate: false, relu: true };
const ADD_RELU: Store = Store { accumulate: true, relu: true };

/// Convolutions over planes of `T`.
#[derive(Debug)]
pub(super) struct Trunk<T: Activation> {
    stem: PackedConv2d,
    blocks: Vec<Block<T>>,
    /// Code of the values that the last block carries around its convolutions.
    carried: Code,
}

/// Two 3x3 convolutions, and the input carried around them.
#[derive(Debug)]
struct Block<T: Activation> {
    first: FirstConv<T>,
    second: PackedWinogradConv2d<T>,
}

#[derive(Debug)]
enum FirstConv<T: Activation> {
    /// The block keeps the shape.
    Same(PackedWinogradConv2d<T>),
    /// The block halves both axes; the input is carried by a 1x1 convolution with the same stride.
    Reducing { conv: PackedConv2d<T>, shortcut: PackedConv2d<T> },
}

/// Activations of one chunk, reused from chunk to chunk.
#[derive(Debug)]
pub(super) struct Planes<T: Activation> {
    /// Input of the current block, then its output.
    x: Plane<T>,
    /// Between the two convolutions of a block.
    hidden: Plane<T>,
    /// Output of a block that changes the shape.
    reduced: Plane<T>,
    winograd: WinogradWorkspace<T>,
    needs: Needs,
    /// Columns of one layer in a band.
    part: Columns,
}

impl<T: Activation> Default for Planes<T> {
    fn default() -> Self {
        let plane = Plane::default;
        let (x, hidden, reduced) = (plane(), plane(), plane());
        Self { x, hidden, reduced, winograd: Default::default(), needs: Needs::default(), part: Columns::default() }
    }
}

/// The code in which values of an activation are stored: `value = step * (stored - zero)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Code {
    pub(super) step: f32,
    pub(super) zero: f32,
}

impl Code {
    /// The code of plain values.
    pub(super) const PLAIN: Self = Self { step: 1.0, zero: 0.0 };
}

/// An activation of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Site {
    /// After the stem.
    Stem,
    /// Between the convolutions of a block.
    Hidden,
    /// The values that a reducing block adds to its second convolution: the only activation that
    /// can be negative.
    Shortcut,
    /// After a block.
    Output,
}

/// Values of a plane that convert to `f32`.
pub(super) trait Stored: Activation {
    fn to_f32(self) -> f32;
}

impl Stored for f32 {
    fn to_f32(self) -> f32 {
        self
    }
}

impl Stored for Bf16 {
    fn to_f32(self) -> f32 {
        self.to_f32()
    }
}

impl Stored for F16 {
    fn to_f32(self) -> f32 {
        self.to_f32()
    }
}

impl Stored for u8 {
    fn to_f32(self) -> f32 {
        f32::from(self)
    }
}

/// Time frames of the features of `num_frames` fbank frames: halved three times, rounded up.
pub(super) fn num_features(num_frames: usize) -> usize {
    width(num_frames, STAGES.len() - 1)
}

/// Columns of a plane of stage `stage` (from 0) for `num_frames` fbank frames.
fn width(num_frames: usize, stage: usize) -> usize {
    num_frames.div_ceil(1 << stage)
}

/// Stage and position in it of block `block` of the network, both from 0.
fn position(block: usize) -> (usize, usize) {
    let mut index = block;
    for (stage, (_, num_blocks)) in STAGES.into_iter().enumerate() {
        if index < num_blocks {
            return (stage, index);
        }
        index -= num_blocks;
    }
    unreachable!("block {block}")
}

/// Name of the activation at `site` of block `block`: that of the layer it comes from.
pub(super) fn activation_name(site: Site, block: usize) -> String {
    let (stage, index) = position(block);
    match site {
        Site::Stem => "conv1".to_owned(),
        Site::Hidden => format!("layer{}.{index}.conv1", stage + 1),
        Site::Shortcut => format!("layer{}.{index}.shortcut.0", stage + 1),
        Site::Output => format!("layer{}.{index}", stage + 1),
    }
}

impl<T: Stored> Trunk<T> {
    /// Packs the weights of the convolutions on all threads. `code` returns the code of the
    /// activation at a site of a block; the output of the last block has none.
    pub(super) fn new(
        tensors: &Tensors<'_>,
        isa: Isa,
        code: impl Fn(Site, usize) -> Result<Code> + Sync,
    ) -> Result<Self> {
        // Weight and bias of a convolution that takes input in the code `from` and gives output in
        // the code `to`.
        let weights = |name: &str, Conv2dShape { in_channels, out_channels, kernel, .. }, from: Code, to: Code| {
            let shape = [out_channels, in_channels, kernel, kernel];
            let mut weight = tensors.f32(&format!("resnet.{name}.weight"), &shape)?;
            let mut bias = tensors.f32(&format!("resnet.{name}.bias"), &[out_channels])?;
            weight.iter_mut().for_each(|value| *value *= from.step / to.step);
            bias.iter_mut().for_each(|value| *value = *value / to.step + to.zero);
            Result::Ok((weight, bias))
        };
        let shape =
            |in_channels, out_channels, kernel, stride| Conv2dShape { in_channels, out_channels, kernel, stride };
        let direct = |name: &str, shape, from, to| {
            let (weight, bias) = weights(name, shape, from, to)?;
            Result::Ok(PackedConv2d::new(isa, shape, &weight, &bias))
        };
        let winograd = |name: &str, channels, from, to| {
            let (weight, bias) = weights(name, shape(channels, channels, 3, 1), from, to)?;
            Result::Ok(PackedWinogradConv2d::new(isa, channels, &weight, &bias))
        };

        // Codes of the input of a block, and of the values that it carries around its convolutions.
        let input_code = |block: usize| match block {
            0 => code(Site::Stem, 0),
            _ => code(Site::Output, block - 1),
        };
        let is_reducing = |(stage, index): (usize, usize)| stage > 0 && index == 0;
        let carried_code = |block: usize| match is_reducing(position(block)) {
            true => code(Site::Shortcut, block),
            false => input_code(block),
        };
        let pack = |block: usize| {
            let (stage, index) = position(block);
            let (channels, name) = (STAGES[stage].0, format!("layer{}.{index}", stage + 1));
            let (input, hidden, carried) = (input_code(block)?, code(Site::Hidden, block)?, carried_code(block)?);
            let first = || {
                let conv1 = format!("{name}.conv1");
                if !is_reducing((stage, index)) {
                    return Ok(FirstConv::Same(winograd(&conv1, channels, input, hidden)?));
                }
                let shape = |kernel| shape(STAGES[stage - 1].0, channels, kernel, 2);
                let conv = direct(&conv1, shape(3), input, hidden)?;
                let shortcut = direct(&format!("{name}.shortcut.0"), shape(1), input, carried)?;
                Ok(FirstConv::Reducing { conv, shortcut })
            };
            let second = || {
                // The last block adds to decoded values. The others add to stored values, and the
                // bias subtracts their zero.
                let (carry, sum) = if block + 1 < NUM_BLOCKS {
                    let output = code(Site::Output, block)?;
                    let carry = carried.step / output.step;
                    (carry, Code { zero: -carried.zero * carry, ..output })
                } else {
                    (1.0, Code::PLAIN)
                };
                Result::Ok(winograd(&format!("{name}.conv2"), channels, hidden, sum)?.with_carry(carry))
            };
            let (first, second) = rayon::join(first, second);
            Ok(Block { first: first?, second: second? })
        };

        let (weight, bias) = weights("conv1", shape(1, STAGES[0].0, 3, 1), Code::PLAIN, code(Site::Stem, 0)?)?;
        let stem = PackedConv2d::new(isa, shape(1, STAGES[0].0, 3, 1), &weight, &bias);
        let blocks = (0..NUM_BLOCKS).into_par_iter().map(pack).collect::<Result<_>>()?;
        Ok(Self { stem, blocks, carried: carried_code(NUM_BLOCKS - 1)? })
    }

    /// Computes the columns `wanted` of `features` from `input`, a plane with one channel, and
    /// passes every activation in between to `observe`, with its site and block. The first stage
    /// runs in bands of `band_columns` (a multiple of 4); `observe` sees its activations complete
    /// only if one band covers all columns.
    pub(super) fn run(
        &self,
        input: &Plane,
        wanted: &Columns,
        band_columns: usize,
        planes: &mut Planes<T>,
        features: &mut Plane,
        mut observe: impl FnMut(Site, usize, &Plane<T>),
    ) {
        self.plan(input.width(), wanted, &mut planes.needs);
        // The three reducing stages swap the planes an odd number of times. Swapping them back
        // keeps the large plane large, so that neither grows again.
        std::mem::swap(&mut planes.x, &mut planes.reduced);
        let mut end = 0;
        while end < input.width() {
            let band = end..end.saturating_add(band_columns).min(input.width());
            end = band.end;
            self.run_band(input, band, planes, &mut observe);
        }
        let Planes { x, hidden, reduced, winograd, needs, .. } = planes;
        let rest = self.blocks.iter().zip(&needs.blocks).enumerate().skip(STAGES[0].1);
        for (index, (block, columns)) in rest {
            match &block.first {
                FirstConv::Same(conv) => conv.run_columns(x, &columns.hidden, RELU, hidden, winograd),
                FirstConv::Reducing { conv, shortcut } => {
                    conv.run_columns(x, &columns.hidden, RELU, hidden);
                    shortcut.run_columns(x, &columns.output, Store::default(), reduced);
                    std::mem::swap(x, reduced);
                    observe(Site::Shortcut, index, x);
                }
            }
            observe(Site::Hidden, index, hidden);
            // The carried input is already in the plane that receives the sum.
            if index + 1 < self.blocks.len() {
                block.second.run_columns(hidden, &columns.output, ADD_RELU, x, winograd);
                observe(Site::Output, index, x);
            } else {
                decode(x, self.carried, features);
                block.second.run_columns(hidden, &columns.output, ADD_RELU, features, winograd);
            }
        }
    }
}

impl<T: Stored> Trunk<T> {
    /// Computes the columns `band` of the stem and, for every layer of the first stage, the columns
    /// that have become computable with this band.
    ///
    /// Each layer stays a tile behind the one before it, so a block adds to columns of its input
    /// that its first convolution no longer reads.
    fn run_band(
        &self,
        input: &Plane,
        band: Range<usize>,
        planes: &mut Planes<T>,
        observe: &mut impl FnMut(Site, usize, &Plane<T>),
    ) {
        let Planes { x, hidden, winograd, needs, part, .. } = planes;
        let width = input.width();
        let mut band = band;
        self.stem.run_columns(input, part.set_within(&needs.stem, &band), RELU, x);
        observe(Site::Stem, 0, x);
        for (index, (block, columns)) in self.blocks.iter().zip(&needs.blocks).enumerate().take(STAGES[0].1) {
            let FirstConv::Same(first) = &block.first else { unreachable!("the first stage keeps the shape") };
            band = first.ready_columns(band.start, width)..first.ready_columns(band.end, width);
            first.run_columns(x, part.set_within(&columns.hidden, &band), RELU, hidden, winograd);
            observe(Site::Hidden, index, hidden);
            band = block.second.ready_columns(band.start, width)..block.second.ready_columns(band.end, width);
            block.second.run_columns(hidden, part.set_within(&columns.output, &band), ADD_RELU, x, winograd);
            observe(Site::Output, index, x);
        }
    }

    /// Plans the columns that every layer has to compute for `features`, from `num_frames` fbank
    /// frames.
    fn plan(&self, num_frames: usize, features: &Columns, needs: &mut Needs) {
        let output_width = |block: usize| width(num_frames, position(block).0);
        let hidden_columns = |block: usize, output: &Columns, hidden: &mut Columns| {
            self.blocks[block].second.input_columns(output, output_width(block), hidden);
        };
        let input_columns = |block: usize, hidden: &Columns, input: &mut Columns| match &self.blocks[block].first {
            FirstConv::Same(conv) => conv.input_columns(hidden, output_width(block), input),
            FirstConv::Reducing { conv, .. } => conv.input_columns(hidden, output_width(block - 1), input),
        };
        needs.plan(self.blocks.len(), features, hidden_columns, input_columns);
    }
}

/// Decodes `stored` into `values`.
fn decode<T: Stored>(stored: &Plane<T>, Code { step, zero }: Code, values: &mut Plane) {
    values.set_shape(stored.height(), stored.width(), stored.channels());
    for y in 0..stored.height() {
        for (value, stored) in values.row_mut(y).iter_mut().zip(stored.row(y)) {
            *value = (stored.to_f32() - zero) * step;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_do_not_change_a_bit() {
        let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding network").unwrap().into_owned();
        let trunk = Trunk::<f32>::new(&tensors, Isa::detect(), |_, _| Ok(Code::PLAIN)).unwrap();
        let mut input = Plane::default();
        input.set_shape(80, 171, 1);
        for y in 0..80 {
            for (x, value) in input.row_mut(y).iter_mut().enumerate() {
                *value = ((y * 71 + x * 13) % 97) as f32 * 0.1 - 4.0;
            }
        }
        let mut wanted = Columns::default();
        wanted.set([0..3, 9..15, num_features(171) - 1..num_features(171)]);
        let features = |band_columns| {
            let (mut planes, mut features) = (Planes::default(), Plane::default());
            trunk.run(&input, &wanted, band_columns, &mut planes, &mut features, |_, _, _| {});
            let wanted = |y: usize| wanted.ranges().iter().cloned().flatten().map(move |x| (y, x));
            let pixels = (0..features.height()).flat_map(wanted);
            pixels.flat_map(|(y, x)| features.row(y)[x * 256..][..256].to_vec()).map(f32::to_bits).collect::<Vec<_>>()
        };
        let whole = features(usize::MAX);
        assert!(whole.iter().any(|bits| *bits != 0));
        for band_columns in [4, 28, 64, 168] {
            assert!(features(band_columns) == whole, "bands of {band_columns}");
        }
    }
}
