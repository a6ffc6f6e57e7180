//! The embedding network against pyannote.audio.

use diarist::parts::features::fbank::{NUM_MEL_BINS, chunk_mean};
use diarist::parts::models::resnet34::{EMBEDDING_DIMENSION, ResNet34, Workspace};
use diarist::parts::models::{Precision, Tensors};
use diarist::parts::segmentation::FRAMES_PER_CHUNK;
use diarist::parts::segmentation::masks::FrameMask;
use diarist_kernels::Isa;

use super::golden;
use crate::allocations;

fn network(isa: Isa) -> ResNet34 {
    let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding").unwrap().into_owned();
    ResNet34::with_isa(&tensors, isa).unwrap()
}

fn masks() -> Vec<FrameMask> {
    let (shape, values) = golden::load::<u8>("resnet34/masks");
    assert_eq!(shape[1], FRAMES_PER_CHUNK);
    let mask = |row: &[u8]| {
        let mut mask = FrameMask::default();
        (0..FRAMES_PER_CHUNK).filter(|&t| row[t] == 1).for_each(|t| mask.insert(t));
        mask
    };
    values.chunks_exact(FRAMES_PER_CHUNK).map(mask).collect()
}

/// Features `[frames, 80]` of a golden case and their mean over the frames.
fn features(name: &str) -> (Vec<f32>, [f32; NUM_MEL_BINS]) {
    let (shape, values) = golden::load::<i16>(&format!("resnet34/{name}_fbank"));
    let fbank: Vec<f32> = values.into_iter().map(|value| f32::from(value) / 256.0).collect();
    assert_eq!(shape, [fbank.len() / NUM_MEL_BINS, NUM_MEL_BINS]);
    let mean = chunk_mean(&fbank);
    (fbank, mean)
}

/// Every 16th frame, every frequency, every 16th channel, as in the golden file.
fn sample(workspace: &Workspace) -> Vec<f32> {
    let value = |t: usize, row: usize, channel: usize| workspace.features(row)[t * 256 + channel];
    let frames = (0..workspace.num_frames()).step_by(16);
    frames
        .flat_map(|t| (0..10).flat_map(move |row| (0..256).step_by(16).map(move |channel| value(t, row, channel))))
        .collect()
}

