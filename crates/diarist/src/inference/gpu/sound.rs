//! A sound to measure and compare machines with.

use std::f32::consts::TAU;

/// Two voices in turn, of which the networks take each for a person: tones with many harmonics,
/// whose strength changes four times a second.
pub(super) fn voices(num_samples: usize) -> Vec<f32> {
    let value = |i: usize| {
        let t = i as f32 / 16_000.0;
        let pitch_hz = if t % 8.0 < 4.0 { 120.0 } else { 210.0 };
        let phase = pitch_hz * t + (0.7 * t).sin();
        let harmonics: f32 = (1..25).map(|k| (k as f32 * phase.fract() * TAU).sin() / k as f32).sum();
        0.1 * harmonics * (0.5 + 0.5 * (4.0 * TAU * t).sin())
    };
    (0..num_samples).map(value).collect()
}
