//! Brings the number of speakers within the bounds, with as little change as possible.
//!
//! Too many speakers: the pairs are joined that most likely are one person. Too few: VBx may keep
//! weaker speakers, then clusters are split that seem to take turns, and at last single slots
//! become speakers. So a number that the recording does not bear out costs a few slots, not the
//! order of the whole.

use super::super::forced::forced_centroids;
use super::super::options::{RefinedOptions, VbxOptions};
use super::super::plda::{PLDA_DIMENSION, Plda};
use super::super::vectors::normalised;
use super::rows::Rows;
use super::turn_taking::{self, Voices as SubsegmentVoices};
use super::two_groups::TwoGroups;
use super::{side_by_side, single_slot, speakers};
use crate::analysis::Subsegments;
use crate::clustering::SpeakerBounds;
use crate::error::Result;

/// Factors of `Fb` that are tried for more speakers. Lower ones give speakers that are parts of
/// others.
const LOWER_FB: [f64; 2] = [0.7, 0.5];
/// Constancy of both halves and their similarity, within which a cluster is split if more speakers
/// are asked for.
const MIN_CONSTANCY: f64 = 0.5;
const MAX_SIMILARITY: f64 = 0.85;
/// Rows whose features are computed at a time.
const BATCH_ROWS: usize = 1024;

/// The speakers of a recording.
pub(super) struct Speakers {
    pub(super) centroids: Vec<Vec<f64>>,
    /// How much more similar to each a voice must be than to others; those beyond the end have 0.
    pub(super) margins: Vec<f64>,
}

/// The voices of a recording.
pub(super) struct Voices<'a> {
    pub(super) rows: &'a Rows<'a>,
    /// Rows with enough clean speech to find speakers in; all rows if the recording is one chunk.
    pub(super) train: &'a [usize],
    pub(super) subsegments: &'a Subsegments,
    pub(super) options: &'a RefinedOptions,
    pub(super) plda: &'a Plda,
}

