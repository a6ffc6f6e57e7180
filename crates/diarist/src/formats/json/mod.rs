//! A diarization as JSON: everything that RTTM has no place for.
//!
//! `docs/output-json.md` describes the fields for readers, `docs/output.schema.json` for programs. A field may be added
//! at any time; removing one or changing its meaning raises [`SCHEMA_VERSION`]. [`read`] takes what other formats have as well,
//! and [`write()`] writes that much.

mod exchange;

pub use exchange::{read, write};

use serde::{Deserialize, Serialize};

use crate::clustering::Method;
use crate::pipeline::{CacheUse, Diarization, DiarizationOptions, SpeakerSummary, Timings};
use crate::timeline::{Annotation, Turn};
use crate::voices::{Candidate, Identification};

/// Version of the document's layout.
pub const SCHEMA_VERSION: u32 = 1;

/// The document of one recording. Times are seconds of the original recording, rounded to milliseconds.
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
    pub turns: Vec<JsonTurn>,
    /// The same with at most one speaker at every moment.
    pub exclusive_turns: Vec<JsonTurn>,
    /// Speakers in the order of their labels.
    pub speakers: Vec<JsonSpeaker>,
    /// The options in force.
    pub options: JsonOptions,
    /// What the work took.
    pub timings: JsonTimings,
    /// What the cache of embeddings had; `null` in other modes than `cached`.
    pub cache_use: Option<CacheUse>,
}

/// A turn in a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonTurn {
    /// Start.
    pub start_s: f64,
    /// End.
    pub end_s: f64,
    /// Label of the speaker.
    pub speaker: String,
    /// Name of the known person who the speaker is; missing if nobody was asked for or recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How sure the turn is, from 0 to 1; missing if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

/// A speaker in a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonSpeaker {
    /// Label as in the turns.
    pub label: String,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: usize,
    /// The speaker's voice: 256 values, not normalised; compare with cosine similarity. `null` if there is none.
    pub embedding: Option<Vec<f32>>,
    /// Name of the known person whose voice it is; missing if nobody was asked for or recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who it may be; missing if nobody was asked for, or the speaker has no voice to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identification: Option<JsonIdentification>,
}

/// Who a speaker may be, in a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonIdentification {
    /// The likeliest person, `null` if nobody else is left.
    pub best: Option<JsonCandidate>,
    /// The next likeliest person.
    pub runner_up: Option<JsonCandidate>,
    /// Difference of their `log_ratio`.
    pub margin: Option<f64>,
}

/// A known person whom a voice may belong to.
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

/// The options of a [`Document`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JsonOptions {
    /// Seconds between the starts of neighbouring chunks.
    pub step_s: f64,
    /// Over what the embedding trunk ran: `chunk` (each) or `shared` (once over the recording).
    pub trunk: String,
    /// Smallest allowed number of speakers.
    pub min_speakers: usize,
    /// Largest allowed number of speakers, `null` if not limited.
    pub max_speakers: Option<usize>,
    /// `vbx` or `ahc`.
    pub clustering: String,
    /// Distance up to which agglomerative clustering joins two groups.
    pub threshold: f64,
    /// Weight of the voices against the prior, `null` except with `vbx`.
    pub fa: Option<f64>,
    /// Weight of the penalty on speakers, `null` except with `vbx`.
    pub fb: Option<f64>,
    /// Groups of fewer embeddings joined a larger one, `null` except with `ahc`.
    pub min_cluster_size: Option<usize>,
    /// Pairs of moments at which the same person was known to speak.
    #[serde(default)]
    pub must_link: Vec<(f64, f64)>,
    /// Pairs of moments at which different people were known to speak.
    #[serde(default)]
    pub cannot_link: Vec<(f64, f64)>,
    /// Silences of one speaker shorter than this were filled.
    pub min_duration_off_s: f64,
    /// `full`, `fast`, `cached` or `skip`.
    pub embedding_mode: String,
}

