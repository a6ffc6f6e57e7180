//! Codes of the 8-bit activations, from their measured ranges.

use super::trunk::{Code, Site, activation_name};
use crate::error::{Error, Result};
use crate::models::architecture::Architecture;
use crate::models::tensors::Tensors;

/// Largest difference of weights from the embedded ones, as a share of the embedded weights' root
/// mean square. It is more than the difference of the coarsest stored form, and less than the 1.4
/// of unrelated weights.
const MAX_DIFFERENCE: f64 = 0.25;

/// Whether [`Precision::Int8`](crate::models::Precision::Int8) can be used with `tensors`: the
/// ranges of activations were measured with the embedded weights, and hold for weights close to
/// them, such as their stored forms.
///
/// # Errors
/// [`ErrorKind::Weights`](crate::ErrorKind::Weights) if `tensors` are not of this architecture.
pub fn ranges_fit(tensors: &Tensors<'_>) -> Result<bool> {
    let file = diarist_weights::embedding();
    let embedded = Tensors::parse(&file, "embedding network")?;
    let (mut difference, mut power) = (0.0, 0.0);
    for (name, shape) in Architecture::ResNet34.tensors() {
        for (value, expected) in tensors.f32(&name, &shape)?.into_iter().zip(embedded.f32(&name, &shape)?) {
            difference += f64::from(value - expected).powi(2);
            power += f64::from(expected).powi(2);
        }
    }
    Ok(difference <= MAX_DIFFERENCE.powi(2) * power)
}

/// The code of the activation at `site` of block `block`.
pub(super) fn code(site: Site, block: usize) -> Result<Code> {
    let name = activation_name(site, block);
    let range = diarist_weights::embedding_ranges()
        .activations
        .get(&name)
        .ok_or_else(|| Error::weights(format!("no range for the activation {name}")))?;
    // A shortcut can be negative, so its zero is the middle of the 8-bit range; others begin at
    // zero.
    let zero = if site == Site::Shortcut { 128.0 } else { 0.0 };
    Ok(Code { step: range / num_steps(site), zero })
}

/// Steps from 0 to the end of the range.
pub(super) fn num_steps(site: Site) -> f32 {
    match site {
        Site::Shortcut => 127.0,
        Site::Stem | Site::Hidden | Site::Output => 255.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::stored::{Form, Granularity, quantize};

    #[test]
    fn ranges_fit_stored_forms_but_not_other_weights() {
        let file = diarist_weights::embedding();
        let embedded = Tensors::parse(&file, "embedding").unwrap();
        assert!(ranges_fit(&embedded).unwrap());
        let bytes = quantize(&embedded, Form::Palette4(Granularity::Tensor)).unwrap();
        assert!(ranges_fit(&Tensors::parse(&bytes, "palette4").unwrap()).unwrap());
        let mut other = Tensors::empty("other");
        for (name, shape) in Architecture::ResNet34.tensors() {
            let mut values = embedded.f32(&name, &shape).unwrap();
            values.reverse();
            other.insert_f32(&name, shape, &values);
        }
        assert!(!ranges_fit(&other).unwrap());
    }
}