impl Voices<'_> {
    /// As many speakers as `bounds` allow.
    ///
    /// # Errors
    /// [`crate::ErrorKind::SpeakerBounds`] if too few rows differ.
    pub(super) fn within(&self, bounds: SpeakerBounds, mut centroids: Vec<Vec<f64>>) -> Result<Speakers> {
        let wanted = bounds.clamp(centroids.len());
        if centroids.len() < wanted && self.train.len() >= 2 {
            centroids = self.weaker_speakers(wanted).unwrap_or(centroids);
        }
        let mut margins = vec![0.0; centroids.len()];
        while centroids.len() < wanted {
            if self.add_by_turns(&mut centroids) {
                margins.push(0.0);
            } else if let Some(slot) = single_slot::find(self.rows, self.subsegments, &centroids) {
                centroids.push(self.rows.raw(slot.row));
                margins.push(slot.margin);
            } else {
                let all: Vec<usize> = (0..self.rows.len()).collect();
                let centroids = forced_centroids(self.rows.embeddings(), &all, wanted)?;
                return Ok(Speakers { centroids, margins: Vec::new() });
            }
        }
        if centroids.len() > wanted {
            self.join(&mut centroids, wanted);
            margins.truncate(wanted);
        }
        Ok(Speakers { centroids, margins })
    }

    /// The speakers by the highest `Fb` that keeps this number of them. If it keeps more, some are
    /// parts of others.
    fn weaker_speakers(&self, wanted: usize) -> Option<Vec<Vec<f64>>> {
        LOWER_FB.iter().find_map(|factor| {
            let vbx = VbxOptions { fb: self.options.vbx.fb * factor, ..self.options.vbx.clone() };
            let found = speakers::find(self.rows, self.train, &vbx, self.plda);
            let found = turn_taking::split(self.subsegments, side_by_side::split(self.rows, found));
            (found.len() == wanted).then_some(found)
        })
    }

    /// Splits the cluster whose halves are most constant.
    fn add_by_turns(&self, centroids: &mut Vec<Vec<f64>>) -> bool {
        let voices = SubsegmentVoices::new(self.subsegments);
        let mut best: Option<(f64, usize, TwoGroups)> = None;
        for (cluster, rows) in voices.clusters(centroids).into_iter().enumerate() {
            let Some(halves) = voices.halves(rows) else { continue };
            let constancy = halves.constancy[0].min(halves.constancy[1]);
            let is_possible = constancy >= MIN_CONSTANCY && halves.groups.similarity() <= MAX_SIMILARITY;
            if is_possible && best.as_ref().is_none_or(|(highest, ..)| constancy > *highest) {
                best = Some((constancy, cluster, halves.groups));
            }
        }
        let Some((_, cluster, halves)) = best else { return false };
        halves.replace(centroids, cluster);
        true
    }

    /// Joins clusters until `wanted` are left.
    fn join(&self, centroids: &mut Vec<Vec<f64>>, wanted: usize) {
        let mut models = self.models(centroids);
        while centroids.len() > wanted {
            let Some((_, into, from)) = self.likeliest_pair(&models) else { return };
            let (removed, other) = (models.remove(from), centroids.remove(from));
            let model = &mut models[into];
            // A cluster without rows has no say.
            let share = removed.num_rows / (model.num_rows + removed.num_rows).max(1.0);
            centroids[into].iter_mut().zip(other).for_each(|(value, other)| *value += share * (other - *value));
            model.num_rows += removed.num_rows;
            model.sum.iter_mut().zip(removed.sum).for_each(|(sum, value)| *sum += value);
        }
    }

    /// The gain of the pair that most likely is one person; `None` if there is no pair.
    pub(super) fn highest_gain(&self, centroids: &[Vec<f64>]) -> Option<f64> {
        self.likeliest_pair(&self.models(centroids)).map(|(gain, ..)| gain)
    }

    /// The pair that most likely is one person, with its gain.
    fn likeliest_pair(&self, models: &[Model]) -> Option<(f64, usize, usize)> {
        let mut best: Option<(f64, usize, usize)> = None;
        for from in 1..models.len() {
            for into in 0..from {
                let gain = self.gain(&models[into], &models[from]);
                if best.is_none_or(|(highest, ..)| gain > highest) {
                    best = Some((gain, into, from));
                }
            }
        }
        best
    }

    /// The statistics of the rows that are nearest to each centroid.
    fn models(&self, centroids: &[Vec<f64>]) -> Vec<Model> {
        let units: Vec<Vec<f64>> = centroids.iter().map(|centroid| normalised(centroid)).collect();
        let mut models: Vec<Model> =
            units.iter().map(|_| Model { num_rows: 0.0, sum: vec![0.0; PLDA_DIMENSION] }).collect();
        let scales: Vec<f64> = self.plda.phi().iter().map(|phi| phi.sqrt()).collect();
        for batch in self.train.chunks(BATCH_ROWS) {
            let raw: Vec<Vec<f64>> = batch.iter().map(|&row| self.rows.raw(row)).collect();
            let features = self.plda.transform(&raw);
            for (&row, features) in batch.iter().zip(features.chunks_exact(PLDA_DIMENSION)) {
                let model = &mut models[self.rows.nearest(row, &units)];
                model.num_rows += 1.0;
                for ((sum, value), scale) in model.sum.iter_mut().zip(features).zip(&scales) {
                    *sum += value * scale;
                }
            }
        }
        models
    }

    /// Logarithm of the likelihood of one speaker over that of two, with the weights of VBx.
    fn gain(&self, a: &Model, b: &Model) -> f64 {
        let ratio = self.options.vbx.fa / self.options.vbx.fb;
        let (mut together, mut apart) = (0.0, 0.0);
        for ((phi, a_sum), b_sum) in self.plda.phi().iter().zip(&a.sum).zip(&b.sum) {
            let evidence = |num_rows: f64, sum: f64| {
                let inverse = 1.0 / (1.0 + ratio * num_rows * phi);
                0.5 * (inverse * (ratio * sum).powi(2) + inverse.ln())
            };
            together += evidence(a.num_rows + b.num_rows, a_sum + b_sum);
            apart += evidence(a.num_rows, *a_sum) + evidence(b.num_rows, *b_sum);
        }
        together - apart
    }
}

/// Sufficient statistics of a speaker in the PLDA model: equations (16) and (17) of VBx.
struct Model {
    num_rows: f64,
    /// Sum of the features, each times the root of its between-speaker variance.
    sum: Vec<f64>,
}
