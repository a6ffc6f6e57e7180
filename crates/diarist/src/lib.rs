//! Speaker diarization: who spoke when.
//!
//! The networks are inside the library. A [`pipeline::Pipeline`] turns a recording into turns:
//!
//! ```
//! use diarist::audio;
//! use diarist::pipeline::{Models, Pipeline, Profile};
//!
//! let profile = Profile::Fast;
//! let models = Models::load_with_precision(None, None, profile.precision())?;
//! let pipeline = Pipeline::new(models, None)?;
//! let mut recording = audio::open("../../fixtures/audio/single.flac".as_ref())?;
//! let result = pipeline.diarize("single", &mut recording, &profile.options(), &mut |_| {})?;
//! for turn in &result.diarization.turns {
//!     println!("{:.1} s to {:.1} s: {}", turn.segment.start, turn.segment.end, turn.speaker);
//! }
//! assert_eq!(result.speakers.len(), 1);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! What the networks give can be kept, and clustered again in a moment with other options:
//!
//! ```
//! # use diarist::audio;
//! # use diarist::pipeline::{Models, Pipeline, Profile};
//! use diarist::clustering::SpeakerBounds;
//! use diarist::pipeline::DiarizationOptions;
//!
//! # let profile = Profile::Fast;
//! # let pipeline = Pipeline::new(Models::load_with_precision(None, None, profile.precision())?, None)?;
//! # let mut recording = audio::open("../../fixtures/audio/single.flac".as_ref())?;
//! let options = profile.options();
//! let analysis = pipeline.analyze(&mut recording, &options, &mut |_| {})?;
//! let bounds = SpeakerBounds::new(Some(2), None, None)?;
//! let two = pipeline.cluster("single", &analysis, &DiarizationOptions { bounds, ..options })?;
//! assert_eq!(two.speakers.len(), 2);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! Errors of a result against a reference:
//!
//! ```
//! use diarist::formats::rttm;
//! use diarist::metrics::{ScoreOptions, score};
//!
//! let reference = rttm::read(b"SPEAKER call 1 0.0 8.0 <NA> <NA> ann <NA> <NA>\nSPEAKER call 1 8.0 2.0 <NA> <NA> ben <NA> <NA>\n")?;
//! let found = rttm::read(b"SPEAKER call 1 0.0 9.0 <NA> <NA> A <NA> <NA>\nSPEAKER call 1 9.0 1.0 <NA> <NA> B <NA> <NA>\n")?;
//! let scores = score(&reference[0], &found[0], None, &ScoreOptions::default())?;
//! assert!((scores.der.der() - 0.1).abs() < 1e-12);
//! # Ok::<(), diarist::Error>(())
//! ```
//!
//! # Where things are
//!
//! - [`audio`] reads recordings, [`pipeline`] diarizes them, [`live`] does so while they arrive.
//! - [`formats`] reads and writes results and saved analyses, [`words`] puts speakers on transcripts, [`metrics`] scores.
//! - [`voices`] recognises people, also from a database.
//! - [`features`], [`models`], [`segmentation`], [`clustering`], [`timeline`], [`tracking`] and [`assignment`] are the parts, for those who assemble
//!   their own pipeline.
//!
//! Every fault is an [`Error`] with a kind, a reason and what to do next. Nothing panics on bad input, and nothing prints. The same input gives the
//! same output, bit for bit, on any number of threads.
#![forbid(unsafe_code)]

pub mod assignment;
pub mod audio;
pub mod clustering;
mod error;
pub mod features;
pub mod formats;
pub mod live;
pub mod metrics;
pub mod models;
pub mod pipeline;
pub mod segmentation;
pub mod timeline;
pub mod tracking;
pub mod voices;
pub mod words;

pub use error::{Error, ErrorKind, Result};
