//! The voices of a recording's speakers, and their names in its turns.

use super::Repeated;
use super::gallery::Identification;
use super::voice::{SpeakerVoice, Voice, speaker_voices};
use crate::audio::{AudioSource, SliceSource, SourceTimes};
use crate::error::Result;
use crate::pipeline::{Diarization, DiarizationOptions, Pipeline};
use crate::segmentation::{CHUNK_SAMPLES, SAMPLE_RATE};
use crate::timeline::{Annotation, Turn};

/// The voices of the speakers of `result`, in the order of [`Diarization::speakers`], ready to be compared: those of a recording shorter than a
/// chunk come from the recording repeated ([`Repeated`]). `beginning` is what `result` was made of, with `options`.
///
/// # Errors
/// As [`Pipeline::diarize`].
pub fn recording_voices(
    pipeline: &Pipeline,
    options: &DiarizationOptions,
    result: &Diarization,
    beginning: &Beginning<'_>,
) -> Result<Vec<SpeakerVoice>> {
    let mut speakers = speaker_voices(result, 1.0);
    if let Some(samples) = beginning.whole(result.duration_s) {
        let repeated = repeated_speakers(pipeline, options, samples)?;
        for speaker in &mut speakers {
            speaker.voice = voice_at(speaker, result, &repeated);
        }
    }
    Ok(speakers)
}

/// `annotation` with the names of people who were recognised in place of labels; `found` has an entry for each of `speakers`. Nobody unknown
/// is called like somebody known: a name that is taken gets a number.
pub fn rename_speakers(
    annotation: &Annotation,
    speakers: &[SpeakerVoice],
    found: &[Option<Identification>],
) -> Annotation {
    let name = |found: &Option<Identification>| found.as_ref().and_then(Identification::name).map(str::to_owned);
    let mut names: Vec<String> = Vec::new();
    let labels = || speakers.iter().map(|speaker| &speaker.label);
    for (label, found) in labels().zip(found) {
        let wanted = name(found);
        let is_free = |name: &String| !names.contains(name) && !labels().any(|other| other == name);
        let numbered = wanted.iter().flat_map(|name| (2..).map(move |number| format!("{name}_{number}")));
        let free = wanted.iter().cloned().chain(numbered).find(is_free);
        names.push(free.unwrap_or_else(|| label.clone()));
    }
    let rename = |turn: &Turn| {
        let index = labels().position(|label| *label == turn.speaker);
        Turn { segment: turn.segment, speaker: index.map_or(&turn.speaker, |index| &names[index]).clone() }
    };
    Annotation { file_id: annotation.file_id.clone(), turns: annotation.turns.iter().map(rename).collect() }
}

/// Speakers of a short recording, repeated, with their turns.
struct RepeatedSpeakers {
    speakers: Vec<SpeakerVoice>,
    turns: Vec<Turn>,
}

fn repeated_speakers(pipeline: &Pipeline, options: &DiarizationOptions, samples: &[f32]) -> Result<RepeatedSpeakers> {
    let mut source = SliceSource::new(samples);
    let mut repeated = Repeated::new(&mut source);
    let result = pipeline.diarize("", &mut repeated, options, &mut |_| {})?;
    Ok(RepeatedSpeakers { speakers: speaker_voices(&result, repeated.share()), turns: result.diarization.turns })
}

/// The voice of the repeated recording's speaker who speaks most while `speaker` does.
fn voice_at(speaker: &SpeakerVoice, result: &Diarization, repeated: &RepeatedSpeakers) -> Option<Voice> {
    let common_s = |other: &SpeakerVoice| -> f64 {
        let own = result.diarization.turns.iter().filter(|turn| turn.speaker == speaker.label);
        let theirs = || repeated.turns.iter().filter(|turn| turn.speaker == other.label);
        own.flat_map(|a| theirs().map(|b| a.segment.intersection(&b.segment)))
            .filter(|common| !common.is_empty())
            .map(|common| common.duration())
            .sum()
    };
    let other = repeated.speakers.iter().max_by(|a, b| common_s(a).total_cmp(&common_s(b)))?;
    other.voice.clone().filter(|_| common_s(other) > 0.0)
}

/// A recording that keeps what it began with, since embeddings of a short one are made again.
pub struct Beginning<'a> {
    source: &'a mut dyn AudioSource,
    samples: Vec<f32>,
}

impl std::fmt::Debug for Beginning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beginning").field("num_samples", &self.samples.len()).finish_non_exhaustive()
    }
}

impl<'a> Beginning<'a> {
    /// `source`, at its beginning.
    pub fn new(source: &'a mut dyn AudioSource) -> Self {
        Self { source, samples: Vec::new() }
    }

    /// All samples of a recording, if it is shorter than a chunk. One that comes from a checkpoint may not have been read.
    fn whole(&self, duration_s: f64) -> Option<&[f32]> {
        let num_samples = (duration_s * f64::from(SAMPLE_RATE)).round() as usize;
        (num_samples < CHUNK_SAMPLES && num_samples == self.samples.len()).then_some(&self.samples)
    }
}

impl AudioSource for Beginning<'_> {
    fn read(&mut self, out: &mut Vec<f32>) -> Result<bool> {
        let before = out.len();
        let more = self.source.read(out)?;
        let new = &out[before..];
        self.samples.extend_from_slice(&new[..new.len().min(CHUNK_SAMPLES - self.samples.len())]);
        Ok(more)
    }

    fn duration_hint_s(&self) -> Option<f64> {
        self.source.duration_hint_s()
    }

    fn times(&self) -> SourceTimes {
        self.source.times()
    }
}
