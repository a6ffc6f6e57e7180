//! The segmentation network against that of pyannote.audio.

#![expect(clippy::print_stdout, reason = "a log tells how close the results are")]

mod common;

use common::network::{self, CHUNK_SAMPLES};
use diarist_gpu::Element;
use diarist_gpu::segmentation::Segmentation;

/// The chunks of the golden files: the whole signal, its start padded with zeros, silence.
fn chunks() -> [(&'static str, Vec<f32>); 3] {
    let speech = network::samples();
    assert_eq!(speech.len(), CHUNK_SAMPLES);
    let mut padded = speech.clone();
    padded[61_234..].fill(0.0);
    [("speech", speech), ("padded", padded), ("silence", vec![0.0; CHUNK_SAMPLES])]
}

#[test]
#[cfg_attr(debug_assertions, ignore = "runs a whole network, which needs --release")]
fn masks_and_probabilities_equal_pyannote() {
    let Some(gpu) = common::gpu() else { return };
    let chunks = chunks();
    let signal = chunks.each_ref().map(|(_, chunk)| chunk.as_slice()).concat();
    for element in common::elements(&gpu) {
        let network = Segmentation::new(&gpu, element, &network::weights());
        let found = network::run(&gpu, &network, element, &signal, CHUNK_SAMPLES);
        for (index, (name, _)) in chunks.iter().enumerate() {
            let expected = network::expected(name);
            let num_differing = count(&found.masks[index], &expected.masks, |a, b| a != b);
            let (bytes, expected_bytes) =
                (found.probabilities[index].as_flattened(), expected.probabilities.as_flattened());
            let num_off = count(bytes, expected_bytes, |a, b| a != b);
            let num_far = count(bytes, expected_bytes, |a, b| a.abs_diff(*b) > 1);
            println!(
                "{element:?} {name}: {num_differing} frames differ, {num_off} probabilities, {num_far} by more than 1"
            );
            // Products of numbers with 11 bits: the scores move by up to 1e-2.
            let (most_frames, most_far) = if element == Element::F32 { (0, 0) } else { (1, 5) };
            assert!(num_differing <= most_frames && num_far <= most_far);
        }
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "runs a whole network, which needs --release")]
fn a_chunk_depends_on_its_samples_alone() {
    const STEP: usize = 16_000;
    let Some(gpu) = common::gpu() else { return };
    let element = Element::F32;
    let network = Segmentation::new(&gpu, element, &network::weights());
    // Another volume and offset at the end: chunks that share samples differ in their norms. There
    // are so many chunks that the groups of the recurrence are larger than for those alone.
    let mut signal = network::samples();
    signal.extend_from_within(..4 * STEP);
    signal[CHUNK_SAMPLES..].iter_mut().for_each(|sample| *sample = 3.0 * *sample + 0.01);
    let together = network::run(&gpu, &network, element, &signal, STEP);

    let mut broken = signal[STEP..][..CHUNK_SAMPLES].to_vec();
    broken[100_000] = f32::NAN;
    let chunk = |index: usize| &signal[index * STEP..][..CHUNK_SAMPLES];
    let alone = [chunk(4), &broken, chunk(0)].concat();
    let alone = network::run(&gpu, &network, element, &alone, CHUNK_SAMPLES);
    for (index, other) in [(4, 0), (0, 2)] {
        assert!(together.features[index] == alone.features[other], "chunk {index}");
        assert_eq!(together.masks[index], alone.masks[other], "chunk {index}");
        assert_eq!(together.probabilities[index], alone.probabilities[other], "chunk {index}");
        assert!(together.masks[index].iter().any(|speakers| *speakers != 0), "chunk {index}");
    }
    assert!(alone.masks[1].iter().all(|speakers| *speakers == 0));
    assert!(alone.probabilities[1].iter().all(|shares| *shares == [0; 4]));
}

/// Number of pairs that fail.
fn count<T>(found: &[T], expected: &[T], fails: impl Fn(&T, &T) -> bool) -> usize {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).filter(|(a, b)| fails(a, b)).count()
}
