//! Corrections of turns.

use crate::corrections::{Correction, SpeakerRef, Stretch};
use crate::diarizer::result::{Diarization, Speaker};
use crate::timeline::intervals::{covered_s, subtract, union};
use crate::timeline::{Segment, Turn, label_name};

use super::exclusive::exclusive;
use super::turns_of;

/// Seconds by which another speaker must have more of a stretch than the one with the same label.
const MARGIN_S: f64 = 0.05;

/// Applies `corrections` to the turns of `result`, in their order. A correction that fits nothing
/// becomes a warning of the result.
pub(super) fn apply(result: &mut Diarization, corrections: &[Correction]) {
    for correction in corrections {
        let mut timeline = Timeline { result };
        if timeline.apply(correction).is_none() {
            let text = format!("{} fits nothing in the result any more", described(correction));
            result.warnings.push(text);
        }
    }
}

/// A correction in words.
fn described(correction: &Correction) -> String {
    let span = |stretch: &Stretch| format!("{:.1} s to {:.1} s", stretch.start_s, stretch.end_s);
    match correction {
        Correction::Rename { speaker, .. } => format!("the name of {}", speaker.label),
        Correction::Merge { speaker, into } => format!("the correction that {} is {}", speaker.label, into.label),
        Correction::Different { b, .. } => format!("the correction of {}", span(b)),
        Correction::Move { stretch, .. }
        | Correction::Join { stretch, .. }
        | Correction::Retime { stretch, .. }
        | Correction::Delete { stretch, .. } => format!("the correction of {}", span(stretch)),
        Correction::Split { at_s, .. } => format!("the split at {at_s:.1} s"),
    }
}

/// The turns of a result while they are corrected.
struct Timeline<'a> {
    result: &'a mut Diarization,
}

