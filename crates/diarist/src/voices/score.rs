//! Converts the cosine of two voices into the likelihood ratio of one speaker against two.
//!
//! The conversion is a logistic regression on the cosine and on the seconds of speech, fitted by
//! `tools/reference/voices.py`; docs/voices.md describes the data. With more speech, the cosine of
//! two voices rises, whether they belong to one person or to two: chance averages out, and the part
//! that all recordings have in common remains. So the same cosine counts for less with more speech.

/// Logarithm to base 10 of the likelihood ratio at cosine 0 and 1 s of speech.
const OFFSET: f64 = -5.054;
/// Increase of the logarithm with the cosine.
const PER_COSINE: f64 = 12.923;
/// Increase of the logarithm with the natural logarithm of the seconds of speech.
const PER_LOG_SPEECH: f64 = -1.292;
/// Speech beyond this many seconds is not counted, because longer clips were not measured.
const LONGEST_S: f64 = 30.0;

/// Logarithm to base 10 of the likelihood of `cosine` for one person, divided by its likelihood for
/// two. `a_s` and `b_s` are the seconds of speech of the two voices, both positive.
pub(super) fn log_ratio(cosine: f64, a_s: f64, b_s: f64) -> f64 {
    // The random part of an embedding falls with its seconds of speech, so two voices together are
    // worth this many seconds.
    let speech_s = 1.0 / (1.0 / a_s.min(LONGEST_S) + 1.0 / b_s.min(LONGEST_S));
    OFFSET + PER_COSINE * cosine + PER_LOG_SPEECH * speech_s.ln()
}
