//! One trunk pass over the recording against one for each chunk.

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::inference::{AnalysisSettings, EmbeddingMode, TrunkPasses};
use diarist::parts::metrics;
use diarist::{Analysis, Diarizer, Profile, Recording, Settings};

use crate::samples::{Pieces, conversation};

/// Settings in `f32`, with the back end of community-1: that of diarist has more to go by with a
/// shared trunk.
fn settings(trunk: TrunkPasses, step_s: f64, num_threads: usize) -> Settings {
    let analysis = AnalysisSettings { trunk, step_s, num_threads: Some(num_threads), ..AnalysisSettings::exact() };
    Settings { analysis, ..Settings::from(Profile::Exact) }
}

/// Diarizers with a trunk pass over each chunk, and over the recording.
fn each_and_shared(step_s: f64) -> [Diarizer; 2] {
    let each = Diarizer::new(&settings(TrunkPasses::PerChunk, step_s, 2)).unwrap();
    let shared = each.with_settings(&settings(TrunkPasses::Shared, step_s, 2)).unwrap();
    [each, shared]
}

fn bits(analysis: &Analysis) -> Vec<u32> {
    analysis.embeddings.values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_chunk_that_is_a_pass_has_the_same_embeddings() {
    let (samples, diarizers) = (conversation(), each_and_shared(10.0));
    // 44.1 s: the last chunk begins with a pass and is padded. 7 s: one chunk.
    for samples in [&samples[..705_600], &samples[160_000..272_000]] {
        let [each, shared] =
            diarizers.each_ref().map(|diarizer| diarizer.analyze(Recording::from_samples("x", samples)).unwrap());
        assert!(!each.embeddings.is_empty());
        assert!(bits(&each) == bits(&shared), "{} samples", samples.len());
    }
}

#[test]
fn threads_and_reads_change_no_bit() {
    let samples = &conversation()[..30 * 16_000];
    // 0.7 s: chunks begin between the frames of the features.
    for step_s in [1.0, 0.7] {
        let one = Diarizer::new(&settings(TrunkPasses::Shared, step_s, 1)).unwrap();
        let run = |num_threads, first_piece| {
            let diarizer = one.with_settings(&settings(TrunkPasses::Shared, step_s, num_threads)).unwrap();
            diarizer.analyze(Recording::from_source("x", Pieces(samples, first_piece))).unwrap()
        };
        let expected = run(1, 160_000);
        let mut full = settings(TrunkPasses::Shared, step_s, 3);
        full.analysis.embedding_mode = EmbeddingMode::Full;
        let full = one.with_settings(&full).unwrap();
        let found = full.analyze(Recording::from_samples("x", samples)).unwrap();
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
    let (samples, diarizers) = (conversation(), each_and_shared(1.0));
    let [each, shared] =
        diarizers.each_ref().map(|diarizer| diarizer.analyze(Recording::from_samples("x", &samples)).unwrap());
    assert_eq!(each.embeddings.slots, shared.embeddings.slots);
    let cosine = |index: usize| {
        let (a, b) = (each.embeddings.row(index), shared.embeddings.row(index));
        let product = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
        assert_eq!(a.len(), EMBEDDING_DIMENSION);
        product(a, b) / (product(a, a) * product(b, b)).sqrt()
    };
    let mut cosines: Vec<f32> = (0..each.embeddings.len()).map(cosine).collect();
    cosines.sort_unstable_by(f32::total_cmp);
    // Another normalisation and other edges move an embedding; features of the wrong time or place
    // would be unrelated to it. Measured: a median of 0.990.
    let median = cosines[cosines.len() / 2];
    assert!(median >= 0.98, "median {median}, least {}", cosines[0]);

    let [expected, found] = [&each, &shared].map(|analysis| diarizers[1].cluster(analysis).unwrap());
    assert_eq!(found.speakers.len(), expected.speakers.len());
    let options = metrics::ScoreOptions::default();
    let der = metrics::score(&expected.annotation(), &found.annotation(), None, &options).unwrap().der.der();
    assert!(der <= 0.01, "the turns differ by a DER of {der}");
}
