//! The tracker on made-up timelines. Each test guards against a flaw of FluidAudio's tracking of
//! August 2025.

use std::ops::Range;

use super::board::Board;
use super::events::LiveEvent;
use super::rules::{WindowRules, WindowSpeakers};
use super::test_data::embeddings;
use super::tracker::{Tracker, WindowOutput};
use super::windows::frames_before;
use crate::analysis::{EMBEDDING_DIMENSION, Subsegments};
use crate::clustering::{AhcOptions, ClusteringSettings, Method, Plda};
use crate::error::Result;
use crate::segmentation::masks::ChunkMasks;
use crate::segmentation::probabilities::ChunkProbabilities;
use crate::segmentation::{FRAME_STEP_S, FRAMES_PER_CHUNK, LOCAL_SPEAKERS, SAMPLE_RATE};
use crate::timeline::{SlidingWindow, TimelineSettings};

/// A stretch of speech: its time in seconds, and its voice in degrees.
type Speech = (Range<f64>, f32);

/// The events of `speeches` at a step of 1 s, with networks that make no error.
fn events_of(speeches: &[Speech], duration_s: usize, settings: &ClusteringSettings) -> Vec<LiveEvent> {
    events_of_tracker(tracker(settings, 2.0), speeches, duration_s)
}

fn tracker(settings: &ClusteringSettings, latency_s: f64) -> Tracker {
    Tracker::with_settings(settings, &TimelineSettings::default(), None, latency_s).unwrap()
}

fn events_of_tracker(mut tracker: Tracker, speeches: &[Speech], duration_s: usize) -> Vec<LiveEvent> {
    let plda = Plda::embedded().unwrap();
    let mut events = Vec::new();
    for end_s in 1..=duration_s {
        let (masks, angles) = window(speeches, end_s as f64);
        let end = end_s as u64 * u64::from(SAMPLE_RATE);
        let output = WindowOutput {
            end,
            masks: &masks,
            probabilities: &ChunkProbabilities::from_masks(&masks),
            embeddings: &embeddings(angles),
            subsegments: Subsegments::default(),
        };
        tracker.push(output, &plda, &mut events).unwrap();
    }
    tracker.finish(duration_s as f64, &mut events);
    events
}

/// Masks and voices of the window that ends at `end_s`. Local speakers are in the order of their
/// first frame in it.
fn window(speeches: &[Speech], end_s: f64) -> (ChunkMasks, [f32; LOCAL_SPEAKERS]) {
    let start_s = (end_s - 10.0).max(0.0);
    let (mut masks, mut angles, mut num_locals) = (ChunkMasks::default(), [0.0; LOCAL_SPEAKERS], 0);
    for t in 0..FRAMES_PER_CHUNK {
        let middle_s = start_s + SlidingWindow::FRAMES.middle(t);
        for (_, angle) in speeches.iter().filter(|(when, _)| when.contains(&middle_s) && middle_s < end_s) {
            let local = angles[..num_locals].iter().position(|known| known == angle).unwrap_or_else(|| {
                angles[num_locals] = *angle;
                num_locals += 1;
                num_locals - 1
            });
            masks.speakers[local].insert(t);
        }
    }
    (masks, angles)
}

fn settings() -> ClusteringSettings {
    // Clustering by distance alone, because the PLDA does not fit made-up voices.
    let method = Method::Ahc(AhcOptions { threshold: 0.5, min_cluster_size: 1 });
    ClusteringSettings { method, ..ClusteringSettings::default() }
}

/// Speaker, start and end of every turn after all corrections.
fn turns_of(events: &[LiveEvent]) -> Vec<(u32, f64, f64)> {
    let mut board = Board::default();
    events.iter().for_each(|event| board.apply(event));
    board.turns().map(|(_, turn)| (turn.speaker, turn.start_s, turn.end_s)).collect()
}

#[track_caller]
fn assert_turns(events: &[LiveEvent], expected: &[(u32, f64, f64)]) {
    let found = turns_of(events);
    // The middle of the first frame is 31 ms after the start of the recording.
    let is_close = |a: f64, b: f64| (a - b).abs() <= 2.0 * FRAME_STEP_S;
    let same = |a: &(u32, f64, f64), b: &(u32, f64, f64)| a.0 == b.0 && is_close(a.1, b.1) && is_close(a.2, b.2);
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| same(a, b)), "{found:?}");
}

#[test]
fn a_long_turn_is_not_cut_at_window_ends_and_a_short_one_is_kept() {
    let speeches = [(2.0..27.0, 0.0), (28.0..28.4, 0.0), (30.0..34.0, 90.0)];
    assert_turns(&events_of(&speeches, 40, &settings()), &[(1, 2.0, 27.0), (1, 28.0, 28.4), (2, 30.0, 34.0)]);
}

