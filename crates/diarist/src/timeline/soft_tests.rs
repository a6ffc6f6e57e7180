//! Compares soft reconstruction with an independent one on random analyses
//! (`tools/reference/soft_timeline.py`), and with small ones by hand.

use serde::Deserialize;

use super::calibration::calibrated;
use super::soft::reconstruct;
use super::stretches::Stretches;
use super::*;
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
use crate::clustering::Clusters;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

const SETTINGS: TimelineSettings = TimelineSettings {
    min_duration_off_s: 0.0,
    reconstruction: Reconstruction::Probabilities,
    speech_threshold: 0.5,
    overlap_threshold: 0.3,
};

/// Number of frames, and their probabilities: the local speakers, overlap.
type Frames = (usize, u8, u8, u8, u8);

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    step_samples: usize,
    num_samples: u64,
    chunks: Vec<Vec<Frames>>,
    hard: Vec<[Option<u32>; LOCAL_SPEAKERS]>,
    centroids: Vec<[f32; 8]>,
    subsegments: Vec<(u32, u8, [i8; 8])>,
    speech_threshold: f64,
    overlap_threshold: f64,
    max_speakers: Option<usize>,
    active: Vec<(u32, usize, usize, f64)>,
    exclusive: Vec<(u32, usize, usize, f64)>,
}

/// 256 values of 8.
fn spread<T: Copy + Default>(values: &[T; 8]) -> Vec<T> {
    let mut all = vec![T::default(); EMBEDDING_DIMENSION];
    values.iter().enumerate().for_each(|(j, value)| all[33 * j] = *value);
    all
}

/// An analysis whose chunks have these probabilities. Every local speaker has a slot.
fn analysis(geometry: ChunkGeometry, chunks: &[Vec<Frames>]) -> Analysis {
    let mut analysis = Analysis { geometry, ..Analysis::default() };
    for (chunk, runs) in (0..).zip(chunks) {
        let mut probabilities = ChunkProbabilities::default();
        let mut t = 0;
        for &(length, first, second, third, overlap) in runs {
            for (plane, value) in probabilities.planes_mut().iter_mut().zip([first, second, third, overlap]) {
                plane[t..t + length].fill(value);
            }
            t += length;
        }
        assert_eq!(t, FRAMES_PER_CHUNK);
        analysis.probabilities.push(probabilities);
        analysis.masks.push(ChunkMasks::default());
        for local in 0..LOCAL_SPEAKERS as u8 {
            analysis.embeddings.push(Slot { chunk, local }, &[0.0; EMBEDDING_DIMENSION]);
        }
    }
    analysis
}

impl Case {
    fn input(&self) -> (Analysis, Clusters, TimelineSettings) {
        let geometry = ChunkGeometry { step_samples: self.step_samples, num_samples: self.num_samples };
        let mut analysis = analysis(geometry, &self.chunks);
        for (index, solo, values) in &self.subsegments {
            analysis.subsegments.indices.push(*index);
            analysis.subsegments.solo_frames.push(*solo);
            analysis.subsegments.values.extend(spread(values));
        }
        let hard = self.hard.iter().flatten().copied().collect();
        let clusters = Clusters { hard, centroids: self.centroids.iter().map(spread).collect(), ..Clusters::default() };
        let (speech_threshold, overlap_threshold) = (self.speech_threshold, self.overlap_threshold);
        (analysis, clusters, TimelineSettings { speech_threshold, overlap_threshold, ..SETTINGS })
    }
}

fn runs(stretches: &Stretches) -> Vec<(u32, usize, usize)> {
    stretches.all.iter().map(|stretch| (stretch.run.cluster, stretch.run.start, stretch.run.end)).collect()
}

#[test]
fn equals_an_independent_implementation() {
    let text = include_str!("../../../../fixtures/golden/timeline/soft.json");
    let golden: Golden = serde_json::from_str(text).expect("the golden file is valid");
    assert!(golden.cases.len() >= 20);
    for case in golden.cases {
        let (analysis, clusters, settings) = case.input();
        let max_speakers = case.max_speakers.unwrap_or(usize::MAX);
        let found = reconstruct(&analysis, &clusters, &settings, max_speakers);
        for (stretches, expected) in found.iter().zip([&case.active, &case.exclusive]) {
            let expected_runs: Vec<_> =
                expected.iter().map(|(cluster, start, end, _)| (*cluster, *start, *end)).collect();
            assert_eq!(runs(stretches), expected_runs, "{}", case.name);
            for (stretch, (cluster, start, end, certainty)) in stretches.all.iter().zip(expected) {
                let mean = stretch.certainty / (end - start) as f64;
                assert!((mean - certainty).abs() < 1e-9, "{}: {cluster} from {start}: {mean}", case.name);
            }
        }
        let timelines = build(&analysis, &clusters, &settings, case.max_speakers);
        assert!(!timelines.turns.is_empty(), "{}: a case without turns tests nothing", case.name);
        let all: Vec<Segment> = timelines.exclusive_turns.iter().map(Turn::segment).collect();
        assert_eq!(intervals::overlaps(&all), [], "{}", case.name);
        for turn in timelines.turns.iter().chain(&timelines.exclusive_turns) {
            assert!(turn.confidence.is_some_and(|value| (0.0..=1.0).contains(&value)), "{}: {turn:?}", case.name);
            assert!(turn.end_s <= analysis.geometry.duration_s(), "{}: {turn:?}", case.name);
        }
    }
}

