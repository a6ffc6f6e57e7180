//! Sets the voices of a recording's speakers, and the names of known people among them.
//!
//! The command, Python and C all name speakers through [`Diarizer`](super::Diarizer), which calls
//! [`set_voices`] and [`set_names`].

use crate::error::Result;
use crate::timeline::intervals::{covered_s, overlaps, subtract, union};
use crate::timeline::{Segment, Turn};
use crate::voices::{Gallery, Identification, Voice};

use super::result::{Diarization, Speaker};

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
        speaker.name = found.as_ref().and_then(Identification::name).map(str::to_owned);
        speaker.identification = found;
    }
    for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
        let speaker = result.speakers.iter().find(|speaker| speaker.label == turn.speaker);
        turn.name = speaker.and_then(|speaker| speaker.name.clone());
    }
    Ok(())
}
