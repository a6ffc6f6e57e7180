//! A diarization as JSON, with all the information that RTTM cannot hold.
//!
//! `docs/output-json.md` describes the fields for readers, `docs/output.schema.json` for programs.
//! A field may be added at any time; removing one or changing its meaning raises
//! [`SCHEMA_VERSION`]. [`read`] reads the fields that other formats have as well, and [`write()`]
//! writes only those.

mod exchange;

pub use exchange::{read, write};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clustering::Constraints;
use crate::diarizer::{Diarization, NumberOfSpeakers, Speaker};
use crate::inference::{CacheUse, Timings};
use crate::settings::{Settings, options_in_force};
use crate::timeline::Turn;
use crate::voices::{Candidate, Identification};

/// Version of the layout of the document.
pub const SCHEMA_VERSION: u32 = 1;

/// The document of one recording. Times are seconds of the original recording, rounded to
/// milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// Version of diarist that wrote the document.
    pub diarist_version: String,
    /// Name of the recording, RTTM's second field.
    pub file_id: String,
    /// Length of the recording.
    pub duration_s: f64,
    /// Time in which at least one speaker is active.
    pub speech_s: f64,
    /// Time in which at least two speakers are active.
    pub overlap_s: f64,
    /// Turns in the order of their start; those of different speakers may overlap.
    pub turns: Vec<Turn>,
    /// The exclusive timeline: turns with at most one speaker at every moment.
    pub exclusive_turns: Vec<Turn>,
    /// Speakers in the order of their labels.
    pub speakers: Vec<JsonSpeaker>,
    /// Certainty of the number of speakers; `null` if it is not known.
    #[serde(default)]
    pub number_of_speakers: Option<JsonNumber>,
    /// The options in force.
    pub options: JsonOptions,
    /// Seconds that each stage took.
    pub timings: JsonTimings,
    /// Hits and misses of the embedding cache; `null` in other modes than `cached`.
    pub cache_use: Option<CacheUse>,
}

/// Certainty of the number of speakers in a [`Document`]. Probabilities are rounded to three
/// decimals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JsonNumber {
    /// Probability that the recording has as many speakers as `speakers` lists.
    pub probability: f64,
    /// The likeliest other number.
    pub runner_up: usize,
    /// Probability of that number.
    pub runner_up_probability: f64,
}

/// A speaker in a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonSpeaker {
    /// Label of the speaker in the turns.
    pub label: String,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: usize,
    /// The speaker's voice: 256 values, not normalised, to be compared by cosine similarity; `null`
    /// if there is none.
    pub embedding: Option<Vec<f32>>,
    /// Name of the known person that the speaker is; missing if known people were not searched, or
    /// if none was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The likeliest known people; missing if known people were not searched, or if the speaker has
    /// no voice to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identification: Option<JsonIdentification>,
}

/// The likeliest known people for a speaker in a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonIdentification {
    /// The likeliest person; `null` if there is none who is not another speaker.
    pub best: Option<JsonCandidate>,
    /// The second likeliest person.
    pub runner_up: Option<JsonCandidate>,
    /// Difference of the `log_ratio` of the two.
    pub margin: Option<f64>,
}

/// A known person that a voice may belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonCandidate {
    /// Name of the person.
    pub name: String,
    /// Probability that it is this person.
    pub probability: f64,
    /// Logarithm to base 10 of the likelihood ratio.
    pub log_ratio: f64,
    /// Cosine of the voice and the person's voice.
    pub cosine: f64,
}

/// The options of a [`Document`]: every option with a key in the table of options
/// ([`OPTIONS`](crate::parts::settings::OPTIONS)), `null` where it does not apply, and the
/// constraints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonOptions {
    /// Values of the options by key.
    #[serde(flatten)]
    pub values: BTreeMap<String, serde_json::Value>,
    /// Pairs of moments at which the same person speaks, according to the caller.
    #[serde(default)]
    pub must_link: Vec<(f64, f64)>,
    /// Pairs of moments at which different people speak, according to the caller.
    #[serde(default)]
    pub cannot_link: Vec<(f64, f64)>,
}

