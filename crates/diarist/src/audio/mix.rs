//! One signal from several channels.

use crate::error::{Error, Result};

/// The phase is decided this many times per second.
const DECISIONS_PER_S: u32 = 16;
/// Share of the past that remains after each decision: half after a second.
const MEMORY: f64 = 0.957;
/// Correlation of two channels below which they have opposite phases. Their mean is then at least
/// 6 dB below their difference.
const OPPOSITE: f64 = -0.6;
/// Shorter stretches are not worth a warning, in seconds.
const MIN_WARNING_S: f64 = 1.0;

/// Mixes channels by their mean, or takes one of them.
///
/// In a recording from a wrongly wired cable, one channel is the negative of the other, and their
/// mean is silence. A channel that goes against one before it is inverted first; the one that
/// counts is the most similar one, as others may be silent or have another voice. This is decided
/// from the past alone, so that the result does not depend on the sizes of blocks.
#[derive(Debug, Default)]
pub(super) struct Mixer {
    /// The channel to take, from 0.
    channel: Option<usize>,
    sample_rate: u32,
    channels: Vec<Phase>,
    /// Products of the changes of each channel with those of the channels up to it: of channel 0
    /// with itself, of channel 1 with 0 and itself, and so on.
    products: Vec<f64>,
    num_in_block: u32,
    inverted_s: f64,
    first_inverted_s: Option<f64>,
    time_s: f64,
}

/// Phase of a channel.
#[derive(Debug, Clone, Default)]
struct Phase {
    /// The last sample, and its difference from the one before it. Differences do not have the
    /// offset and the hum of a recorder.
    last: f32,
    change: f32,
    is_opposite: bool,
}

/// Place of the product of two channels, the first of which does not come after the second.
fn place(first: usize, second: usize) -> usize {
    second * (second + 1) / 2 + first
}

impl Mixer {
    /// Takes channel `channel` (from 1) alone, or mixes all.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for channel 0.
    pub(super) fn new(channel: Option<usize>) -> Result<Self> {
        if channel == Some(0) {
            return Err(Error::invalid_option("channels are counted from 1, so there is no channel 0"));
        }
        Ok(Self { channel: channel.map(|channel| channel - 1), ..Self::default() })
    }

    /// Refuses a channel that a recording of `num_channels` does not have.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`].
    pub(super) fn check(&self, num_channels: usize) -> Result<()> {
        match self.channel.filter(|&channel| channel >= num_channels) {
            None => Ok(()),
            Some(channel) => Err(Error::invalid_option(format!(
                "channel {} was asked for, but the recording has {num_channels}",
                channel + 1
            ))),
        }
    }

    /// Appends the mix of each frame of `interleaved` to `mono`.
    pub(super) fn mix(&mut self, interleaved: &[f32], num_channels: usize, sample_rate: u32, mono: &mut Vec<f32>) {
        if num_channels == 1 {
            mono.extend_from_slice(interleaved);
        } else if let Some(channel) = self.channel {
            // A part of fewer channels, as in joined files, has the sound in its last one.
            let channel = channel.min(num_channels - 1);
            mono.extend(interleaved.chunks_exact(num_channels).map(|frame| frame[channel]));
        } else {
            if (self.channels.len(), self.sample_rate) != (num_channels, sample_rate) {
                self.channels = vec![Phase::default(); num_channels];
                self.products = vec![0.0; place(0, num_channels)];
                (self.sample_rate, self.num_in_block) = (sample_rate, 0);
            }
            let block = (sample_rate / DECISIONS_PER_S).max(1);
            let mut rest = interleaved;
            while !rest.is_empty() {
                let frames = ((block - self.num_in_block) as usize).min(rest.len() / num_channels);
                let (part, after) = rest.split_at(frames * num_channels);
                if frames == 0 {
                    return;
                }
                self.mix_part(part, mono);
                self.num_in_block += frames as u32;
                if self.num_in_block == block {
                    self.decide(f64::from(block) / f64::from(sample_rate.max(1)));
                }
                rest = after;
            }
        }
    }

    /// Mixes frames of one block.
    fn mix_part(&mut self, interleaved: &[f32], mono: &mut Vec<f32>) {
        let num_channels = self.channels.len();
        let scale = num_channels as f32;
        let frames = interleaved.chunks_exact(num_channels);
        if self.channels.iter().any(|phase| phase.is_opposite) {
            let signs: Vec<f32> =
                self.channels.iter().map(|phase| if phase.is_opposite { -1.0 } else { 1.0 }).collect();
            let signed = |frame: &[f32]| frame.iter().zip(&signs).map(|(sample, sign)| sample * sign).sum::<f32>();
            mono.extend(frames.clone().map(|frame| signed(frame) / scale));
        } else {
            mono.extend(frames.clone().map(|frame| frame.iter().sum::<f32>() / scale));
        }
        for frame in frames {
            let mut products = self.products.iter_mut();
            for (second, &sample) in frame.iter().enumerate() {
                let phase = &mut self.channels[second];
                let change = sample - phase.last;
                (phase.last, phase.change) = (sample, change);
                for (phase, product) in self.channels[..=second].iter().zip(&mut products) {
                    *product += f64::from(change * phase.change);
                }
            }
        }
    }

    /// Decides the phases for the next block.
    fn decide(&mut self, block_s: f64) {
        self.num_in_block = 0;
        if self.channels.iter().any(|phase| phase.is_opposite) {
            self.inverted_s += block_s;
            let _ = self.first_inverted_s.get_or_insert(self.time_s);
        }
        self.time_s += block_s;
        for channel in 0..self.channels.len() {
            let correlation = self.correlation(channel);
            let phase = &mut self.channels[channel];
            phase.is_opposite = correlation < if phase.is_opposite { 0.0 } else { OPPOSITE };
        }
        self.products.iter_mut().for_each(|product| *product *= MEMORY);
    }

