//! Files about who spoke when, in and out, and saved analyses.
//!
//! [`read`] and [`write()`] know every [`Format`] and share one [`Recording`]; the modules have what is particular to each.
//! `docs/formats.md` tells what each keeps and loses.

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
