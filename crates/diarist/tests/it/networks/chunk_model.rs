//! The unified model against the pipeline.

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::inference::{AnalysisSettings, Analyzer, ChunkModel, ChunkScoreOptions, Networks, cosine_distance};
use diarist::parts::segmentation::{CHUNK_SAMPLES, LOCAL_SPEAKERS};
use diarist::{ErrorKind, Recording};

use crate::allocations;
use crate::samples::conversation;

#[test]
fn every_chunk_is_what_the_pipeline_finds() {
    let samples = conversation();
    let settings = AnalysisSettings { step_s: 10.0, num_threads: Some(1), ..AnalysisSettings::exact() };
    let analyzer = Analyzer::new(&settings).unwrap();
    let analysis = analyzer.analyze(Recording::from_samples("x", &samples)).unwrap().analysis;
    let mut model = ChunkModel::new(analyzer.networks());
    let mut slots = analysis.embeddings.slots.iter().enumerate().peekable();
    // The last chunk is shorter than 10 s. No chunk may show buffers of the one before.
    for (index, audio) in samples.chunks(CHUNK_SAMPLES).enumerate() {
        let chunk = model.run(audio, &[], &ChunkScoreOptions::default()).unwrap();
        assert_eq!(chunk.masks, analysis.masks[index], "chunk {index}");
        assert_eq!(chunk.probabilities, analysis.probabilities[index], "chunk {index}");
        for (local, embedding) in chunk.embeddings.iter().enumerate() {
            let slot = slots.next_if(|(_, slot)| (slot.chunk as usize, usize::from(slot.local)) == (index, local));
            let expected = slot.map_or(&[0.0; EMBEDDING_DIMENSION][..], |(row, _)| analysis.embeddings.row(row));
            assert!(embedding == expected, "chunk {index}, local speaker {local}");
        }
    }
    assert!(slots.next().is_none());
    assert!(analysis.embeddings.len() > 5, "the sample has several local speakers");
}

#[test]
fn known_speakers_are_told_by_their_distance() {
    let samples = conversation();
    let networks = Networks::embedded().unwrap();
    let mut model = ChunkModel::new(&networks);
    let options = ChunkScoreOptions::default();
    let first = model.run(&samples[..CHUNK_SAMPLES], &[], &options).unwrap().clone();
    assert!((0..LOCAL_SPEAKERS).all(|local| first.distances(local).is_empty()));
    let known: Vec<f32> = first.embeddings.iter().flatten().chain(&[1.0; EMBEDDING_DIMENSION]).copied().collect();
    let again = model.run(&samples[..CHUNK_SAMPLES], &known, &options).unwrap();
    for local in 0..LOCAL_SPEAKERS {
        let frames = first.masks.speakers[local].count();
        assert_eq!(again.scores.activity[local], frames);
        assert_eq!(again.scores.valid[local], frames >= 10, "{frames} frames");
        for (row, (distance, other)) in again.distances(local).iter().zip(known.chunks(EMBEDDING_DIMENSION)).enumerate()
        {
            assert_eq!(*distance, cosine_distance(&first.embeddings[local], other), "{local} and {row}");
            // The same vector: 1 - 1 up to the rounding of the norms.
            assert!(row != local || frames == 0 || *distance < 1e-6, "{local}: {distance}");
        }
    }
    assert!(again.scores.valid.iter().filter(|&&valid| valid).count() >= 2, "two people speak in the first chunk");
}

#[test]
fn silence_and_nothing_have_no_speakers() {
    let networks = Networks::embedded().unwrap();
    let mut model = ChunkModel::new(&networks);
    let speech = conversation();
    for audio in [&speech[..CHUNK_SAMPLES], &[], &[0.0; 16_000]] {
        let chunk = model.run(audio, &[1.0; EMBEDDING_DIMENSION], &ChunkScoreOptions::default()).unwrap();
        let is_speech = !audio.is_empty() && audio.iter().any(|&sample| sample != 0.0);
        assert_eq!(chunk.scores.valid.contains(&true), is_speech);
        assert_eq!(chunk.embeddings.as_flattened().iter().any(|&value| value != 0.0), is_speech);
        assert_eq!(chunk.scores.distances.iter().any(|distance| distance.is_finite()), is_speech);
    }
}

#[test]
fn bad_input_is_an_error() {
    let networks = Networks::embedded().unwrap();
    let mut model = ChunkModel::new(&networks);
    let long = vec![0.0; CHUNK_SAMPLES + 1];
    let cases: [(&[f32], &[f32], ErrorKind); 3] = [
        (&long, &[], ErrorKind::Input),
        (&[0.0, f32::NAN], &[], ErrorKind::Input),
        (&[0.0], &[1.0; EMBEDDING_DIMENSION + 1], ErrorKind::InvalidOption),
    ];
    for (audio, known, kind) in cases {
        let error = model.run(audio, known, &ChunkScoreOptions::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn a_warm_model_does_not_allocate() {
    let samples = conversation();
    let networks = Networks::embedded().unwrap();
    let mut model = ChunkModel::new(&networks);
    let known = [0.5; 4 * EMBEDDING_DIMENSION];
    let mut run =
        |audio: &[f32], known: &[f32]| model.run(audio, known, &ChunkScoreOptions::default()).map(|_| ()).unwrap();
    run(&samples[..100_000], &known);
    for start in [0, CHUNK_SAMPLES] {
        assert_eq!(allocations::count(|| run(&samples[start..][..CHUNK_SAMPLES], &known)), 0, "from {start}");
    }
    assert_eq!(allocations::count(|| run(&samples[..50_000], &known[..EMBEDDING_DIMENSION])), 0, "a short chunk");
}
