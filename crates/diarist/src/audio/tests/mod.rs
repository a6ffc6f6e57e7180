//! Tests of the audio input on the files of `fixtures/audio/formats` and on damaged or odd ones
//! made from them.

mod caf;
mod damage;
mod formats;
mod matroska;
mod movie;
mod pcm;
mod resample;
mod stream;
mod wav;

use std::path::{Path, PathBuf};

use super::{AudioFile, AudioSource, Selection, open, open_bytes, open_selected};
use crate::Result;

/// A path in the repository's `fixtures/`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The bytes of a file of `fixtures/audio/formats`.
fn formats_bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture("audio/formats").join(name)).unwrap()
}

/// All samples of `source`.
fn read_all(source: &mut impl AudioSource) -> Result<Vec<f32>> {
    let mut samples = Vec::new();
    while source.read(&mut samples)? {}
    Ok(samples)
}

/// Decodes the whole file; returns the samples and the source at its end.
fn decode(path: &Path) -> Result<(Vec<f32>, AudioFile)> {
    let mut file = open(path)?;
    let samples = read_all(&mut file)?;
    Ok((samples, file))
}

/// Values and shape of a golden array.
fn golden(name: &str) -> (Vec<f32>, Vec<u64>) {
    let bytes = std::fs::read(fixture("golden/audio").join(name)).unwrap();
    let array = npyz::NpyFile::new(&bytes[..]).unwrap();
    let shape = array.shape().to_vec();
    (array.into_vec().unwrap(), shape)
}

/// Signal-to-noise ratio of `actual` in dB.
fn snr_db(actual: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let signal: f64 = expected.iter().map(|&x| f64::from(x).powi(2)).sum();
    let noise: f64 = actual.iter().zip(expected).map(|(&a, &e)| (f64::from(a) - f64::from(e)).powi(2)).sum();
    10.0 * (signal / noise.max(1e-30)).log10()
}
