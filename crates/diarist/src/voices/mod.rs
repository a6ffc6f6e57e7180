//! Known voices: who a person is, and whether a speaker of a recording is one of them.
//!
//! [`clip_voice`] makes a [`Voice`] of a clip in which one person speaks. A [`Gallery`] holds known
//! people and tells which of them a voice belongs to, or that it is somebody unknown; a
//! [`SpeakerDatabase`] keeps people in a file. `docs/voices.md` says what the scores mean and how
//! they were measured.

mod clip;
#[cfg(feature = "speaker-database")]
mod database;
mod gallery;
mod repeated;
mod score;
mod voice;

pub use clip::{MIN_ENROLL_S, MIN_SPEECH_S, clip_voice};
#[cfg(feature = "speaker-database")]
pub use database::{Imported, Learned, MAX_SAMPLES, NewSample, Person, Sample, SpeakerDatabase, check_name};
pub use gallery::{Candidate, Gallery, Identification, MIN_PROBABILITY, SampleKind, compare};
pub use repeated::Repeated;
pub use voice::Voice;
