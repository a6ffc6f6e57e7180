//! Samples of the fixtures.

use std::path::{Path, PathBuf};

use diarist::parts::audio::{self, AudioSource};

/// The folder of fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// All samples of an audio file, 16 kHz mono.
pub(crate) fn read_samples(path: &Path) -> Vec<f32> {
    let mut source = audio::open(path).unwrap();
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    samples
}

/// All samples of the conversation of four voices.
pub(crate) fn conversation() -> Vec<f32> {
    read_samples(&fixtures().join("audio/conversation.flac"))
}

/// Hands out samples in pieces of awkward sizes. The second value is the size of the first piece.
pub(crate) struct Pieces<'a>(pub(crate) &'a [f32], pub(crate) usize);

impl AudioSource for Pieces<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> diarist::Result<bool> {
        let n = self.1.min(self.0.len());
        self.1 = self.1 * 7 % 4099 + 1;
        out.extend_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n > 0)
    }
}
