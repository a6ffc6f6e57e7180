//! VBx without its time model: variational Bayes for a Gaussian mixture with a PLDA prior on
//! speakers.
//!
//! Source: F. Landini, J. Profant, M. Diez, L. Burget, "Bayesian HMM clustering of x-vector
//! sequences (VBx) in speaker diarization", Computer Speech & Language 71, 2022; numbers in
//! brackets are its equations. The update of the speaker priors, the stop rule and the constant
//! inside the logarithm are those of pyannote.audio `utils/vbx.py`.

use rayon::prelude::*;

use super::options::VbxOptions;
use super::plda::PLDA_DIMENSION;
use super::vectors::dot;

/// Iterations stop once the objective gains less than this; a falling objective stops them as well.
const MIN_GAIN: f64 = 1e-4;

/// Keeps the logarithm of a prior of zero finite.
const PRIOR_FLOOR: f64 = 1e-8;

/// Rows per parallel task. Results do not depend on it.
const TASK_ROWS: usize = 64;

/// The result of VBx.
#[derive(Debug, Clone)]
pub(crate) struct VbxOutcome {
    /// Responsibility of each speaker for each row, `[rows, speakers]`, row-major; rows sum to 1.
    pub(crate) gamma: Vec<f64>,
    /// Prior of each speaker; the priors sum to 1. Speakers that are not needed have a prior near
    /// 0.
    pub(crate) pi: Vec<f64>,
}

/// Fits speakers to PLDA features, starting from hard clusters.
///
/// `features` is row-major `[labels.len(), 128]`, `phi` is the between-speaker variance per
/// feature, and `labels` are the initial clusters, numbered from 0 without gaps. The result has the
/// same bits for any number of threads.
pub(crate) fn vbx(features: &[f64], phi: &[f64], labels: &[usize], options: &VbxOptions) -> VbxOutcome {
    let num_speakers = labels.iter().max().map_or(0, |max| max + 1);
    let mut gamma = initial_gamma(labels, num_speakers, options.init_smoothing);
    let mut pi = vec![1.0 / num_speakers as f64; num_speakers];
    let constants: Vec<f64> = features
        .chunks_exact(PLDA_DIMENSION)
        .map(|row| -0.5 * (dot(row, row) + PLDA_DIMENSION as f64 * std::f64::consts::TAU.ln()))
        .collect();
    // Equation (18).
    let rho: Vec<f64> = features
        .chunks_exact(PLDA_DIMENSION)
        .flat_map(|row| row.iter().zip(phi).map(|(x, phi)| x * phi.sqrt()))
        .collect();
    let mut last_objective = None;
    for _ in 0..options.max_iterations {
        let speakers = estimate_speakers(&gamma, &rho, phi, num_speakers, options);
        let log_prior: Vec<f64> = pi.iter().map(|pi| (pi + PRIOR_FLOOR).ln()).collect();
        let log_likelihood = update_gamma(&mut gamma, &rho, &constants, &speakers, &log_prior, options.fa);
        pi = column_means(&gamma, num_speakers);
        let objective = log_likelihood + options.fb * 0.5 * speakers.iter().map(|model| model.prior_term).sum::<f64>();
        if last_objective.is_some_and(|last| objective - last < MIN_GAIN) {
            break;
        }
        last_objective = Some(objective);
    }
    VbxOutcome { gamma, pi }
}

/// Each row is the softmax of a vector with `smoothing` at the label and 0 elsewhere.
fn initial_gamma(labels: &[usize], num_speakers: usize, smoothing: f64) -> Vec<f64> {
    let other = (-smoothing).exp();
    let sum = 1.0 + (num_speakers.saturating_sub(1)) as f64 * other;
    let mut gamma = vec![other / sum; labels.len() * num_speakers];
    for (row, &label) in gamma.chunks_exact_mut(num_speakers.max(1)).zip(labels) {
        row[label] = 1.0 / sum;
    }
    gamma
}

/// The model of one speaker.
struct Speaker {
    /// Mean of the speaker's posterior.
    alpha: Vec<f64>,
    /// Half the sum in (23), which does not depend on the row.
    penalty: f64,
    /// The speaker's share of the second term of (25).
    prior_term: f64,
}

fn estimate_speakers(
    gamma: &[f64],
    rho: &[f64],
    phi: &[f64],
    num_speakers: usize,
    options: &VbxOptions,
) -> Vec<Speaker> {
    let ratio = options.fa / options.fb;
    (0..num_speakers)
        .into_par_iter()
        .map(|speaker| {
            let mut occupation = 0.0;
            let mut alpha = vec![0.0; PLDA_DIMENSION];
            for (row, responsibilities) in rho.chunks_exact(PLDA_DIMENSION).zip(gamma.chunks_exact(num_speakers)) {
                let responsibility = responsibilities[speaker];
                occupation += responsibility;
                for (sum, value) in alpha.iter_mut().zip(row) {
                    *sum += responsibility * value;
                }
            }
            let (mut penalty, mut prior_term) = (0.0, 0.0);
            for (alpha, phi) in alpha.iter_mut().zip(phi) {
                // Equations (17) and (16).
                let inverse = 1.0 / (1.0 + ratio * occupation * phi);
                *alpha *= ratio * inverse;
                let square = *alpha * *alpha;
                penalty += 0.5 * (inverse + square) * phi;
                prior_term += inverse.ln() - inverse - square + 1.0;
            }
            Speaker { alpha, penalty, prior_term }
        })
        .collect()
}

/// Stores the posterior of every speaker in `gamma`. Returns the log-likelihood of all rows.
fn update_gamma(
    gamma: &mut [f64],
    rho: &[f64],
    constants: &[f64],
    speakers: &[Speaker],
    log_prior: &[f64],
    fa: f64,
) -> f64 {
    let num_speakers = speakers.len();
    let mut evidence = vec![0.0; constants.len()];
    gamma
        .par_chunks_mut(num_speakers)
        .zip(rho.par_chunks(PLDA_DIMENSION))
        .zip(constants)
        .zip(evidence.par_iter_mut())
        .with_min_len(TASK_ROWS)
        .for_each(|(((gamma, rho), constant), evidence)| {
            for ((value, speaker), log_prior) in gamma.iter_mut().zip(speakers).zip(log_prior) {
                // Equation (23).
                *value = fa * (dot(rho, &speaker.alpha) - speaker.penalty + constant) + log_prior;
            }
            let highest = gamma.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            *evidence = highest + gamma.iter().map(|value| (value - highest).exp()).sum::<f64>().ln();
            for value in gamma {
                *value = (*value - *evidence).exp();
            }
        });
    evidence.iter().sum()
}

/// Sums of the columns, divided by their total.
fn column_means(gamma: &[f64], num_speakers: usize) -> Vec<f64> {
    let mut sums = vec![0.0; num_speakers];
    for row in gamma.chunks_exact(num_speakers) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let total: f64 = sums.iter().sum();
    sums.iter().map(|sum| sum / total).collect()
}
