//! Speaker diarization: finds who speaks when in a recording.
//!
//! The networks are inside the library. A [`Diarizer`] finds the turns of a recording:
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
//! The output of the networks can be kept, and clustered again in a moment with other settings:
//!
//! ```
//! # use diarist::{Analysis, Diarizer, Profile, Settings};
//! # let diarizer = Diarizer::new(&Settings::from(Profile::Fast))?;
//! let analysis = diarizer.analyze("../../fixtures/audio/single.flac")?;
//! # let folder = tempfile::tempdir().expect("a temporary folder");
//! # std::env::set_current_dir(&folder).expect("a folder");
//! analysis.save("single.diarist")?;
//!
//! let analysis = Analysis::open("single.diarist")?;
//! let two = diarizer.with_num_speakers(Some(2), None, None)?.cluster(&analysis)?;
//! assert_eq!(two.speakers.len(), 2);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! # Front door
//!
//! - [`Diarizer`], [`Settings`], [`Profile`], [`Constraints`], [`Recording`], [`Progress`]: input.
//! - [`Diarization`], [`Turn`], [`Speaker`], [`NumberOfSpeakers`], [`Analysis`]: results.
//! - [`Live`], [`LiveSettings`], [`LiveEvent`]: live audio.
//! - `SpeakerDatabase` (feature `speaker-database`): known people.
//! - [`Error`], [`ErrorKind`], [`Result`]: errors.
//!
//! All other items are in [`parts`], for programs with a pipeline of their own: networks,
//! clustering, formats, metrics, words of a transcript.
//!
//! # Features
//!
//! No feature is on by default, and none is needed to diarize a recording.
//!
//! - `speaker-database`: known people in an SQLite file.
//! - `annotation-formats`: reading and writing of CSV and ELAN files.
//! - `converter`: weights from PyTorch Lightning checkpoints and ONNX.
//!
//! Every error is an [`Error`] with a kind, a reason and a hint. Bad input never causes a panic,
//! and nothing is printed. The same input gives the same output, bit for bit, on any number of
//! threads.
#![forbid(unsafe_code)]

mod analysis;
mod assignment;
mod audio;
mod clock;
mod clustering;
mod corrections;
mod diarizer;
mod error;
mod features;
mod files;
mod formats;
mod inference;
mod live;
mod metrics;
mod models;
mod names;
mod range;
mod segmentation;
mod settings;
mod timeline;
mod voices;
mod words;

pub use analysis::Analysis;
pub use clustering::Constraints;
pub use diarizer::{ChannelSpeakers, Diarization, Diarizer, NumberOfSpeakers, Speaker};
pub use error::{Error, ErrorKind, Result};
pub use inference::{Progress, Recording};
pub use live::{Live, LiveEvent, LiveSettings};
pub use settings::{Profile, Settings};
pub use timeline::Turn;
#[cfg(feature = "speaker-database")]
pub use voices::SpeakerDatabase;

macro_rules! parts {
    ($($(#[$doc:meta])+ $name:ident)+) => {
        $($(#[$doc])+ pub mod $name { pub use crate::$name::*; })+
    };
}

/// Parts of the pipeline, for programs that build their own.
///
/// They stand in the order in which data passes through them. A part depends only on parts before
/// it.
pub mod parts {
    parts! {
        /// The clock for measurements, which the program around a WebAssembly module may give.
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        clock
        /// Files written completely or not at all.
        files
        /// Ranges of options.
        range
        /// Chunks, frames, powerset decoding, masks, probabilities.
        segmentation
        /// Audio of any kind as a stream of 16 kHz mono samples.
        audio
        /// Kaldi filterbank features.
        features
        /// The two networks and their weights.
        models
        /// Corrections of results by people.
        corrections
        /// The whole output of the networks, in memory and in files.
        analysis
        /// The assignment problem.
        assignment
        /// Runs the networks over recordings.
        inference
        /// Clusters embeddings: AHC, PLDA, VBx, constrained assignment.
        clustering
        /// Converts clusters into turns.
        timeline
        /// Known voices.
        voices
        /// Settings by value and by name.
        settings
        /// The offline pipeline.
        diarizer
        /// Live diarization.
        live
        /// Files with turns: RTTM, JSON, CSV, subtitles, Audacity, TextGrid, EAF, UEM.
        formats
        /// DER and JER.
        metrics
        /// Speakers for the words of a transcript.
        words
    }
}
