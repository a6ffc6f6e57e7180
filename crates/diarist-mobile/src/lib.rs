//! The interface of diarist for Kotlin and Swift, and so for apps on Android and Apple's systems.
//! `docs/mobile.md` shows its use.
//!
//! UniFFI makes both sides from the items of this crate. Their comments go along, so they speak of
//! things that both languages have. A panic becomes an exception that UniFFI names.

mod convert;
mod diarizer;
mod fault;
mod live;
mod people;
mod result;
mod samples;

pub use convert::{FileFormat, convert};
pub use diarizer::{Diarizer, ProgressListener};
pub use fault::DiaristError;
pub use live::{Live, LiveResult};
pub use people::{Person, Voice};
pub use result::{Diarization, NumberOfSpeakers, Speaker, Turn};

uniffi::setup_scaffolding!("diarist");
