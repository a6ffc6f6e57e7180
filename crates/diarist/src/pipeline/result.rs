//! What a diarization gives back.

use crate::timeline::Annotation;

use super::cache::CacheUse;
use super::timings::Timings;

/// Who spoke when in one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Diarization {
    /// Turns; those of different speakers may overlap.
    pub diarization: Annotation,
    /// The exclusive timeline: at every moment at most one speaker, the one with the most votes.
    pub exclusive: Annotation,
    /// How sure the turns of `diarization` are, from 0 to 1 ([`crate::timeline::confidences`]).
    pub confidences: Vec<f32>,
    /// How sure the turns of `exclusive` are, from 0 to 1.
    pub exclusive_confidences: Vec<f32>,
    /// Speakers in the order of their labels.
    pub speakers: Vec<SpeakerSummary>,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Seconds in which at least one speaker is active.
    pub speech_s: f64,
    /// Seconds in which at least two speakers are active.
    pub overlap_s: f64,
    /// Where the time went.
    pub timings: Timings,
    /// What the cache had, with [`super::EmbeddingMode::Cached`].
    pub cache_use: Option<CacheUse>,
}

/// One speaker of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeakerSummary {
    /// Label as in the turns, `SPEAKER_00` and so on.
    pub label: String,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: usize,
    /// Centroid of the speaker's embeddings: 256 raw (not normalised) values. `None` if embeddings were skipped, or for a speaker whom
    /// only the number of simultaneous speakers tells of.
    pub embedding: Option<Vec<f32>>,
}
