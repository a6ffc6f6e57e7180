//! Class probabilities of one chunk in 8 bits: who speaks, and whether several do.

use std::array;

use super::geometry::{FRAMES_PER_CHUNK, LOCAL_SPEAKERS, POWERSET_CLASSES};
use super::masks::{ChunkMasks, FrameMask};
use super::powerset::CLASS_SPEAKERS;

/// Number of planes of a chunk: one for each local speaker, and one for overlap.
pub(crate) const PLANES: usize = LOCAL_SPEAKERS + 1;
const OVERLAP: usize = LOCAL_SPEAKERS;

/// The probability of something in each frame of a chunk; `v` stands for `v / 255`.
pub(crate) type Plane = [u8; FRAMES_PER_CHUNK];

/// How sure the segmentation network is of each local speaker and of overlap in one chunk.
///
/// There are four planes of 589 values, one for each frame: a plane for each of the three local
/// speakers, with the sum of the probabilities of all classes that contain the speaker, and a plane
/// with the sum for the classes of two speakers. A value `v` stands for the probability `v / 255`,
/// rounded half up.
///
/// The probability that somebody speaks follows: the sum of the three speakers minus overlap. Each
/// value is rounded on its own, so this may lie up to 2 below 0 or above 255.
///
/// Classes are those of [`powerset`](super::powerset).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChunkProbabilities {
    /// The local speakers, then overlap.
    planes: Box<[Plane; PLANES]>,
}

/// Silence, without doubt.
impl Default for ChunkProbabilities {
    fn default() -> Self {
        Self { planes: Box::new([[0; FRAMES_PER_CHUNK]; PLANES]) }
    }
}

impl ChunkProbabilities {
    /// The probabilities of a chunk with these class scores before the softmax (logits),
    /// `[589, 7]`, row-major. Log-probabilities give the same.
    ///
    /// A score that is NaN has the probability 0. A frame without any score above minus infinity is
    /// silence, as in [`powerset::decode`](super::powerset::decode).
    ///
    /// # Panics
    /// If `scores` does not hold 589 x 7 values.
    pub fn from_scores(scores: &[f32]) -> Self {
        let mut probabilities = Self::default();
        probabilities.fill_from_scores(scores);
        probabilities
    }

    /// As [`Self::from_scores`], in the memory of an earlier chunk.
    ///
    /// # Panics
    /// As [`Self::from_scores`].
    pub fn fill_from_scores(&mut self, scores: &[f32]) {
        assert_eq!(scores.len(), FRAMES_PER_CHUNK * POWERSET_CLASSES, "scores are [589, 7]");
        let (frames, _) = scores.as_chunks::<POWERSET_CLASSES>();
        for (t, frame) in frames.iter().enumerate() {
            for (plane, value) in self.planes.iter_mut().zip(in_8_bits(frame)) {
                plane[t] = value;
            }
        }
    }

    /// Certainty wherever `masks` say so: 255 in their frames and in those of their overlap, 0
    /// elsewhere. For analyses that were made without probabilities.
    pub fn from_masks(masks: &ChunkMasks) -> Self {
        let plane = |mask: &FrameMask| array::from_fn(|t| if mask.get(t) { u8::MAX } else { 0 });
        let [first, second, third] = &masks.speakers;
        Self { planes: Box::new([plane(first), plane(second), plane(third), plane(&masks.overlap())]) }
    }

    /// Probability that the local speaker `local` (0 to 2) is active in frame `t` (0 to 588), in
    /// units of 1/255.
    ///
    /// # Panics
    /// If there is no such local speaker or frame.
    #[inline]
    pub fn speaker(&self, local: usize, t: usize) -> u8 {
        self.speakers(local)[t]
    }

    /// Probability that two or more local speakers are active in frame `t` (0 to 588), in units of
    /// 1/255.
    ///
    /// # Panics
    /// If there is no such frame.
    #[inline]
    pub fn overlap(&self, t: usize) -> u8 {
        self.planes[OVERLAP][t]
    }

    /// Probability that somebody speaks in frame `t`, in units of 1/255. Each plane was rounded on
    /// its own, so the value may lie up to 2 outside of 0 to 255.
    pub(crate) fn speech(&self, t: usize) -> i32 {
        let speakers: i32 = (0..LOCAL_SPEAKERS).map(|local| i32::from(self.speaker(local, t))).sum();
        speakers - i32::from(self.overlap(t))
    }

    /// Whether somebody, and only one person, is likelier than not to speak in frame `t`.
    pub(crate) fn is_solo(&self, t: usize) -> bool {
        2 * self.speech(t) > i32::from(u8::MAX) && 2 * i32::from(self.overlap(t)) < i32::from(u8::MAX)
    }

