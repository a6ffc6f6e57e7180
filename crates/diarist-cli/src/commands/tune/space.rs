//! The parameters of each method that are searched, with their ranges.
//!
//! Source of the ranges of clustering: pyannote.audio 4.0, `pipelines/clustering.py` and
//! `pipelines/speaker_diarization.py`. Only turns that follow from probabilities have thresholds on
//! speech and overlap; votes are those of the most likely class.

use diarist::parts::settings::{Choices, OptionInfo, Value};
use diarist::parts::timeline::Reconstruction;
use diarist::{Error, ErrorKind, Result};

/// Mapping of values to the axis of the optimiser.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    /// Natural logarithm.
    Log,
    /// Whole numbers, each with an interval of length 1.
    Whole,
}

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter {
    /// Name of the option.
    pub(super) name: &'static str,
    scale: Scale,
    smallest: f64,
    largest: f64,
}

/// The parameters of `refined` and `vbx`.
const VBX: [Parameter; 3] = [
    Parameter { name: "threshold", scale: Scale::Linear, smallest: 0.5, largest: 0.8 },
    Parameter { name: "fa", scale: Scale::Log, smallest: 0.01, largest: 0.5 },
    Parameter { name: "fb", scale: Scale::Log, smallest: 0.01, largest: 15.0 },
];

const AHC: [Parameter; 2] = [
    Parameter { name: "threshold", scale: Scale::Linear, smallest: 0.0, largest: 2.0 },
    Parameter { name: "min-cluster-size", scale: Scale::Whole, smallest: 1.0, largest: 20.0 },
];

/// The parameters of both ways from speakers to turns.
const TIMELINE: [Parameter; 1] =
    [Parameter { name: "min-duration-off", scale: Scale::Linear, smallest: 0.0, largest: 1.0 }];

/// The parameters of turns that follow from probabilities.
const PROBABILITIES: [Parameter; 2] = [
    Parameter { name: "speech-threshold", scale: Scale::Linear, smallest: 0.3, largest: 0.7 },
    Parameter { name: "overlap-threshold", scale: Scale::Linear, smallest: 0.2, largest: 0.5 },
];

/// The parameters of the chosen methods, with their values in force.
pub(super) fn parameters(choices: &Choices) -> Result<(Vec<Parameter>, Vec<f64>)> {
    let settings = choices.settings()?;
    let of_clustering: &[Parameter] = if settings.clustering.method.name() == "ahc" { &AHC } else { &VBX };
    let of_reconstruction: &[Parameter] = match settings.timeline.reconstruction {
        Reconstruction::Probabilities => &PROBABILITIES,
        Reconstruction::Votes => &[],
    };
    let parameters = [of_clustering, &TIMELINE, of_reconstruction].concat();
    let value = |parameter: &Parameter| match parameter.option()?.get(&settings) {
        Some(Value::Number(value)) => Ok(value),
        Some(Value::Count(value)) => Ok(value as f64),
        _ => Err(unknown(parameter.name)),
    };
    let values = parameters.iter().map(value).collect::<Result<_>>()?;
    Ok((parameters, values))
}

/// `choices` with these values of `parameters`, and with the name of the clustering method, since
/// the values have a meaning for that method only.
pub(super) fn with_values(choices: &Choices, parameters: &[Parameter], values: &[f64]) -> Choices {
    let mut changed = choices.clone();
    if let (Some(clustering), Ok(settings)) = (OptionInfo::find("clustering"), choices.settings()) {
        changed.set(clustering, Value::Name(settings.clustering.method.name()));
    }
    for (parameter, &value) in parameters.iter().zip(values) {
        if let Ok(option) = parameter.option() {
            changed.set(option, parameter.in_option(value));
        }
    }
    changed
}

fn unknown(name: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("{name} is no parameter of the clustering method"))
}

impl Parameter {
    fn option(&self) -> Result<&'static OptionInfo> {
        OptionInfo::find(self.name).ok_or_else(|| unknown(self.name))
    }

    fn in_option(&self, value: f64) -> Value {
        match self.scale {
            Scale::Linear | Scale::Log => Value::Number(value),
            Scale::Whole => Value::Count(value as usize),
        }
    }

    /// The searched interval of the axis, without its end: the range, widened to hold `start`.
    pub(super) fn interval(&self, start: f64) -> (f64, f64) {
        let (smallest, largest) = (self.smallest.min(start), self.largest.max(start));
        match self.scale {
            Scale::Linear => (smallest, largest.next_up()),
            Scale::Log => (smallest.ln(), largest.ln().next_up()),
            Scale::Whole => (smallest, largest + 1.0),
        }
    }

    /// The position of `value` on the axis.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => value,
            Scale::Log => value.ln(),
            Scale::Whole => value + 0.5,
        }
    }

    /// The value at a position, rounded to a few digits, so that the file holds exactly the values
    /// that were tried.
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
    // Division by a power of ten gives the number nearest to the decimal digits; multiplication by
    // 0.001 does not.
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

    #[test]
    fn every_range_holds_the_default_and_only_what_is_valid() {
        let cases = [
            ("refined", "probabilities", 6),
            ("refined", "votes", 4),
            ("vbx", "votes", 4),
            ("ahc", "probabilities", 5),
        ];
        for (clustering, reconstruction, num_parameters) in cases {
            let mut choices = Choices::default();
            choices.set(OptionInfo::find("clustering").unwrap(), Value::Name(clustering));
            choices.set(OptionInfo::find("reconstruction").unwrap(), Value::Name(reconstruction));
            let (parameters, defaults) = parameters(&choices).unwrap();
            assert_eq!(parameters.len(), num_parameters, "{clustering}, {reconstruction}");
            let unchanged = with_values(&choices, &parameters, &defaults);
            assert_eq!(unchanged.settings().unwrap(), choices.settings().unwrap());
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
                with_values(&choices, &parameters, &corner).settings().unwrap();
            }
        }
    }

    #[test]
    fn values_come_with_the_method_in_force() {
        for (profile, method, fb) in [("balanced", "refined", 0.6), ("exact", "vbx", 0.8)] {
            let mut choices = Choices::default();
            choices.set(OptionInfo::find("profile").unwrap(), Value::Name(profile));
            let (parameters, values) = parameters(&choices).unwrap();
            let unchanged = with_values(&choices, &parameters, &values);
            assert_eq!(unchanged.get("clustering"), Some(&Value::Name(method)));
            assert_eq!(unchanged.get("fb"), Some(&Value::Number(fb)));
            assert_eq!(unchanged.get("speech-threshold").is_some(), profile == "balanced");
            assert_eq!(unchanged.settings().unwrap(), choices.settings().unwrap());
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
