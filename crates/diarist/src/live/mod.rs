//! Live diarization: audio arrives bit by bit, turns come out a few seconds later and are revised when more is known.
//!
//! [`Live::push`] takes samples and returns [`LiveEvent`]s; [`Live::finish`] returns what [`crate::pipeline::Pipeline::diarize`] gives for
//! the same audio, to the last bit.
//!
//! Every `step` seconds the networks run over the last 10 s of audio. the tracker gives the local speakers of that window to speakers
//! it knows or to new ones; the turns follow from all windows that cover a moment, as offline. Every few seconds the
//! speakers are clustered anew over a bounded choice of earlier windows, which corrects what was decided too early.

mod board;
mod clusters;
mod engine;
mod events;
mod history;
mod options;
mod rules;
mod speakers;
#[cfg(test)]
mod test_data;
#[cfg(test)]
mod tests;
mod tracker;
mod turns;
mod windows;

pub use board::{Board, LiveTurn};
pub use engine::{Live, LiveResult};
pub use events::LiveEvent;
pub use options::LiveOptions;
pub use rules::{WindowRules, WindowSpeakers};
