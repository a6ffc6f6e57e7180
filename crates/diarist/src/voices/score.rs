//! From the cosine of two voices to how much likelier it makes one speaker than two.
//!
//! A logistic regression on the cosine and the speech that it rests on, fitted by `tools/reference/voices.py` (docs/voices.md says on
//! what). Voices heard for longer are more alike, those of one person as those of two, since what is common to all recordings stays
//! while chance averages out: so the same cosine counts for less with more speech.

/// Logarithm to base 10 of the likelihood ratio at cosine 0 and 1 s of speech.
const OFFSET: f64 = -5.054;
/// Its growth with the cosine.
const PER_COSINE: f64 = 12.923;
/// Its growth with the natural logarithm of the seconds of speech.
const PER_LOG_SPEECH: f64 = -1.292;
/// More speech than this on one side is taken as this: longer clips were not measured.
const LONGEST_S: f64 = 30.0;

/// Logarithm to base 10 of how much likelier `cosine` is if both are one person than if they are two; `a_s` and `b_s` are the positive
/// seconds of speech of either.
pub(super) fn log_ratio(cosine: f64, a_s: f64, b_s: f64) -> f64 {
    // Chance in either embedding falls with its speech: both together are worth this much.
    let speech_s = 1.0 / (1.0 / a_s.min(LONGEST_S) + 1.0 / b_s.min(LONGEST_S));
    OFFSET + PER_COSINE * cosine + PER_LOG_SPEECH * speech_s.ln()
}