impl Timeline<'_> {
    /// `None` if there is nothing to correct.
    fn apply(&mut self, correction: &Correction) -> Option<()> {
        match correction {
            Correction::Rename { speaker, name } => return self.rename(speaker, name.as_deref()),
            Correction::Merge { speaker, into } => {
                let to = self.label(into)?;
                // If the voices were united, most of the first one is there already, and a rest has
                // its label.
                let mut names = vec![speaker.label.clone()];
                names.extend(self.label(speaker));
                for from in names.into_iter().filter(|from| *from != to) {
                    let all = union(turns_of(&self.result.turns, &from).map(Turn::segment), 0.0);
                    self.give(&from, &to, &all);
                }
            }
            Correction::Different { a, b, speaker } => {
                let [of_a, of_b] = [a, b].map(|stretch| self.most_heard(stretch));
                let of_b = of_b.or_else(|| self.label(speaker))?;
                if of_a.is_none_or(|label| label == of_b) {
                    let fresh = self.fresh_label();
                    self.give(&of_b, &fresh, &[segment(b)]);
                }
            }
            Correction::Move { stretch, from, to, others } => return self.shift(stretch, from, to.as_ref(), others),
            Correction::Split { speaker, at_s } => {
                let label = self.label(speaker)?;
                let is_here = |turn: &Turn| turn.start_s < *at_s && *at_s < turn.end_s && turn.speaker == label;
                let at = self.result.turns.iter().position(is_here)?;
                let turn = self.result.turns[at].clone();
                let parts = [Segment::new(turn.start_s, *at_s), Segment::new(*at_s, turn.end_s)];
                self.result.turns.splice(at..=at, parts.map(|part| turn.with_segment(part)));
            }
            Correction::Join { speaker, stretch } => {
                let label = self.label(speaker)?;
                let is_here = |turn: &Turn| turn.speaker == label && meets(turn, stretch);
                let (joined, rest): (Vec<Turn>, Vec<Turn>) = self.result.turns.drain(..).partition(is_here);
                self.result.turns = rest;
                let end_s = joined.iter().map(|turn| turn.end_s).fold(f64::NEG_INFINITY, f64::max);
                let first = joined.first()?;
                self.result.turns.push(corrected(Segment::new(first.start_s, end_s), &label));
            }
            Correction::Retime { speaker, stretch, to } => {
                let label = self.label(speaker)?;
                let shared_s = |turn: &Turn| turn.segment().intersection(&segment(stretch)).duration();
                let of_speaker = turns_of(&self.result.turns, &label).filter(|turn| meets(turn, stretch));
                let turn = of_speaker.max_by(|a, b| shared_s(a).total_cmp(&shared_s(b)))?.clone();
                self.result.turns.retain(|other| *other != turn);
                self.add(&label, &[Segment::new(to.start_s, to.end_s.min(self.result.duration_s))]);
            }
            Correction::Delete { speaker, stretch } => {
                let label = self.label(speaker)?;
                if self.cut(&label, &[segment(stretch)]).is_empty() {
                    return None;
                }
            }
        }
        self.renew();
        Some(())
    }

    fn rename(&mut self, speaker: &SpeakerRef, name: Option<&str>) -> Option<()> {
        let label = self.label(speaker)?;
        let speaker = self.result.speakers.iter_mut().find(|speaker| speaker.label == label)?;
        speaker.name = name.map(str::to_owned);
        speaker.is_named_by_hand = true;
        let turns = self.result.turns.iter_mut().chain(&mut self.result.exclusive_turns);
        turns.filter(|turn| turn.speaker == label).for_each(|turn| turn.name = name.map(str::to_owned));
        Some(())
    }

    /// Gives a stretch to another speaker, or to a new one.
    fn shift(
        &mut self,
        stretch: &Stretch,
        from: &SpeakerRef,
        to: Option<&SpeakerRef>,
        others: &[SpeakerRef],
    ) -> Option<()> {
        let from = self.label(from);
        let to = match to {
            Some(to) => self.label(to).unwrap_or_else(|| to.label.clone()),
            None => {
                let known: Vec<String> =
                    others.iter().filter_map(|other| self.label(other)).chain(from.clone()).collect();
                let heard = self.most_heard(stretch).filter(|label| !known.contains(label));
                heard.unwrap_or_else(|| self.fresh_label())
            }
        };
        let theirs = union(turns_of(&self.result.turns, &to).map(Turn::segment), 0.0);
        let mut given =
            from.filter(|from| *from != to).map_or_else(Vec::new, |from| self.cut(&from, &[segment(stretch)]));
        // Where another speaker talks alone now, it was the speech of the earlier one.
        let rest = subtract(&subtract(&[segment(stretch)], &theirs), &union(given.iter().copied(), 0.0));
        for part in self.alone(&rest) {
            given.extend(self.cut(&part.speaker, &[part.segment()]));
        }
        if given.is_empty() {
            // The speaker may talk here already.
            let is_there = theirs.iter().any(|part| !part.intersection(&segment(stretch)).is_empty());
            return is_there.then_some(());
        }
        self.add(&to, &given);
        self.renew();
        Some(())
    }

    /// The parts of `regions` in which one speaker talks alone.
    fn alone(&self, regions: &[Segment]) -> Vec<Turn> {
        let turns = &self.result.turns;
        let mut alone = Vec::new();
        for region in regions {
            let near: Vec<&Turn> =
                turns.iter().filter(|turn| !turn.segment().intersection(region).is_empty()).collect();
            for turn in &near {
                let others =
                    union(near.iter().filter(|other| other.speaker != turn.speaker).map(|other| other.segment()), 0.0);
                let own = subtract(&[turn.segment().intersection(region)], &others);
                alone.extend(own.into_iter().map(|part| Turn::over(part, &turn.speaker)));
            }
        }
        alone
    }

    /// The label of a speaker now: the one with most of the stretches in which the speaker was
    /// heard, the same as before if several have them.
    fn label(&self, speaker: &SpeakerRef) -> Option<String> {
        let shares = shares(&self.result.turns, &speaker.heard);
        let rank = |label: &str, seconds: f64| seconds + if label == speaker.label { MARGIN_S } else { 0.0 };
        let most = shares.iter().max_by(|a, b| rank(a.0, a.1).total_cmp(&rank(b.0, b.1)));
        let is_here = || turns_of(&self.result.turns, &speaker.label).next().is_some();
        most.map(|(label, _)| (*label).to_owned()).or_else(|| is_here().then(|| speaker.label.clone()))
    }

    /// The label with most of the exclusive time in a stretch.
    fn most_heard(&self, stretch: &Stretch) -> Option<String> {
        let shares = shares(&self.result.exclusive_turns, std::slice::from_ref(stretch));
        shares.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(label, _)| label.to_owned())
    }

    /// A label that no speaker has.
    fn fresh_label(&self) -> String {
        let is_free = |label: &String| !self.result.speakers.iter().any(|speaker| speaker.label == *label);
        (0..).map(label_name).find(is_free).unwrap_or_default()
    }

    /// Moves the speech of one speaker in `regions` to another one.
    fn give(&mut self, from: &str, to: &str, regions: &[Segment]) {
        let parts = self.cut(from, regions);
        self.add(to, &parts);
    }

    /// Removes the speech of a speaker in `regions`, which are disjoint and in order of time.
    /// Returns the parts.
    fn cut(&mut self, label: &str, regions: &[Segment]) -> Vec<Segment> {
        let mut removed = Vec::new();
        let mut kept = Vec::with_capacity(self.result.turns.len());
        for turn in self.result.turns.drain(..) {
            if turn.speaker != label {
                kept.push(turn);
                continue;
            }
            let parts =
                regions.iter().map(|region| turn.segment().intersection(region)).filter(|part| !part.is_empty());
            removed.extend(parts);
            kept.extend(subtract(&[turn.segment()], regions).into_iter().map(|part| turn.with_segment(part)));
        }
        self.result.turns = kept;
        removed
    }

    /// Adds speech of a speaker. Turns of this speaker that it overlaps become one with it.
    fn add(&mut self, label: &str, parts: &[Segment]) {
        for part in parts {
            let mut whole = *part;
            self.result.turns.retain(|turn| {
                let is_joined = turn.speaker == label && !turn.segment().intersection(part).is_empty();
                if is_joined {
                    whole = Segment::new(whole.start.min(turn.start_s), whole.end.max(turn.end_s));
                }
                !is_joined
            });
            self.result.turns.push(corrected(whole, label));
        }
    }

    /// Sorts the turns, and makes exclusive turns and speakers agree with them.
    fn renew(&mut self) {
        let result = &mut *self.result;
        result.turns.retain(|turn| !turn.segment().is_empty());
        result.turns.sort_by(Turn::chronological);
        result.exclusive_turns = exclusive(&result.turns, &result.exclusive_turns);
        for turn in &result.turns {
            if !result.speakers.iter().any(|speaker| speaker.label == turn.speaker) {
                result.speakers.push(Speaker { label: turn.speaker.clone(), ..Speaker::default() });
            }
        }
        for speaker in &mut result.speakers {
            let turns = || turns_of(&result.turns, &speaker.label);
            (speaker.speech_s, speaker.num_turns) = (covered_s(turns().map(Turn::segment)), turns().count());
        }
        result.speakers.retain(|speaker| speaker.num_turns > 0);
        result.speakers.sort_by(|a, b| a.label.cmp(&b.label));
        for turn in result.turns.iter_mut().chain(&mut result.exclusive_turns) {
            let speaker = result.speakers.iter().find(|speaker| speaker.label == turn.speaker);
            turn.name = speaker.and_then(|speaker| speaker.name.clone());
        }
    }
}

