//! The result of a diarization.

use diarist::parts::formats::json::Document;

use crate::people::Voice;

/// The diarization of one recording: who spoke when.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Diarization {
    /// Name of the recording.
    pub file_id: String,
    /// Turns in the order of their start; those of different speakers may overlap.
    pub turns: Vec<Turn>,
    /// Turns with at most one speaker at every moment.
    pub exclusive_turns: Vec<Turn>,
    /// Speakers in the order of their labels.
    pub speakers: Vec<Speaker>,
    /// Certainty of the number of speakers, if it is known.
    pub number_of_speakers: Option<NumberOfSpeakers>,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Seconds in which at least one speaker is active.
    pub speech_s: f64,
    /// Seconds in which at least two speakers are active.
    pub overlap_s: f64,
    /// Parts of the recording that were lost or changed, one sentence each.
    pub warnings: Vec<String>,
    /// The whole result as JSON, to be kept. `convert` makes other formats of it.
    pub json: String,
}

/// A stretch of speech of one speaker.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Turn {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Label of the speaker, such as `SPEAKER_00`.
    pub speaker: String,
    /// Name of the known person who the speaker is, if one was recognised.
    pub name: Option<String>,
    /// Certainty of the turn from 0 to 1: the share of the time in which turns as certain as this
    /// one have the right speaker.
    pub confidence: Option<f64>,
}

/// One speaker of a recording.
#[derive(Debug, Clone, PartialEq, uniffi::Record)]
pub struct Speaker {
    /// Label as in the turns.
    pub label: String,
    /// Name of the known person who the speaker is, if one was recognised.
    pub name: Option<String>,
    /// Probability that the name is right.
    pub name_probability: Option<f64>,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: u32,
    /// The voice, to be kept for a `Person`. A speaker who never speaks alone has none, and no
    /// speaker of a recording shorter than 10 s has one unless people are known.
    pub voice: Option<Voice>,
}

/// Certainty of the number of speakers. Speakers with less than 2 s of speech do not count as true
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct NumberOfSpeakers {
    /// Probability that the recording has as many speakers as the diarization.
    pub probability: f64,
    /// The likeliest other number. It can be likelier than that of the diarization.
    pub runner_up: u32,
    /// Probability of that number.
    pub runner_up_probability: f64,
}

impl Diarization {
    /// `result` of networks with the fingerprint `model`.
    pub(crate) fn new(result: diarist::Diarization, model: &str) -> Self {
        let json = Document::new(&result).to_line();
        let diarist::Diarization { file_id, turns, exclusive_turns, speakers, duration_s, speech_s, .. } = result;
        Self {
            file_id,
            turns: turns.into_iter().map(Turn::from).collect(),
            exclusive_turns: exclusive_turns.into_iter().map(Turn::from).collect(),
            speakers: speakers.into_iter().map(|speaker| Speaker::new(speaker, model)).collect(),
            number_of_speakers: result.number_of_speakers.map(NumberOfSpeakers::from),
            duration_s,
            speech_s,
            overlap_s: result.overlap_s,
            warnings: result.warnings,
            json,
        }
    }
}

impl From<diarist::Turn> for Turn {
    fn from(turn: diarist::Turn) -> Self {
        let diarist::Turn { start_s, end_s, speaker, name, confidence, .. } = turn;
        Self { start_s, end_s, speaker, name, confidence }
    }
}

impl Speaker {
    fn new(speaker: diarist::Speaker, model: &str) -> Self {
        let person = speaker.identification.filter(|found| found.is_known).and_then(|found| found.best);
        Self {
            label: speaker.label,
            name: speaker.name,
            name_probability: person.map(|person| person.probability),
            speech_s: speaker.speech_s,
            num_turns: count(speaker.num_turns),
            voice: speaker.voice.map(|voice| Voice::new(&voice, model)),
        }
    }
}

impl From<diarist::NumberOfSpeakers> for NumberOfSpeakers {
    fn from(number: diarist::NumberOfSpeakers) -> Self {
        let diarist::NumberOfSpeakers { probability, runner_up, runner_up_probability } = number;
        Self { probability, runner_up: count(runner_up), runner_up_probability }
    }
}

/// A number that the languages have a type for; no recording has more turns.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
