//! From the words of a person to a correction that outlasts new labels.

use crate::corrections::{Correction, Request, SpeakerRef, Stretch};
use crate::diarizer::result::Diarization;
use crate::error::{Error, Result};
use crate::timeline::intervals::{overlaps, subtract, union};
use crate::timeline::{Segment, Turn};

use super::{edits, turns_of};

/// Stretches that point to a speaker.
const NUM_HEARD: usize = 3;
/// Seconds around a corrected stretch in which the voice of a speaker is not looked for, because
/// the networks saw both at once there.
const NEAR_S: f64 = 10.0;

impl Diarization {
    /// The correction for a request of somebody who sees this result.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] if there is no such speaker or turn, if two speakers are
    /// the same, and for impossible times or names.
    pub fn correction(&self, request: &Request) -> Result<Correction> {
        let correction = match request {
            Request::Rename { speaker, name } => {
                Correction::Rename { speaker: self.speaker_ref(speaker, &[])?, name: name.clone() }
            }
            Request::Merge { speaker, into } => {
                differ(speaker, into)?;
                Correction::Merge { speaker: self.speaker_ref(speaker, &[])?, into: self.speaker_ref(into, &[])? }
            }
            Request::Different { a, b } => {
                let spans = [a, b].map(|turn| Segment::new(turn.start_s, turn.end_s));
                self.check_speech(&a.speaker, spans[0])?;
                self.check_speech(&b.speaker, spans[1])?;
                if !spans[0].intersection(&spans[1]).is_empty() && a.speaker == b.speaker {
                    return Err(Error::invalid_option("the two turns of one speaker are at the same time")
                        .hint("choose two turns that do not overlap"));
                }
                let [first, second] = spans.map(|span| Stretch::new(span.start, span.end));
                Correction::Different { a: first, b: second, speaker: self.speaker_ref(&b.speaker, &[])? }
            }
            Request::Move { speaker, start_s, end_s, to } => {
                let span = Segment::new(*start_s, *end_s);
                self.check_speech(speaker, span)?;
                to.as_ref().map_or(Ok(()), |to| differ(speaker, to))?;
                let others = match to {
                    Some(_) => Vec::new(),
                    None => {
                        let others = self.speakers.iter().map(|other| &other.label).filter(|label| *label != speaker);
                        others.map(|label| self.speaker_ref(label, &[span])).collect::<Result<_>>()?
                    }
                };
                Correction::Move {
                    stretch: Stretch::new(*start_s, *end_s),
                    from: self.speaker_ref(speaker, &[span])?,
                    to: to.as_ref().map(|to| self.speaker_ref(to, &[span])).transpose()?,
                    others,
                }
            }
            Request::Split { speaker, at_s } => {
                self.check_speech(speaker, Segment::new(at_s - 1e-3, at_s + 1e-3))?;
                Correction::Split { speaker: self.speaker_ref(speaker, &[])?, at_s: *at_s }
            }
            Request::Join { speaker, start_s, end_s } => {
                let stretch = self.stretch_of(speaker, *start_s, *end_s)?;
                Correction::Join { speaker: self.speaker_ref(speaker, &[])?, stretch }
            }
            Request::Retime { speaker, start_s, end_s, new_start_s, new_end_s } => Correction::Retime {
                stretch: self.stretch_of(speaker, *start_s, *end_s)?,
                speaker: self.speaker_ref(speaker, &[])?,
                to: Stretch::new(*new_start_s, *new_end_s),
            },
            Request::Delete { speaker, start_s, end_s } => {
                let stretch = self.stretch_of(speaker, *start_s, *end_s)?;
                Correction::Delete { speaker: self.speaker_ref(speaker, &[])?, stretch }
            }
        };
        correction.check()?;
        Ok(correction)
    }

    /// The result with nothing but the turns of `correction` changed: other turns stay, even if
    /// their voices are alike.
    #[must_use]
    pub fn edited(&self, correction: &Correction) -> Self {
        let mut result = self.clone();
        edits::apply(&mut result, std::slice::from_ref(correction));
        result
    }

    /// Stretches in which a speaker talks alone, the longest and surest ones, if possible not near
    /// `avoided`.
    fn speaker_ref(&self, label: &str, avoided: &[Segment]) -> Result<SpeakerRef> {
        let own: Vec<&Turn> = turns_of(&self.exclusive_turns, label).collect();
        let all: Vec<&Turn> = if own.is_empty() { turns_of(&self.turns, label).collect() } else { own };
        if all.is_empty() {
            return Err(Error::invalid_option(format!("there is no speaker {label:?}"))
                .hint("choose one of the labels of the result"));
        }
        let turns: Vec<Segment> = self.turns.iter().map(Turn::segment).collect();
        let shared = overlaps(&turns);
        let near = union(avoided.iter().map(|span| Segment::new(span.start - NEAR_S, span.end + NEAR_S)), 0.0);
        let without = |turn: &&Turn, removed: &[Segment]| -> Vec<(f64, Segment)> {
            let certainty = turn.confidence.unwrap_or(1.0);
            let parts = subtract(&[turn.segment()], removed);
            parts.into_iter().map(|part| (certainty * part.duration(), part)).collect()
        };
        let everywhere = union(shared.iter().chain(&near).copied(), 0.0);
        let mut heard = Vec::new();
        for removed in [everywhere.as_slice(), &shared, &[]] {
            heard = all.iter().flat_map(|turn| without(turn, removed)).collect::<Vec<_>>();
            if !heard.is_empty() {
                break;
            }
        }
        heard.sort_by(|a, b| b.0.total_cmp(&a.0));
        let heard = heard.into_iter().take(NUM_HEARD).map(|(_, part)| Stretch::new(part.start, part.end)).collect();
        Ok(SpeakerRef { label: label.to_owned(), heard })
    }

    fn stretch_of(&self, label: &str, start_s: f64, end_s: f64) -> Result<Stretch> {
        self.check_speech(label, Segment::new(start_s, end_s))?;
        Ok(Stretch::new(start_s, end_s))
    }

    fn check_speech(&self, label: &str, span: Segment) -> Result<()> {
        if turns_of(&self.turns, label).any(|turn| !turn.segment().intersection(&span).is_empty()) {
            return Ok(());
        }
        Err(Error::invalid_option(format!("{label:?} does not talk from {:.3} s to {:.3} s", span.start, span.end))
            .hint("load the newest result, and choose one of its turns"))
    }
}

fn differ(a: &str, b: &str) -> Result<()> {
    if a == b {
        return Err(Error::invalid_option(format!("{a:?} is both speakers")).hint("choose two speakers"));
    }
    Ok(())
}