#[test]
fn equals_pyannote_audio_on_every_instruction_set() {
    let masks = masks();
    let mut failures = Vec::new();
    for isa in Isa::available() {
        let network = network(isa);
        // One workspace for growing and shrinking lengths: no chunk may show values of the last.
        let mut workspace = Workspace::default();
        for name in ["short", "chunk", "tiny"] {
            let (fbank, mean) = features(name);
            network.trunk(&fbank, &mean, &mut workspace);
            let (shape, expected) = golden::load::<f32>(&format!("resnet34/{name}_trunk"));
            assert_eq!(shape[0], workspace.num_frames().div_ceil(16));
            let trunk = golden::max_abs_difference(&sample(&workspace), &expected);

            let (_, expected) = golden::load::<f32>(&format!("resnet34/{name}_embeddings"));
            let mut embeddings = vec![0.0; masks.len() * EMBEDDING_DIMENSION];
            for (mask, out) in masks.iter().zip(embeddings.chunks_exact_mut(EMBEDDING_DIMENSION)) {
                network.embed(&workspace, mask, out);
            }
            let embedding = golden::max_abs_difference(&embeddings, &expected);
            println!("{isa:?} {name}: max abs difference trunk {trunk:e}, embedding {embedding:e}");
            // Rounding through 34 layers of f32 sums of up to 2304 terms, on features up to 1 and
            // embeddings up to 0.2. A wrong weight, mask frame or statistic moves them by 1e-2 and
            // more.
            if trunk.is_nan() || trunk > 1e-5 || embedding.is_nan() || embedding > 1e-5 {
                failures.push(format!("{isa:?} {name}: trunk {trunk}, embedding {embedding}"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn lower_precision_gives_nearly_the_same_direction() {
    let masks = masks();
    let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding").unwrap().into_owned();
    let (fbank, mean) = features("chunk");
    let (_, expected) = golden::load::<f32>("resnet34/chunk_embeddings");
    for isa in Isa::available() {
        // The lowest measured cosines of bf16 and int8, with masks of two frames, are 0.9986 and
        // 0.9969. The floors are three times as far from 1.
        for (precision, floor) in [(Precision::F16, 0.99999), (Precision::Bf16, 0.995), (Precision::Int8, 0.99)] {
            let network = ResNet34::with_precision(&tensors, isa, precision).unwrap();
            let mut workspace = Workspace::default();
            network.trunk(&fbank, &mean, &mut workspace);
            for (index, (mask, expected)) in masks.iter().zip(expected.chunks_exact(EMBEDDING_DIMENSION)).enumerate() {
                let mut embedding = [0.0; EMBEDDING_DIMENSION];
                network.embed(&workspace, mask, &mut embedding);
                let cosine = cosine_similarity(&embedding, expected);
                println!("{isa:?} {precision}, mask {index} of {} frames: cosine {cosine:.6}", mask.count());
                assert!(cosine >= floor, "{isa:?} {precision}, mask {index}: {cosine}");
            }
        }
    }
}

fn cosine_similarity(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}

#[test]
fn a_warm_workspace_does_not_allocate() {
    for precision in Precision::ALL {
        let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding").unwrap().into_owned();
        check_allocations(&ResNet34::with_precision(&tensors, Isa::detect(), precision).unwrap());
    }
}

fn check_allocations(network: &ResNet34) {
    let mask = masks()[1];
    let mut workspace = Workspace::default();
    let (long, mean) = features("short");
    let mut embedding = [0.0; EMBEDDING_DIMENSION];
    network.trunk(&long, &mean, &mut workspace);
    let (short, mean) = features("tiny");
    for fbank in [&long, &short] {
        let allocations = allocations::count(|| {
            network.trunk(fbank, &mean, &mut workspace);
            network.embed(&workspace, &mask, &mut embedding);
        });
        assert_eq!(allocations, 0, "{} frames", fbank.len() / NUM_MEL_BINS);
    }
}

/// Masks with active frames at the start, at the end, in the middle, scattered, and nowhere, and
/// with a long stretch.
fn narrow_masks() -> Vec<FrameMask> {
    let frames: [&[usize]; 6] = [&[0], &[588], &[300], &[20, 21, 22, 250, 571, 572], &[], &[100]];
    let mask = |frames: &[usize]| {
        let mut mask = FrameMask::default();
        frames.iter().for_each(|&t| mask.insert(t));
        mask
    };
    let mut masks: Vec<FrameMask> = frames.into_iter().map(mask).collect();
    (95..180).for_each(|t| masks[5].insert(t));
    masks
}

#[test]
fn a_trunk_for_few_frames_gives_the_same_bits() {
    let (fbank, mean) = features("chunk");
    for isa in Isa::available() {
        let network = network(isa);
        let mut whole = Workspace::default();
        network.trunk(&fbank, &mean, &mut whole);
        // Features that are not computed stay those of the chunk before. It is another one, so a
        // value of it in the result would show.
        let mut part = Workspace::default();
        let (other, other_mean) = features("short");
        let other: Vec<f32> = other.iter().cycle().take(fbank.len()).map(|value| 3.0 * value).collect();
        network.trunk(&other, &other_mean, &mut part);
        for masks in narrow_masks().windows(2) {
            network.trunk_for(&fbank, &mean, masks.iter(), &mut part);
            for mask in masks {
                let [mut found, mut expected] = [[0.0; EMBEDDING_DIMENSION]; 2];
                network.embed(&part, mask, &mut found);
                network.embed(&whole, mask, &mut expected);
                assert!(found == expected, "{isa:?} {mask:?}");
            }
        }
        let untouched = (0..10).all(|row| part.features(row) != whole.features(row));
        assert!(untouched, "{isa:?}: everything was computed");
    }
}
