//! Powerset decoding: from class scores to local-speaker masks.
//!
//! For every frame, the segmentation network tells the *set* of active speakers: at most two of
//! three local speakers. Source: Plaquet and Bredin, "Powerset multi-class cross entropy loss for
//! neural speaker diarization" (Interspeech 2023); class order as in pyannote.audio
//! `utils/powerset.py`: by size of the set, then lexicographic.

use super::geometry::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS, POWERSET_CLASSES};
use super::masks::{ChunkMasks, FrameMask};

/// Local speakers of each powerset class: {} {0} {1} {2} {0,1} {0,2} {1,2}.
pub const CLASS_SPEAKERS: [[bool; LOCAL_SPEAKERS]; POWERSET_CLASSES] = [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [true, true, false],
    [true, false, true],
    [false, true, true],
];

/// The class with the greatest score in one frame; the first of equals.
///
/// A NaN never wins against a number, and a frame of NaN alone is class 0 (nobody).
#[inline]
pub fn best_class(scores: &[f32; POWERSET_CLASSES]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate().skip(1) {
        if *score > scores[best] || scores[best].is_nan() && !score.is_nan() {
            best = class;
        }
    }
    best
}

/// Decodes the scores of one chunk, `[589, 7]`, row-major, into the masks of its three local
/// speakers.
///
/// The scores may be logits, log-probabilities or probabilities: softmax and logarithm are strictly
/// increasing within a frame, so they do not move the maximum and are not needed. On equal scores
/// the first class wins, as in numpy and PyTorch.
///
/// # Panics
/// If `scores` does not hold 589 x 7 values.
pub fn decode(scores: &[f32]) -> ChunkMasks {
    assert_eq!(scores.len(), FRAMES_PER_CHUNK * POWERSET_CLASSES, "scores are [589, 7]");
    let mut speakers = [FrameMask::default(); LOCAL_SPEAKERS];
    let (frames, _) = scores.as_chunks::<POWERSET_CLASSES>();
    for (t, frame) in frames.iter().enumerate() {
        for (mask, active) in speakers.iter_mut().zip(CLASS_SPEAKERS[best_class(frame)]) {
            if active {
                mask.insert(t);
            }
        }
    }
    ChunkMasks { speakers }
}

/// Turns logits into log-probabilities, frame by frame and in place; `scores` is `[frames, 7]`,
/// row-major.
///
/// Masks do not need it (see [`decode`]); it gives the network's confidence.
pub fn log_softmax(scores: &mut [f32]) {
    for frame in scores.chunks_exact_mut(POWERSET_CLASSES) {
        let max = frame.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = frame.iter().map(|score| f64::from(score - max).exp()).sum();
        let normaliser = f64::from(max) + sum.ln();
        frame.iter_mut().for_each(|score| *score = (f64::from(*score) - normaliser) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores in which class `class(t)` wins frame `t`.
    fn scores(class: impl Fn(usize) -> usize) -> Vec<f32> {
        let mut scores = vec![-5.0; FRAMES_PER_CHUNK * POWERSET_CLASSES];
        for t in 0..FRAMES_PER_CHUNK {
            scores[t * POWERSET_CLASSES + class(t)] = -0.1;
        }
        scores
    }

    #[test]
    fn every_class_activates_its_set() {
        let masks = decode(&scores(|t| t % POWERSET_CLASSES));
        let sets: [&[usize]; POWERSET_CLASSES] = [&[], &[0], &[1], &[2], &[0, 1], &[0, 2], &[1, 2]];
        for t in 0..FRAMES_PER_CHUNK {
            for (speaker, mask) in masks.speakers.iter().enumerate() {
                assert_eq!(mask.get(t), sets[t % POWERSET_CLASSES].contains(&speaker), "frame {t} speaker {speaker}");
            }
        }
    }

    #[test]
    fn first_maximum_wins() {
        struct Case(&'static str, [f32; POWERSET_CLASSES], usize);
        const NAN: f32 = f32::NAN;
        const MIN: f32 = f32::NEG_INFINITY;
        let cases = [
            Case("all equal", [0.5; 7], 0),
            Case("tie of 2 and 5", [0.0, 0.1, 0.7, 0.2, 0.3, 0.7, 0.6], 2),
            Case("tie of 5 and 6", [0.0, 0.1, 0.2, 0.3, 0.4, 0.9, 0.9], 5),
            Case("minus infinity elsewhere", [MIN, MIN, MIN, -80.0, MIN, MIN, MIN], 3),
            Case("only minus infinity", [MIN; 7], 0),
            Case("zeros of either sign", [-0.0, 0.0, -0.0, 0.0, -0.0, 0.0, 0.0], 0),
            Case("NaN first", [NAN, -3.0, -2.0, -2.0, NAN, -4.0, -5.0], 2),
            Case("only NaN", [NAN; 7], 0),
        ];
        for Case(name, scores, expected) in cases {
            assert_eq!(best_class(&scores), expected, "{name}");
        }
    }

    #[test]
    fn softmax_does_not_change_the_masks() {
        let logits: Vec<f32> =
            (0..FRAMES_PER_CHUNK * POWERSET_CLASSES).map(|i| ((i * 7919) % 1009) as f32 / 100.0 - 5.0).collect();
        let mut log_probabilities = logits.clone();
        log_softmax(&mut log_probabilities);
        for frame in log_probabilities.chunks_exact(POWERSET_CLASSES) {
            let total: f32 = frame.iter().map(|x| x.exp()).sum();
            assert!((total - 1.0).abs() < 1e-5, "{total}"); // seven exponentials of rounded values
        }
        assert_eq!(decode(&logits), decode(&log_probabilities));
        assert!(!decode(&logits).is_silent());
    }
}
