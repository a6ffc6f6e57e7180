//! Weights of the segmentation network, and their order on the GPU.

use crate::gemm::transposed;
use crate::layer::Layer;

use super::geometry::{CHANNELS, CLASSES, FILTERS, HIDDEN, LINEAR, LSTM, SINC_BANDS, SINC_HALF, TAPS};

/// Weights in the shapes of the checkpoint.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Weight and bias of the norm of the samples.
    pub wave_norm: [f32; 2],
    /// Right halves of the even filters from the centre on, `[40, 126]`.
    pub even: Vec<f32>,
    /// Right halves of the odd filters from the centre on, `[40, 126]`; to the left they have the
    /// other sign.
    pub odd: Vec<f32>,
    /// Norms after the convolutions: `[80]`, all even filters first, `[60]` and `[60]`.
    pub norms: [Layer; 3],
    /// Second and third convolution, `[60, 80, 5]` and `[60, 60, 5]`.
    pub convolutions: [Layer; 2],
    /// Forward and backward direction of each layer.
    pub lstm: [[LstmDirection; 2]; 4],
    /// `linear.0`, `[128, 256]`; `linear.1`, `[128, 128]`; the classifier, `[7, 128]`.
    pub linear: [Layer; 3],
}

/// Weights of one direction of an LSTM layer. Rows are gates in the order i, f, g, o.
#[derive(Debug, Clone, Default)]
pub struct LstmDirection {
    /// Weight of the input, `[512, inputs]`: 60 inputs in the first layer, 256 in the others.
    pub weight_ih: Vec<f32>,
    /// Weight of the previous state, `[512, 128]`.
    pub weight_hh: Vec<f32>,
    /// Bias of the input, `[512]`.
    pub bias_ih: Vec<f32>,
    /// Bias of the previous state, `[512]`.
    pub bias_hh: Vec<f32>,
}

impl Weights {
    /// Filters as `[126, 80]`, the even taps at the centre halved since the kernel adds the sample
    /// there to itself.
    pub(super) fn filter_taps(&self) -> Vec<f32> {
        assert!(self.even.len() == SINC_BANDS * SINC_HALF && self.odd.len() == SINC_BANDS * SINC_HALF, "filters");
        let mut taps = transposed(&[self.even.as_slice(), &self.odd].concat(), SINC_HALF);
        taps[..SINC_BANDS].iter_mut().for_each(|tap| *tap *= 0.5);
        taps
    }

    /// Sum of the taps of each filter, `[80]`.
    pub(super) fn filter_sums(&self) -> Vec<f32> {
        let sum = |half: &[f32]| f64::from(half[0]) + 2.0 * half[1..].iter().map(|tap| f64::from(*tap)).sum::<f64>();
        let mut sums: Vec<f32> = self.even.chunks_exact(SINC_HALF).map(|half| sum(half) as f32).collect();
        sums.resize(FILTERS, 0.0);
        sums
    }

    /// The classifier's weight as `[32, 8]` vectors of four inputs and its bias as `[8]`, with
    /// zeros for a class that does not exist.
    pub(super) fn classifier(&self) -> Layer {
        let Layer { weight, bias } = &self.linear[2];
        assert!(weight.len() == CLASSES * LINEAR && bias.len() == CLASSES, "classifier");
        let mut vectors = Vec::new();
        for first in (0..LINEAR).step_by(4) {
            vectors.extend(weight.chunks_exact(LINEAR).flat_map(|class| &class[first..first + 4]));
            vectors.extend([0.0; 4]);
        }
        let mut bias = bias.clone();
        bias.push(0.0);
        Layer { weight: vectors, bias }
    }
}

/// The weight of a convolution with `inputs` channels as `[5, inputs, 60]`.
pub(super) fn convolution(layer: &Layer, inputs: usize) -> Vec<f32> {
    assert!(layer.weight.len() == CHANNELS * inputs * TAPS && layer.bias.len() == CHANNELS, "convolution");
    let weight = |tap: usize, input: usize, output: usize| layer.weight[(output * inputs + input) * TAPS + tap];
    let inputs = (0..TAPS).flat_map(|tap| (0..inputs).map(move |input| (tap, input)));
    inputs.flat_map(|(tap, input)| (0..CHANNELS).map(move |output| weight(tap, input, output))).collect()
}

/// The input's part of both directions as one layer, `[1024, inputs]`: rows are `[direction, unit,
/// gate]`, so that the gates of a unit are one vector.
pub(super) fn projection(directions: &[LstmDirection; 2], inputs: usize) -> Layer {
    let mut layer = Layer::default();
    for direction in directions {
        let LstmDirection { weight_ih, bias_ih, bias_hh, .. } = direction;
        assert_eq!(weight_ih.len(), 4 * HIDDEN * inputs, "weight of the input");
        assert!(bias_ih.len() == 4 * HIDDEN && bias_hh.len() == 4 * HIDDEN, "biases of the gates");
        for row in rows_by_unit() {
            layer.weight.extend(&weight_ih[row * inputs..][..inputs]);
            layer.bias.push(bias_ih[row] + bias_hh[row]);
        }
    }
    assert_eq!(layer.bias.len(), 4 * LSTM);
    layer
}

/// The weights of the previous state as `[direction, 128, unit, gate]`.
pub(super) fn recurrent(directions: &[LstmDirection; 2]) -> Vec<f32> {
    let of_direction = |LstmDirection { weight_hh, .. }: &LstmDirection| {
        assert_eq!(weight_hh.len(), 4 * HIDDEN * HIDDEN, "weight of the previous state");
        let rows: Vec<f32> = rows_by_unit().flat_map(|row| weight_hh[row * HIDDEN..][..HIDDEN].to_vec()).collect();
        transposed(&rows, HIDDEN)
    };
    directions.iter().flat_map(of_direction).collect()
}

/// Rows of the checkpoint, the four gates of a unit together.
fn rows_by_unit() -> impl Iterator<Item = usize> {
    (0..HIDDEN).flat_map(|unit| (0..4).map(move |gate| gate * HIDDEN + unit))
}
