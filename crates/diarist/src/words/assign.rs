//! Assigns a speaker to every word by comparing times.

use std::ops::Range;

use super::pieces::ends_clause;
use super::transcript::Word;
use super::turns::{Found, Turns};
use super::utterances::SpokenWord;
use crate::timeline::{Segment, Turn};

/// A word that no turn overlaps belongs to the nearest turn within this many seconds.
pub const MAX_GAP_S: f64 = 1.0;

/// Differences of overlap up to this many seconds are none: turns are rounded to milliseconds.
const TIE_S: f64 = 0.002;

/// Words whose times are estimates get a speaker together, in stretches of at most this many
/// seconds: each alone would change sides wherever the estimate is a little off.
const MAX_PHRASE_S: f64 = 4.0;

/// The turns of a recording, as the source of the speakers of words.
#[derive(Debug, Clone, PartialEq)]
pub struct Speech {
    turns: Turns,
    exclusive: Turns,
    max_gap_s: f64,
}

impl Default for Speech {
    fn default() -> Self {
        Self::new(Vec::new(), Vec::new())
    }
}

impl Speech {
    /// Makes the index from turns that may overlap, and from the exclusive timeline. The latter is
    /// empty if there is none.
    pub fn new(turns: Vec<Turn>, exclusive: Vec<Turn>) -> Self {
        Self { turns: Turns::new(turns), exclusive: Turns::new(exclusive), max_gap_s: MAX_GAP_S }
    }

    /// Gives words far from every turn to the nearest one, at any distance.
    #[must_use]
    pub fn filled(mut self) -> Self {
        self.max_gap_s = f64::INFINITY;
        self
    }

    /// The speaker of a word at `time`; `before` is the speaker of the word before it.
    ///
    /// The speaker with the largest overlap wins. Among several who speak for the whole of `time`,
    /// the order of preference is: the speaker on the exclusive timeline, the speaker with the
    /// longest turn, the speaker `before`. If no turn overlaps `time`, the nearest turn decides,
    /// unless it is too far away.
    fn speaker(&self, time: Segment, before: Option<&str>) -> Option<&str> {
        let candidates = self.turns.overlaps(time);
        let Some(largest) = candidates.values().map(|found| found.overlap_s).max_by(f64::total_cmp) else {
            return self.turns.nearest(time, self.max_gap_s);
        };
        let exclusive = self.exclusive.overlaps(time);
        let rank = |speaker: &str, found: &Found| {
            (exclusive.get(speaker).map_or(0.0, |found| found.overlap_s), found.longest_s, before == Some(speaker))
        };
        let tied = candidates.iter().filter(|(_, found)| found.overlap_s >= largest - TIE_S);
        // Among equals, the first label wins.
        let best = tied.rev().max_by(|a, b| {
            let (a, b) = (rank(a.0, a.1), rank(b.0, b.1));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
        });
        best.map(|(speaker, _)| *speaker)
    }
}

/// Assigns a speaker to every word by its time; `None` if no turn is near it.
///
/// Words whose times are estimates get a speaker together, phrase by phrase; if nobody speaks in
/// the time of such a phrase, that of the word before it, if it has its own time and is in the same
/// segment.
///
/// A word without a time takes the speaker and the end of the last timed word before it, if both
/// are in the same segment. Otherwise it takes the speaker and the start of the next timed word. If
/// there is none, it takes those of the last timed word before it.
pub fn assign(words: &[Word], speech: &Speech) -> Vec<SpokenWord> {
    let mut spoken: Vec<Option<SpokenWord>> = vec![None; words.len()];
    let mut before: Option<String> = None;
    for phrase in phrases(words) {
        let (Some(first), Some(last)) = (words[phrase.start].time, words[phrase.end - 1].time) else { continue };
        let time = Segment::new(first.start, last.end.max(first.start));
        let is_silent = || speech.turns.overlaps(time).values().all(|found| found.overlap_s == 0.0);
        let in_segment = || {
            let (earlier, word) = (spoken[..phrase.start].last()?.as_ref()?, &words[phrase.start - 1]);
            let is_near = !word.is_estimated && word.segment == words[phrase.start].segment;
            earlier.speaker.clone().filter(|_| is_near)
        };
        let inherited = if words[phrase.start].is_estimated && is_silent() { in_segment() } else { None };
        let speaker = inherited.or_else(|| speech.speaker(time, before.as_deref()).map(str::to_owned));
        for index in phrase {
            let word = &words[index];
            spoken[index] = word.time.map(|time| SpokenWord {
                text: word.text.clone(),
                time,
                speaker: speaker.clone(),
                is_glued: word.is_glued,
            });
        }
        before = speaker.or(before);
    }
    let earlier = neighbours(0..words.len(), &spoken);
    let later = neighbours((0..words.len()).rev(), &spoken);
    let filled = words.iter().enumerate().map(|(index, word)| {
        let is_same_segment = |other: &usize| words[*other].segment == word.segment;
        let [earlier, later] = [earlier[index], later[index]];
        let inherited = || {
            let from_earlier = earlier.filter(is_same_segment).is_some() || later.is_none();
            let (other, is_later) = if from_earlier { (earlier?, false) } else { (later?, true) };
            let SpokenWord { time, speaker, .. } = spoken[other].as_ref()?;
            Some((if is_later { time.start } else { time.end }, speaker.clone()))
        };
        spoken[index].clone().unwrap_or_else(|| {
            let (moment, speaker) = inherited().unwrap_or_default();
            let time = Segment::new(moment, moment);
            SpokenWord { text: word.text.clone(), time, speaker, is_glued: word.is_glued }
        })
    });
    filled.collect()
}

/// The words in stretches that get a speaker together: a word with a time of its own or without
/// any, or estimated words of one segment up to the end of a clause.
fn phrases(words: &[Word]) -> Vec<Range<usize>> {
    let mut phrases = Vec::new();
    let mut start = 0;
    while start < words.len() {
        let is_estimate = |word: &Word| word.is_estimated && word.segment == words[start].segment;
        let mut end = start + 1;
        while end < words.len()
            && is_estimate(&words[start])
            && is_estimate(&words[end])
            && !ends_clause(&words[end - 1].text)
        {
            end += 1;
        }
        let time = |index: usize| words[index].time.unwrap_or(Segment::new(0.0, 0.0));
        let (from, length_s) = (time(start).start, time(end - 1).end - time(start).start);
        // A long clause is cut into equal parts.
        let num_parts = (length_s / MAX_PHRASE_S).ceil().max(1.0);
        let part = |index: usize| {
            let middle = (time(index).start + time(index).end) / 2.0 - from;
            (middle / length_s * num_parts).floor()
        };
        let mut cut = start;
        for index in start + 1..end {
            if num_parts > 1.0 && part(index) != part(index - 1) {
                phrases.push(cut..index);
                cut = index;
            }
        }
        phrases.push(cut..end);
        start = end;
    }
    phrases
}

/// For each word, the last word with a time that stands before it in the order of `indices`.
fn neighbours(indices: impl Iterator<Item = usize>, spoken: &[Option<SpokenWord>]) -> Vec<Option<usize>> {
    let mut neighbours = vec![None; spoken.len()];
    let mut last = None;
    for index in indices {
        neighbours[index] = last;
        if spoken[index].is_some() {
            last = Some(index);
        }
    }
    neighbours
}
