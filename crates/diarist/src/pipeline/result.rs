//! What a diarization gives back.

use crate::timeline::Annotation;

/// Who spoke when in one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Diarization {
    /// Turns; those of different speakers may overlap.
    pub diarization: Annotation,
    /// The exclusive timeline: at every moment at most one speaker, the one with the most votes.
    pub exclusive: Annotation,
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
    /// Centroid of the speaker's embeddings: 256 raw (not normalised) values.
    pub embedding: Vec<f32>,
}

/// Wall-clock seconds spent in each stage.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timings {
    /// Reading, decoding and resampling, as far as it did not happen beside the embedding.
    pub audio_s: f64,
    /// Mel filterbank features.
    pub fbank_s: f64,
    /// Segmentation network and powerset decoding.
    pub segmentation_s: f64,
    /// Embedding network.
    pub embedding_s: f64,
    /// Clustering.
    pub clustering_s: f64,
    /// Reconstruction of the timeline.
    pub timeline_s: f64,
    /// All of the above and what lies between.
    pub total_s: f64,
}
