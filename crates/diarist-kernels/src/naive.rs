//! The plain definition of every operation, summed in f64: the oracle of the tests. Slow on
//! purpose.

/// `a * b + bias`: `a` has shape `[m, k]` with row `i` at `i * a_stride`, `b` has shape `[k, n]`;
/// returns `[m, n]`.
pub fn gemm(m: usize, a: &[f32], a_stride: usize, b: &[f32], bias: &[f32]) -> Vec<f64> {
    let n = bias.len();
    let k = b.len() / n.max(1);
    let mut out = Vec::with_capacity(m * n);
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k).map(|p| f64::from(a[i * a_stride + p]) * f64::from(b[p * n + j])).sum();
            out.push(sum + f64::from(bias[j]));
        }
    }
    out
}

/// 2-D cross-correlation with padding `kernel / 2`.
///
/// `x` has shape `[height, width, in_channels]`, `weight` has shape
/// `[out_channels, in_channels, kernel, kernel]`; returns
/// `[ceil(height / stride), ceil(width / stride), out_channels]`.
pub fn conv2d(
    x: &[f32],
    (height, width): (usize, usize),
    shape: crate::Conv2dShape,
    weight: &[f32],
    bias: &[f32],
) -> Vec<f64> {
    let crate::Conv2dShape { in_channels, kernel, stride, .. } = shape;
    let pixel = |y: usize, x_: usize, c: usize| -> f64 {
        // Coordinates are shifted by the padding; outside the plane is zero.
        let padding = kernel / 2;
        if y < padding || x_ < padding || y - padding >= height || x_ - padding >= width {
            return 0.0;
        }
        f64::from(x[((y - padding) * width + x_ - padding) * in_channels + c])
    };
    let mut out = Vec::new();
    for y in 0..height.div_ceil(stride) {
        for x_ in 0..width.div_ceil(stride) {
            for (co, &b) in bias.iter().enumerate() {
                let mut sum = f64::from(b);
                for ci in 0..in_channels {
                    for ky in 0..kernel {
                        for kx in 0..kernel {
                            let w = weight[((co * in_channels + ci) * kernel + ky) * kernel + kx];
                            sum += pixel(y * stride + ky, x_ * stride + kx, ci) * f64::from(w);
                        }
                    }
                }
                out.push(sum);
            }
        }
    }
    out
}

