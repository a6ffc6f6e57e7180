//! A correction in the words of the result that a person sees: labels and turns.

use serde::{Deserialize, Serialize};

/// A wish of a person who looks at a result. Times are seconds, speakers are labels of that
/// result. [`Diarization::correction`](crate::Diarization::correction) makes a
/// [`Correction`](super::Correction) of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Names a speaker, or takes the name away.
    Rename {
        /// Label of the speaker.
        speaker: String,
        /// The name.
        name: Option<String>,
    },
    /// Makes one speaker of two.
    Merge {
        /// Label of the speaker that goes.
        speaker: String,
        /// Label of the speaker that stays.
        into: String,
    },
    /// Says that different people talk in two turns.
    Different {
        /// A turn, or a part of one.
        a: TurnRef,
        /// Another one.
        b: TurnRef,
    },
    /// Gives a turn, or a stretch of it, to another speaker.
    Move {
        /// Label of the speaker of the turn.
        speaker: String,
        /// Start in seconds.
        start_s: f64,
        /// End in seconds.
        end_s: f64,
        /// Label of the speaker who talks there; `None` for somebody new.
        to: Option<String>,
    },
    /// Parts a turn.
    Split {
        /// Label of the speaker of the turn.
        speaker: String,
        /// End of the first part and start of the second, in seconds.
        at_s: f64,
    },
    /// Joins the turns of a speaker that lie in a stretch.
    Join {
        /// Label of the speaker.
        speaker: String,
        /// Start in seconds.
        start_s: f64,
        /// End in seconds.
        end_s: f64,
    },
    /// Changes the times of a turn.
    Retime {
        /// Label of the speaker of the turn.
        speaker: String,
        /// Start of the turn in seconds.
        start_s: f64,
        /// End of the turn in seconds.
        end_s: f64,
        /// New start.
        new_start_s: f64,
        /// New end.
        new_end_s: f64,
    },
    /// Removes the speech of a speaker in a stretch.
    Delete {
        /// Label of the speaker.
        speaker: String,
        /// Start in seconds.
        start_s: f64,
        /// End in seconds.
        end_s: f64,
    },
}

/// A turn of a result, or a part of one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnRef {
    /// Label of the speaker.
    pub speaker: String,
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
}
