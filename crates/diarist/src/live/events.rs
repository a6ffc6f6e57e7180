//! What live diarization tells while a recording goes on.

use serde::{Deserialize, Serialize};

/// A change to the turns so far. Times are seconds from the start of the recording, speakers are numbered from 1 and turns from 0.
///
/// Who applies all events in their order has the turns as they are known now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LiveEvent {
    /// Somebody has begun to speak.
    Opened {
        /// The new turn.
        turn: u64,
        /// Who speaks.
        speaker: u32,
        /// Since when.
        start_s: f64,
    },
    /// An open turn goes on.
    Extended {
        /// The turn.
        turn: u64,
        /// Until when it is known to last.
        end_s: f64,
    },
    /// A turn is over.
    Closed {
        /// The turn.
        turn: u64,
        /// Its end.
        end_s: f64,
    },
    /// A turn, open or closed, turned out to be another speaker's.
    Relabelled {
        /// The turn.
        turn: u64,
        /// Whose it is.
        speaker: u32,
    },
    /// Two speakers turned out to be one: all turns of `speaker`, however old, are turns of `into`. The number is not used again.
    Merged {
        /// The speaker who no longer exists.
        speaker: u32,
        /// Who that is.
        into: u32,
    },
    /// A speaker is somebody known, or no longer seems to be. Only with [`crate::live::Live::with_gallery`].
    Named {
        /// The speaker.
        speaker: u32,
        /// Who that is; `None` for somebody unknown after all.
        name: Option<String>,
        /// How probable that is, if there is a name.
        probability: Option<f64>,
    },
}
