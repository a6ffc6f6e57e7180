//! The segmentation network against that of pyannote.audio.

use std::sync::LazyLock;

use diarist::ErrorKind;
use diarist::parts::models::pyannet::{Chunks, PyanNet, Workspace};
use diarist::parts::models::{Precision, Tensors};
use diarist::parts::segmentation::masks::ChunkMasks;
use diarist::parts::segmentation::probabilities::ChunkProbabilities;
use diarist::parts::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, POWERSET_CLASSES, powerset};
use diarist_kernels::Isa;

use super::golden;
use crate::allocations;

const SCORES_PER_CHUNK: usize = FRAMES_PER_CHUNK * POWERSET_CLASSES;

static TENSORS: LazyLock<Tensors<'static>> =
    LazyLock::new(|| Tensors::parse(&diarist_weights::segmentation(), "segmentation").unwrap().into_owned());
static MODEL: LazyLock<PyanNet> = LazyLock::new(|| PyanNet::new(&TENSORS).unwrap());

/// The chunks of the golden files: the whole signal, its start padded with zeros, silence.
fn chunks() -> [(&'static str, Vec<f32>); 3] {
    let speech = golden::load_samples("pyannet/samples");
    assert_eq!(speech.len(), CHUNK_SAMPLES);
    let mut padded = speech.clone();
    padded[61_234..].fill(0.0);
    [("speech", speech), ("padded", padded), ("silence", vec![0.0; CHUNK_SAMPLES])]
}

#[test]
fn log_probabilities_equal_pyannote_on_every_instruction_set() {
    let mut failures = Vec::new();
    for isa in Isa::available() {
        let model = PyanNet::with_isa(&TENSORS, isa).unwrap();
        let mut workspace = Workspace::default();
        for (name, chunk) in chunks() {
            let (shape, expected) = golden::load::<f32>(&format!("pyannet/{name}_scores"));
            assert_eq!(shape, [FRAMES_PER_CHUNK, POWERSET_CLASSES]);
            let mut scores = model.scores(Chunks::one(&chunk), &mut workspace).to_vec();
            let masks = powerset::decode(&scores);
            powerset::log_softmax(&mut scores);
            let difference = golden::max_abs_difference(&scores, &expected);
            println!("{isa:?} {name}: max abs difference {difference:e}");
            // We work in f32, the golden scores in f64: four recurrent layers of 589 steps amplify
            // the rounding of some 1e-7. PyTorch in f32 is up to 1e-4 away (and 0.1 in silence).
            if difference.is_nan() || difference > 5e-4 {
                failures.push(format!("{isa:?} {name}: differ by {difference}"));
            }
            if masks != powerset::decode(&expected) {
                failures.push(format!("{isa:?} {name}: masks differ"));
            }
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

/// Rounded products move scores, but their order hardly ever changes.
#[test]
fn bfloat16_finds_the_same_speakers() {
    // Without silence, where any rounding has a large effect: instance norms divide by almost zero.
    let [speech, padded, _] = chunks();
    let golden = [&speech, &padded].map(|(name, _)| golden::load::<f32>(&format!("pyannet/{name}_scores")).1).concat();
    let signal = [speech.1, padded.1].concat();
    for isa in Isa::available() {
        let model = PyanNet::with_precision(&TENSORS, isa, Precision::Bf16).unwrap();
        let mut workspace = Workspace::default();
        let mut scores = model.scores(side_by_side(&signal), &mut workspace).to_vec();
        powerset::log_softmax(&mut scores);
        let difference = golden::max_abs_difference(&scores, &golden);
        let best = |scores: &[f32]| (0..POWERSET_CLASSES).rev().max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        let classes = scores.chunks_exact(POWERSET_CLASSES).zip(golden.chunks_exact(POWERSET_CLASSES));
        let num_differing = classes.filter(|(found, expected)| best(found) != best(expected)).count();
        println!("{isa:?}: {num_differing} frames differ, scores by up to {difference}");
        // Products are rounded to 2^-9; docs/adr/0006 has the figures for a hundred thousand frames
        // of speech. A difference as small as that of f32 would mean that f32 ran.
        assert!(difference > 5e-4 && difference < 0.5, "{isa:?}: {difference}");
        assert!(num_differing <= 2, "{isa:?}: {num_differing} frames differ");

        let last = model.scores(Chunks::one(&signal[CHUNK_SAMPLES..]), &mut workspace).to_vec();
        let all = model.scores(side_by_side(&signal), &mut workspace);
        assert!(last == all[SCORES_PER_CHUNK..], "{isa:?}: a chunk depends on the others");
    }
}

#[test]
fn golden_chunks_have_one_and_two_speakers_and_silence() {
    let [(_, speech), _, (_, silence)] = chunks();
    let mut masks = [ChunkMasks::default(); 2];
    MODEL.masks(side_by_side(&[speech, silence].concat()), &mut Workspace::default(), &mut masks);
    assert!(!masks[0].is_silent() && !masks[0].overlap().is_empty());
    assert!((0..FRAMES_PER_CHUNK).any(|t| masks[0].num_active(t) == 0));
    assert!(masks[1].is_silent());
}

/// Chunks that do not overlap.
fn side_by_side(signal: &[f32]) -> Chunks<'_> {
    Chunks { signal, step_samples: CHUNK_SAMPLES, num_chunks: signal.len() / CHUNK_SAMPLES }
}

#[test]
fn a_chunk_does_not_depend_on_the_batch() {
    let [(_, speech), (_, padded), (_, silence)] = chunks();
    let kinds = [&speech[..], &padded, &silence];
    let alone = kinds.map(|chunk| MODEL.scores(Chunks::one(chunk), &mut Workspace::default()).to_vec());
    let mut workspace = Workspace::default();
    for order in [&[2, 1, 0][..], &[0; 8], &[1, 0, 2, 2, 0, 1, 1, 0, 2], &[0]] {
        let signal: Vec<f32> = order.iter().flat_map(|&kind| kinds[kind]).copied().collect();
        let scores = MODEL.scores(side_by_side(&signal), &mut workspace);
        for (position, &kind) in order.iter().enumerate() {
            assert!(scores[position * SCORES_PER_CHUNK..][..SCORES_PER_CHUNK] == alone[kind], "{order:?} {position}");
        }
        let mut masks = vec![ChunkMasks::default(); order.len()];
        let mut probabilities = vec![ChunkProbabilities::default(); order.len()];
        MODEL.forward(side_by_side(&signal), &mut workspace, &mut masks, &mut probabilities);
        for ((masks, probabilities), &kind) in masks.iter().zip(&probabilities).zip(order) {
            assert_eq!(*masks, powerset::decode(&alone[kind]));
            assert_eq!(*probabilities, ChunkProbabilities::from_scores(&alone[kind]));
        }
    }
    assert!(MODEL.scores(side_by_side(&[]), &mut workspace).is_empty());
}

#[test]
fn a_chunk_does_not_depend_on_those_it_overlaps() {
    let speech = golden::load_samples("pyannet/samples");
    // Another volume and offset for each copy: chunks that share samples differ in their
    // normalisation.
    let signal: Vec<f32> =
        (0..3).flat_map(|i| speech.iter().map(move |x| x / (i + 1) as f32 + 0.01 * i as f32)).collect();
    // Extensions make no difference to f32.
    for isa in Isa::available().into_iter().filter(|isa| !isa.has_dot()) {
        let model = PyanNet::with_isa(&TENSORS, isa).unwrap();
        let mut workspace = Workspace::default();
        // Every remainder of the chunks' first frames by three, more chunks than overlap at a time,
        // and gaps between chunks.
        for (step_samples, num_chunks) in [(16_000, 14), (160, 3), (10, 2), (79_990, 5), (159_990, 3), (170_000, 2)] {
            let scores = model.scores(Chunks { signal: &signal, step_samples, num_chunks }, &mut workspace).to_vec();
            for (index, scores) in scores.chunks_exact(SCORES_PER_CHUNK).enumerate().rev().take(2) {
                let chunk = &signal[index * step_samples..][..CHUNK_SAMPLES];
                let alone = model.scores(Chunks::one(chunk), &mut workspace);
                assert!(scores == alone, "{isa:?}: chunk {index} of {num_chunks}, one every {step_samples} samples");
            }
        }
    }
}

#[test]
fn a_warm_workspace_does_not_allocate() {
    let [(_, speech), (_, padded), (_, silence)] = chunks();
    let signal = [speech, padded, silence].concat();
    let mut workspace = Workspace::default();
    let mut masks = [ChunkMasks::default(); 12];
    let mut probabilities = vec![ChunkProbabilities::default(); 12];
    LazyLock::force(&MODEL);
    let overlapping = Chunks { signal: &signal, step_samples: 16_000, num_chunks: 12 };
    MODEL.forward(overlapping, &mut workspace, &mut masks, &mut probabilities);
    for chunks in [overlapping, side_by_side(&signal), Chunks::one(&signal), side_by_side(&signal[CHUNK_SAMPLES..])] {
        let (masks, probabilities) = (&mut masks[..chunks.num_chunks], &mut probabilities[..chunks.num_chunks]);
        let allocations = allocations::count(|| MODEL.forward(chunks, &mut workspace, masks, probabilities));
        assert_eq!(allocations, 0, "{} chunks every {} samples", chunks.num_chunks, chunks.step_samples);
    }
}

#[test]
fn extreme_samples_give_scores_and_no_panic() {
    let mut click = vec![0.0; CHUNK_SAMPLES];
    click[80_000] = 1.0;
    let constant = vec![0.7; CHUNK_SAMPLES];
    let full_scale: Vec<f32> = (0..CHUNK_SAMPLES).map(|i| if i / 40 % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let mut workspace = Workspace::default();
    for chunk in [click, constant, full_scale] {
        assert!(MODEL.scores(Chunks::one(&chunk), &mut workspace).iter().all(|score| score.is_finite()));
    }
    let mut broken = vec![0.1; CHUNK_SAMPLES];
    broken[5] = f32::NAN;
    let mut masks = [ChunkMasks::default()];
    MODEL.masks(Chunks::one(&broken), &mut workspace, &mut masks);
    assert!(masks[0].is_silent());
}

#[test]
fn another_architecture_is_refused_by_name() {
    let error = PyanNet::new(&Tensors::parse(&diarist_weights::embedding(), "other.safetensors").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    let text = error.to_string();
    assert!(text.contains("other.safetensors") && text.contains("sincnet."), "{text}");
}