/// Timings in a [`Document`] in seconds, rounded to microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JsonTimings {
    /// The stages and their total.
    #[serde(flatten)]
    pub seconds: Timings,
    /// Length of the recording divided by the total.
    pub rtfx: f64,
}

impl Document {
    /// The document of `result`.
    pub fn new(result: &Diarization) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            diarist_version: env!("CARGO_PKG_VERSION").to_owned(),
            file_id: result.file_id.clone(),
            duration_s: milliseconds(result.duration_s),
            speech_s: milliseconds(result.speech_s),
            overlap_s: milliseconds(result.overlap_s),
            turns: rounded(&result.turns),
            exclusive_turns: rounded(&result.exclusive_turns),
            speakers: result.speakers.iter().map(JsonSpeaker::from).collect(),
            number_of_speakers: result.number_of_speakers.map(JsonNumber::from),
            options: JsonOptions::from(&result.settings),
            timings: JsonTimings::new(&result.timings, result.duration_s),
            cache_use: result.cache_use,
        }
    }

    /// The document on one line, without a line break, so that several documents make JSON Lines.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form: strings, finite numbers, lists")
    }
}

impl JsonTimings {
    /// The timings of a recording of `duration_s` seconds.
    pub fn new(timings: &Timings, duration_s: f64) -> Self {
        let total_s = timings.total_s;
        let rtfx = if total_s > 0.0 { milliseconds(duration_s / total_s) } else { 0.0 };
        Self { seconds: timings.rounded(), rtfx }
    }
}

impl From<NumberOfSpeakers> for JsonNumber {
    fn from(number: NumberOfSpeakers) -> Self {
        Self {
            probability: milliseconds(number.probability),
            runner_up: number.runner_up,
            runner_up_probability: milliseconds(number.runner_up_probability),
        }
    }
}

impl From<&Speaker> for JsonSpeaker {
    fn from(speaker: &Speaker) -> Self {
        Self {
            label: speaker.label.clone(),
            speech_s: milliseconds(speaker.speech_s),
            num_turns: speaker.num_turns,
            embedding: speaker.embedding.clone(),
            name: speaker.name.clone(),
            identification: speaker.identification.as_ref().map(JsonIdentification::from),
        }
    }
}

impl From<&Identification> for JsonIdentification {
    fn from(found: &Identification) -> Self {
        let candidate = |candidate: &Candidate| JsonCandidate {
            name: candidate.name.clone(),
            probability: candidate.probability,
            log_ratio: candidate.log_ratio,
            cosine: candidate.cosine,
        };
        Self {
            best: found.best.as_ref().map(candidate),
            runner_up: found.runner_up.as_ref().map(candidate),
            margin: found.margin(),
        }
    }
}

impl From<&Settings> for JsonOptions {
    fn from(settings: &Settings) -> Self {
        let json = |value| serde_json::to_value(value).unwrap_or_default();
        let values = options_in_force(settings).map(|(key, value)| (key.to_owned(), json(value)));
        let Constraints { must_link, cannot_link } = settings.clustering.constraints.clone();
        Self { values: values.collect(), must_link, cannot_link }
    }
}

/// `turns` with times and confidences rounded to three decimals.
pub fn rounded(turns: &[Turn]) -> Vec<Turn> {
    let round = |turn: &Turn| {
        let mut turn = turn.clone();
        (turn.start_s, turn.end_s) = (milliseconds(turn.start_s), milliseconds(turn.end_s));
        turn.confidence = turn.confidence.map(milliseconds);
        turn
    };
    turns.iter().map(round).collect()
}

