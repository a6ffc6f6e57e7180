//! The evidence of subsegments: the cluster whose voice a short stretch of speech has.

use std::iter;

use crate::analysis::{EMBEDDING_DIMENSION, SUBSEGMENT_SHIFT, Subsegments};
use crate::clustering::Clusters;
use crate::clustering::vectors::{dot, norm, normalised, widened};

/// Factor of the cosine similarity before the softmax over clusters. Chosen on development
/// recordings, where results hardly change between 8 and 30.
const SHARPNESS: f64 = 15.0;

/// Part of its weight that a subsegment loses from its middle to its ends. Chosen on development
/// recordings.
const FALL: f64 = 0.9;

// Times are in half samples (1/32,000 s), because the middles of frames lie between samples.
/// Middle of frame 0: its receptive field has 991 samples.
const FIRST_MIDDLE: u64 = 991;
/// From the middle of a frame to that of the next: 270 samples.
const FRAME_STEP: u64 = 2 * 270;
/// From the start of a subsegment to the start of the next, which is its middle. An fbank frame has
/// 160 samples.
const SHIFT: u64 = 2 * 160 * SUBSEGMENT_SHIFT as u64;

/// The evidence of all subsegments, which is computed as a sweep over the frames reaches them.
pub(crate) struct Evidence<'a> {
    subsegments: &'a Subsegments,
    num_rows: usize,
    /// First row that the sweep has not reached.
    next: usize,
    /// The clusters with a voice, ascending.
    clusters: Vec<u32>,
    voices: Vec<Voice>,
    /// The last even subsegment and the last odd one. No frame lies in more than two.
    reached: [Posteriors; 2],
}

/// The voice of a cluster.
struct Voice {
    /// The centroid, scaled to norm 1.
    unit: Vec<f64>,
    /// How much more similar a subsegment must be to it than to others.
    margin: f64,
}

/// The clusters of one subsegment.
struct Posteriors {
    /// The subsegment, by its start in units of [`SHIFT`].
    index: Option<u64>,
    num_solo: f64,
    /// Probability of each cluster with a voice; 0 before there is a subsegment.
    values: Vec<f64>,
}

impl<'a> Evidence<'a> {
    /// The evidence of `subsegments` for clusters with centroids of 256 values. A centroid of
    /// zeros, of other length or with values that are no numbers is no voice.
    pub(crate) fn new(subsegments: &'a Subsegments, found: &Clusters) -> Self {
        let (mut clusters, mut voices) = (Vec::new(), Vec::new());
        let margins = found.margins.iter().copied().map(f64::from).chain(iter::repeat(0.0));
        for ((cluster, centroid), margin) in (0..).zip(&found.centroids).zip(margins) {
            let centroid = widened(centroid);
            let norm = norm(&centroid);
            if centroid.len() == EMBEDDING_DIMENSION && norm > 0.0 && norm.is_finite() {
                clusters.push(cluster);
                voices.push(Voice { unit: normalised(&centroid), margin });
            }
        }
        let Subsegments { indices, solo_frames, values } = subsegments;
        let num_rows = indices.len().min(solo_frames.len()).min(values.len() / EMBEDDING_DIMENSION);
        let unreached = || Posteriors { index: None, num_solo: 0.0, values: vec![0.0; voices.len()] };
        let reached = [unreached(), unreached()];
        Self { subsegments, num_rows, next: 0, clusters, voices, reached }
    }

    /// The clusters that have evidence, ascending: those with a voice.
    pub(crate) fn clusters(&self) -> &[u32] {
        &self.clusters
    }

    /// Fills `shares` with the evidence for each of [`Self::clusters`] in `frame`, which is not
    /// before the frame of an earlier call: the mean of the posteriors of the subsegments that
    /// cover the middle of the frame. Subsegments with more solo frames and with a closer middle
    /// weigh more. Returns whether there is evidence; else `shares` is empty.
    pub(crate) fn at(&mut self, frame: usize, shares: &mut Vec<f64>) -> bool {
        shares.clear();
        let middle = FRAME_STEP * frame as u64 + FIRST_MIDDLE;
        let latest = middle / SHIFT;
        self.advance(latest);
        let mut weights = [0.0; 2];
        for index in [latest.checked_sub(1), Some(latest)].into_iter().flatten() {
            let place = (index % 2) as usize;
            if self.reached[place].index == Some(index) {
                let distance = middle.abs_diff(SHIFT * (index + 1)) as f64 / SHIFT as f64;
                weights[place] = self.reached[place].num_solo * (1.0 - FALL * distance);
            }
        }
        let total = weights[0] + weights[1];
        if total > 0.0 {
            let [even, odd] = weights.map(|weight| weight / total);
            let values = self.reached[0].values.iter().zip(&self.reached[1].values);
            shares.extend(values.map(|(in_even, in_odd)| even * in_even + odd * in_odd));
        }
        !shares.is_empty()
    }

