//! Embeddings of subsegments against their definition, in pieces of any size.

use diarist::parts::analysis::EMBEDDING_DIMENSION;
use diarist::parts::features::fbank::{Fbank, NUM_MEL_BINS, chunk_mean};
use diarist::parts::inference::{
    AnalysisSettings, Analyzer, ChunkModel, ChunkScoreOptions, EmbeddingMode, Networks, StreamAnalysis, TrunkPasses,
};
use diarist::parts::models::resnet34::{ResNet34, Workspace};
use diarist::parts::models::{Precision, Tensors};
use diarist::parts::timeline::{Coverage, SlidingWindow};
use diarist::{Analysis, Recording};

use crate::samples::{conversation, fixtures, read_samples};

fn settings(step_s: f64) -> AnalysisSettings {
    AnalysisSettings { step_s, num_threads: Some(2), ..AnalysisSettings::default() }
}

fn analyze(settings: &AnalysisSettings, samples: &[f32]) -> Analysis {
    Analyzer::new(settings).unwrap().analyze(Recording::from_samples("x", samples)).unwrap().analysis
}

/// Whether one person is likelier than not to speak alone, for each frame of the recording.
fn solo(analysis: &Analysis) -> Vec<bool> {
    let coverage = Coverage::new(analysis.masks.len(), analysis.geometry.step_s());
    let mut solo = Vec::new();
    coverage.sweep(|frame, chunks| {
        let (mut speech, mut overlap, mut num_chunks) = (0, 0, 0);
        for chunk in chunks {
            let (chunk, t) = (&analysis.probabilities[chunk], frame - coverage.start_frame(chunk));
            let [first, second, third] = [0, 1, 2].map(|local| i32::from(chunk.speaker(local, t)));
            speech += first + second + third - i32::from(chunk.overlap(t));
            overlap += i32::from(chunk.overlap(t));
            num_chunks += 1;
        }
        solo.push(2 * speech > 255 * num_chunks && 2 * overlap < 255 * num_chunks);
    });
    solo
}

/// Embeddings of all subsegments by their definition in 64 bits, with the trunk over every whole
/// pass: index, number of solo frames, values.
fn expected(analysis: &Analysis, samples: &[f32]) -> Vec<(u32, u8, Vec<f64>)> {
    let tensors = Tensors::parse(&diarist_weights::embedding(), "embedding").unwrap().into_owned();
    let network = ResNet34::new(&tensors).unwrap();
    let weight = tensors.f32("resnet.seg_1.weight", &[EMBEDDING_DIMENSION, 5120]).unwrap();
    let bias = tensors.f32("resnet.seg_1.bias", &[EMBEDDING_DIMENSION]).unwrap();
    let last_start = (analysis.masks.len() - 1) * analysis.geometry.step_samples;
    let mut padded = samples.to_vec();
    padded.resize(last_start + 160_000, 0.0);
    let mut fbank = Vec::new();
    Fbank::new().compute(&padded, &mut fbank);
    // Each feature frame with its fbank frame: [frequency][channel].
    let mut features: Vec<(usize, Vec<Vec<f32>>)> = Vec::new();
    let (mut workspace, end) = (Workspace::default(), last_start / 160 + 1000);
    for used_from in (0..end).step_by(1000) {
        let start = used_from.min(end - 1000);
        let pass = &fbank[start * NUM_MEL_BINS..(start + 998) * NUM_MEL_BINS];
        network.trunk(pass, &chunk_mean(pass), &mut workspace);
        for t in (0..125).filter(|t| start + t * 8 >= used_from) {
            let rows = (0..10).map(|row| workspace.features(row)[t * 256..][..256].to_vec());
            features.push((start + t * 8, rows.collect()));
        }
    }
    let solo = solo(analysis);
    let is_solo = |frame: usize| {
        let middle_s = frame as f64 * 0.01 + 0.0125;
        solo[SlidingWindow::FRAMES.closest_frame(middle_s).max(0) as usize]
    };
    let mut found = Vec::new();
    for index in (0..).take_while(|index| index * 40 < end) {
        let covered = |frame: usize| (index * 40..index * 40 + 80).contains(&frame) && is_solo(frame);
        let frames: Vec<&Vec<Vec<f32>>> =
            features.iter().filter(|(frame, _)| covered(*frame)).map(|(_, rows)| rows).collect();
        if frames.len() < 3 {
            continue;
        }
        let num_frames = frames.len() as f64;
        let mut embedding: Vec<f64> = bias.iter().map(|value| f64::from(*value)).collect();
        for (channel, row) in (0..256).flat_map(|channel| (0..10).map(move |row| (channel, row))) {
            let values = frames.iter().map(|rows| f64::from(rows[row][channel]));
            let mean = values.clone().sum::<f64>() / num_frames;
            let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
            let deviation = (squares / (num_frames - 1.0)).sqrt();
            for (out, value) in embedding.iter_mut().enumerate() {
                let weights = &weight[out * 5120..][..5120];
                let statistic = channel * 10 + row;
                *value += f64::from(weights[statistic]) * mean + f64::from(weights[2560 + statistic]) * deviation;
            }
        }
        found.push((index as u32, frames.len() as u8, embedding));
    }
    found
}