const SECONDS_10: ChunkGeometry = ChunkGeometry { step_samples: 16_000, num_samples: CHUNK_SAMPLES as u64 };

/// The active clusters, and those of the exclusive timeline, of one chunk with these probabilities
/// throughout.
fn active(values: [u8; 4], hard: [Option<u32>; 3], max_speakers: usize) -> [Vec<u32>; 2] {
    let [first, second, third, overlap] = values;
    let analysis = analysis(SECONDS_10, &[vec![(FRAMES_PER_CHUNK, first, second, third, overlap)]]);
    let clusters = Clusters { hard: hard.to_vec(), ..Clusters::default() };
    reconstruct(&analysis, &clusters, &SETTINGS, max_speakers).map(|stretches| {
        assert!(runs(&stretches).iter().all(|run| (run.1, run.2) == (0, FRAMES_PER_CHUNK)));
        runs(&stretches).into_iter().map(|run| run.0).collect()
    })
}

#[test]
fn counts_follow_the_thresholds() {
    let hard = [Some(2), Some(0), Some(1)];
    let max = usize::MAX;
    // Speech is more than a half from 128 on, and overlap more than 0.3 from 77 on.
    for (values, expected) in [
        ([127, 0, 0, 0], [vec![], vec![]]),
        ([128, 0, 0, 0], [vec![2], vec![2]]),
        ([100, 60, 0, 33], [vec![], vec![]]),
        ([100, 60, 0, 32], [vec![2], vec![2]]),
        ([200, 100, 0, 76], [vec![2], vec![2]]),
        ([200, 100, 0, 77], [vec![0, 2], vec![2]]),
        // Overlap without speech is nobody.
        ([80, 60, 60, 100], [vec![], vec![]]),
        ([90, 200, 90, 100], [vec![0, 1], vec![0]]),
        ([90, 255, 91, 100], [vec![0, 1], vec![0]]),
        // Never three.
        ([255, 255, 255, 255], [vec![0, 1], vec![0]]),
    ] {
        assert_eq!(active(values, hard, max), expected, "{values:?}");
    }
    assert_eq!(active([200, 100, 0, 77], hard, 1), [vec![2], vec![2]]);
    assert_eq!(active([200, 100, 0, 77], hard, 0), [const { Vec::<u32>::new() }; 2]);
}

#[test]
fn two_local_speakers_of_a_cluster_are_one_voice() {
    let max = usize::MAX;
    // The votes for cluster 1 are 100, not 180.
    assert_eq!(active([80, 100, 101, 20], [Some(1), Some(1), Some(0)], max), [vec![0], vec![0]]);
    assert_eq!(active([100, 80, 99, 20], [Some(1), Some(1), Some(0)], max), [vec![1], vec![1]]);
    // Overlap of one cluster is one speaker, and speech of none is nobody's.
    assert_eq!(active([200, 200, 0, 190], [Some(1), Some(1), None], max), [vec![1], vec![1]]);
    assert_eq!(active([255, 0, 0, 0], [None, Some(0), Some(1)], max), [const { Vec::<u32>::new() }; 2]);
    assert_eq!(active([100, 100, 100, 0], [Some(5), Some(3), Some(4)], max), [vec![3], vec![3]]);
}

/// A voice for each cluster, and subsegments with the voice of `cluster` from 2 s to 4 s.
fn with_voices(values: (u8, u8, u8, u8), cluster: usize) -> (Analysis, Clusters) {
    let (first, second, third, overlap) = values;
    let mut analysis = analysis(SECONDS_10, &[vec![(FRAMES_PER_CHUNK, first, second, third, overlap)]]);
    let voice = |cluster: usize| {
        let mut values = vec![0.0; EMBEDDING_DIMENSION];
        values[cluster] = 3.0;
        values
    };
    (5..9).for_each(|index| analysis.subsegments.push(index, 10, &voice(cluster)));
    let hard = vec![Some(0), Some(1), Some(2)];
    (analysis, Clusters { hard, centroids: (0..4).map(voice).collect(), ..Clusters::default() })
}

