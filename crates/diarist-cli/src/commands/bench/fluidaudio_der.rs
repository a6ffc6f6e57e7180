//! The error rates of FluidAudio's benchmark in August 2025, for comparison with its figures.
//!
//! They are not the standard ones: frames last 10 ms, each side has at most one speaker per frame,
//! and the denominator of the diarization error rate is the number of *all* frames, silence
//! included. Source: FluidAudio, commit of 2025-08-05, `MetricsCalculator` and `AMIParser`.

use diarist::Result;
use diarist::parts::assignment::{Objective, assign};
use diarist::parts::metrics::{DerComponents, JerComponents, Scores};
use diarist::parts::timeline::{Annotation, Turn};

const FRAME_S: f64 = 0.01;
/// Shorter turns of the reference are ignored.
const MIN_REFERENCE_S: f64 = 0.5;

/// Scores `hypothesis` against `reference` over a recording of `duration_s` seconds.
///
/// `der.total_s` is the length of the recording, so that `der.der()` is FluidAudio's DER. `jer` has
/// one speaker, and its error is 1 minus the number of correct frames divided by the number of
/// frames with speech on either side. Where turns overlap, the first of them has the frame, in the
/// reference and in the hypothesis.
///
/// # Errors
/// [`diarist::ErrorKind::Internal`] if there are too many speakers to map.
pub(super) fn score(reference: &Annotation, hypothesis: &Annotation, duration_s: f64) -> Result<Scores> {
    let num_frames = (duration_s / FRAME_S) as usize;
    let (reference_names, hypothesis_names) = (reference.speakers(), hypothesis.speakers());
    let kept = reference.turns.iter().filter(|turn| turn.segment().duration() >= MIN_REFERENCE_S);
    let reference_frames = frames(kept, &reference_names, num_frames);
    let hypothesis_frames = frames(hypothesis.turns.iter(), &hypothesis_names, num_frames);
    let pairs = || reference_frames.iter().zip(&hypothesis_frames);

    let num_columns = reference_names.len();
    let mut together = vec![0.0; hypothesis_names.len() * num_columns];
    for (r, h) in pairs() {
        if let (Some(r), Some(h)) = (r, h) {
            together[h * num_columns + r] += 1.0;
        }
    }
    let mut mapping = vec![None; hypothesis_names.len()];
    for (h, r) in assign(&together, hypothesis_names.len(), num_columns, Objective::Maximise)? {
        mapping[h] = (together[h * num_columns + r] > 0.0).then_some(r);
    }

    let (mut correct, mut missed, mut false_alarm, mut confusion) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (r, h) in pairs() {
        match (r, h) {
            (None, None) => {}
            (Some(_), None) => missed += 1,
            (None, Some(_)) => false_alarm += 1,
            (Some(r), Some(h)) if mapping[*h] == Some(*r) => correct += 1,
            (Some(_), Some(_)) => confusion += 1,
        }
    }
    let either = correct + missed + false_alarm + confusion;
    let seconds = |frames: usize| frames as f64 * FRAME_S;
    Ok(Scores {
        der: DerComponents {
            total_s: seconds(num_frames),
            correct_s: seconds(correct),
            missed_detection_s: seconds(missed),
            false_alarm_s: seconds(false_alarm),
            confusion_s: seconds(confusion),
        },
        jer: JerComponents {
            speaker_error: if either == 0 { 0.0 } else { 1.0 - correct as f64 / either as f64 },
            num_speakers: 1,
        },
        num_reference_speakers: reference_names.len(),
        num_hypothesis_speakers: hypothesis_names.len(),
    })
}

/// The speaker of every frame: that of the first turn that covers the start of the frame.
fn frames<'a>(turns: impl Iterator<Item = &'a Turn>, names: &[&str], num_frames: usize) -> Vec<Option<usize>> {
    let mut frames = vec![None; num_frames];
    for turn in turns {
        let speaker = names.iter().position(|name| *name == turn.speaker);
        let first = (turn.start_s / FRAME_S).ceil().max(0.0) as usize;
        let end = ((turn.end_s / FRAME_S).ceil().max(0.0) as usize).min(num_frames);
        for frame in frames.iter_mut().take(end).skip(first).filter(|frame| frame.is_none()) {
            *frame = speaker;
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(turns: &[(f64, f64, &str)]) -> Annotation {
        let turn = |&(start, end, speaker): &(f64, f64, &str)| Turn::new(start, end, speaker);
        Annotation { file_id: "x".to_owned(), turns: turns.iter().map(turn).collect() }
    }

    #[test]
    fn every_frame_counts_in_the_denominator() {
        let reference = annotation(&[(0.0, 2.0, "a"), (3.0, 5.0, "b")]);
        let hypothesis = annotation(&[(0.5, 2.5, "x"), (3.0, 4.0, "y"), (4.0, 5.0, "x")]);
        let scores = score(&reference, &hypothesis, 10.0).unwrap();
        // 0.5 s missed, 0.5 s false alarm, 1 s confused, of 10 s.
        assert!((scores.der.der() - 0.2).abs() < 1e-12);
        // 2.5 s are correct of the 4.5 s with speech on either side.
        assert!((scores.jer.jer() - (1.0 - 2.5 / 4.5)).abs() < 1e-12);
        assert_eq!((scores.num_reference_speakers, scores.num_hypothesis_speakers), (2, 2));
    }

    #[test]
    fn overlap_belongs_to_the_first_turn_and_short_references_are_ignored() {
        let reference = annotation(&[(0.0, 2.0, "a"), (1.0, 3.0, "b"), (5.0, 5.4, "b")]);
        let hypothesis = annotation(&[(0.0, 2.0, "x"), (2.0, 3.0, "y"), (5.0, 5.4, "y")]);
        let scores = score(&reference, &hypothesis, 6.0).unwrap();
        assert_eq!(scores.der.missed_detection_s, 0.0);
        assert!((scores.der.correct_s - 3.0).abs() < 1e-12);
        assert!((scores.der.false_alarm_s - 0.4).abs() < 1e-12);
    }

    #[test]
    fn silence_has_no_error() {
        let scores = score(&Annotation::default(), &Annotation::default(), 3.0).unwrap();
        assert_eq!((scores.der.der(), scores.jer.jer()), (0.0, 0.0));
    }
}
