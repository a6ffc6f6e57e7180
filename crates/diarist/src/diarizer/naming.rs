//! Sets the voices of a recording's speakers, and the names of known people among them.
//!
//! The command, Python and C all name speakers through [`Diarizer`](super::Diarizer), which calls
//! [`set_voices`] and [`set_names`].

use crate::error::Result;
use crate::timeline::intervals::{covered_s, overlaps, subtract, union};
use crate::timeline::{Segment, Turn};
use crate::voices::{Gallery, Identification, Voice};
#[cfg(feature = "speaker-database")]
use crate::voices::{MIN_ENROLL_S, NewSample};

use super::result::{Diarization, Speaker};

/// Smallest probability of a person whose voice is learned.
#[cfg(feature = "speaker-database")]
const MIN_LEARN_PROBABILITY: f64 = 0.99;

/// Sets the voice of every speaker: its embedding, with the seconds in which no other speaker is
/// active.
///
/// A recording shorter than a chunk of 10 s is padded with zeros, which distorts its embeddings.
/// The voices of its speakers come from the repeated recording ([`set_voices_from_repeated`]).
pub(super) fn set_voices(speakers: &mut [Speaker], turns: &[Turn], share: f64) {
    let all: Vec<Segment> = turns.iter().map(Turn::segment).collect();
    let shared = overlaps(&all);
    for speaker in speakers {
        let own = union(turns.iter().filter(|turn| turn.speaker == speaker.label).map(Turn::segment), 0.0);
        let alone_s = covered_s(subtract(&own, &shared)) * share;
        speaker.voice = speaker.embedding.clone().and_then(|embedding| Voice::new(embedding, alone_s).ok());
    }
}

/// Sets the voice of every speaker to that of the speaker in `repeated` with whom it shares the
/// most time. `repeated` is the diarization of the same recording, repeated up to 10 s; `share` is
/// the share of it that is the recording itself.
pub(super) fn set_voices_from_repeated(result: &mut Diarization, mut repeated: Diarization, share: f64) {
    set_voices(&mut repeated.speakers, &repeated.turns, share);
    for speaker in &mut result.speakers {
        let common_s = |other: &Speaker| -> f64 {
            let own = result.turns.iter().filter(|turn| turn.speaker == speaker.label);
            let theirs = || repeated.turns.iter().filter(|turn| turn.speaker == other.label);
            own.flat_map(|a| theirs().map(|b| a.segment().intersection(&b.segment())))
                .filter(|common| !common.is_empty())
                .map(|common| common.duration())
                .sum()
        };
        let other = repeated.speakers.iter().max_by(|a, b| common_s(a).total_cmp(&common_s(b)));
        speaker.voice = other.filter(|other| common_s(other) > 0.0).and_then(|other| other.voice.clone());
    }
}

/// Names the speakers and turns whose voices belong to people of `gallery`.
pub(super) fn set_names(result: &mut Diarization, gallery: &Gallery) -> Result<()> {
    let voices: Vec<Option<&Voice>> = result.speakers.iter().map(|speaker| speaker.voice.as_ref()).collect();
    let found = gallery.identify_speakers(&voices)?;
    for (speaker, found) in result.speakers.iter_mut().zip(found) {
        if !speaker.is_named_by_hand {
            speaker.name = found.as_ref().and_then(Identification::name).map(str::to_owned);
        }
        speaker.identification = found;
    }
    for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
        let speaker = result.speakers.iter().find(|speaker| speaker.label == turn.speaker);
        turn.name = speaker.and_then(|speaker| speaker.name.clone());
    }
    Ok(())
}

/// The voices in `result` that are certain enough to be learned, each with the name of its person:
/// a probability of at least 0.99, and at least 5 s of speech alone. `model` is the fingerprint of
/// the embedding network, `source` the recording.
#[cfg(feature = "speaker-database")]
pub(super) fn certain_samples(result: &Diarization, model: &str, source: &str) -> Vec<(String, NewSample)> {
    let certain = result.speakers.iter().filter_map(|speaker| {
        let best = speaker.identification.as_ref()?.best.as_ref()?;
        let voice = speaker.voice.clone().filter(|voice| voice.speech_s() >= MIN_ENROLL_S)?;
        let name = speaker.name.clone().filter(|_| best.probability >= MIN_LEARN_PROBABILITY)?;
        Some((name, NewSample { voice, source: source.to_owned(), model: model.to_owned() }))
    });
    certain.collect()
}

#[cfg(all(test, feature = "speaker-database"))]
mod tests {
    use super::*;
    use crate::voices::Candidate;

    #[test]
    fn only_long_speech_of_a_certain_person_is_learned() {
        let speaker = |name: Option<&str>, probability: f64, speech_s: f64| {
            let best = Candidate { name: "Ann".to_owned(), cosine: 0.9, log_ratio: 5.0, probability };
            let identification = Identification { best: Some(best), runner_up: None, is_known: name.is_some() };
            Speaker {
                name: name.map(str::to_owned),
                voice: Some(Voice::new(vec![0.5; 256], speech_s).unwrap()),
                identification: Some(identification),
                ..Speaker::default()
            }
        };
        let learned = |speaker: Speaker| {
            let result = Diarization { speakers: vec![speaker], ..Diarization::default() };
            certain_samples(&result, "model", "talk.wav").pop().map(|(name, sample)| (name, sample.source))
        };
        assert_eq!(learned(speaker(Some("Ann"), 0.99, 5.0)), Some(("Ann".to_owned(), "talk.wav".to_owned())));
        assert_eq!(learned(speaker(Some("Ann"), 0.98, 5.0)), None);
        assert_eq!(learned(speaker(Some("Ann"), 0.99, 4.9)), None);
        assert_eq!(learned(speaker(None, 0.99, 5.0)), None);
        assert_eq!(learned(Speaker::default()), None);
    }
}
