//! Corrections: what a person has put right in the result for a recording.
//!
//! A correction is kept beside the output of the networks, and is applied whenever turns are made
//! of it. Some corrections say who is who: they change the search for speakers, so that one of them
//! can mend its like elsewhere. Others change single turns, and stay on top.
//!
//! Labels change when speakers are found again. So a correction points to a speaker by a stretch of
//! the recording in which that speaker talks ([`SpeakerRef`]).

mod correction;
mod request;

pub use correction::{Correction, Corrections, SpeakerRef, Stretch};
pub use request::{Request, TurnRef};
