//! The sample recording of four voices.

use std::path::Path;

use diarist::audio::{self, AudioSource};

/// All its samples, 16 kHz mono.
pub(crate) fn samples() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/audio/conversation.flac");
    let mut source = audio::open(&path).unwrap();
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    samples
}
