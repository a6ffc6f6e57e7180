//! Completes the times of words from every time that a transcript has.

use super::transcript::Word;
use crate::timeline::Segment;

/// A word with only a start or only an end is at most this long, in seconds.
const WORD_S: f64 = 0.5;
/// Time to say one character, in seconds, where only one end of a stretch of text is known.
const CHAR_S: f64 = 0.07;
/// Nobody speaks this many times more slowly than [`CHAR_S`]: a longer segment without times of
/// words ends too late. Recognisers make up such segments where nobody speaks.
const MAX_SLOWNESS: f64 = 3.0;
/// A segment of at most this many seconds may be as slow as it is.
const MAX_SLOW_S: f64 = 3.0;

/// A word, or a part of one, with the times that the recogniser gave.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    /// The text, without blanks around it.
    pub(super) text: String,
    pub(super) times: Times,
    /// Whether it follows the one before without a blank.
    pub(super) is_glued: bool,
    /// Index of the segment that it belongs to.
    pub(super) segment: usize,
}

/// A start and an end in seconds, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Times {
    pub(super) start: Option<f64>,
    pub(super) end: Option<f64>,
}

/// The words of a file of any layout, as the file has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Draft {
    /// All words in their order.
    pub(super) pieces: Vec<Piece>,
    /// Times of the segments, as far as the layout has segments.
    pub(super) segments: Vec<Times>,
}

impl Times {
    pub(super) fn new(start: Option<f64>, end: Option<f64>) -> Self {
        Self { start, end }
    }

    /// Removes what is impossible: times that are negative or not finite, and an end before the
    /// start. Returns whether there was any.
    fn drop_impossible(&mut self) -> bool {
        let before = *self;
        let is_possible = |time: &f64| time.is_finite() && *time >= 0.0;
        self.start = self.start.filter(is_possible);
        self.end = self.end.filter(is_possible).filter(|&end| self.start.is_none_or(|start| end >= start));
        *self != before
    }
}

impl Piece {
    /// A piece of segment `segment`. `text` is the recogniser's, including blanks around it.
    pub(super) fn new(text: &str, start: Option<f64>, end: Option<f64>, segment: usize) -> Self {
        let is_glued = !text.starts_with([' ', '\t', '\n', '\u{2581}']);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{2581}').to_owned();
        Self { text, times: Times::new(start, end), is_glued, segment }
    }
}

impl Draft {
    /// Whether no character of the words was lost.
    pub(super) fn is_readable(&self) -> bool {
        self.pieces.iter().all(|piece| !piece.text.contains(char::REPLACEMENT_CHARACTER))
    }

    /// The words, with times wherever some time of the word, its neighbours or its segment is
    /// known, and the number of words with impossible times, their own or those of their segments.
    pub(super) fn complete(self) -> (Vec<Word>, usize) {
        let Self { mut pieces, mut segments } = self;
        pieces.retain(|piece| !piece.text.is_empty());
        let mut num_impossible: usize = pieces.iter_mut().map(|piece| usize::from(piece.times.drop_impossible())).sum();
        let mut is_impossible = Vec::with_capacity(segments.len());
        let mut next_start = None;
        for segment in segments.iter_mut().rev() {
            is_impossible.push(segment.drop_impossible());
            segment.end = segment.end.or(next_start.filter(|&next| segment.start.is_some_and(|start| next >= start)));
            next_start = segment.start.or(next_start);
        }
        is_impossible.reverse();
        // The time of a segment counts for words that have none.
        let has_impossible_segment = |piece: &&Piece| {
            piece.times == Times::default()
                && is_impossible.get(piece.segment).is_some_and(|&is_impossible| is_impossible)
        };
        num_impossible += pieces.iter().filter(has_impossible_segment).count();
        let runs = pieces.chunk_by(|a, b| a.segment == b.segment);
        let of_run = |run: &[Piece]| complete(run, segments.get(run[0].segment).copied().unwrap_or_default());
        (runs.flat_map(of_run).collect(), num_impossible)
    }
}

/// The words of one segment.
fn complete(run: &[Piece], segment: Times) -> Vec<Word> {
    let mut times = known(run, segment);
    let mut is_estimated = vec![false; run.len()];
    let mut from = 0;
    while from < run.len() {
        if times[from].is_some() {
            from += 1;
            continue;
        }
        let to = (from..run.len()).find(|&index| times[index].is_some()).unwrap_or(run.len());
        let before = if from == 0 { segment.start } else { times[from - 1].map(|time| time.end) };
        let after = if to == run.len() { segment.end } else { times[to].map(|time| time.start) };
        let num_chars: Vec<f64> = run[from..to].iter().map(|piece| 1.0 + piece.text.chars().count() as f64).collect();
        let length_s = CHAR_S * num_chars.iter().sum::<f64>();
        let is_whole = from == 0 && to == run.len();
        let gap = match (before, after) {
            (Some(before), Some(after)) if is_whole => {
                let longest_s = (MAX_SLOWNESS * length_s).max(MAX_SLOW_S);
                Some((before, after.min(before + longest_s))).filter(|(before, after)| before <= after)
            }
            (Some(before), Some(after)) => Some((before, after)).filter(|(before, after)| before <= after),
            (Some(before), None) if is_whole => Some((before, before + length_s)),
            (None, Some(after)) if is_whole => Some(((after - length_s).max(0.0), after)),
            _ => None,
        };
        if let Some((start, end)) = gap {
            spread(&mut times[from..to], &num_chars, start, end);
            // A single word has the time of its segment, which is no estimate.
            is_estimated[from..to].fill(run.len() > 1);
        }
        from = to;
    }
    let words = run.iter().zip(times).zip(is_estimated).map(|((piece, time), is_estimated)| Word {
        text: piece.text.clone(),
        time,
        is_estimated,
        is_glued: piece.is_glued,
        segment: piece.segment,
    });
    words.collect()
}

/// The times of the pieces that have a start or an end.
fn known(run: &[Piece], segment: Times) -> Vec<Option<Segment>> {
    let mut next = segment.end;
    let mut limits: Vec<Option<f64>> = Vec::with_capacity(run.len());
    for piece in run.iter().rev() {
        limits.push(next);
        next = piece.times.start.or(piece.times.end).or(next);
    }
    let mut last = segment.start;
    let pairs = run.iter().zip(limits.into_iter().rev()).map(|(piece, next)| {
        let time = match (piece.times.start, piece.times.end) {
            (Some(start), Some(end)) => Some((start, end)),
            (Some(start), None) => {
                let next = next.filter(|&next| next >= start);
                Some((start, next.map_or(start + WORD_S, |next| next.min(start + WORD_S))))
            }
            (None, Some(end)) => {
                let last = last.filter(|&last| last <= end).unwrap_or(0.0);
                Some((last.max(end - WORD_S), end))
            }
            (None, None) => None,
        };
        last = piece.times.end.or(piece.times.start).or(last);
        time.map(|(start, end)| Segment::new(start, end))
    });
    pairs.collect()
}

/// Spreads words from `start` to `end` in proportion to their number of characters.
fn spread(times: &mut [Option<Segment>], num_chars: &[f64], start: f64, end: f64) {
    let total: f64 = num_chars.iter().sum();
    let mut before = 0.0;
    let at = |sum: f64| start + (end - start) * (sum / total);
    for (time, &weight) in times.iter_mut().zip(num_chars) {
        *time = Some(Segment::new(at(before), at(before + weight).min(end)));
        before += weight;
    }
}
