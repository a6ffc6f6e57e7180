//! What is searched: the parameters of each clustering method, with their ranges.
//!
//! Source of the ranges: pyannote.audio 4.0, `pipelines/clustering.py` and `pipelines/speaker_diarization.py`. The
//! segmentation network is a powerset one: its most likely class is taken, so there is no threshold on speech to search.

use diarist::Result;
use diarist::parts::clustering::Method;
use diarist::pipeline::{DiarizationOptions, Settings};

/// How values lie on the axis of the optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    /// By the natural logarithm.
    Log,
    /// Whole numbers; each has an interval of length 1.
    Whole,
}

/// One parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Name of the option.
    pub(super) name: &'static str,
    scale: Scale,
    smallest: f64,
    largest: f64,
    set: fn(&mut Settings, f64),
}

const MIN_DURATION_OFF: Parameter = Parameter {
    name: "min-duration-off",
    scale: Scale::Linear,
    smallest: 0.0,
    largest: 1.0,
    set: |settings, value| settings.min_duration_off = Some(value),
};

const VBX: [Parameter; 4] = [
    Parameter {
        name: "threshold",
        scale: Scale::Linear,
        smallest: 0.5,
        largest: 0.8,
        set: |settings, value| settings.threshold = Some(value),
    },
    Parameter {
        name: "fa",
        scale: Scale::Log,
        smallest: 0.01,
        largest: 0.5,
        set: |settings, value| settings.fa = Some(value),
    },
    Parameter {
        name: "fb",
        scale: Scale::Log,
        smallest: 0.01,
        largest: 15.0,
        set: |settings, value| settings.fb = Some(value),
    },
    MIN_DURATION_OFF,
];

const AHC: [Parameter; 3] = [
    Parameter {
        name: "threshold",
        scale: Scale::Linear,
        smallest: 0.0,
        largest: 2.0,
        set: |settings, value| settings.threshold = Some(value),
    },
    Parameter {
        name: "min-cluster-size",
        scale: Scale::Whole,
        smallest: 1.0,
        largest: 20.0,
        set: |settings, value| settings.min_cluster_size = Some(value as usize),
    },
    MIN_DURATION_OFF,
];

/// The parameters that the settings' method has, with their values in force.
pub(super) fn parameters(settings: &Settings) -> Result<(&'static [Parameter], Vec<f64>)> {
    let DiarizationOptions { method, min_duration_off_s, .. } = settings.options()?;
    Ok(match method {
        Method::Vbx(vbx) => (&VBX, vec![vbx.threshold, vbx.fa, vbx.fb, min_duration_off_s]),
        Method::Ahc(ahc) => (&AHC, vec![ahc.threshold, ahc.min_cluster_size as f64, min_duration_off_s]),
    })
}

/// `settings` with these values of `parameters`; the method is named, since they mean something to it alone.
pub(super) fn with_values(settings: &Settings, parameters: &[Parameter], values: &[f64]) -> Settings {
    let mut changed = settings.clone();
    changed.clustering = Some(settings.clustering.unwrap_or_default());
    for (parameter, &value) in parameters.iter().zip(values) {
        (parameter.set)(&mut changed, value);
    }
    changed
}

impl Parameter {
    /// The interval of the axis that is searched: the range, widened to hold `start`; the end does not belong to it.
    pub(super) fn interval(&self, start: f64) -> (f64, f64) {
        let (smallest, largest) = (self.smallest.min(start), self.largest.max(start));
        match self.scale {
            Scale::Linear => (smallest, largest.next_up()),
            Scale::Log => (smallest.ln(), largest.ln().next_up()),
            Scale::Whole => (smallest, largest + 1.0),
        }
    }

    /// Where `value` lies on the axis.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
            Scale::Whole => value + 0.5,
        }
    }

    /// The value at a position, with as many digits as a person wants to read: what is tried is what is written.
    pub(super) fn value(&self, position: f64) -> f64 {
        match self.scale {
            Scale::Linear => (position * 1e3).round() / 1e3,
            Scale::Log => three_digits(position.exp()),
            Scale::Whole => position.floor(),
        }
    }
}

/// `value`, above 0, rounded to three significant digits.
fn three_digits(value: f64) -> f64 {
    let digits = 2 - value.log10().floor() as i32;
    // Division by a power of ten gives the number that the decimal digits stand for; multiplication by 0.001 does not.
    if digits >= 0 {
        let unit = 10_f64.powi(digits);
        (value * unit).round() / unit
    } else {
        let unit = 10_f64.powi(-digits);
        (value / unit).round() * unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diarist::pipeline::Clustering;

    #[test]
    fn every_range_holds_the_default_and_only_what_is_valid() {
        for clustering in [Clustering::Vbx, Clustering::Ahc] {
            let settings = Settings { clustering: Some(clustering), ..Settings::default() };
            let (parameters, defaults) = parameters(&settings).unwrap();
            let unchanged = with_values(&settings, parameters, &defaults);
            assert_eq!(unchanged.options().unwrap(), settings.options().unwrap());
            for end in 0..2 {
                let corner: Vec<f64> = parameters
                    .iter()
                    .zip(&defaults)
                    .map(|(parameter, &default)| {
                        let (from, to) = parameter.interval(default);
                        assert!(parameter.smallest <= default && default <= parameter.largest, "{}", parameter.name);
                        assert!(from <= parameter.position(default) && parameter.position(default) < to);
                        parameter.value(if end == 0 { from } else { to.next_down() })
                    })
                    .collect();
                let limits = parameters.iter().map(|p| if end == 0 { p.smallest } else { p.largest });
                assert_eq!(corner, limits.collect::<Vec<_>>());
                with_values(&settings, parameters, &corner).options().unwrap();
            }
        }
    }

    #[test]
    fn a_start_outside_the_range_widens_it() {
        let (from, to) = VBX[0].interval(0.3);
        assert_eq!(from, 0.3);
        assert!(VBX[0].interval(1.5).1 > 1.5 && to > 0.8);
    }

    #[test]
    fn values_have_few_digits() {
        assert_eq!(VBX[0].value(0.612_345), 0.612);
        assert_eq!(VBX[1].value(0.012_345_6_f64.ln()), 0.0123);
        assert_eq!(VBX[2].value(12.345_6_f64.ln()), 12.3);
        assert_eq!(three_digits(123_456.0), 123_000.0);
        assert_eq!(AHC[1].value(12.999), 12.0);
        assert_eq!(AHC[1].value(AHC[1].position(12.0)), 12.0);
    }
}