/// `value`, such as a time in seconds, rounded to three decimals as RTTM has them.
pub fn milliseconds(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use crate::clustering::{AhcOptions, Method};

    fn diarization() -> Diarization {
        let turn = |start_s, end_s, speaker: &str, confidence| Turn {
            confidence: Some(confidence),
            ..Turn::new(start_s, end_s, speaker)
        };
        let speaker = |label: &str| Speaker {
            label: label.to_owned(),
            speech_s: 1.000_499_9,
            num_turns: 1,
            embedding: Some(vec![0.1_f32, -2.5e-8]),
            ..Speaker::default()
        };
        Diarization {
            file_id: "a \"quoted\" name".to_owned(),
            turns: vec![turn(0.030_968_75, 1.5, "SPEAKER_00", 1.0), turn(1.0, 2.0, "SPEAKER_01", 0.25)],
            exclusive_turns: vec![
                turn(0.030_968_75, 1.25, "SPEAKER_00", 0.5),
                turn(1.25, 2.0, "SPEAKER_01", 0.333_333_3),
            ],
            speakers: vec![speaker("SPEAKER_00"), speaker("SPEAKER_01")],
            number_of_speakers: Some(NumberOfSpeakers {
                probability: 0.812_34,
                runner_up: 3,
                runner_up_probability: 0.1,
            }),
            duration_s: 4.0,
            speech_s: 1.969_031_25,
            overlap_s: 0.5,
            timings: Timings { total_s: 0.5, ..Timings::default() },
            cache_use: Some(CacheUse { num_chunks: 4, num_hits: 1 }),
            ..Diarization::default()
        }
    }

    #[test]
    fn the_document_holds_the_result_in_milliseconds() {
        let document = Document::new(&diarization());
        assert_eq!(document.schema_version, 1);
        assert_eq!(document.speech_s, 1.969);
        assert_eq!(document.timings.rtfx, 8.0);
        let first = &document.turns[0];
        assert_eq!((first.start_s, first.end_s, first.speaker.as_str()), (0.031, 1.5, "SPEAKER_00"));
        assert_eq!((&first.name, first.confidence), (&None, Some(1.0)));
        assert_eq!(document.exclusive_turns[1].confidence, Some(0.333));
        assert_eq!(document.exclusive_turns[1].start_s, 1.25);
        assert_eq!(document.speakers[1].speech_s, 1.0);
        let number = document.number_of_speakers.unwrap();
        assert_eq!((number.probability, number.runner_up, number.runner_up_probability), (0.812, 3, 0.1));
        let options = &document.options.values;
        assert_eq!((&options["clustering"], &options["threshold"]), (&"refined".into(), &0.6.into()));
        let null = serde_json::Value::Null;
        assert_eq!((&options["fa"], &options["fb"], &options["min_cluster_size"]), (&0.07.into(), &0.6.into(), &null));
        let way = &options["reconstruction"];
        let thresholds = (&options["speech_threshold"], &options["overlap_threshold"]);
        assert_eq!((way, thresholds), (&"probabilities".into(), (&0.5.into(), &0.3.into())));
        assert_eq!((&options["min_speakers"], &options["max_speakers"]), (&1.into(), &null));
    }

    #[test]
    fn options_are_those_in_force() {
        let mut settings = Settings::default();
        settings.clustering.num_speakers = Some(3);
        settings.clustering.method = Method::Ahc(AhcOptions::default());
        let JsonOptions { values, .. } = JsonOptions::from(&settings);
        assert_eq!((&values["min_speakers"], &values["max_speakers"]), (&3.into(), &3.into()));
        let threshold = AhcOptions::default().threshold.into();
        assert_eq!((&values["clustering"], &values["threshold"]), (&"ahc".into(), &threshold));
        let null = serde_json::Value::Null;
        assert_eq!((&values["fa"], &values["fb"], &values["min_cluster_size"]), (&null, &null, &12.into()));

        let JsonOptions { values, .. } = JsonOptions::from(&Settings::from(Profile::Exact));
        assert_eq!((&values["clustering"], &values["fb"]), (&"vbx".into(), &0.8.into()));
        let thresholds = (&values["speech_threshold"], &values["overlap_threshold"]);
        assert_eq!((&values["reconstruction"], thresholds), (&"votes".into(), (&null, &null)));
    }

    #[test]
    fn a_line_is_read_back_as_written() {
        let document = Document::new(&diarization());
        let line = document.to_line();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Document>(&line).unwrap(), document);
    }

    #[test]
    fn a_result_without_a_speaker_is_a_document_too() {
        let document = Document::new(&Diarization::default());
        assert_eq!(document.timings.rtfx, 0.0);
        assert!(document.to_line().contains(r#""turns":[]"#));
    }
}
