//! Files about who spoke when, in and out, and saved analyses.
//!
//! [`read`] and [`write()`] know every [`Format`] and share one [`Recording`]; the modules have what is particular to each.
//! `docs/formats.md` tells what each keeps and loses.
//!
//! ```
//! use diarist::formats::{self, Format};
//!
//! let rttm = b"SPEAKER meeting 1 0.5 2.0 <NA> <NA> Ann <NA> <NA>\n";
//! let recordings = formats::read(rttm, Format::Rttm, "")?;
//! assert_eq!(recordings[0].turns.speakers(), ["Ann"]);
//! let subtitles = formats::write(&recordings, Format::Srt)?;
//! assert_eq!(subtitles, "1\n00:00:00,500 --> 00:00:02,500\n[Ann]\n\n");
//! # Ok::<(), diarist::Error>(())
//! ```

pub mod analysis;
pub mod audacity;
pub mod csv;
pub mod eaf;
mod fields;
mod format;
pub mod json;
pub mod rttm;
pub mod subtitles;
mod text;
pub mod textgrid;
pub mod uem;

pub(crate) use text::one_line;

pub use format::{Format, Recording, read, render, write};

#[cfg(test)]
mod tests;
