//! Speaker diarization: who spoke when.
//!
//! The networks are inside the library. A [`Diarizer`] turns a recording into turns:
//!
//! ```
//! use diarist::{Diarizer, Settings};
//!
//! let diarizer = Diarizer::new(&Settings::default())?;
//! let result = diarizer.diarize("../../fixtures/audio/single.flac")?;
//! for turn in &result.turns {
//!     println!("{:.1} s to {:.1} s: {}", turn.start_s, turn.end_s, turn.speaker);
//! }
//! assert_eq!(result.speakers.len(), 1);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! The results of the networks can be kept, and clustered again in a moment with other settings:
//!
//! ```
//! # use diarist::{Diarizer, Profile, Settings};
//! # let diarizer = Diarizer::new(&Settings::from(Profile::Fast))?;
//! let analysis = diarizer.analyze("../../fixtures/audio/single.flac")?;
//! let two = diarizer.with_num_speakers(Some(2), None, None)?.cluster(&analysis)?;
//! assert_eq!(two.speakers.len(), 2);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! # Front door
//!
//! - [`Diarizer`], [`Settings`], [`Profile`], [`Constraints`], [`Recording`], [`Progress`]: input.
//! - [`Diarization`], [`Turn`], [`Speaker`], [`Analysis`]: results.
//! - [`Live`], [`LiveSettings`], [`LiveEvent`]: audio while it arrives.
//! - `SpeakerDatabase` (feature `speaker-database`): known people.
//! - [`Error`], [`ErrorKind`], [`Result`]: faults.
//!
//! Everything below is in [`parts`], for those who assemble a pipeline of their own: networks,
//! clustering, formats, metrics, words of a transcript.
//!
//! # Features
//!
//! None is on by default: turns from a recording need none.
//!
//! - `speaker-database`: known people in an SQLite file.
//! - `annotation-formats`: reading and writing of CSV and ELAN files.
//! - `converter`: weights from PyTorch Lightning checkpoints and ONNX.
//!
//! Every fault is an [`Error`] with a kind, a reason and a hint. Bad input never causes a panic, and
//! nothing prints. The same input gives the same output, bit for bit, on any number of threads.
#![forbid(unsafe_code)]

mod analysis;
mod assignment;
mod audio;
mod clustering;
mod diarizer;
mod error;
mod features;
mod formats;
mod inference;
mod live;
mod metrics;
mod models;
mod range;
mod segmentation;
mod settings;
mod timeline;
mod voices;
mod words;

pub use analysis::Analysis;
pub use clustering::Constraints;
pub use diarizer::{Diarization, Diarizer, Speaker};
pub use error::{Error, ErrorKind, Result};
pub use inference::{Progress, Recording};
pub use live::{Live, LiveEvent, LiveSettings};
pub use settings::{Profile, Settings};
pub use timeline::Turn;
#[cfg(feature = "speaker-database")]
pub use voices::SpeakerDatabase;

/// Parts of the pipeline, from samples to files, for those who assemble their own.
///
/// Data goes from left to right: `segmentation`, `audio`, `features`, `models`, `analysis`,
/// `assignment`, `inference`, `clustering`, `timeline`, `voices`, `settings`, `diarizer`, `live`,
/// `formats`, `metrics`, `words`.
pub mod parts {
    pub use crate::range::Range;
    pub use crate::{
        analysis, assignment, audio, clustering, diarizer, features, formats, inference, live, metrics, models,
        segmentation, settings, timeline, voices, words,
    };
}