/// 2-D cross-correlation with a 3x3 kernel, stride 1 and padding 1 by the minimal filtering
/// algorithm F(4x4, 3x3), as matrix products:
/// `A^T [sum over channels of input(B^T d B) * weights(G g G^T)] A` for each tile `d` of 6x6
/// inputs.
///
/// `x` has shape `[height, width, in_channels]`, `weight` has shape
/// `[bias.len(), in_channels, 3, 3]`; returns `[height, width, bias.len()]`. `input` rounds a
/// transformed input. `weights` gets a position (0..36) and the transformed weights of an output
/// channel at that position, and returns the factors of the products.
pub fn winograd(
    x: &[f32],
    (height, width): (usize, usize),
    weight: &[f32],
    bias: &[f32],
    input: impl Fn(f64) -> f64,
    weights: impl Fn(usize, &[f32]) -> Vec<f64>,
) -> Vec<f64> {
    const B: [[f64; 6]; 6] = [
        [4., 0., -5., 0., 1., 0.],
        [0., -4., -4., 1., 1., 0.],
        [0., 4., -4., -1., 1., 0.],
        [0., -2., -1., 2., 1., 0.],
        [0., 2., -1., -2., 1., 0.],
        [0., 4., 0., -5., 0., 1.],
    ];
    const G: [[f64; 3]; 6] = [
        [1. / 4., 0., 0.],
        [-1. / 6., -1. / 6., -1. / 6.],
        [-1. / 6., 1. / 6., -1. / 6.],
        [1. / 24., 1. / 12., 1. / 6.],
        [1. / 24., -1. / 12., 1. / 6.],
        [0., 0., 1.],
    ];
    const A: [[f64; 6]; 4] =
        [[1., 1., 1., 1., 1., 0.], [0., 1., -1., 2., -2., 0.], [0., 1., 1., 4., 4., 0.], [0., 1., -1., 8., -8., 1.]];
    let (in_channels, out_channels) = (x.len() / (height * width).max(1), bias.len());
    let pixel = |y: usize, x_: usize, c: usize| -> f64 {
        let inside = (1..=height).contains(&y) && (1..=width).contains(&x_);
        if inside { f64::from(x[((y - 1) * width + x_ - 1) * in_channels + c]) } else { 0.0 }
    };
    let taps = (0..9).map(|tap| (tap / 3, tap % 3));
    let transformed: Vec<Vec<f64>> = (0..out_channels * 36)
        .map(|i| {
            let (channel, position) = (i / 36, i % 36);
            let column = (0..in_channels).map(|c| {
                let kernel = &weight[(channel * in_channels + c) * 9..][..9];
                let terms = taps
                    .clone()
                    .map(|(ky, kx)| G[position / 6][ky] * G[position % 6][kx] * f64::from(kernel[ky * 3 + kx]));
                terms.sum::<f64>() as f32
            });
            weights(position, &column.collect::<Vec<_>>())
        })
        .collect();
    let mut out = vec![0.0; height * width * out_channels];
    for (top, left) in (0..height).step_by(4).flat_map(|y| (0..width).step_by(4).map(move |x_| (y, x_))) {
        let inputs: Vec<f64> = (0..36 * in_channels)
            .map(|i| {
                let (position, c) = (i / in_channels, i % in_channels);
                let terms = (0..36)
                    .map(|d| B[position / 6][d / 6] * B[position % 6][d % 6] * pixel(top + d / 6, left + d % 6, c));
                input(terms.sum())
            })
            .collect();
        for channel in 0..out_channels {
            let products: Vec<f64> = (0..36)
                .map(|position| {
                    let inputs = &inputs[position * in_channels..][..in_channels];
                    inputs.iter().zip(&transformed[channel * 36 + position]).map(|(v, u)| v * u).sum()
                })
                .collect();
            for (y, x_) in (top..height.min(top + 4)).flat_map(|y| (left..width.min(left + 4)).map(move |x_| (y, x_))) {
                let terms = (0..36).map(|m| A[y - top][m / 6] * A[x_ - left][m % 6] * products[m]);
                out[(y * width + x_) * out_channels + channel] = terms.sum::<f64>() + f64::from(bias[channel]);
            }
        }
    }
    out
}

/// 1-D cross-correlation without padding: `x` has shape `[frames, in_channels]`, `weight` has shape
/// `[out_channels, in_channels, kernel]`; returns `[frames - kernel + 1, out_channels]`.
pub fn conv1d(x: &[f32], in_channels: usize, kernel: usize, weight: &[f32], bias: &[f32]) -> Vec<f64> {
    let num_frames = x.len() / in_channels;
    let mut out = Vec::new();
    for t in 0..(num_frames + 1).saturating_sub(kernel) {
        for (co, &b) in bias.iter().enumerate() {
            let mut sum = f64::from(b);
            for ci in 0..in_channels {
                for k in 0..kernel {
                    let w = weight[(co * in_channels + ci) * kernel + k];
                    sum += f64::from(x[(t + k) * in_channels + ci]) * f64::from(w);
                }
            }
            out.push(sum);
        }
    }
    out
}

/// Weighted mean and standard deviation over time, the formula of pyannote.audio's `StatsPool` in
/// f64, except that the sum of weights plus 1e-8 is rounded to f32 as there: unrounded, a single
/// frame would differ from its own mean.
///
/// `x` has shape `[weights.len(), width]`; returns mean and std, each `[width]`.
pub fn weighted_statistics(x: &[f32], width: usize, weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let v1 = f64::from((weights.iter().sum::<f64>() + 1e-8) as f32);
    let v2 = weights.iter().map(|w| w * w).sum::<f64>();
    let column = |c: usize| weights.iter().enumerate().map(move |(t, w)| (f64::from(x[t * width + c]), *w));
    let mean: Vec<f64> = (0..width).map(|c| column(c).map(|(x, w)| x * w).sum::<f64>() / v1).collect();
    let std = (0..width)
        .map(|c| {
            let sum: f64 = column(c).map(|(x, w)| w * (x - mean[c]).powi(2)).sum();
            (sum / (v1 - v2 / v1 + 1e-8)).sqrt()
        })
        .collect();
    (mean, std)
}

