//! The filterbank against torchaudio.

use diarist::parts::features::fbank::{FRAME_SHIFT, Fbank, NUM_MEL_BINS, num_frames};

use super::golden;
use crate::allocations;

fn compute(samples: &[f32]) -> Vec<f32> {
    let mut features = Vec::new();
    Fbank::new().compute(samples, &mut features);
    features
}

#[test]
fn equals_torchaudio() {
    // Both sides work in f32: where a bin lies 60 dB below its neighbours, rounding in the FFT
    // alone moves the logarithm by some 1e-4. Silence and constants are exact.
    let cases =
        [("silence", 0.0), ("offset", 0.0), ("noise", 1e-3), ("quiet", 1e-3), ("tones", 1e-3), ("speech", 1e-3)];
    let mut failures = Vec::new();
    for (name, tolerance) in cases {
        let samples = golden::load_samples(&format!("fbank/{name}_samples"));
        let (shape, expected) = golden::load::<f32>(&format!("fbank/{name}_features"));
        let features = compute(&samples);
        assert_eq!(shape, [num_frames(samples.len()), NUM_MEL_BINS], "{name}");
        let difference = golden::max_abs_difference(&features, &expected);
        println!("{name}: max abs difference {difference:e}");
        if difference.is_nan() || difference > tolerance {
            failures.push(format!("{name}: {difference} > {tolerance}"));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn frames_do_not_depend_on_how_the_signal_is_cut() {
    let samples = golden::load_samples("fbank/speech_samples");
    let whole = compute(&samples);
    let mut fbank = Fbank::new();
    for piece_frames in [1, 7, 97] {
        let mut pieces = Vec::new();
        for first in (0..num_frames(samples.len())).step_by(piece_frames) {
            let last = (first + piece_frames).min(num_frames(samples.len())) - 1;
            fbank.compute(&samples[first * FRAME_SHIFT..last * FRAME_SHIFT + 400], &mut pieces);
        }
        assert!(pieces == whole, "pieces of {piece_frames} frames");
    }
}

#[test]
fn computing_into_enough_room_does_not_allocate() {
    let samples = golden::load_samples("fbank/speech_samples");
    let mut fbank = Fbank::new();
    let mut features = Vec::with_capacity(num_frames(samples.len()) * NUM_MEL_BINS);
    assert_eq!(allocations::count(|| fbank.compute(&samples, &mut features)), 0);
    assert_eq!(features.len(), features.capacity());
}
