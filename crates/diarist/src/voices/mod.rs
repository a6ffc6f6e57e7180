//! A memory for voices: who a known person is, and whether a speaker of a recording is one of them.
//!
//! [`clip_voice`] makes a [`Voice`] of a clip in which one person speaks, [`recording_voices`] those of the speakers of a diarization. A [`Gallery`] holds
//! known people and tells whom a voice belongs to, or that it is somebody unknown; a [`VoiceDb`] keeps them in a file. `docs/voices.md` says what the scores mean and how
//! they were measured.

mod clip;
mod database;
mod gallery;
mod recording;
mod repeated;
mod score;
mod voice;

pub use clip::{MIN_ENROLL_S, MIN_SPEECH_S, clip_voice};
pub use database::{Imported, Learned, MAX_SAMPLES, NewSample, Person, Sample, VoiceDb, check_name};
pub use gallery::{Candidate, Gallery, Identification, MIN_PROBABILITY, SampleKind, compare};
pub use recording::{Beginning, recording_voices, rename_speakers};
pub use repeated::Repeated;
pub use voice::{SpeakerVoice, Voice, speaker_voices};
