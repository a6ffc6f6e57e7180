//! The Winograd convolution on every instruction set of this machine, at the sizes around tiles and
//! blocks, against `naive`.

use diarist_kernels::{Conv2dShape, Isa, PackedConv2d, PackedWinogradConv2d, Plane, Store, WinogradWorkspace, naive};

use crate::common::{Random, assert_close, inside, isas, plane};

fn shape(in_channels: usize, out_channels: usize) -> Conv2dShape {
    Conv2dShape { in_channels, out_channels, kernel: 3, stride: 1 }
}

fn max_difference(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(f, e)| (f64::from(*f) - e).abs());
    differences.fold(0.0, |max, d| if d > max || d.is_nan() { d } else { max })
}

/// Error of a convolution over its largest allowed value.
///
/// The rigorous bound of F(4x4, 3x3) is 9025 times that of the sum (product of the row norms of its
/// matrices), which would hide a wrong coefficient. Errors of independent roundings grow with the
/// square root of the number of terms instead; with terms in [-1, 1] the largest seen is 4.7e-6
/// times that root, and four times as much is allowed. A wrong coefficient of any transform moves
/// results by more than 1e-2.
fn relative_error(isa: Isa, (height, width): (usize, usize), shape: Conv2dShape, store: Store) -> f64 {
    let Conv2dShape { in_channels, out_channels, .. } = shape;
    let seed = height * 1009 + width * 31 + in_channels;
    let mut random = Random::new(seed);
    let x = random.values(height * width * in_channels);
    let weight = random.values(out_channels * in_channels * 9);
    let bias = random.values(out_channels);
    let before = random.values(height * width * out_channels);
    let input = plane((height, width, in_channels), &x);
    let mut output = plane((height, width, out_channels), &before);
    let mut workspace = WinogradWorkspace::default();
    PackedWinogradConv2d::new(isa, in_channels, &weight, &bias).run(&input, store, &mut output, &mut workspace);

    let mut expected = naive::conv2d(&x, (height, width), shape, &weight, &bias);
    for (value, before) in expected.iter_mut().zip(&before) {
        *value += if store.accumulate { f64::from(*before) } else { 0.0 };
        *value = if store.relu { value.max(0.0) } else { *value };
    }
    let found = inside(&output);
    let error = max_difference(&found, &expected) / (9.0 * in_channels as f64).sqrt();
    assert!(error <= 2e-5, "{isa:?} {height} x {width}, {shape:?}, {store:?}: {error:e}");

    // The sum over each pixel's neighbours: no value may have been written to the border.
    let ones = Conv2dShape { in_channels: out_channels, out_channels: 1, ..shape };
    let mut sums = Plane::default();
    let weight = vec![1.0; 9 * out_channels];
    PackedConv2d::new(isa, ones, &weight, &[0.0]).run(&output, Store::default(), &mut sums);
    let expected = naive::conv2d(&found, (height, width), ones, &weight, &[0.0]);
    // Sums of 9 x out_channels values of up to 100.
    assert_close(&inside(&sums), &expected, 1e-1, &(isa, height, width, shape, "border"));
    error
}

const STORES: [Store; 4] = [
    Store { accumulate: false, relu: false },
    Store { accumulate: true, relu: false },
    Store { accumulate: false, relu: true },
    Store { accumulate: true, relu: true },
];

#[test]
fn agrees_at_every_size_around_a_tile() {
    for isa in isas() {
        let mut worst = 0.0_f64;
        for height in 0..=9 {
            for width in 0..=9 {
                for (in_channels, out_channels) in [(2, 1), (3, 7), (8, 16), (16, 32), (17, 33)] {
                    let store = STORES[(height + width + in_channels) % STORES.len()];
                    worst = worst.max(relative_error(isa, (height, width), shape(in_channels, out_channels), store));
                }
            }
        }
        println!("{isa:?}: error at most {worst:e} times the root of the number of terms");
    }
}

#[test]
fn agrees_beyond_one_block_of_tiles_and_channels() {
    for isa in isas() {
        for (case, size) in [(1, 170), (13, 61), (4, 168), (29, 24)].into_iter().enumerate() {
            relative_error(isa, size, shape(32, 70), STORES[case]);
            relative_error(isa, size, shape(40, 32), STORES[(case + 1) % 4]);
        }
    }
}

#[test]
fn a_tile_does_not_depend_on_the_others() {
    let (height, channels) = (13, 36);
    let mut random = Random::new(1);
    let weight = random.values(channels * channels * 9);
    let bias = random.values(channels);
    let x = random.values(height * 61 * channels);
    for isa in isas() {
        let conv = PackedWinogradConv2d::new(isa, channels, &weight, &bias);
        // The first columns of the same plane, in a workspace that is used again.
        let mut workspace = WinogradWorkspace::default();
        let mut run = |width: usize| {
            let rows = x.chunks_exact(61 * channels).flat_map(|row| row[..width * channels].to_vec());
            let input = plane((height, width, channels), &rows.collect::<Vec<_>>());
            let mut output = Plane::<f32>::default();
            conv.run(&input, Store::default(), &mut output, &mut workspace);
            output
        };
        let whole = run(61);
        for width in [5, 8, 21, 40, 60] {
            let part = run(width);
            // Tiles whose 6 x 6 inputs are all in the narrower plane.
            let same = (width - 1) / 4 * 4 * channels;
            for y in 0..height {
                assert_eq!(part.row(y)[..same], whole.row(y)[..same], "{isa:?}: width {width}, row {y}");
            }
        }
    }
}