/// Seconds of each label in `stretches`.
fn shares<'a>(turns: &'a [Turn], stretches: &[Stretch]) -> Vec<(&'a str, f64)> {
    let mut shares: Vec<(&str, f64)> = Vec::new();
    for stretch in stretches {
        for turn in turns.iter().filter(|turn| meets(turn, stretch)) {
            let seconds = turn.segment().intersection(&segment(stretch)).duration();
            match shares.iter_mut().find(|(label, _)| *label == turn.speaker) {
                Some((_, sum)) => *sum += seconds,
                None => shares.push((&turn.speaker, seconds)),
            }
        }
    }
    shares
}

/// A turn that a person has given.
fn corrected(segment: Segment, label: &str) -> Turn {
    let mut turn = Turn::over(segment, label);
    turn.confidence = Some(1.0);
    turn
}

fn segment(stretch: &Stretch) -> Segment {
    Segment::new(stretch.start_s, stretch.end_s)
}

fn meets(turn: &Turn, stretch: &Stretch) -> bool {
    !turn.segment().intersection(&segment(stretch)).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corrections::Request;

    /// A result with these turns; where they overlap, the earlier one is exclusive.
    fn result(all: &[(f64, f64, &str)]) -> Diarization {
        let mut result = Diarization { duration_s: 100.0, ..Diarization::default() };
        result.turns = all.iter().map(|&(start, end, speaker)| Turn::new(start, end, speaker)).collect();
        Timeline { result: &mut result }.renew();
        result
    }

    fn turns(result: &Diarization) -> Vec<(f64, f64, &str)> {
        result.turns.iter().map(|turn| (turn.start_s, turn.end_s, turn.speaker.as_str())).collect()
    }

    fn corrected(before: &Diarization, request: &Request) -> Diarization {
        let after = before.edited(&before.correction(request).unwrap());
        assert!(after.warnings.is_empty(), "{:?}", after.warnings);
        after
    }

    fn talk() -> Diarization {
        result(&[(0.0, 10.0, "SPEAKER_00"), (12.0, 20.0, "SPEAKER_01"), (22.0, 30.0, "SPEAKER_00")])
    }

    fn label(number: usize) -> String {
        label_name(number)
    }

    #[test]
    fn a_stretch_goes_to_another_or_a_new_speaker() {
        let request = |to| Request::Move { speaker: label(0), start_s: 4.0, end_s: 6.0, to };
        let after = corrected(&talk(), &request(Some(label(1))));
        let expected = [
            (0.0, 4.0, "SPEAKER_00"),
            (4.0, 6.0, "SPEAKER_01"),
            (6.0, 10.0, "SPEAKER_00"),
            (12.0, 20.0, "SPEAKER_01"),
            (22.0, 30.0, "SPEAKER_00"),
        ];
        assert_eq!(turns(&after), expected);
        assert_eq!(after.exclusive_turns.len(), 5);
        assert_eq!(after.speakers.iter().map(|speaker| speaker.speech_s).collect::<Vec<_>>(), [16.0, 10.0]);
        let after = corrected(&talk(), &request(None));
        assert_eq!(turns(&after)[1], (4.0, 6.0, "SPEAKER_02"));
        assert_eq!(after.speakers[2].num_turns, 1);
        assert_eq!(after.turns[1].confidence, Some(1.0));
    }

    #[test]
    fn speech_that_both_have_stays_with_the_right_one() {
        let both = result(&[(0.0, 10.0, "SPEAKER_00"), (5.0, 8.0, "SPEAKER_01")]);
        let request = Request::Move { speaker: label(0), start_s: 4.0, end_s: 10.0, to: Some(label(1)) };
        assert_eq!(turns(&corrected(&both, &request)), [(0.0, 4.0, "SPEAKER_00"), (4.0, 10.0, "SPEAKER_01")]);
    }

    #[test]
    fn merged_speakers_are_one() {
        let after = corrected(&talk(), &Request::Merge { speaker: label(0), into: label(1) });
        assert_eq!(after.speakers.len(), 1);
        assert!(after.turns.iter().all(|turn| turn.speaker == "SPEAKER_01"));
    }

    #[test]
    fn different_people_get_two_labels() {
        let turn = |start_s, end_s| crate::corrections::TurnRef { speaker: label(0), start_s, end_s };
        let request = Request::Different { a: turn(0.0, 10.0), b: turn(22.0, 30.0) };
        assert_eq!(turns(&corrected(&talk(), &request))[2], (22.0, 30.0, "SPEAKER_02"));
        let overlapping = Request::Different { a: turn(0.0, 10.0), b: turn(9.0, 10.0) };
        assert_eq!(talk().correction(&overlapping).unwrap_err().kind(), crate::ErrorKind::InvalidOption);
    }

    #[test]
    fn turns_are_parted_joined_moved_and_removed() {
        let split = corrected(&talk(), &Request::Split { speaker: label(1), at_s: 15.0 });
        assert_eq!(turns(&split)[1..3], [(12.0, 15.0, "SPEAKER_01"), (15.0, 20.0, "SPEAKER_01")]);
        let joined = corrected(&talk(), &Request::Join { speaker: label(0), start_s: 0.0, end_s: 30.0 });
        assert_eq!(turns(&joined), [(0.0, 30.0, "SPEAKER_00"), (12.0, 20.0, "SPEAKER_01")]);
        let request =
            Request::Retime { speaker: label(1), start_s: 12.0, end_s: 20.0, new_start_s: 11.0, new_end_s: 18.5 };
        assert_eq!(turns(&corrected(&talk(), &request))[1], (11.0, 18.5, "SPEAKER_01"));
        let removed = corrected(&talk(), &Request::Delete { speaker: label(1), start_s: 12.0, end_s: 20.0 });
        assert_eq!(removed.speakers.len(), 1);
        let part = corrected(&talk(), &Request::Delete { speaker: label(1), start_s: 14.0, end_s: 16.0 });
        assert_eq!(turns(&part)[1..3], [(12.0, 14.0, "SPEAKER_01"), (16.0, 20.0, "SPEAKER_01")]);
    }

    #[test]
    fn names_stay_with_speakers_and_can_be_taken_away() {
        let named = corrected(&talk(), &Request::Rename { speaker: label(0), name: Some("Ann".to_owned()) });
        assert!(named.speakers[0].is_named_by_hand && named.turns[0].name.as_deref() == Some("Ann"));
        let split = corrected(&named, &Request::Split { speaker: label(0), at_s: 5.0 });
        assert_eq!(split.turns[1].name.as_deref(), Some("Ann"));
        let request = Request::Rename { speaker: label(0), name: None };
        let without = corrected(&named, &request);
        assert!(without.speakers[0].name.is_none() && without.turns[0].name.is_none());
    }

    #[test]
    fn requests_that_fit_nothing_are_refused() {
        let requests = [
            Request::Rename { speaker: "SPEAKER_07".to_owned(), name: None },
            Request::Rename { speaker: label(0), name: Some(String::new()) },
            Request::Merge { speaker: label(0), into: label(0) },
            Request::Move { speaker: label(0), start_s: 12.0, end_s: 20.0, to: None },
            Request::Move { speaker: label(0), start_s: 0.0, end_s: 2.0, to: Some(label(0)) },
            Request::Split { speaker: label(0), at_s: 15.0 },
            Request::Delete { speaker: label(1), start_s: f64::NAN, end_s: 2.0 },
        ];
        for request in requests {
            let error = talk().correction(&request).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidOption, "{request:?}");
        }
    }

    #[test]
    fn a_correction_of_speech_that_is_gone_is_a_warning() {
        let before = talk();
        let delete = before.correction(&Request::Delete { speaker: label(1), start_s: 12.0, end_s: 20.0 }).unwrap();
        let split = before.correction(&Request::Split { speaker: label(1), at_s: 15.0 }).unwrap();
        let after = before.edited(&delete).edited(&split);
        assert_eq!(after.warnings, ["the split at 15.0 s fits nothing in the result any more"]);
    }
}