#[test]
fn embeddings_are_those_of_the_definition() {
    let samples = conversation();
    // 13.1 s: two passes, of which the second begins in the first, at any frame, and is padded.
    for (step_s, samples) in
        [(1.0, &samples[..209_600]), (0.7, &samples[320_000..540_000]), (10.0, &samples[..300_000])]
    {
        let exact = AnalysisSettings { precision: Some(Precision::F32), ..settings(step_s) };
        let analysis = analyze(&exact, samples);
        let expected = expected(&analysis, samples);
        let found = &analysis.subsegments;
        assert_eq!(found.indices, expected.iter().map(|(index, ..)| *index).collect::<Vec<_>>(), "step {step_s} s");
        assert_eq!(found.solo_frames, expected.iter().map(|(_, solo, _)| *solo).collect::<Vec<_>>());
        assert!(found.len() > 10 && found.solo_frames.iter().any(|number| *number < 10));
        for (row, (index, _, embedding)) in expected.iter().enumerate() {
            let largest = embedding.iter().map(|value| value.abs()).fold(0.0, f64::max);
            for (value, expected) in found.row(row).iter().zip(embedding) {
                // Half a step, and the rounding of 32 bits.
                let error = (f64::from(*value) - 127.0 * expected / largest).abs();
                assert!(error <= 0.51, "subsegment {index}, step {step_s} s: off by {error}");
            }
        }
    }
}

#[test]
fn threads_and_modes_change_no_value() {
    let samples = &conversation()[..500_000];
    for step_s in [1.0, 0.7, 9.99] {
        let expected = analyze(&settings(step_s), samples).subsegments;
        assert!(expected.len() > 40, "{}", expected.len());
        for (num_threads, embedding_mode) in
            [(1, EmbeddingMode::Fast), (3, EmbeddingMode::Fast), (2, EmbeddingMode::Full)]
        {
            let settings = AnalysisSettings { num_threads: Some(num_threads), embedding_mode, ..settings(step_s) };
            assert!(analyze(&settings, samples).subsegments == expected, "{num_threads} threads, step {step_s} s");
        }
    }
}

#[test]
fn a_stream_gives_the_same_whether_it_is_held_or_stored() {
    let samples = conversation();
    // At 0.4 s, more chunks than are held in memory.
    for (step_s, num_samples) in [(0.4, samples.len() - 77), (0.7, 333_333), (1.0, 160_001), (10.0, 480_000)] {
        let samples = &samples[..num_samples];
        let analyzer = Analyzer::new(&settings(step_s)).unwrap();
        let expected = analyzer.analyze(Recording::from_samples("x", samples)).unwrap().analysis;
        for size in [1600, 30_011, 400_000] {
            let mut stream = StreamAnalysis::new(&analyzer, "x").unwrap();
            samples.chunks(size).for_each(|piece| stream.push(&analyzer, piece).unwrap());
            let found = stream.finish(&analyzer).unwrap();
            assert!(!found.subsegments.is_empty() && found == expected, "step {step_s} s, pieces of {size}");
        }
    }
}

#[test]
fn short_recordings_and_silence() {
    let speech = conversation();
    // A recording shorter than a chunk.
    let short = read_samples(&fixtures().join("audio/short.flac"));
    assert!(short.len() < 160_000);
    let analysis = analyze(&settings(1.0), &short);
    let found = &analysis.subsegments;
    assert!(!found.is_empty() && (0..found.len()).all(|row| found.span_s(row).0 < analysis.geometry.duration_s()));
    // 3 s of speech from 15 s to 18 s, in half a minute of silence.
    let mut quiet = vec![0.0; 480_000];
    quiet[240_000..288_000].copy_from_slice(&speech[64_000 + 16_000..64_000 + 64_000]);
    let starts = analyze(&settings(1.0), &quiet).subsegments.indices;
    assert!((5..=9).contains(&starts.len()) && starts.iter().all(|index| (36..46).contains(index)), "{starts:?}");
    for samples in [&quiet[..200_000], &quiet[..200], &[]] {
        assert!(analyze(&settings(1.0), samples).subsegments.is_empty());
    }
    // Only with a shared trunk and embeddings.
    for without in [
        AnalysisSettings { trunk: TrunkPasses::PerChunk, ..settings(5.0) },
        AnalysisSettings { embedding_mode: EmbeddingMode::Skip, ..settings(5.0) },
    ] {
        assert!(analyze(&without, &speech[..240_000]).subsegments.is_empty());
    }
}

#[test]
fn subsegments_of_one_chunk_are_those_of_a_recording_of_it() {
    let samples = &conversation()[..160_000];
    let of_recording = analyze(&settings(1.0), samples).subsegments;
    assert!(of_recording.len() > 10, "{}", of_recording.len());
    let networks = Networks::load(&settings(1.0)).unwrap();
    let mut model = ChunkModel::new(&networks);
    model.run(samples, &[], &ChunkScoreOptions::default()).unwrap();
    assert_eq!(model.subsegments(0, 0..25).unwrap(), of_recording);
    // In a recording in which the chunk starts 1.2 s later, three subsegments.
    let later = model.subsegments(120, 3..28).unwrap();
    assert_eq!((later.indices.len(), &later.values), (of_recording.len(), &of_recording.values));
    assert!(later.indices.iter().zip(&of_recording.indices).all(|(later, index)| *later == index + 3));
    // Nothing of the chunk is left after its end.
    assert!(model.subsegments(0, 25..40).unwrap().is_empty());
}
