//! The waveform of a recording: the loudest samples of equal stretches.

use std::path::Path;

use diarist::Result;
use diarist::parts::audio::{self, AudioSource};

/// Sample rate of recordings that the library has read, in Hz.
pub(crate) const SAMPLE_RATE: u32 = 16_000;
/// Samples behind one peak of a page's waveform, at least.
const PEAK: usize = 160;
/// Peaks of a recording, at most: the first 2.8 hours have one every 10 ms.
const MAX_PEAKS: usize = 1_000_000;

/// A waveform of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Waveform {
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Peaks in a second.
    pub per_second: u32,
    /// For each stretch its loudest sample, relative to the loudest of the recording, which is 255.
    pub peaks: Vec<u8>,
}

/// The waveform of the recording at `path`, with `per_second` peaks in a second, 1 to 100.
///
/// # Errors
///
/// If the recording cannot be read.
pub fn waveform(path: &Path, per_second: u32) -> Result<Waveform> {
    let per_second = per_second.clamp(1, 100);
    let length = (SAMPLE_RATE / per_second) as usize;
    let (duration_s, peaks) = scan(path, Peaks::new(length, usize::MAX), |_| Ok(()))?;
    Ok(Waveform { duration_s, per_second, peaks: bytes(&peaks) })
}

/// Length in seconds and peaks of the recording at `path`, for a page; passes the samples on to
/// `sink`.
pub(crate) fn read(path: &Path, sink: impl FnMut(&[f32]) -> Result<()>) -> Result<(f64, Vec<f32>)> {
    scan(path, Peaks::new(PEAK, MAX_PEAKS), sink)
}

fn scan(path: &Path, mut peaks: Peaks, mut sink: impl FnMut(&[f32]) -> Result<()>) -> Result<(f64, Vec<f32>)> {
    let mut file = audio::open(path)?;
    let (mut block, mut num_samples) = (Vec::new(), 0);
    while file.read(&mut block)? {
        num_samples += block.len();
        peaks.push(&block);
        sink(&block)?;
        block.clear();
    }
    Ok((num_samples as f64 / f64::from(SAMPLE_RATE), peaks.finish()))
}

/// The loudest of `peaks`, or a thousandth of full scale for a silent recording.
pub(crate) fn largest(peaks: &[f32]) -> f64 {
    f64::from(peaks.iter().copied().fold(1e-3, f32::max))
}

/// Peaks relative to the loudest, which is 255.
pub(crate) fn bytes(peaks: &[f32]) -> Vec<u8> {
    let largest = largest(peaks);
    peaks.iter().map(|peak| (255.0 * f64::from(*peak) / largest).round() as u8).collect()
}

/// Peaks of a recording of unknown length. Once there are too many, each two become one.
struct Peaks {
    peaks: Vec<f32>,
    largest: f32,
    num: usize,
    length: usize,
    max_peaks: usize,
}

impl Peaks {
    fn new(length: usize, max_peaks: usize) -> Self {
        Self { peaks: Vec::new(), largest: 0.0, num: 0, length, max_peaks }
    }

    fn push(&mut self, samples: &[f32]) {
        for sample in samples {
            self.largest = self.largest.max(sample.abs());
            self.num += 1;
            if self.num == self.length {
                self.peaks.push(self.largest);
                (self.largest, self.num) = (0.0, 0);
            }
            if self.peaks.len() == self.max_peaks {
                self.peaks = self.peaks.chunks(2).map(|pair| pair.iter().copied().fold(0.0, f32::max)).collect();
                self.length *= 2;
            }
        }
    }

    fn finish(mut self) -> Vec<f32> {
        if self.num > 0 {
            self.peaks.push(self.largest);
        }
        self.peaks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_stay_few_and_high() {
        let max_peaks = 800;
        let mut peaks = Peaks::new(PEAK, max_peaks);
        let mut samples = vec![0.1_f32; PEAK * max_peaks * 3];
        samples[PEAK * max_peaks] = -0.8;
        samples.chunks(999).for_each(|block| peaks.push(block));
        let peaks = peaks.finish();
        assert!((max_peaks / 2..max_peaks).contains(&peaks.len()), "{}", peaks.len());
        assert_eq!(peaks.iter().filter(|&&peak| peak == 0.8).count(), 1);
        assert_eq!(peaks.iter().position(|&peak| peak == 0.8), Some(peaks.len() / 3));
        assert_eq!(Peaks::new(PEAK, max_peaks).finish(), [0.0; 0]);
    }

    #[test]
    fn a_waveform_has_a_peak_for_every_stretch() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/short.flac");
        let waveform = waveform(&path, 50).unwrap();
        assert_eq!(waveform.peaks.len(), (waveform.duration_s * 50.0).ceil() as usize);
        assert_eq!(waveform.peaks.iter().max(), Some(&255));
    }
}