/// Seconds in a [`Document`], rounded to microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct JsonTimings {
    /// The stages and their total.
    #[serde(flatten)]
    pub seconds: Timings,
    /// Length of the recording divided by the total.
    pub rtfx: f64,
}

impl Document {
    /// The document of `result`, which was made with `options`.
    pub fn new(result: &Diarization, options: &DiarizationOptions) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            diarist_version: env!("CARGO_PKG_VERSION").to_owned(),
            file_id: result.diarization.file_id.clone(),
            duration_s: milliseconds(result.duration_s),
            speech_s: milliseconds(result.speech_s),
            overlap_s: milliseconds(result.overlap_s),
            turns: sure_turns(&result.diarization, &result.confidences),
            exclusive_turns: sure_turns(&result.exclusive, &result.exclusive_confidences),
            speakers: result.speakers.iter().map(JsonSpeaker::from).collect(),
            options: JsonOptions::from(options),
            timings: JsonTimings::new(&result.timings, result.duration_s),
            cache_use: result.cache_use,
        }
    }

    /// Puts names on speakers and turns: `found` has an entry for each speaker.
    pub fn set_names(&mut self, found: &[Option<Identification>]) {
        for (speaker, found) in self.speakers.iter_mut().zip(found) {
            speaker.name = found.as_ref().and_then(Identification::name).map(str::to_owned);
            speaker.identification = found.as_ref().map(JsonIdentification::from);
        }
        for turn in self.turns.iter_mut().chain(&mut self.exclusive_turns) {
            turn.name = self.speakers.iter().find(|speaker| speaker.label == turn.speaker).and_then(|s| s.name.clone());
        }
    }

    /// The document on one line, without a line break, so that several make JSON Lines.
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

