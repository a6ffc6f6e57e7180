//! Filters, pooling and norm over frames on every instruction set of this machine, against `naive`.

use diarist_kernels::{
    AlignedBuffer, ChannelMoments, Isa, Normalisation, PackedFilterBank, Rows, RowsMut, max_pool, max_pool_magnitudes,
    naive,
};

use crate::common::{Random, assert_close, isas};

fn values(seed: usize, len: usize) -> Vec<f32> {
    Random::new(seed).values(len)
}

#[test]
fn filter_bank_agrees() {
    for isa in isas() {
        for num_frames in [0, 1, 3, 4, 5, 6, 7, 59, 60, 61, 125] {
            for (num_pairs, reach, stride) in
                [(0, 3, 1), (1, 0, 1), (1, 7, 3), (4, 8, 2), (9, 1, 7), (40, 125, 10), (41, 20, 10)]
            {
                let what = (isa, num_frames, num_pairs, reach, stride);
                let even = values(num_frames, num_pairs * (reach + 1));
                let odd = values(num_frames + 1000, num_pairs * (reach + 1));
                // Exactly the samples that may be read, so that the address sanitizer reports a
                // read of one more.
                let needed = if num_frames == 0 { 0 } else { (num_frames - 1) * stride + 2 * reach + 1 };
                let signal = values(reach, needed);
                let bank = PackedFilterBank::new(isa, &even, &odd, reach, stride);
                let mut out = vec![f32::NAN; num_frames * bank.num_channels()];
                bank.run(&signal, &mut AlignedBuffer::default(), &mut out);
                let expected = naive::filter_bank(&signal, &even, &odd, reach, stride, num_frames);
                // Any order of reach + 1 multiply-adds of a sum of two samples: (reach + 3)
                // roundings of at most 2^-24 of sums of at most 2 (reach + 1), doubled for the
                // unfused level.
                let n = reach as f64;
                assert_close(&out, &expected, 2.0 * (n + 3.0) * 2.0 * (n + 1.0) * 2.0_f64.powi(-24), &what);
            }
        }
    }
}

#[test]
fn a_filtered_frame_does_not_depend_on_the_others() {
    let (reach, stride) = (125, 10);
    let (even, odd) = (values(1, 40 * (reach + 1)), values(2, 40 * (reach + 1)));
    let signal = values(3, 200 * stride + 2 * reach + 1);
    for isa in isas() {
        let bank = PackedFilterBank::new(isa, &even, &odd, reach, stride);
        let mut scratch = AlignedBuffer::default();
        let mut run = |first: usize, num_frames: usize| {
            let mut out = vec![0.0; num_frames * 80];
            bank.run(&signal[first * stride..], &mut scratch, &mut out);
            out
        };
        let whole = run(0, 200);
        for (first, num_frames) in [(0, 1), (1, 1), (199, 1), (58, 5), (61, 60), (7, 193)] {
            assert!(
                run(first, num_frames) == whole[first * 80..][..num_frames * 80],
                "{isa:?}: {num_frames} from {first}"
            );
        }
    }
}

/// Widths around one, two and five registers.
const WIDTHS: [usize; 7] = [16, 17, 31, 32, 33, 60, 80];

#[test]
fn max_pool_agrees() {
    for isa in isas() {
        for num_channels in WIDTHS {
            for num_frames in [0, 1, 2, 3, 4, 5, 6, 20] {
                let what = (isa, num_channels, num_frames);
                let x = values(num_frames, num_frames * num_channels);
                let mut out = vec![f32::NAN; num_frames / 3 * num_channels];
                max_pool(isa, &x, num_channels, &mut out);
                assert_close(&out, &naive::max_pool(&x, num_channels, |x, _| x), 0.0, &what);

                let shift = values(7, num_channels);
                max_pool_magnitudes(isa, &x, -1.5, &shift, &mut out);
                let expected =
                    naive::max_pool(&x, num_channels, |x, channel| (x * -1.5 + f64::from(shift[channel])).abs());
                // Two roundings of values below 2.5.
                assert_close(&out, &expected, 2.5e-7, &what);
            }
        }
    }
}

#[test]
fn moments_agree_however_frames_are_cut() {
    for isa in isas() {
        for num_channels in WIDTHS {
            // Far from zero, and with a first frame far from the others.
            let mut x: Vec<f32> = values(5, 333 * num_channels).iter().map(|x| x + 100.0).collect();
            x[..num_channels].fill(0.0);
            let expected = naive::moments(&x, num_channels);
            for stretch in [1, 3, 4, 5, 64, 333] {
                let mut moments = ChannelMoments::default();
                moments.reset(num_channels);
                x.chunks(stretch * num_channels).for_each(|frames| moments.add(isa, frames));
                for (channel, (mean, variance)) in expected.iter().enumerate() {
                    let what = (isa, num_channels, stretch, channel);
                    let found = moments.mean()[channel];
                    // A stretch's mean is a rounded f32 near 100, from distances of 100 that are
                    // summed in four chains.
                    assert!((found - mean).abs() <= 1e-4, "{what:?}: mean {found} {mean}");
                    let found = moments.variance().nth(channel).unwrap();
                    assert!((found / variance - 1.0).abs() <= 1e-5, "{what:?}: variance {found} {variance}");
                }
            }
        }
    }
}

