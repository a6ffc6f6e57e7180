//! One trunk pass over the recording against one for each chunk.

mod common;
#[path = "common/conversation.rs"]
mod conversation;

use common::Pieces;
use conversation::samples;
use diarist::audio;
use diarist::metrics;
use diarist::pipeline::{
    Analysis, DiarizationOptions, EMBEDDING_DIMENSION, EmbeddingMode, Models, Pipeline, TrunkPasses,
};

fn pipeline(num_threads: usize) -> Pipeline {
    Pipeline::new(Models::embedded().unwrap(), Some(num_threads)).unwrap()
}

fn options(trunk: TrunkPasses, step_s: f64) -> DiarizationOptions {
    DiarizationOptions { trunk, step_s, ..DiarizationOptions::default() }
}

fn bits(analysis: &Analysis) -> Vec<u32> {
    analysis.embeddings.values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_chunk_that_is_a_pass_has_the_same_embeddings() {
    let (samples, pipeline) = (samples(), pipeline(2));
    // 44.1 s: the last chunk begins with a pass and is padded. 7 s: one chunk.
    for samples in [&samples[..705_600], &samples[160_000..272_000]] {
        let [each, shared] = [TrunkPasses::PerChunk, TrunkPasses::Shared].map(|trunk| {
            pipeline.analyze(&mut audio::SliceSource::new(samples), &options(trunk, 10.0), &mut |_| {}).unwrap()
        });
        assert!(!each.embeddings.is_empty());
        assert!(bits(&each) == bits(&shared), "{} samples", samples.len());
    }
}

#[test]
fn threads_and_reads_change_no_bit() {
    let samples = samples();
    // 0.7 s: chunks begin between the frames of the features.
    for step_s in [1.0, 0.7] {
        let options = options(TrunkPasses::Shared, step_s);
        let run = |num_threads, first_piece| {
            pipeline(num_threads).analyze(&mut Pieces(&samples, first_piece), &options, &mut |_| {}).unwrap()
        };
        let expected = run(1, 160_000);
        let one_lane = DiarizationOptions { embedding_mode: EmbeddingMode::Full, ..options.clone() };
        let found = pipeline(3).analyze(&mut audio::SliceSource::new(&samples), &one_lane, &mut |_| {}).unwrap();
        assert!(bits(&found) == bits(&expected), "full, step {step_s} s");
        for (num_threads, first_piece) in [(2, 5), (3, 1000)] {
            let found = run(num_threads, first_piece);
            assert_eq!(found.embeddings.slots, expected.embeddings.slots);
            assert!(bits(&found) == bits(&expected), "{num_threads} threads, step {step_s} s");
        }
    }
}

#[test]
fn embeddings_and_turns_are_nearly_those_of_each_chunk() {
    let (samples, pipeline) = (samples(), pipeline(2));
    let [each, shared] = [TrunkPasses::PerChunk, TrunkPasses::Shared].map(|trunk| {
        pipeline.analyze(&mut audio::SliceSource::new(&samples), &options(trunk, 1.0), &mut |_| {}).unwrap()
    });
    assert_eq!(each.embeddings.slots, shared.embeddings.slots);
    let cosine = |index: usize| {
        let (a, b) = (each.embeddings.row(index), shared.embeddings.row(index));
        let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        assert_eq!(a.len(), EMBEDDING_DIMENSION);
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    };
    let mut cosines: Vec<f32> = (0..each.embeddings.len()).map(cosine).collect();
    cosines.sort_unstable_by(f32::total_cmp);
    // Another normalisation and other edges move an embedding; features of the wrong time or place would be unrelated to it. The
    // median was 0.990.
    let median = cosines[cosines.len() / 2];
    assert!(median >= 0.98, "median {median}, least {}", cosines[0]);

    let [expected, found] =
        [&each, &shared].map(|analysis| pipeline.cluster("x", analysis, &options(TrunkPasses::Shared, 1.0)).unwrap());
    assert_eq!(found.speakers.len(), expected.speakers.len());
    let scores = metrics::score(&expected.diarization, &found.diarization, None, &metrics::ScoreOptions::default());
    let der = scores.unwrap().der.der();
    assert!(der <= 0.01, "{der} of the turns are other ones");
}
