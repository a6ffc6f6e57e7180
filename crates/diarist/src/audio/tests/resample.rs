//! Compares the resampler with torchaudio's output (`tools/reference/resample.py`), and checks its
//! properties at any rate.

use super::super::{MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Resampler};
use super::{golden, snr_db};
use crate::ErrorKind;

fn resample(samples: &[f32], sample_rate: u32) -> Vec<f32> {
    resample_in_blocks(samples, sample_rate, usize::MAX)
}

fn resample_in_blocks(samples: &[f32], sample_rate: u32, block: usize) -> Vec<f32> {
    let mut resampler = Resampler::new(sample_rate).unwrap();
    let mut out = Vec::new();
    for block in samples.chunks(block) {
        resampler.push(block, &mut out);
    }
    resampler.finish(&mut out);
    out
}

fn noise(num_samples: usize) -> Vec<f32> {
    let mut state = 1u32;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32 - 0.5
    })
    .take(num_samples)
    .collect()
}

#[test]
fn equals_torchaudio() {
    for rate in [8_000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000] {
        let (input, _) = golden(&format!("resample_{rate}_in.npy"));
        let (expected, _) = golden(&format!("resample_{rate}_out.npy"));
        let actual = resample(&input, rate);
        assert_eq!(actual.len(), expected.len(), "{rate} Hz");
        // torchaudio computes its weights in f32, whose error is about 1e-5 of the signal at some
        // rates (97.7 dB at 11025 Hz).
        let snr = snr_db(&actual, &expected);
        assert!(snr > 95.0, "{rate} Hz: {snr:.1} dB");
    }
}

#[test]
fn the_division_into_blocks_makes_no_difference() {
    let samples = noise(5_000);
    for rate in [8_000, 16_000, 44_100, 48_000, 767_999] {
        let whole = resample(&samples, rate);
        for block in [1, 7, 441, 1_024] {
            assert_eq!(resample_in_blocks(&samples, rate, block), whole, "{rate} Hz, blocks of {block}");
        }
    }
}

#[test]
fn length_is_rounded_up() {
    for rate in [100, 8_000, 11_025, 16_000, 44_100, 48_000, 192_000, 768_000] {
        for num_samples in [0u64, 1, 2, 3, 159, 441, 1_000] {
            let expected = (num_samples * 16_000).div_ceil(u64::from(rate));
            assert_eq!(
                resample(&noise(num_samples as usize), rate).len() as u64,
                expected,
                "{num_samples} at {rate} Hz"
            );
        }
    }
}

#[test]
fn sixteen_khz_passes_unchanged() {
    let samples = noise(1_000);
    assert_eq!(resample(&samples, 16_000), samples);
}

#[test]
fn a_click_stays_where_it_is() {
    for rate in [8_000, 44_100, 48_000, 768_000] {
        let mut samples = vec![0.0; rate as usize];
        samples[rate as usize / 2] = 1.0;
        let out = resample(&samples, rate);
        let peak = (0..out.len()).max_by(|&a, &b| out[a].total_cmp(&out[b])).unwrap();
        assert_eq!(peak, 8_000, "{rate} Hz");
    }
}

#[test]
fn rates_out_of_range_are_refused() {
    for rate in [0, 1, MIN_SAMPLE_RATE - 1, MAX_SAMPLE_RATE + 1, u32::MAX] {
        let error = Resampler::new(rate).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains(&format!("{rate} Hz")), "{error}");
    }
}
