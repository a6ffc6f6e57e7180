//! Live diarization: audio arrives in pieces, turns follow a few seconds later, and later audio
//! revises them.
//!
//! [`Live::push`] takes samples and returns [`LiveEvent`]s. [`Live::finish`] returns the result of
//! [`Diarizer::diarize`](crate::Diarizer::diarize) for the same audio, to the last bit.
//!
//! Every `step` seconds the networks run over the last 10 s of audio. The tracker assigns the local
//! speakers of that window to known speakers or to new ones. The turns follow from all windows that
//! cover a moment, as offline. Every few seconds the speakers are clustered again over a bounded
//! choice of earlier windows, which corrects early decisions.

mod board;
mod clusters;
mod engine;
mod events;
mod history;
mod revision;
mod rules;
mod settings;
mod soft;
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
pub use rules::{WindowRules, WindowSpeakers};
pub use settings::LiveSettings;