/// One direction of an LSTM layer over one sequence, h and c zero at the start.
///
/// `gates` has shape `[frames, 4 * hidden]`: the contribution of the input and both biases, gate
/// order i, f, g, o. `weight_hh` has shape `[4 * hidden, hidden]`. Returns h, `[frames, hidden]`,
/// in the order of time even with `reverse`.
pub fn lstm(gates: &[f32], weight_hh: &[f32], hidden: usize, reverse: bool) -> Vec<f64> {
    let num_frames = gates.len() / (4 * hidden);
    let mut out = vec![0.0; num_frames * hidden];
    let (mut h, mut c) = (vec![0.0_f64; hidden], vec![0.0_f64; hidden]);
    for step in 0..num_frames {
        let t = if reverse { num_frames - 1 - step } else { step };
        let gate = |row: usize| {
            let recurrent: f64 = (0..hidden).map(|k| f64::from(weight_hh[row * hidden + k]) * h[k]).sum();
            f64::from(gates[t * 4 * hidden + row]) + recurrent
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let mut new_h = vec![0.0; hidden];
        for j in 0..hidden {
            let (input, forget) = (sigmoid(gate(j)), sigmoid(gate(hidden + j)));
            let (cell, output) = (gate(2 * hidden + j).tanh(), sigmoid(gate(3 * hidden + j)));
            c[j] = forget * c[j] + input * cell;
            new_h[j] = output * c[j].tanh();
        }
        out[t * hidden..][..hidden].copy_from_slice(&new_h);
        h = new_h;
    }
    out
}

/// Even and odd filters in turn: `even` and `odd` have shape `[pairs, reach + 1]`, the taps from
/// the centre to the right; the left half of an even filter mirrors it, that of an odd one is its
/// negative, and the centre of an odd one is zero. The first frame is centred on sample `reach`,
/// the next `stride` later; returns `[num_frames, 2 * pairs]`.
pub fn filter_bank(x: &[f32], even: &[f32], odd: &[f32], reach: usize, stride: usize, num_frames: usize) -> Vec<f64> {
    let mut out = Vec::new();
    for frame in 0..num_frames {
        let centre = frame * stride + reach;
        for (even, odd) in even.chunks_exact(reach + 1).zip(odd.chunks_exact(reach + 1)) {
            let tap = |filter: &[f32], k: usize| f64::from(filter[k]);
            let sample = |index: usize| f64::from(x[index]);
            let mut sums = [tap(even, 0) * sample(centre), 0.0];
            for k in 1..=reach {
                sums[0] += tap(even, k) * sample(centre + k) + tap(even, k) * sample(centre - k);
                sums[1] += tap(odd, k) * sample(centre + k) - tap(odd, k) * sample(centre - k);
            }
            out.extend(sums);
        }
    }
    out
}

/// Largest of every three neighbouring frames of `x`, shape `[frames, num_channels]`, after
/// `map(value, channel)`.
pub fn max_pool(x: &[f32], num_channels: usize, map: impl Fn(f64, usize) -> f64) -> Vec<f64> {
    let mut out = Vec::new();
    for frames in x.chunks_exact(3 * num_channels) {
        for channel in 0..num_channels {
            let value = |frame: usize| map(f64::from(frames[frame * num_channels + channel]), channel);
            out.push(value(0).max(value(1)).max(value(2)));
        }
    }
    out
}

/// Mean and biased variance of each channel of `x`, shape `[frames, num_channels]`.
pub fn moments(x: &[f32], num_channels: usize) -> Vec<(f64, f64)> {
    let num_frames = (x.len() / num_channels) as f64;
    let column = |channel: usize| x.iter().skip(channel).step_by(num_channels).map(|x| f64::from(*x));
    let moments = |channel: usize| {
        let mean = column(channel).sum::<f64>() / num_frames;
        (mean, column(channel).map(|x| (x - mean).powi(2)).sum::<f64>() / num_frames)
    };
    (0..num_channels).map(moments).collect()
}
