//! The segmentation network against pyannote.audio's own.

use std::sync::LazyLock;

use diarist::ErrorKind;
use diarist::models::Tensors;
use diarist::models::pyannet::{PyanNet, Workspace};
use diarist::segmentation::masks::ChunkMasks;
use diarist::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, POWERSET_CLASSES, powerset};
use diarist_kernels::Isa;

use crate::{allocations, golden};

const SCORES_PER_CHUNK: usize = FRAMES_PER_CHUNK * POWERSET_CLASSES;

static TENSORS: LazyLock<Tensors<'static>> =
    LazyLock::new(|| Tensors::parse(diarist_weights::segmentation(), "segmentation").unwrap());
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
            let mut scores = model.scores(&[&chunk], &mut workspace).to_vec();
            let masks = powerset::decode(&scores);
            powerset::log_softmax(&mut scores);
            let difference = golden::max_abs_difference(&scores, &expected);
            println!("{isa:?} {name}: max abs difference {difference:e}");
            // We work in f32, the golden scores in f64: four recurrent layers of 589 steps amplify the rounding of some 1e-7.
            // PyTorch in f32 is up to 1e-4 away (and 0.1 in silence).
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

#[test]
fn golden_chunks_have_one_and_two_speakers_and_silence() {
    let [(_, speech), _, (_, silence)] = chunks();
    let mut masks = [ChunkMasks::default(); 2];
    MODEL.forward(&[&speech, &silence], &mut Workspace::default(), &mut masks);
    assert!(!masks[0].is_silent() && !masks[0].overlap().is_empty());
    assert!((0..FRAMES_PER_CHUNK).any(|t| masks[0].num_active(t) == 0));
    assert!(masks[1].is_silent());
}

#[test]
fn a_chunk_does_not_depend_on_the_batch() {
    let [(_, speech), (_, padded), (_, silence)] = chunks();
    let kinds = [&speech[..], &padded, &silence];
    let alone = kinds.map(|chunk| MODEL.scores(&[chunk], &mut Workspace::default()).to_vec());
    let mut workspace = Workspace::default();
    for order in [&[2, 1, 0][..], &[0; 8], &[1, 0, 2, 2, 0, 1, 1, 0, 2], &[0]] {
        let batch: Vec<&[f32]> = order.iter().map(|&kind| kinds[kind]).collect();
        let scores = MODEL.scores(&batch, &mut workspace);
        for (position, &kind) in order.iter().enumerate() {
            assert!(scores[position * SCORES_PER_CHUNK..][..SCORES_PER_CHUNK] == alone[kind], "{order:?} {position}");
        }
        let mut masks = vec![ChunkMasks::default(); order.len()];
        MODEL.forward(&batch, &mut workspace, &mut masks);
        for (masks, &kind) in masks.iter().zip(order) {
            assert_eq!(*masks, powerset::decode(&alone[kind]));
        }
    }
    assert!(MODEL.scores(&[], &mut workspace).is_empty());
}

#[test]
fn a_warm_workspace_does_not_allocate() {
    let [(_, speech), (_, padded), (_, silence)] = chunks();
    let batch = [&speech[..], &padded, &silence];
    let mut workspace = Workspace::default();
    let mut masks = [ChunkMasks::default(); 3];
    LazyLock::force(&MODEL);
    MODEL.forward(&batch, &mut workspace, &mut masks);
    for batch in [&batch[..], &batch[..1], &batch[1..]] {
        let allocations = allocations::count(|| MODEL.forward(batch, &mut workspace, &mut masks[..batch.len()]));
        assert_eq!(allocations, 0, "{} chunks", batch.len());
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
        assert!(MODEL.scores(&[&chunk], &mut workspace).iter().all(|score| score.is_finite()));
    }
    let mut broken = vec![0.1; CHUNK_SAMPLES];
    broken[5] = f32::NAN;
    let mut masks = [ChunkMasks::default()];
    MODEL.forward(&[&broken], &mut workspace, &mut masks);
    assert!(masks[0].is_silent());
}

#[test]
fn another_architecture_is_refused_by_name() {
    let error = PyanNet::new(&Tensors::parse(diarist_weights::embedding(), "other.safetensors").unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Weights);
    let text = error.to_string();
    assert!(text.contains("other.safetensors") && text.contains("sincnet."), "{text}");
}
