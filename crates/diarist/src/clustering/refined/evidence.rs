//! Evidence for more or fewer speakers than were found.

use super::super::vectors::normalised;
use super::number::Voices;
use super::turn_taking::Voices as SubsegmentVoices;
use crate::clustering::{NumberPosterior, SpeakerBounds};

/// Share of the subsegments that are less similar to their speaker than [`Evidence::similarity`].
const LOWEST: f64 = 0.2;
/// Clean frames of the slots that are counted (1 s), and the similarity below which they are far.
const MIN_CLEAN_FRAMES: usize = 60;
const FAR: f64 = 0.5;
/// In place of the likelihood ratio, if there is only one speaker.
const NO_PAIR: f64 = -3.0;

/// Numbers that tell whether there are more or fewer speakers than clusters.
struct Evidence {
    /// Cosine similarity that four fifths of the subsegments have to their speaker.
    similarity: f64,
    /// Share of the slots that are far from all speakers.
    far: f64,
    /// Logarithm of the likelihood ratio of the pair that most likely is one person, on a
    /// logarithmic scale.
    join: f64,
    /// Logarithm of the number of subsegments of the smallest cluster.
    smallest: f64,
}

impl Evidence {
    fn new(voices: &Voices<'_>, centroids: &[Vec<f64>]) -> Self {
        let units: Vec<Vec<f64>> = centroids.iter().map(|centroid| normalised(centroid)).collect();
        let rows = voices.rows;
        let long: Vec<usize> = (0..rows.len()).filter(|&row| rows.clean_frames(row) >= MIN_CLEAN_FRAMES).collect();
        let num_far = long.iter().filter(|&&row| rows.highest(row, &units) < FAR).count();
        let ratio = voices.highest_gain(centroids);

        let subsegments = SubsegmentVoices::new(voices.subsegments);
        let mut sizes = vec![0_usize; units.len()];
        let mut similarities = Vec::with_capacity(subsegments.len());
        for row in 0..subsegments.len() {
            let (cluster, similarity) = subsegments.nearest(row, &units);
            sizes[cluster] += 1;
            similarities.push(similarity);
        }
        let position = (LOWEST * similarities.len() as f64) as usize;
        let (_, similarity, _) = similarities.select_nth_unstable_by(position, f64::total_cmp);
        Self {
            similarity: *similarity,
            far: num_far as f64 / long.len().max(1) as f64,
            join: ratio.map_or(NO_PAIR, |ratio| ratio.signum() * ratio.abs().ln_1p()),
            smallest: (sizes.into_iter().min().unwrap_or(0) as f64).ln_1p(),
        }
    }

    fn values(&self) -> [f64; 4] {
        [self.similarity, self.far, self.join, self.smallest]
    }
}

/// The probabilities of the numbers of speakers given the clusters that were found, within
/// `bounds`. `None` if `bounds` leave no choice, or if there are no subsegments to judge by.
pub(super) fn posterior(voices: &Voices<'_>, centroids: &[Vec<f64>], bounds: SpeakerBounds) -> Option<NumberPosterior> {
    let can_tell = bounds.exact().is_none() && !voices.subsegments.is_empty() && voices.train.len() >= 2;
    can_tell.then(|| NumberPosterior::of(centroids.len(), Evidence::new(voices, centroids).values(), bounds))
}
