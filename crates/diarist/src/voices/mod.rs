//! Known voices: the people that the library can recognise, and the search for them among the
//! speakers of a recording.
//!
//! [`clip_voice`] makes a [`Voice`] from a clip in which one person speaks. A [`Gallery`] holds
//! known people and finds the one that a voice belongs to, if there is one. A [`SpeakerDatabase`]
//! keeps people in a file. `docs/voices.md` explains the scores and how they were measured.

mod clip;
#[cfg(feature = "speaker-database")]
mod database;
mod excerpt;
mod gallery;
mod score;
mod voice;

pub use crate::names::check_name;
pub use clip::{MAX_TOGETHER, MIN_ENROLL_S, MIN_SPEECH_S, clip_voice};
#[cfg(feature = "speaker-database")]
pub use database::{Imported, Learned, MAX_SAMPLES, NewSample, Person, Sample, SpeakerDatabase};
pub use excerpt::{alone, excerpt};
pub use gallery::{Candidate, Gallery, Identification, MIN_PROBABILITY, SampleKind, compare};
pub use voice::Voice;