    /// Correlation of a channel with the most similar one of those before it, in the phases that
    /// these have been given.
    fn correlation(&self, channel: usize) -> f64 {
        let energy = |channel| self.products[place(channel, channel)];
        let mut most_similar = 0.0f64;
        for (before, phase) in self.channels[..channel].iter().enumerate() {
            let whole = (energy(before) * energy(channel)).sqrt();
            let product = self.products[place(before, channel)];
            let correlation = if whole > 0.0 { product / whole } else { 0.0 };
            if correlation.abs() > most_similar.abs() {
                most_similar = if phase.is_opposite { -correlation } else { correlation };
            }
        }
        most_similar
    }

    /// Describes how channels of opposite phase were treated, if that was more than a moment.
    pub(super) fn warning(&self) -> Option<String> {
        let start_s = self.first_inverted_s?;
        (self.inverted_s >= MIN_WARNING_S.min(0.5 * self.time_s)).then(|| {
            format!(
                "channels in opposite phase, whose mean is silence, were brought into one phase for {:.1} s, from {start_s:.1} s on",
                self.inverted_s
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise in [-1, 1].
    fn noise(seed: u32, num_samples: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..num_samples).map(|_| next()).collect()
    }

    fn mix(channels: &[Vec<f32>]) -> (Vec<f32>, Option<String>) {
        let frames = channels[0].len();
        let interleaved: Vec<f32> = (0..frames).flat_map(|i| channels.iter().map(move |channel| channel[i])).collect();
        let (mut mixer, mut mono) = (Mixer::default(), Vec::new());
        for block in interleaved.chunks(777 * channels.len()) {
            mixer.mix(block, channels.len(), 16_000, &mut mono);
        }
        (mono, mixer.warning())
    }

    fn rms(samples: &[f32]) -> f64 {
        (samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn channels_in_opposite_phase_are_heard() {
        let voice = noise(1, 48_000);
        let other = noise(2, 48_000);
        let scaled = |gain: f32| voice.iter().map(|x| gain * x).collect::<Vec<f32>>();
        let with_other: Vec<f32> = voice.iter().zip(&other).map(|(x, y)| 0.4 * y - x).collect();
        for channels in [
            vec![voice.clone(), scaled(-1.0)],
            vec![voice.clone(), scaled(-0.5)],
            vec![voice.clone(), with_other],
            vec![voice.clone(), scaled(-1.0), scaled(1.0), scaled(-1.0)],
            vec![voice.clone(), voice.clone(), scaled(-1.0)],
        ] {
            let (mono, warning) = mix(&channels);
            assert!(rms(&mono[1_000..]) > 0.7 * rms(&voice), "{}", rms(&mono));
            assert!(warning.unwrap().contains("opposite phase"));
        }
    }

    #[test]
    fn the_first_channel_may_have_another_sound() {
        let voice = noise(1, 48_000);
        let inverted: Vec<f32> = voice.iter().map(|x| -x).collect();
        let other: Vec<f32> = noise(2, 48_000).iter().map(|x| 2.0 * x).collect();
        for first in [vec![0.0; 48_000], noise(2, 48_000), other] {
            let (mono, warning) = mix(&[first.clone(), voice.clone(), inverted.clone()]);
            let expected: Vec<f32> = first.iter().zip(&voice).map(|(x, y)| (x + 2.0 * y) / 3.0).collect();
            let error: Vec<f32> = mono[2_000..].iter().zip(&expected[2_000..]).map(|(x, y)| x - y).collect();
            assert!(rms(&error) < 1e-6, "{} of {}", rms(&mono), rms(&expected));
            assert!(warning.unwrap().contains("opposite phase"));
        }
    }

    #[test]
    fn all_other_channels_are_mixed_by_their_mean() {
        let voice = noise(1, 48_000);
        let delayed = [vec![0.0; 40], voice[..47_960].to_vec()].concat();
        let offset: Vec<f32> = noise(3, 48_000).iter().map(|x| 1e-4 * x - 0.5).collect();
        for other in [voice.clone(), noise(2, 48_000), vec![0.0; 48_000], delayed, offset] {
            let (mono, warning) = mix(&[voice.clone(), other.clone()]);
            let mean: Vec<f32> = voice.iter().zip(&other).map(|(x, y)| (x + y) / 2.0).collect();
            assert!(mono == mean && warning.is_none());
        }
    }

    #[test]
    fn a_phase_that_changes_is_followed() {
        let voice = noise(1, 96_000);
        let half: Vec<f32> = voice.iter().enumerate().map(|(i, x)| if i < 48_000 { *x } else { -x }).collect();
        let (mono, _) = mix(&[voice.clone(), half]);
        assert!(mono[..48_000] == voice[..48_000]);
        assert!(rms(&mono[90_000..]) > 0.9 * rms(&voice[90_000..]));
    }

    #[test]
    fn one_channel_can_be_taken() {
        let mut mixer = Mixer::new(Some(2)).unwrap();
        assert!(mixer.check(2).is_ok() && mixer.check(1).is_err() && Mixer::new(Some(0)).is_err());
        let mut mono = Vec::new();
        mixer.mix(&[0.1, 0.2, 0.3, 0.4], 2, 16_000, &mut mono);
        assert_eq!(mono, [0.2, 0.4]);
    }
}
