//! The segmentation network against that of pyannote.audio.

mod common;

use common::network::{self, CHUNK_SAMPLES, Results};
use diarist_gpu::segmentation::Segmentation;
use diarist_gpu::{Element, Gpu};

/// The chunks of the golden files: the whole signal, its start padded with zeros, silence.
fn chunks() -> [(&'static str, Vec<f32>); 3] {
    let speech = network::samples();
    assert_eq!(speech.len(), CHUNK_SAMPLES);
    let mut padded = speech.clone();
    padded[61_234..].fill(0.0);
    [("speech", speech), ("padded", padded), ("silence", vec![0.0; CHUNK_SAMPLES])]
}

fn run(gpu: &Gpu, network: &Segmentation, signal: &[f32], step_samples: usize) -> Results {
    let started = std::time::Instant::now();
    let results = network::run(gpu, network, signal, step_samples);
    println!("{} chunks in {:.3} s", results.masks.len(), started.elapsed().as_secs_f64());
    results
}

#[test]
fn masks_and_probabilities_equal_pyannote() {
    let Some(gpu) = common::gpu() else { return };
    for element in common::elements(&gpu) {
        let network = Segmentation::new(&gpu, element, &network::weights());
        for (name, chunk) in chunks() {
            let expected = network::expected(name);
            let found = run(&gpu, &network, &chunk, CHUNK_SAMPLES);
            let masks = found.masks[0].iter().zip(&expected.masks[0]);
            let num_differing = masks.filter(|(found, expected)| found != expected).count();
            let pairs = found.probabilities[0].as_flattened().iter().zip(expected.probabilities[0].as_flattened());
            let differences: Vec<u8> = pairs.map(|(found, expected)| found.abs_diff(*expected)).collect();
            let worst = differences.iter().copied().fold(0, u8::max);
            let num_off = differences.iter().filter(|difference| **difference > 0).count();
            println!(
                "{element:?} {name}: {num_differing} frames differ, probabilities by up to {worst}, {num_off} of {}",
                differences.len()
            );
            // In silence, norms divide by almost zero, so that any rounding counts.
            let most = if element == Element::F32 { 1 } else { 8 };
            assert!(num_differing <= usize::from(element == Element::F16) * 2 && worst <= most);
        }
    }
}
