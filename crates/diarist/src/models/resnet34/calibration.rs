//! Measures the ranges of activations over recordings, for 8-bit precision.

use std::collections::BTreeMap;

use diarist_kernels::{Columns, Isa, Plane};

use super::input::set_input;
use super::ranges::num_steps;
use super::trunk::{Code, Planes, Trunk, activation_name, num_features};
use crate::error::Result;
use crate::features::fbank::NUM_MEL_BINS;
use crate::models::tensors::Tensors;

/// Collects the magnitudes of activations in f32 and finds the range of each that 8 bits should
/// cover.
#[derive(Debug)]
pub struct Calibration {
    trunk: Trunk<f32>,
    planes: Planes<f32>,
    input: Plane,
    features: Plane,
    histograms: BTreeMap<String, Histogram>,
}

/// Counts of values by magnitude. The bins are the upper halves of positive `f32`: 128 in each
/// octave.
#[derive(Debug)]
struct Histogram {
    /// Steps from 0 to the end of the range.
    num_steps: f64,
    counts: Vec<u64>,
}

/// Number of bins: the upper halves of finite positive `f32`.
const NUM_BINS: usize = 0x7f80;

impl Calibration {
    /// A calibration of the network with these weights; see
    /// [`ResNet34::new`](super::ResNet34::new).
    ///
    /// # Errors
    ///
    /// As for the network.
    pub fn new(tensors: &Tensors<'_>) -> Result<Self> {
        let trunk = Trunk::new(tensors, Isa::detect(), |_, _| Ok(Code::PLAIN))?;
        Ok(Self {
            trunk,
            planes: Planes::default(),
            input: Plane::default(),
            features: Plane::default(),
            histograms: BTreeMap::new(),
        })
    }

    /// Adds the activations of one chunk; arguments as for
    /// [`ResNet34::trunk`](super::ResNet34::trunk).
    ///
    /// # Panics
    ///
    /// If `fbank` is not a whole number of frames.
    pub fn add(&mut self, fbank: &[f32], mean: &[f32; NUM_MEL_BINS]) {
        let Self { trunk, planes, input, features, histograms } = self;
        set_input(fbank, mean, input);
        let mut all = Columns::default();
        all.set(std::iter::once(0..num_features(input.width())));
        trunk.run(input, &all, usize::MAX, planes, features, |site, block, plane| {
            let histogram = histograms
                .entry(activation_name(site, block))
                .or_insert_with(|| Histogram { num_steps: num_steps(site).into(), counts: vec![0; NUM_BINS] });
            for value in (0..plane.height()).flat_map(|y| plane.row(y)) {
                histogram.counts[(value.abs().to_bits() >> 16) as usize] += 1;
            }
        });
    }

    /// The range of every activation, by the name of its layer: the one with the least mean square
    /// error from rounding and from clipping, over the values seen.
    pub fn ranges(&self) -> BTreeMap<String, f32> {
        self.histograms.iter().map(|(name, histogram)| (name.clone(), histogram.range())).collect()
    }
}

impl Histogram {
    fn range(&self) -> f32 {
        let end = |bin: usize| f32::from_bits((bin as u32 + 1) << 16);
        let middle = |bin: usize| f64::from(f32::from_bits((bin as u32) << 16 | 0x8000));
        let seen: Vec<usize> = (0..NUM_BINS).filter(|bin| self.counts[*bin] > 0).collect();
        let error = |range: f64| -> f64 {
            let step = range / self.num_steps;
            let errors = seen.iter().map(|bin| {
                let value = middle(*bin);
                // The error of values spread evenly within a step; values below half a step all
                // become 0.
                let error = if value > range { (value - range).powi(2) } else { value.powi(2).min(step * step / 12.0) };
                error * self.counts[*bin] as f64
            });
            errors.sum()
        };
        let candidates = seen.iter().map(|bin| end(*bin));
        candidates.min_by(|a, b| error((*a).into()).total_cmp(&error((*b).into()))).unwrap_or(1.0)
    }
}
