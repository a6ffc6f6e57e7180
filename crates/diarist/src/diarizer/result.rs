//! Results of a diarization.

use std::collections::HashSet;

use crate::clustering::NumberPosterior;
use crate::inference::{CacheUse, Timings};
use crate::settings::Settings;
use crate::timeline::{Annotation, Turn};
use crate::voices::{Identification, Voice};

/// The turns and speakers of one recording.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Diarization {
    /// Name of the recording.
    pub file_id: String,
    /// Turns in the order of their start; those of different speakers may overlap.
    pub turns: Vec<Turn>,
    /// The exclusive timeline: at every moment only the speaker with the most votes.
    pub exclusive_turns: Vec<Turn>,
    /// Speakers in the order of their labels.
    pub speakers: Vec<Speaker>,
    /// Probability of the number of speakers. `None` if it is not known: without the clustering
    /// [`Method::Refined`](crate::parts::clustering::Method::Refined) or its subsegments, for a
    /// recording of a single chunk or without speech, with a told number or constraints, and for
    /// channels that are diarized apart.
    pub number_of_speakers: Option<NumberOfSpeakers>,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Seconds in which at least one speaker is active.
    pub speech_s: f64,
    /// Seconds in which at least two speakers are active.
    pub overlap_s: f64,
    /// Parts of the recording that were lost or changed, one sentence each.
    pub warnings: Vec<String>,
    /// Settings in force.
    pub settings: Settings,
    /// Seconds of every stage of the work.
    pub timings: Timings,
    /// Hits of the embedding cache in the embedding mode `cached`.
    pub cache_use: Option<CacheUse>,
}

/// Certainty of the number of speakers. Speakers with less than 2 s of speech do not count as true
/// ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberOfSpeakers {
    /// Probability that the recording has as many speakers as the result.
    pub probability: f64,
    /// The likeliest other number. It can be likelier than that of the result.
    pub runner_up: usize,
    /// Probability of that number.
    pub runner_up_probability: f64,
}

impl NumberOfSpeakers {
    /// For a result with `number` speakers.
    pub(super) fn new(posterior: &NumberPosterior, number: usize) -> Option<Self> {
        let (runner_up, runner_up_probability) = posterior.runner_up(number)?;
        Some(Self { probability: posterior.probability(number), runner_up, runner_up_probability })
    }
}

/// One speaker of a recording.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Speaker {
    /// Label as in the turns, `SPEAKER_00` and so on.
    pub label: String,
    /// Name of the known person; `None` if no known person was recognised.
    pub name: Option<String>,
    /// Whether a correction gave the speaker this name, or took one away. Known people then give
    /// none.
    pub is_named_by_hand: bool,
    /// Seconds of speech, overlapped speech included.
    pub speech_s: f64,
    /// Number of turns.
    pub num_turns: usize,
    /// Centroid of the speaker's embeddings: 256 raw (not normalised) values. `None` if embeddings
    /// were skipped, or if the speaker exists only because the speaker count exceeds the number of
    /// clusters with votes.
    pub embedding: Option<Vec<f32>>,
    /// Voice to compare with those of known people; `None` without an embedding, or for a speaker
    /// who never speaks alone.
    pub voice: Option<Voice>,
    /// Likeliest known people; `None` if there are no known people, or for a speaker without a
    /// voice.
    pub identification: Option<Identification>,
}

impl Diarization {
    /// The turns for a file. Known people have their names in place of labels.
    ///
    /// The labels of two speakers always differ: a name that is already the label or name of
    /// another speaker gets a number.
    pub fn annotation(&self) -> Annotation {
        self.named(&self.turns)
    }

    /// As [`Self::annotation`], for the exclusive turns.
    pub fn exclusive_annotation(&self) -> Annotation {
        self.named(&self.exclusive_turns)
    }

    /// The name of each speaker in files, in the order of [`Self::speakers`].
    pub fn display_names(&self) -> Vec<String> {
        let labels: HashSet<&str> = self.speakers.iter().map(|speaker| speaker.label.as_str()).collect();
        let mut names: Vec<String> = Vec::new();
        for speaker in &self.speakers {
            let is_free = |name: &String| !names.contains(name) && !labels.contains(name.as_str());
            let numbered = speaker.name.iter().flat_map(|name| (2..).map(move |number| format!("{name}_{number}")));
            let free = speaker.name.iter().cloned().chain(numbered).find(is_free);
            names.push(free.unwrap_or_else(|| speaker.label.clone()));
        }
        names
    }

    fn named(&self, turns: &[Turn]) -> Annotation {
        let names = self.display_names();
        let rename = |turn: &Turn| {
            let index = self.speakers.iter().position(|speaker| speaker.label == turn.speaker);
            turn.with_speaker(index.map_or(&turn.speaker, |index| &names[index]))
        };
        Annotation { file_id: self.file_id.clone(), turns: turns.iter().map(rename).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_two_speakers_always_differ() {
        let speaker = |label: &str, name: Option<&str>| Speaker {
            label: label.to_owned(),
            name: name.map(str::to_owned),
            ..Speaker::default()
        };
        let speakers = [
            ("SPEAKER_00", Some("Ann")),
            ("SPEAKER_01", None),
            ("SPEAKER_02", Some("SPEAKER_01")),
            ("SPEAKER_03", Some("Ann")),
        ];
        let result = Diarization {
            file_id: "a".to_owned(),
            turns: speakers.map(|(label, _)| Turn::new(0.0, 1.0, label)).to_vec(),
            speakers: speakers.map(|(label, name)| speaker(label, name)).to_vec(),
            ..Diarization::default()
        };
        let annotation = result.annotation();
        let shown: Vec<&str> = annotation.turns.iter().map(|turn| turn.speaker.as_str()).collect();
        assert_eq!(shown, ["Ann", "SPEAKER_01", "SPEAKER_01_2", "Ann_2"]);
    }
}