    /// Probability that the local speaker `local` (0 to 2) is active in each frame, in units of
    /// 1/255.
    ///
    /// # Panics
    /// If there is no such local speaker.
    pub fn speakers(&self, local: usize) -> &[u8; FRAMES_PER_CHUNK] {
        assert!(local < LOCAL_SPEAKERS, "local speakers are 0 to {}", LOCAL_SPEAKERS - 1);
        &self.planes[local]
    }

    /// Probability that two or more local speakers are active in each frame, in units of 1/255.
    pub fn overlap_plane(&self) -> &[u8; FRAMES_PER_CHUNK] {
        &self.planes[OVERLAP]
    }

    /// Makes two local speakers one person: `kept` speaks where either does, `other` nowhere, and
    /// the two overlap no more. Speech stays as probable. Where a third one speaks too, it is not
    /// known which part of overlap is that of the two; the largest possible is taken.
    ///
    /// # Panics
    /// If there is no such local speaker.
    pub(crate) fn unite(&mut self, kept: usize, other: usize) {
        for t in 0..FRAMES_PER_CHUNK {
            let [first, second] = [kept, other].map(|local| self.speaker(local, t));
            let both = first.min(second).min(self.overlap(t));
            self.planes[kept][t] = (first - both).saturating_add(second);
            self.planes[other][t] = 0;
            self.planes[OVERLAP][t] -= both;
        }
    }

    /// The planes: the local speakers, then overlap.
    pub(crate) fn planes(&self) -> &[Plane; PLANES] {
        &self.planes
    }

    /// As [`Self::planes`], to be filled.
    pub(crate) fn planes_mut(&mut self) -> &mut [Plane; PLANES] {
        &mut self.planes
    }
}

/// The values of one frame in all planes.
fn in_8_bits(scores: &[f32; POWERSET_CLASSES]) -> [u8; PLANES] {
    // `f32::max` passes over NaN.
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return [0; PLANES];
    }
    // The equality also covers a score of infinity, whose difference to itself is NaN.
    let weights = scores.map(|score| match score {
        score if score == max => 1.0,
        score if score.is_nan() => 0.0,
        score => f64::from(score - max).exp(),
    });
    let total: f64 = weights.iter().sum();
    array::from_fn(|plane| {
        let classes = CLASS_SPEAKERS.iter().zip(weights);
        let sum: f64 = classes.filter(|(speakers, _)| is_in(speakers, plane)).map(|(_, weight)| weight).sum();
        (sum / total * 255.0 + 0.5) as u8
    })
}

/// Whether a class counts in a plane.
fn is_in(speakers: &[bool; LOCAL_SPEAKERS], plane: usize) -> bool {
    match plane {
        OVERLAP => speakers.iter().filter(|&&is_active| is_active).count() >= 2,
        local => speakers[local],
    }
}

#[cfg(test)]
mod tests {
    use super::super::powerset;
    use super::*;

    const SCORES: usize = FRAMES_PER_CHUNK * POWERSET_CLASSES;

    /// Scores of every kind of frame: from near certainty to doubt among all classes.
    fn scores() -> Vec<f32> {
        let score = |i: usize| {
            let spread = 1 + i / POWERSET_CLASSES % 12;
            (((i * 7919) % 1009) as f32 / 1009.0 - 0.5) * (spread * spread) as f32
        };
        (0..SCORES).map(score).collect()
    }

    /// Probabilities of the three speakers and of overlap in one frame, from the definition.
    fn plain(scores: &[f32]) -> [f64; PLANES] {
        let weights: Vec<f64> = scores.iter().map(|&score| f64::from(score).exp()).collect();
        let total: f64 = weights.iter().sum();
        let p = |classes: &[usize]| classes.iter().map(|&class| weights[class]).sum::<f64>() / total;
        [p(&[1, 4, 5]), p(&[2, 4, 6]), p(&[3, 5, 6]), p(&[4, 5, 6])]
    }

    #[test]
    fn values_are_sums_of_a_softmax() {
        let scores = scores();
        let found = ChunkProbabilities::from_scores(&scores);
        let mut log_probabilities = scores.clone();
        powerset::log_softmax(&mut log_probabilities);
        let (mut num_certain, mut num_doubtful) = (0, 0);
        for (t, frame) in scores.chunks_exact(POWERSET_CLASSES).enumerate() {
            let values = [found.speaker(0, t), found.speaker(1, t), found.speaker(2, t), found.overlap(t)];
            for (value, expected) in values.iter().zip(plain(frame)) {
                // Half a step, and the rounding of differences in 32 bits.
                assert!((f64::from(*value) - 255.0 * expected).abs() <= 0.5 + 1e-3, "frame {t}: {value}, {expected}");
            }
            let [first, second, third, overlap] = values.map(i32::from);
            assert!((-2..=257).contains(&(first + second + third - overlap)), "frame {t}: {values:?}");
            num_certain += usize::from(values.iter().all(|&value| value <= 2 || value >= 253));
            num_doubtful += usize::from(values.iter().any(|value| (64..192).contains(value)));
        }
        assert!(num_certain > 10 && num_doubtful > 100, "{num_certain} certain, {num_doubtful} doubtful");
        let again = ChunkProbabilities::from_scores(&log_probabilities);
        for (values, others) in found.planes().as_flattened().iter().zip(again.planes().as_flattened()) {
            assert!(values.abs_diff(*others) <= 1, "{values} and {others}");
        }
    }