    /// Computes the posteriors of the subsegments up to `latest` that a frame in it can lie in.
    fn advance(&mut self, latest: u64) {
        while self.next < self.num_rows && u64::from(self.subsegments.indices[self.next]) <= latest {
            let row = self.next;
            self.next += 1;
            let index = u64::from(self.subsegments.indices[row]);
            if index + 1 >= latest {
                let posteriors = &mut self.reached[(index % 2) as usize];
                posteriors.index = Some(index);
                posteriors.num_solo = f64::from(self.subsegments.solo_frames[row]);
                posteriors.fill(self.subsegments.row(row), &self.voices);
            }
        }
    }
}

impl Posteriors {
    /// The softmax over the `voices` of their cosine similarity with `embedding`, less their
    /// margin.
    fn fill(&mut self, embedding: &[i8], voices: &[Voice]) {
        let embedding: Vec<f64> = embedding.iter().map(|&value| f64::from(value)).collect();
        // Of zeros, the similarity is 0.
        let norm = norm(&embedding).max(1.0);
        self.values.clear();
        let similarity = |voice: &Voice| dot(&embedding, &voice.unit) / norm - voice.margin;
        self.values.extend(voices.iter().map(|voice| SHARPNESS * similarity(voice)));
        let highest = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.values.iter_mut().for_each(|value| *value = (*value - highest).exp());
        let total: f64 = self.values.iter().sum();
        self.values.iter_mut().for_each(|value| *value /= total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::SlidingWindow;

    fn voice(at: usize) -> Vec<f32> {
        let mut voice = vec![0.0; EMBEDDING_DIMENSION];
        voice[at] = 2.0;
        voice
    }

    #[test]
    fn posteriors_are_a_softmax_over_the_clusters_with_a_voice() {
        let mut subsegments = Subsegments::default();
        let embedding: Vec<f32> = (0..EMBEDDING_DIMENSION).map(|i| [3.0, 4.0][i % 2] * f32::from(i < 2)).collect();
        subsegments.push(3, 10, &embedding);
        let none = vec![0.0; EMBEDDING_DIMENSION];
        let centroids = [voice(0), none.clone(), voice(1), vec![1.0; 3], vec![f32::NAN; EMBEDDING_DIMENSION]];
        let margins = vec![0.0, 0.0, 0.1];
        let clusters = Clusters { centroids: centroids.to_vec(), margins, ..Clusters::default() };
        let mut evidence = Evidence::new(&subsegments, &clusters);
        assert_eq!(evidence.clusters(), [0, 2]);
        let mut shares = Vec::new();
        assert!(!evidence.at(69, &mut shares) && shares.is_empty());
        assert!(evidence.at(70, &mut shares));
        // Cosines of 95/159 and 127/159 or nearly 3/5 and 4/5.
        let length = 95.0_f64.hypot(127.0);
        let expected = 1.0 / (1.0 + (-15.0 * ((127.0 - 95.0) / length - f64::from(0.1_f32))).exp());
        assert!((shares[1] - expected).abs() < 1e-12 && (shares[0] + shares[1] - 1.0).abs() < 1e-12, "{shares:?}");
    }

    #[test]
    fn frames_belong_to_subsegments_by_their_middle() {
        let mut subsegments = Subsegments::default();
        for (index, solo, at) in [(2, 10, 0), (3, 5, 1), (7, 3, 1)] {
            subsegments.push(index, solo, &voice(at));
        }
        let clusters = Clusters { centroids: vec![voice(0), voice(1)], ..Clusters::default() };
        let mut evidence = Evidence::new(&subsegments, &clusters);
        let mut shares = Vec::new();
        let certain = 1.0 / (1.0 + (-15.0_f64).exp());
        for frame in 0..300 {
            let t = SlidingWindow::FRAMES.middle(frame);
            let weight = |index: usize, solo: f64| {
                let middle = 0.4 * (index as f64 + 1.0);
                if (t - middle).abs() < 0.4 { solo * (1.0 - 0.9 * (t - middle).abs() / 0.4) } else { 0.0 }
            };
            let (first, second) = (weight(2, 10.0), weight(3, 5.0) + weight(7, 3.0));
            assert_eq!(evidence.at(frame, &mut shares), first + second > 0.0, "{frame}");
            if first + second > 0.0 {
                let expected = (first * certain + second * (1.0 - certain)) / (first + second);
                assert!((shares[0] - expected).abs() < 1e-12, "frame {frame}: {} and {expected}", shares[0]);
            }
        }
        // A sweep that begins late passes over the subsegments before it.
        let mut evidence = Evidence::new(&subsegments, &clusters);
        assert!(!evidence.at(150, &mut shares));
        assert!(evidence.at(200, &mut shares));
        assert!(!Evidence::new(&subsegments, &Clusters::default()).at(60, &mut shares), "there are no voices");
    }
}
