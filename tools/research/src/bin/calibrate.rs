//! Measures the ranges of the embedding network's activations over recordings, for 8-bit precision.
//!
//! `crates/diarist-weights/data/wespeaker-resnet34-lm.ranges.json` is the output of:
//!
//! ```text
//! cargo run --release -p diarist-research --bin calibrate -- \
//!     fixtures/audio/{conversation,single,short}.flac
//! ```

#![expect(clippy::print_stdout, reason = "the ranges go to stdout")]

use std::path::Path;

use diarist::parts::audio::{self, AudioSource};
use diarist::parts::features::fbank::{Fbank, NUM_MEL_BINS, chunk_mean};
use diarist::parts::models::Tensors;
use diarist::parts::models::resnet34::Calibration;
use diarist::parts::segmentation::CHUNK_SAMPLES;

fn main() -> diarist::Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding network")?.into_owned();
    let mut calibration = Calibration::new(&tensors)?;
    let mut fbank = Fbank::new();
    for path in &paths {
        let mut source = audio::open(Path::new(path))?;
        let mut samples = Vec::new();
        while source.read(&mut samples)? {}
        // Chunks that overlap by half. A shorter one is filled up with silence, as in the pipeline.
        for start in (0..samples.len()).step_by(CHUNK_SAMPLES / 2) {
            let mut chunk = samples[start..samples.len().min(start + CHUNK_SAMPLES)].to_vec();
            chunk.resize(CHUNK_SAMPLES, 0.0);
            let mut frames = Vec::new();
            fbank.compute(&chunk, &mut frames);
            assert!(frames.len().is_multiple_of(NUM_MEL_BINS));
            calibration.add(&frames, &chunk_mean(&frames));
        }
    }
    let model = &diarist_weights::manifest().models[1];
    let ranges = serde_json::json!({
        "weights_sha256": model.sha256,
        "recordings": paths,
        "activations": calibration.ranges(),
    });
    println!("{ranges:#}");
    Ok(())
}