#[test]
fn turns_begin_and_end_in_the_middle_of_frames() {
    let events = events_of(&[(2.0..5.0, 0.0)], 12, &settings());
    let frame = frames_before(2.0);
    assert_eq!(turns_of(&events)[0].1, SlidingWindow::FRAMES.middle(frame));
}

#[test]
fn overlapped_speech_has_both_speakers() {
    let speeches = [(0.0..8.0, 0.0), (8.0..30.0, 90.0), (20.0..24.0, 0.0)];
    assert_turns(&events_of(&speeches, 32, &settings()), &[(1, 0.0, 8.0), (2, 8.0, 30.0), (1, 20.0, 24.0)]);
}

#[test]
fn half_a_second_does_not_make_a_speaker() {
    // With the default method, which takes speakers from windows with two seconds of clean speech.
    let settings = ClusteringSettings::default();
    let num_speakers = |speech: Range<f64>| {
        let turns = turns_of(&events_of(&[(0.0..14.0, 0.0), (speech, 180.0)], 40, &settings));
        turns.iter().map(|turn| turn.0).max()
    };
    assert_eq!(num_speakers(15.0..15.5), Some(1));
    assert_eq!(num_speakers(15.0..19.0), Some(2));
}

#[test]
fn a_speaker_who_comes_back_keeps_the_number() {
    let mut speeches = Vec::new();
    // Two people talk for four minutes, longer than all windows are remembered; a third one speaks
    // once at the start and once at the end.
    speeches.push((0.0..6.0, 180.0));
    for i in 0..24 {
        let start = 8.0 + 10.0 * f64::from(i);
        speeches.push((start..start + 4.5, 0.0));
        speeches.push((start + 5.0..start + 9.5, 90.0));
    }
    speeches.push((250.0..256.0, 180.0));
    let turns = turns_of(&events_of(&speeches, 260, &settings()));
    assert_eq!(turns.first().map(|turn| turn.0), turns.last().map(|turn| turn.0));
    assert_eq!(turns.iter().map(|turn| turn.0).max(), Some(3));
}

#[test]
fn a_turn_with_the_wrong_speaker_is_corrected_by_an_event() {
    // The only known speaker is silent when the second voice appears, so that the second voice is
    // assigned to it until enough windows have two seconds of it.
    let speeches = [(0.0..14.0, 0.0), (27.3..37.0, 180.0)];
    let events = events_of_tracker(tracker(&ClusteringSettings::default(), 1.0), &speeches, 50);
    assert!(events.contains(&LiveEvent::Relabelled { turn: 1, speaker: 2 }), "{events:?}");
    assert_turns(&events, &[(1, 0.0, 14.0), (2, 27.3, 37.0)]);
}

#[test]
fn silence_has_no_turns_and_speakers_stay_within_the_bound() {
    assert!(events_of(&[], 15, &settings()).is_empty());
    let settings = ClusteringSettings { max_speakers: Some(2), ..settings() };
    let speeches = [(0.0..9.0, 0.0), (10.0..19.0, 90.0), (20.0..29.0, 180.0)];
    let turns = turns_of(&events_of(&speeches, 32, &settings));
    let mut speakers: Vec<u32> = turns.iter().map(|turn| turn.0).collect();
    speakers.sort_unstable();
    speakers.dedup();
    assert_eq!(speakers.len(), 2, "{turns:?}");
}

/// Rules that assign every local speaker to one speaker.
#[derive(Debug)]
struct OneSpeaker(u32);

impl WindowRules for OneSpeaker {
    fn decide(
        &mut self,
        masks: &ChunkMasks,
        _embeddings: &[[f32; EMBEDDING_DIMENSION]; LOCAL_SPEAKERS],
    ) -> Result<WindowSpeakers> {
        Ok(WindowSpeakers { masks: *masks, ids: [Some(self.0); LOCAL_SPEAKERS] })
    }
}

#[test]
fn rules_of_the_caller_replace_tracking_and_revision() {
    let mut tracker = tracker(&settings(), 2.0);
    tracker.set_rules(Box::new(OneSpeaker(7)));
    let events = events_of_tracker(tracker, &[(2.0..9.0, 0.0), (12.0..27.0, 180.0)], 32);
    assert_turns(&events, &[(7, 2.0, 9.0), (7, 12.0, 27.0)]);
    let is_first = |event: &LiveEvent| {
        matches!(event, LiveEvent::Opened { .. } | LiveEvent::Extended { .. } | LiveEvent::Closed { .. })
    };
    assert!(events.iter().all(is_first), "{events:?}");
}