#[test]
fn moments_are_well_conditioned_far_from_zero() {
    // A ramp of 1/256 steps on top of 4096: every value is exact in f32, sums of squares would not
    // be.
    let ramp: Vec<f32> = (0..999).flat_map(|i| [4096.0 + i as f32 / 256.0; 16]).collect();
    for isa in isas() {
        let mut moments = ChannelMoments::default();
        moments.reset(16);
        ramp.chunks(64 * 16).for_each(|frames| moments.add(isa, frames));
        let (mean, variance) = (4096.0 + 499.0 / 256.0, (999.0 * 999.0 - 1.0) / 12.0 / (256.0 * 256.0));
        // A stretch's mean is rounded to 2.4e-4 at 4096.
        assert!(moments.mean().iter().all(|m| (m - mean).abs() < 2.5e-4), "{isa:?} {:?}", moments.mean());
        assert!(moments.variance().all(|v| (v / variance - 1.0).abs() < 1e-4), "{isa:?}");
    }
}

#[test]
fn a_constant_channel_becomes_its_bias_exactly() {
    for isa in isas() {
        for num_frames in [1, 31, 33, 5325] {
            let row: [f32; 17] = std::array::from_fn(|c| 1.0e4 / (c as f32 - 3.5));
            let x = row.repeat(num_frames);
            let mut moments = ChannelMoments::default();
            moments.reset(17);
            x.chunks(64 * 17).for_each(|frames| moments.add(isa, frames));
            assert!(moments.variance().all(|v| v == 0.0), "{isa:?}");
            let mean: Vec<f32> = moments.mean().iter().map(|mean| *mean as f32).collect();
            let bias: [f32; 17] = std::array::from_fn(|c| c as f32 - 4.0);
            let norm = Normalisation { mean: &mean, scale: &[300.0; 17], bias: &bias, slope: 0.25 };
            let mut out = vec![f32::NAN; x.len()];
            norm.run(isa, num_frames, Rows { data: &x, stride: 17 }, RowsMut { data: &mut out, stride: 17 });
            let expected = bias.map(|b| if b < 0.0 { b * 0.25 } else { b });
            assert!(out.chunks_exact(17).all(|row| row == expected), "{isa:?} {num_frames} frames: {:?}", &out[..17]);
        }
    }
}

#[test]
fn normalisation_agrees() {
    for isa in isas() {
        for num_channels in WIDTHS {
            for num_frames in [0, 1, 2, 9] {
                let what = (isa, num_channels, num_frames);
                let (stride_in, stride_out) = (num_channels + 1, num_channels + 5);
                let len = |stride: usize| if num_frames == 0 { 0 } else { (num_frames - 1) * stride + num_channels };
                let x = values(num_frames, len(stride_in));
                let [mean, scale, bias] = [1, 2, 3].map(|seed| values(seed, num_channels));
                let before = values(9, len(stride_out));
                let mut out = before.clone();
                let norm = Normalisation { mean: &mean, scale: &scale, bias: &bias, slope: 0.01 };
                let input = Rows { data: &x, stride: stride_in };
                norm.run(isa, num_frames, input, RowsMut { data: &mut out, stride: stride_out });
                for frame in 0..num_frames {
                    let expected: Vec<f64> = (0..num_channels)
                        .map(|c| {
                            let [x, mean, scale, bias] =
                                [x[frame * stride_in + c], mean[c], scale[c], bias[c]].map(f64::from);
                            let value = (x - mean) * scale + bias;
                            if value > 0.0 { value } else { value * 0.01 }
                        })
                        .collect();
                    let row = &out[frame * stride_out..];
                    // Three roundings of values below 3.
                    assert_close(&row[..num_channels], &expected, 6e-7, &what);
                    let gap = frame * stride_out + num_channels..((frame + 1) * stride_out).min(out.len());
                    assert_eq!(out[gap.clone()], before[gap], "{what:?}: values between rows changed");
                }
            }
        }
    }
}

#[test]
fn a_nan_stays_visible() {
    let mut x = vec![1.0; 9 * 16];
    x[50] = f32::NAN;
    for isa in isas() {
        let mut moments = ChannelMoments::default();
        moments.reset(16);
        moments.add(isa, &x);
        let broken: Vec<usize> = (0..16).filter(|&c| moments.mean()[c].is_nan()).collect();
        assert_eq!(broken, [50 % 16], "{isa:?}");
    }
}

#[test]
#[should_panic(expected = "signal too short")]
fn a_short_signal_is_refused() {
    let bank = PackedFilterBank::new(Isa::detect(), &[1.0; 4], &[1.0; 4], 3, 2);
    bank.run(&[0.0; 8], &mut AlignedBuffer::default(), &mut [0.0; 4]);
}

#[test]
#[should_panic(expected = "too few")]
fn rows_below_a_register_are_refused() {
    max_pool(Isa::detect(), &[0.0; 45], 15, &mut [0.0; 15]);
}
