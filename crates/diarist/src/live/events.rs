//! Events of live diarization.

use serde::{Deserialize, Serialize, Serializer};

/// A change to the turns so far. Times are seconds from the start of the recording. Speakers are
/// numbered from 1, turns from 0. Written with serde, times are rounded to milliseconds.
///
/// All events, applied in their order, give the current turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum LiveEvent {
    /// A speaker has begun to speak. If earlier decisions were corrected, the turn may have begun
    /// before others that are known.
    Opened {
        /// The new turn.
        turn: u64,
        /// The speaker of the turn.
        speaker: u32,
        /// Its start.
        #[serde(serialize_with = "milliseconds")]
        start_s: f64,
    },
    /// An open turn goes on.
    Extended {
        /// The turn.
        turn: u64,
        /// Its end so far.
        #[serde(serialize_with = "milliseconds")]
        end_s: f64,
    },
    /// A turn is over.
    Closed {
        /// The turn.
        turn: u64,
        /// Its end.
        #[serde(serialize_with = "milliseconds")]
        end_s: f64,
    },
    /// A turn, open or closed, belongs to another speaker than reported before.
    Relabelled {
        /// The turn.
        turn: u64,
        /// The new speaker of the turn.
        speaker: u32,
    },
    /// A turn has other times than reported before. An open turn stays open.
    Moved {
        /// The turn.
        turn: u64,
        /// Its start.
        #[serde(serialize_with = "milliseconds")]
        start_s: f64,
        /// Its end; of an open turn, its end so far.
        #[serde(serialize_with = "milliseconds")]
        end_s: f64,
    },
    /// There was no such turn after all.
    Removed {
        /// The turn.
        turn: u64,
    },
    /// Two speakers are one person: all turns of `speaker`, even the oldest, are turns of `into`.
    /// The number of `speaker` is not used again.
    Merged {
        /// The speaker that no longer exists.
        speaker: u32,
        /// The speaker that takes over the turns.
        into: u32,
    },
    /// A speaker is a known person, or no longer seems to be one. Only with
    /// [`Diarizer::with_gallery`](crate::Diarizer::with_gallery).
    Named {
        /// The speaker.
        speaker: u32,
        /// The name of that person; `None` if the speaker is unknown after all.
        name: Option<String>,
        /// Probability that the name is right, if there is a name.
        probability: Option<f64>,
    },
    /// A speaker is this one in the result. Only at the end; several speakers may be one there.
    Labelled {
        /// The speaker.
        speaker: u32,
        /// Its label in the result.
        label: String,
    },
}

fn milliseconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_milliseconds() {
        let event = LiveEvent::Closed { turn: 1, end_s: 4.570_343_750_000_001 };
        assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"event":"closed","turn":1,"end_s":4.57}"#);
    }
}
