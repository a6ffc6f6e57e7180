//! Calibration of confidences.

/// The probability that stands for a raw confidence from 0 to 1, itself from 0 to 1. Confidences
/// are given as they are computed so far.
pub(super) fn calibrated(raw: f64) -> f64 {
    raw
}
