//! Diarization and Jaccard error rates.
