//! Assigns a speaker to every word by comparing times.

use std::collections::BTreeMap;

use super::transcript::Word;
use super::utterances::SpokenWord;
use crate::timeline::{Segment, Turn};

/// Overlaps that differ by at most this many seconds count as equal, because turns are rounded to
/// milliseconds.
pub const MAX_GAP_S: f64 = 1.0;

/// Differences of overlap up to this many seconds are none: turns are rounded to milliseconds.
const TIE_S: f64 = 0.002;

/// The turns of a recording, as the source of the speakers of words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Speech {
    turns: Turns,
    exclusive: Turns,
}

impl Speech {
    /// Makes the index from turns that may overlap, and from the exclusive timeline. The latter is
    /// empty if there is none.
    pub fn new(turns: Vec<Turn>, exclusive: Vec<Turn>) -> Self {
        Self { turns: Turns::new(turns), exclusive: Turns::new(exclusive) }
    }

    /// The speaker of a word at `time`; `before` is the speaker of the word before it.
    ///
    /// The speaker with the largest overlap wins. Among several who speak for the whole of `time`,
    /// the order of preference is: the speaker on the exclusive timeline, the speaker with the
    /// longest turn, the speaker `before`. If no turn overlaps `time`, the nearest turn within
    /// [`MAX_GAP_S`] decides.
    fn speaker(&self, time: Segment, before: Option<&str>) -> Option<&str> {
        let candidates = self.turns.overlaps(time);
        let Some(largest) = candidates.values().map(|found| found.overlap_s).max_by(f64::total_cmp) else {
            return self.turns.nearest(time);
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

/// The speech of one speaker within a stretch of time.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    overlap_s: f64,
    /// Length of the longest turn that overlaps the stretch.
    longest_s: f64,
}

/// Turns in the order of their start.
#[derive(Debug, Clone, Default, PartialEq)]
struct Turns {
    turns: Vec<Turn>,
    /// For each turn, the latest end of that turn and all turns before it.
    latest_ends: Vec<f64>,
}

impl Turns {
    fn new(mut turns: Vec<Turn>) -> Self {
        turns.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        let latest_ends = turns.iter().scan(f64::NEG_INFINITY, |latest, turn| {
            *latest = latest.max(turn.end_s);
            Some(*latest)
        });
        Self { latest_ends: latest_ends.collect(), turns }
    }

    /// The speakers that overlap `time`, with the amount. A moment without length counts as lying
    /// in a turn.
    fn overlaps(&self, time: Segment) -> BTreeMap<&str, Found> {
        let mut speakers: BTreeMap<&str, Found> = BTreeMap::new();
        let end = self.turns.partition_point(|turn| turn.start_s <= time.end);
        for index in (0..end).rev().take_while(|&index| self.latest_ends[index] >= time.start) {
            let turn = &self.turns[index];
            let (segment, speaker) = (turn.segment(), &turn.speaker);
            let overlap_s = segment.end.min(time.end) - segment.start.max(time.start);
            if overlap_s > 0.0 || overlap_s == 0.0 && time.duration() == 0.0 {
                let found = speakers.entry(speaker).or_default();
                found.overlap_s += overlap_s;
                found.longest_s = found.longest_s.max(segment.duration());
            }
        }
        speakers
    }

    /// The speaker of the turn nearest to `time`. If two are equally near, the earlier one wins.
    fn nearest(&self, time: Segment) -> Option<&str> {
        let after = self.turns.partition_point(|turn| turn.start_s < time.end);
        let limit = time.start - MAX_GAP_S;
        let before = (0..after).rev().take_while(|&index| self.latest_ends[index] >= limit);
        let before = before.map(|index| &self.turns[index]).max_by(|a, b| a.end_s.total_cmp(&b.end_s));
        let before = before.map(|turn| (time.start - turn.end_s, turn));
        let after = self.turns.get(after).map(|turn| (turn.start_s - time.end, turn));
        let near = before.into_iter().chain(after).filter(|(distance_s, _)| *distance_s <= MAX_GAP_S);
        near.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, turn)| turn.speaker.as_str())
    }
}

/// Assigns a speaker to every word by its time; `None` if no turn is near it.
///
/// A word without a time takes the speaker and the end of the last timed word before it, if both
/// are in the same segment. Otherwise it takes the speaker and the start of the next timed word. If
/// there is none, it takes those of the last timed word before it.
pub fn assign(words: &[Word], speech: &Speech) -> Vec<SpokenWord> {
    let mut spoken: Vec<Option<SpokenWord>> = Vec::with_capacity(words.len());
    let mut before: Option<String> = None;
    for word in words {
        let of_word = word.time.map(|time| {
            let speaker = speech.speaker(time, before.as_deref()).map(str::to_owned);
            SpokenWord { text: word.text.clone(), time, speaker, is_glued: word.is_glued }
        });
        if let Some(SpokenWord { speaker: Some(speaker), .. }) = &of_word {
            before = Some(speaker.clone());
        }
        spoken.push(of_word);
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
