//! Compares the timeline with pyannote's own on random masks (`tools/reference/timeline.py`).

use serde::Deserialize;

use super::*;
use crate::analysis::{Analysis, ChunkGeometry, EMBEDDING_DIMENSION, Embeddings, Slot};
use crate::clustering::Clusters;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::{CHUNK_SAMPLES, FRAMES_PER_CHUNK, LOCAL_SPEAKERS};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// Frames are given as `[start, end, start, end, ...]`.
#[derive(Deserialize)]
struct Case {
    name: String,
    step_samples: usize,
    max_speakers: Option<usize>,
    min_duration_off_s: f64,
    masks: Vec<[Vec<usize>; LOCAL_SPEAKERS]>,
    hard: Vec<[Option<u32>; LOCAL_SPEAKERS]>,
    num_frames: usize,
    counts: Vec<Vec<usize>>,
    discrete: Vec<Vec<usize>>,
    exclusive_discrete: Vec<Vec<usize>>,
    labels: Vec<u32>,
    turns: Vec<(String, String, String)>,
    exclusive_turns: Vec<(String, String, String)>,
    rttm: Vec<String>,
}

fn golden() -> Vec<Case> {
    let text = include_str!("../../../../fixtures/golden/timeline/cases.json");
    let golden: Golden = serde_json::from_str(text).expect("the golden file is valid");
    assert!(golden.cases.len() >= 30);
    golden.cases
}

impl Case {
    fn input(&self) -> (Analysis, Clusters) {
        let mut embeddings = Embeddings::default();
        let mut hard = Vec::new();
        let mut masks = Vec::new();
        for (chunk, speakers) in self.masks.iter().enumerate() {
            let mut chunk_masks = ChunkMasks::default();
            for (local, runs) in speakers.iter().enumerate() {
                runs.chunks(2).flat_map(|run| run[0]..run[1]).for_each(|t| chunk_masks.speakers[local].insert(t));
                if !runs.is_empty() {
                    let slot = Slot { chunk: chunk as u32, local: local as u8 };
                    embeddings.push(slot, &[0.0; EMBEDDING_DIMENSION]);
                    hard.push(self.hard[chunk][local]);
                }
            }
            masks.push(chunk_masks);
        }
        let num_samples = (CHUNK_SAMPLES + (masks.len() - 1) * self.step_samples) as u64;
        let geometry = ChunkGeometry { step_samples: self.step_samples, num_samples };
        assert_eq!(geometry.num_chunks(), masks.len());
        (Analysis { geometry, masks, embeddings, ..Analysis::default() }, Clusters { hard, ..Clusters::default() })
    }
}

/// The settings of community-1.
fn votes() -> TimelineSettings {
    TimelineSettings { reconstruction: Reconstruction::Votes, ..TimelineSettings::default() }
}

fn runs_of(columns: &[Vec<usize>]) -> Vec<Run> {
    let column = |(cluster, runs): (usize, &Vec<usize>)| -> Vec<Run> {
        runs.chunks(2).map(|run| Run { cluster: cluster as u32, start: run[0], end: run[1] }).collect()
    };
    columns.iter().enumerate().flat_map(column).collect()
}

fn parsed(turns: &[(String, String, String)]) -> Vec<(f64, f64, String)> {
    let seconds = |text: &str| text.parse().expect("the golden file holds numbers");
    turns.iter().map(|(start, end, speaker)| (seconds(start), seconds(end), speaker.clone())).collect()
}

fn turns_of(turns: &[Turn]) -> Vec<(f64, f64, String)> {
    turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.clone())).collect()
}

#[test]
fn equals_pyannote() {
    for case in golden() {
        let name = &case.name;
        let (analysis, clusters) = case.input();
        let mut counts = speaker_count(&analysis.masks, &analysis.geometry);
        let mut expected = vec![0; case.num_frames];
        for (index, runs) in case.counts.iter().enumerate() {
            runs.chunks(2).for_each(|run| expected[run[0]..run[1]].fill(index as u8 + 1));
        }
        assert_eq!(counts, expected, "{name}: counts");

        let max = case.max_speakers.unwrap_or(LOCAL_SPEAKERS) as u8;
        for (max, columns) in [(max, &case.discrete), (1, &case.exclusive_discrete)] {
            counts.iter_mut().for_each(|count| *count = (*count).min(max));
            let slots = &analysis.embeddings.slots;
            let discrete = reconstruct(&analysis.masks, slots, &clusters.hard, &counts, &analysis.geometry);
            assert_eq!(discrete, Discrete { num_frames: case.num_frames, runs: runs_of(columns) }, "{name}");
        }

        let settings = TimelineSettings { min_duration_off_s: case.min_duration_off_s, ..votes() };
        let timelines = build(&analysis, &clusters, &settings, case.max_speakers);
        assert_eq!(timelines.labels, case.labels, "{name}: labels");
        // The operations and their order are the same, so every bit must be equal.
        assert_eq!(turns_of(&timelines.turns), parsed(&case.turns), "{name}: turns");
        assert_eq!(turns_of(&timelines.exclusive_turns), parsed(&case.exclusive_turns), "{name}: exclusive turns");
        assert!(!case.rttm.is_empty(), "{name}: a case without turns tests nothing");
    }
}

