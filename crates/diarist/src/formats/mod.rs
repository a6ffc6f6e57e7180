//! Readers and writers of files with turns.
//!
//! [`read`] and [`write()`] (feature `annotation-formats`) handle every [`Format`] and share one
//! type, [`Labels`]. Each module describes one format. `docs/formats.md` lists the information that
//! each format keeps and loses.
#![cfg_attr(feature = "annotation-formats", doc = "```")]
#![cfg_attr(not(feature = "annotation-formats"), doc = "```ignore")]
//! use diarist::parts::formats::{self, Format};
//!
//! let rttm = b"SPEAKER meeting 1 0.5 2.0 <NA> <NA> Ann <NA> <NA>\n";
//! let recordings = formats::read(rttm, Format::Rttm, "")?;
//! assert_eq!(recordings[0].turns.speakers(), ["Ann"]);
//! let subtitles = formats::write(&recordings, Format::Srt)?;
//! assert_eq!(subtitles, "1\n00:00:00,500 --> 00:00:02,500\n[Ann]\n\n");
//! # Ok::<(), diarist::Error>(())
//! ```

pub mod audacity;
mod colours;
#[cfg(feature = "annotation-formats")]
pub mod csv;
#[cfg(feature = "annotation-formats")]
pub mod eaf;
mod fields;
#[cfg(feature = "annotation-formats")]
mod format;
pub mod json;
mod labels;
pub mod rttm;
pub mod subtitles;
mod text;
pub mod textgrid;
mod tiers;
pub mod uem;

pub(crate) use text::{decode, one_line, parse_clock};

pub use colours::COLOURS;
#[cfg(feature = "annotation-formats")]
pub use format::{Format, read, read_tiers, render, write};
pub use labels::Labels;

#[cfg(all(test, feature = "annotation-formats"))]
mod tests;