#[test]
fn a_voice_overrules_votes_where_one_person_speaks() {
    // The middles of frames 117 to 235 lie from 2 s to 4 s.
    let (analysis, clusters) = with_voices((255, 0, 0, 0), 1);
    let [all, _] = reconstruct(&analysis, &clusters, &SETTINGS, usize::MAX);
    assert_eq!(runs(&all), [(0, 0, 117), (0, 236, 589), (1, 117, 236)]);
    // Even for a cluster without a local speaker here.
    let (analysis, clusters) = with_voices((255, 0, 0, 0), 3);
    let [all, solo] = reconstruct(&analysis, &clusters, &SETTINGS, usize::MAX);
    assert_eq!(runs(&all), [(0, 0, 117), (0, 236, 589), (3, 117, 236)]);
    assert_eq!(all, solo);
    // Where two people speak, the votes decide.
    let (analysis, clusters) = with_voices((255, 255, 0, 255), 2);
    let [all, solo] = reconstruct(&analysis, &clusters, &SETTINGS, usize::MAX);
    assert_eq!(runs(&all), [(0, 0, 589), (1, 0, 589)]);
    assert_eq!(runs(&solo), [(0, 0, 589)]);
}

#[test]
fn confidence_is_the_probability_of_the_speaker() {
    let confidences = |values, cluster| {
        let (analysis, clusters) = with_voices(values, cluster);
        let timelines = build(&analysis, &clusters, &SETTINGS, None);
        let turns = timelines.turns.into_iter();
        turns.map(|turn| (turn.speaker, turn.confidence.map_or(0.0, |value| (value * 1e4).round() / 1e4))).collect()
    };
    let expected = |turns: &[(&str, f64)]| -> Vec<(String, f64)> {
        let rounded = |certainty| (calibrated(certainty) * 1e4).round() / 1e4;
        turns.iter().map(|(speaker, certainty)| ((*speaker).to_owned(), rounded(*certainty))).collect()
    };
    // 0.8 of the chunk's speech is the first speaker; beside the voice are three others.
    let found: Vec<(String, f64)> = confidences((153, 51, 0, 0), 1);
    assert_eq!(found, expected(&[("SPEAKER_00", 0.6), ("SPEAKER_01", 0.8), ("SPEAKER_00", 0.6)]));
    // Two speakers: the first has 0.8 of the speech, all of it in the 119 frames with its voice.
    let found: Vec<(String, f64)> = confidences((204, 153, 0, 102), 0);
    assert_eq!(found, expected(&[("SPEAKER_00", 0.8 + 0.2 * 119.0 / 589.0), ("SPEAKER_01", 0.4)]));
}

#[test]
fn analyses_without_probabilities_are_certain_of_their_masks() {
    let mut masks = ChunkMasks::default();
    (100..300).for_each(|t| masks.speakers[0].insert(t));
    (200..400).for_each(|t| masks.speakers[2].insert(t));
    let mut embeddings = Embeddings::default();
    embeddings.push(Slot { chunk: 0, local: 0 }, &[0.0; EMBEDDING_DIMENSION]);
    embeddings.push(Slot { chunk: 0, local: 2 }, &[0.0; EMBEDDING_DIMENSION]);
    let analysis = Analysis { geometry: SECONDS_10, masks: vec![masks], embeddings, ..Analysis::default() };
    let clusters = Clusters { hard: vec![Some(1), Some(0)], ..Clusters::default() };
    let [all, solo] = reconstruct(&analysis, &clusters, &SETTINGS, usize::MAX);
    assert_eq!(runs(&all), [(0, 200, 400), (1, 100, 300)]);
    assert_eq!(runs(&solo), [(0, 200, 400), (1, 100, 200)]);
    let settings = TimelineSettings { reconstruction: Reconstruction::Votes, ..SETTINGS };
    let votes = build(&analysis, &clusters, &settings, None);
    let turns = |turns: &[Turn]| -> Vec<(f64, f64, String)> {
        turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.clone())).collect()
    };
    let soft = build(&analysis, &clusters, &SETTINGS, None);
    assert_eq!((turns(&soft.turns), soft.labels), (turns(&votes.turns), votes.labels));
    assert_eq!(turns(&soft.exclusive_turns), turns(&votes.exclusive_turns));
}

#[test]
fn nothing_is_active_after_the_end_or_without_chunks() {
    let geometry = ChunkGeometry { num_samples: 80_000, ..SECONDS_10 };
    let analysis = analysis(geometry, &[vec![(FRAMES_PER_CHUNK, 255, 0, 0, 0)]]);
    let clusters = Clusters { hard: vec![Some(0); 3], ..Clusters::default() };
    let timelines = build(&analysis, &clusters, &SETTINGS, None);
    assert_eq!(timelines.turns.len(), 1);
    assert_eq!((timelines.turns[0].end_s, timelines.turns[0].confidence), (5.0, Some(0.99)));
    let none = Clusters::default();
    assert_eq!(build(&Analysis::default(), &none, &SETTINGS, None), Timelines::default());
    let nobody = Clusters { hard: vec![None; 3], ..Clusters::default() };
    assert_eq!(build(&analysis, &nobody, &SETTINGS, None), Timelines::default());
}