#[test]
fn exclusive_turns_never_overlap_and_lie_within_the_others() {
    let all_settings = [votes(), TimelineSettings::default()];
    for (case, settings) in golden().iter().flat_map(|case| all_settings.iter().map(move |settings| (case, settings))) {
        let (analysis, clusters) = case.input();
        let timelines = build(&analysis, &clusters, settings, None);
        let all = |turns: &[Turn]| -> Vec<Segment> { turns.iter().map(Turn::segment).collect() };
        assert_eq!(intervals::overlaps(&all(&timelines.exclusive_turns)), [], "{}", case.name);
        for index in 0..timelines.labels.len() {
            let speaker = label_name(index);
            let of = |turns: &[Turn]| -> Vec<Segment> {
                turns.iter().filter(|turn| turn.speaker == speaker).map(Turn::segment).collect()
            };
            let outside = intervals::subtract(&of(&timelines.exclusive_turns), &of(&timelines.turns));
            assert_eq!(outside, [], "{}", case.name);
        }
    }
}

#[test]
fn no_chunks_give_no_turns() {
    let geometry = ChunkGeometry { step_samples: 16_000, num_samples: 0 };
    let analysis = Analysis { geometry, ..Analysis::default() };
    let clusters = Clusters::default();
    let silent = Analysis { masks: vec![ChunkMasks::default(); 3], ..analysis.clone() };
    for settings in [votes(), TimelineSettings::default()] {
        assert_eq!(build(&analysis, &clusters, &settings, None), Timelines::default());
        assert_eq!(build(&silent, &clusters, &settings, None), Timelines::default());
    }
}

#[test]
fn chunks_lie_where_pyannote_puts_them() {
    let coverage = Coverage::new(51, 1.0);
    let starts: Vec<usize> = (0..11).map(|chunk| coverage.start_frame(chunk)).collect();
    assert_eq!(starts, [0, 59, 119, 178, 237, 296, 356, 415, 474, 533, 593]);
    for (num_chunks, num_frames) in [(0, 0), (1, 594), (2, 653), (51, 3557)] {
        assert_eq!(Coverage::new(num_chunks, 1.0).num_frames(), num_frames);
    }
    // Every frame of every chunk is inside the recording's frames.
    for step_samples in [1, 135, 270, 8000, 12_320, 40_000, 160_000] {
        let coverage = Coverage::new(40, step_samples as f64 / 16_000.0);
        assert!(coverage.start_frame(39) + FRAMES_PER_CHUNK <= coverage.num_frames(), "{step_samples}");
    }
}

#[test]
fn ten_hours_with_many_clusters() {
    let num_chunks = 36_000;
    let mut masks = vec![ChunkMasks::default(); num_chunks];
    let (mut slots, mut hard) = (Vec::new(), Vec::new());
    for (chunk, chunk_masks) in masks.iter_mut().enumerate() {
        for local in 0..2 {
            (0..FRAMES_PER_CHUNK).for_each(|t| chunk_masks.speakers[local].insert(t));
            slots.push(Slot { chunk: chunk as u32, local: local as u8 });
            hard.push(Some((chunk / 100 * 2 + local) as u32));
        }
    }
    let geometry = ChunkGeometry { step_samples: 16_000, num_samples: (num_chunks as u64 + 9) * 16_000 };
    let counts = speaker_count(&masks, &geometry);
    let discrete = reconstruct(&masks, &slots, &hard, &counts, &geometry);
    // Each of the 720 clusters has one stretch.
    assert_eq!(discrete.runs.len(), 720);
    assert_eq!(labels(&discrete).len(), 720);
}