impl From<&SpeakerSummary> for JsonSpeaker {
    fn from(speaker: &SpeakerSummary) -> Self {
        Self {
            label: speaker.label.clone(),
            speech_s: milliseconds(speaker.speech_s),
            num_turns: speaker.num_turns,
            embedding: speaker.embedding.clone(),
            name: None,
            identification: None,
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

impl From<&DiarizationOptions> for JsonOptions {
    fn from(options: &DiarizationOptions) -> Self {
        let (clustering, threshold, weights, min_cluster_size) = match &options.method {
            Method::Vbx(vbx) => ("vbx", vbx.threshold, Some((vbx.fa, vbx.fb)), None),
            Method::Ahc(ahc) => ("ahc", ahc.threshold, None, Some(ahc.min_cluster_size)),
        };
        Self {
            step_s: options.step_s,
            trunk: options.trunk.name().to_owned(),
            min_speakers: options.bounds.min(),
            max_speakers: options.bounds.max(),
            clustering: clustering.to_owned(),
            threshold,
            fa: weights.map(|(fa, _)| fa),
            fb: weights.map(|(_, fb)| fb),
            min_cluster_size,
            must_link: options.constraints.must_link.clone(),
            cannot_link: options.constraints.cannot_link.clone(),
            min_duration_off_s: options.min_duration_off_s,
            embedding_mode: options.embedding_mode.name().to_owned(),
        }
    }
}

/// The turns of `annotation`, times rounded to milliseconds.
pub fn turns(annotation: &Annotation) -> Vec<JsonTurn> {
    let turn = |turn: &Turn| JsonTurn {
        start_s: milliseconds(turn.segment.start),
        end_s: milliseconds(turn.segment.end),
        speaker: turn.speaker.clone(),
        name: None,
        confidence: None,
    };
    annotation.turns.iter().map(turn).collect()
}

/// [`turns`] with how sure they are.
fn sure_turns(annotation: &Annotation, confidences: &[f32]) -> Vec<JsonTurn> {
    let mut turns = turns(annotation);
    for (turn, &confidence) in turns.iter_mut().zip(confidences) {
        turn.confidence = Some(milliseconds(f64::from(confidence)));
    }
    turns
}

/// `value` rounded to three decimals, as RTTM has them.
fn milliseconds(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clustering::{AhcOptions, SpeakerBounds};
    use crate::timeline::Segment;

    fn diarization() -> Diarization {
        let turn = |start, end, speaker: &str| Turn { segment: Segment::new(start, end), speaker: speaker.to_owned() };
        let annotation = |turns| Annotation { file_id: "a \"quoted\" name".to_owned(), turns };
        let speaker = |label: &str| SpeakerSummary {
            label: label.to_owned(),
            speech_s: 1.000_499_9,
            num_turns: 1,
            embedding: Some(vec![0.1_f32, -2.5e-8]),
        };
        Diarization {
            diarization: annotation(vec![turn(0.030_968_75, 1.5, "SPEAKER_00"), turn(1.0, 2.0, "SPEAKER_01")]),
            exclusive: annotation(vec![turn(0.030_968_75, 1.25, "SPEAKER_00"), turn(1.25, 2.0, "SPEAKER_01")]),
            confidences: vec![1.0, 0.25],
            exclusive_confidences: vec![0.5, 0.333_333_3],
            speakers: vec![speaker("SPEAKER_00"), speaker("SPEAKER_01")],
            duration_s: 4.0,
            speech_s: 1.969_031_25,
            overlap_s: 0.5,
            timings: Timings { total_s: 0.5, ..Timings::default() },
            cache_use: Some(CacheUse { num_chunks: 4, num_hits: 1 }),
        }
    }

    #[test]
    fn the_document_holds_the_result_in_milliseconds() {
        let document = Document::new(&diarization(), &DiarizationOptions::default());
        assert_eq!(document.schema_version, 1);
        assert_eq!(document.speech_s, 1.969);
        assert_eq!(document.timings.rtfx, 8.0);
        assert_eq!(
            document.turns[0],
            JsonTurn {
                start_s: 0.031,
                end_s: 1.5,
                speaker: "SPEAKER_00".to_owned(),
                name: None,
                confidence: Some(1.0)
            }
        );
        assert_eq!(document.exclusive_turns[1].confidence, Some(0.333));
        assert_eq!(document.exclusive_turns[1].start_s, 1.25);
        assert_eq!(document.speakers[1].speech_s, 1.0);
        assert_eq!((document.options.clustering.as_str(), document.options.threshold), ("vbx", 0.6));
        assert_eq!(
            (document.options.fa, document.options.fb, document.options.min_cluster_size),
            (Some(0.07), Some(0.8), None)
        );
        assert_eq!((document.options.min_speakers, document.options.max_speakers), (1, None));
    }

    #[test]
    fn options_are_those_in_force() {
        let options = DiarizationOptions {
            bounds: SpeakerBounds::new(Some(3), None, None).unwrap(),
            method: Method::Ahc(AhcOptions::default()),
            ..DiarizationOptions::default()
        };
        let options = JsonOptions::from(&options);
        assert_eq!((options.min_speakers, options.max_speakers), (3, Some(3)));
        assert_eq!((options.clustering.as_str(), options.threshold), ("ahc", AhcOptions::default().threshold));
        assert_eq!((options.fa, options.fb, options.min_cluster_size), (None, None, Some(12)));
    }

    #[test]
    fn a_line_is_read_back_as_written() {
        let document = Document::new(&diarization(), &DiarizationOptions::default());
        let line = document.to_line();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Document>(&line).unwrap(), document);
    }

    #[test]
    fn a_result_without_a_speaker_is_a_document_too() {
        let nothing = Diarization {
            diarization: Annotation::default(),
            exclusive: Annotation::default(),
            confidences: Vec::new(),
            exclusive_confidences: Vec::new(),
            speakers: Vec::new(),
            duration_s: 0.0,
            speech_s: 0.0,
            overlap_s: 0.0,
            timings: Timings::default(),
            cache_use: None,
        };
        let document = Document::new(&nothing, &DiarizationOptions::default());
        assert_eq!(document.timings.rtfx, 0.0);
        assert!(document.to_line().contains(r#""turns":[]"#));
    }
}