    #[test]
    fn values_are_rounded_half_up_and_planes_are_in_order() {
        let mut scores = vec![0.0; SCORES]; // Every class has 1/7: 3/7 of 255 is 109.29.
        let half = &mut scores[..POWERSET_CLASSES];
        half.fill(f32::NEG_INFINITY);
        (half[0], half[2]) = (1.0, 1.0); // Half of 255 is 127.5.
        let found = ChunkProbabilities::from_scores(&scores);
        assert_eq!([found.speaker(0, 0), found.speaker(1, 0), found.speaker(2, 0), found.overlap(0)], [0, 128, 0, 0]);
        for local in 0..LOCAL_SPEAKERS {
            assert_eq!(found.speakers(local)[1..], [109; FRAMES_PER_CHUNK - 1]);
            assert_eq!(found.speakers(local), &found.planes()[local]);
        }
        assert_eq!(found.overlap_plane()[1..], [109; FRAMES_PER_CHUNK - 1]);
    }

    #[test]
    fn scores_that_are_not_numbers_are_no_speaker() {
        const NAN: f32 = f32::NAN;
        const MAX: f32 = f32::INFINITY;
        const MIN: f32 = f32::NEG_INFINITY;
        let cases = [
            ([NAN; 7], [0, 0, 0, 0]),
            ([MIN; 7], [0, 0, 0, 0]),
            ([MIN, NAN, MIN, MIN, NAN, MIN, MIN], [0, 0, 0, 0]),
            ([NAN, NAN, 3.0, NAN, NAN, NAN, NAN], [0, 255, 0, 0]),
            ([0.0, MAX, 1.0, 2.0, 3.0, 3.0, 3.0], [255, 0, 0, 0]),
            ([MIN, MIN, MIN, MIN, MAX, MIN, MAX], [128, 255, 128, 255]),
            ([f32::MIN, f32::MAX, 0.0, 0.0, 0.0, NAN, 0.0], [255, 0, 0, 0]),
        ];
        let mut found = ChunkProbabilities::from_masks(&powerset::decode(&scores()));
        for (frame, expected) in cases {
            found.fill_from_scores(&frame.repeat(FRAMES_PER_CHUNK));
            for (plane, value) in found.planes().iter().zip(expected) {
                assert_eq!(*plane, [value; FRAMES_PER_CHUNK], "{frame:?}");
            }
        }
    }

    #[test]
    fn masks_are_certain_classes() {
        let mut scores = vec![-40.0; SCORES];
        (0..FRAMES_PER_CHUNK).for_each(|t| scores[t * POWERSET_CLASSES + (t * 5 + t / 9) % POWERSET_CLASSES] = 3.0);
        let masks = powerset::decode(&scores);
        let found = ChunkProbabilities::from_scores(&scores);
        assert_eq!(found, ChunkProbabilities::from_masks(&masks));
        for t in 0..FRAMES_PER_CHUNK {
            for local in 0..LOCAL_SPEAKERS {
                assert_eq!(found.speaker(local, t) >= 128, masks.speakers[local].get(t), "frame {t} speaker {local}");
            }
            assert_eq!(found.overlap(t) >= 128, masks.overlap().get(t), "frame {t}");
        }
        assert_eq!(ChunkProbabilities::from_masks(&ChunkMasks::default()), ChunkProbabilities::default());
    }

    #[test]
    fn united_speakers_overlap_no_more() {
        let mut masks = ChunkMasks::default();
        (100..300).for_each(|t| masks.speakers[0].insert(t));
        (200..400).for_each(|t| masks.speakers[2].insert(t));
        (380..500).for_each(|t| masks.speakers[1].insert(t));
        let mut found = ChunkProbabilities::from_masks(&masks);
        found.unite(0, 2);
        masks.speakers[2] = FrameMask::default();
        (100..400).for_each(|t| masks.speakers[0].insert(t));
        assert_eq!(found, ChunkProbabilities::from_masks(&masks));

        let mut found = ChunkProbabilities::default();
        for (plane, value) in found.planes_mut().iter_mut().zip([100, 20, 150, 30]) {
            plane.fill(value);
        }
        found.unite(2, 0);
        assert_eq!(found.planes().map(|plane| plane[7]), [0, 20, 220, 0]);
        found.unite(2, 1);
        assert_eq!(found.planes().map(|plane| plane[7]), [0, 0, 240, 0]);
    }

    #[test]
    #[should_panic(expected = "local speakers are 0 to 2")]
    fn overlap_is_no_local_speaker() {
        ChunkProbabilities::default().speaker(3, 0);
    }
}
