//! Writes utterances as SubRip and WebVTT subtitles that people can read in time.
//!
//! The layout of the files is that of [`crate::formats::subtitles`].

use std::collections::HashMap;

use super::pieces::{begins_word, ends_clause, ends_sentence, goes_on};
use super::utterances::Utterance;
use crate::formats::one_line;
use crate::formats::subtitles::{self, SubtitleFormat, escaped, voice};
use crate::timeline::Segment;

/// Limits of one subtitle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SubtitleLimits {
    /// Characters of a line, without the name of the speaker before it; at least 1.
    pub max_line: usize,
    /// Lines; at least 1.
    pub max_lines: usize,
    /// Seconds; above 0.
    pub max_duration_s: f64,
}

impl Default for SubtitleLimits {
    /// Two lines of 42 characters, and 7 s to read them.
    fn default() -> Self {
        Self { max_line: 42, max_lines: 2, max_duration_s: 7.0 }
    }
}

/// A subtitle is shown at least this long, in seconds, if the next one leaves the time.
const MIN_CUE_S: f64 = 0.5;
/// A subtitle is shown at least this long in any case: players do not show much shorter ones.
const MIN_SHOWN_S: f64 = 0.2;
/// Time to read one character of a subtitle, in seconds.
const READ_CHAR_S: f64 = 0.06;
/// A word of more than this many seconds ends too late: the recogniser made up its end.
const MAX_WORD_S: f64 = 2.0;
/// A pause of this many seconds is a good place to end a subtitle.
const PAUSE_S: f64 = 0.3;

/// Words before which a line may end: conjunctions and relative pronouns of English, German, French
/// and Spanish.
const CONJUNCTIONS: [&str; 32] = [
    "and", "but", "or", "because", "that", "which", "who", "when", "while", "if", "so", "where", "und", "aber", "oder",
    "weil", "dass", "wenn", "denn", "et", "mais", "ou", "que", "parce", "quand", "y", "pero", "o", "porque", "cuando",
    "als", "si",
];

/// A word with everything that is glued to it; no line ends within it.
#[derive(Debug, Clone)]
struct Unit {
    text: String,
    time: Segment,
    is_glued: bool,
}

/// One subtitle.
struct Cue<'a> {
    time: Segment,
    speaker: Option<&'a str>,
    lines: Vec<String>,
}

/// The utterances as subtitles in the order of their start. Long utterances become several
/// subtitles. SubRip names the speaker where it changes, with a dash for nobody; WebVTT names it in
/// every voice span.
pub fn subtitles(utterances: &[Utterance], format: SubtitleFormat, limits: &SubtitleLimits) -> String {
    let mut cues: Vec<Cue<'_>> = utterances.iter().flat_map(|utterance| cues(utterance, limits)).collect();
    cues.sort_by(|a, b| a.time.start.total_cmp(&b.time.start));
    part(&mut cues, limits.max_duration_s);
    lengthen(&mut cues);
    cues.sort_by(|a, b| a.time.start.total_cmp(&b.time.start));
    let mut before = None;
    let payloads = cues.iter().map(|cue| {
        let text = cue.lines.join("\n");
        let is_new = cue.speaker != before;
        before = cue.speaker;
        let payload = match (format, cue.speaker) {
            (SubtitleFormat::Srt, Some(speaker)) if is_new => format!("{}: {text}", one_line(speaker)),
            // The mark of a new speaker, or the text would seem to be that of the name before.
            (SubtitleFormat::Srt, None) if is_new => format!("- {text}"),
            (SubtitleFormat::Srt, _) => text,
            (SubtitleFormat::Vtt, Some(speaker)) => voice(speaker) + &escaped(&text),
            (SubtitleFormat::Vtt, None) => escaped(&text),
        };
        (cue.time, payload)
    });
    subtitles::cues(payloads, format)
}

/// Shows subtitles one after the other that begin almost at once, unless their speakers overlap:
/// each is shown as long as it takes to read it, if the next one behind them leaves the time.
fn part(cues: &mut [Cue<'_>], max_duration_s: f64) {
    let times: Vec<Segment> = cues.iter().map(|cue| cue.time).collect();
    let is_apart = |cues: &[Cue<'_>], index: usize| {
        let (before, after) = (&cues[index - 1], &cues[index]);
        before.speaker != after.speaker && times[index - 1].end > times[index].start
    };
    let mut from = 0;
    while from < cues.len() {
        let is_piled =
            |index: usize| times[index].start < times[index - 1].start + MIN_SHOWN_S && !is_apart(cues, index);
        let to = (from + 1..cues.len()).find(|&index| !is_piled(index)).unwrap_or(cues.len());
        let next = times.get(to).map_or(f64::INFINITY, |time| time.start);
        let share_s = (next - times[from].start) / (to - from) as f64;
        // The pile before may have needed more time than there was.
        for index in from.max(1)..to {
            if index == from && is_apart(cues, index) {
                continue;
            }
            let is_short = index > from && times[index].duration() < MIN_CUE_S;
            let before = &cues[index - 1];
            let shown_s = if is_short {
                before.reading_s().min(max_duration_s).min(share_s).max(MIN_SHOWN_S)
            } else {
                MIN_SHOWN_S
            };
            let start = times[index].start.max(before.time.start + shown_s);
            cues[index].time = Segment::new(start, times[index].end.max(start));
            if is_short {
                let before = &mut cues[index - 1].time;
                before.end = before.end.max(start);
            }
        }
        if to > from + 1 && times[to - 1].duration() < MIN_CUE_S {
            let last = &mut cues[to - 1];
            let shown_s = last.reading_s().min(max_duration_s);
            last.time.end = last.time.end.max((last.time.start + shown_s).min(next)).max(last.time.start);
        }
        from = to;
    }
}

/// Lengthens subtitles that are too short to be read, up to the start of the next one. A speaker
/// has one subtitle at a time.
fn lengthen(cues: &mut [Cue<'_>]) {
    let mut next = f64::INFINITY;
    let mut next_of: HashMap<Option<&str>, f64> = HashMap::new();
    for index in (0..cues.len()).rev() {
        let start = cues[index].time.start;
        if let Some(after) = cues.get(index + 1).filter(|after| after.time.start > start) {
            next = after.time.start;
        }
        let own = next_of.insert(cues[index].speaker, start).filter(|&own| own > start).unwrap_or(f64::INFINITY);
        let time = &mut cues[index].time;
        time.end = time.end.max((start + MIN_CUE_S).min(next)).max(start + MIN_SHOWN_S).min(own);
    }
}

impl Cue<'_> {
    /// Seconds to read it, at least [`MIN_CUE_S`].
    fn reading_s(&self) -> f64 {
        let num_chars: usize = self.lines.iter().map(|line| line.chars().count()).sum();
        (num_chars as f64 * READ_CHAR_S).max(MIN_CUE_S)
    }
}

fn cues<'a>(utterance: &'a Utterance, limits: &SubtitleLimits) -> Vec<Cue<'a>> {
    let units = units(utterance, limits.max_line.max(1));
    let mut cues = Vec::new();
    let mut rest = &units[..];
    while !rest.is_empty() {
        let (units, others) = rest.split_at(length(rest, limits));
        let start = units[0].time.start;
        let end = units.iter().map(|unit| unit.time.end).fold(start, f64::max);
        let time = Segment::new(start, end.min(start + limits.max_duration_s));
        cues.push(Cue { time, speaker: utterance.speaker.as_deref(), lines: lines(units, limits) });
        rest = others;
    }
    cues
}

/// The words of an utterance, glued and cut so that no unit is longer than a line.
fn units(utterance: &Utterance, max_line: usize) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for word in &utterance.words {
        let text: String = word.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let is_part = |unit: &&mut Unit| word.is_glued && !begins_word(&unit.text, &text);
        match units.last_mut().filter(is_part) {
            Some(unit) => {
                unit.text.push_str(&text);
                unit.time.end = unit.time.end.max(word.time.end);
            }
            None => units.push(Unit { text, time: word.time, is_glued: word.is_glued }),
        }
    }
    units.into_iter().flat_map(|unit| cut(unit, max_line)).collect()
}

/// A unit in parts of at most `max_line` characters, each with its share of the time.
fn cut(unit: Unit, max_line: usize) -> Vec<Unit> {
    let chars: Vec<char> = unit.text.chars().collect();
    if chars.len() <= max_line {
        return vec![unit];
    }
    let Segment { start, end } = unit.time;
    let at = |index: usize| start + (end - start) * (index as f64 / chars.len() as f64);
    let mut parts = Vec::new();
    let mut from = 0;
    while from < chars.len() {
        let most = chars.len().min(from + max_line);
        let is_end = |&to: &usize| to == chars.len() || !goes_on(chars[to - 1], chars[to]);
        let to = (from + 1..=most).rev().find(is_end).unwrap_or(most);
        parts.push(Unit {
            text: chars[from..to].iter().collect(),
            time: Segment::new(at(from), at(to)),
            is_glued: unit.is_glued || from > 0,
        });
        from = to;
    }
    parts
}

/// The number of units in the next subtitle.
fn length(units: &[Unit], limits: &SubtitleLimits) -> usize {
    let start = units[0].time.start;
    let mut num_chars = 0;
    let mut fitting = 0;
    for (index, unit) in units.iter().enumerate() {
        num_chars += unit.width(index == 0);
        let end = unit.time.end.min(unit.time.start + MAX_WORD_S);
        // A first word that is too long alone is shown for a part of its time.
        let is_in_time = index == 0 || end - start <= limits.max_duration_s;
        if !is_in_time || num_lines(&units[..=index], limits.max_line) > limits.max_lines {
            break;
        }
        fitting = index + 1;
        // A sentence that fills a line ends the subtitle.
        if num_chars >= limits.max_line && ends_sentence(&unit.text) {
            return fitting;
        }
    }
    if fitting == units.len() {
        return fitting;
    }
    let fitting = fitting.max(1);
    // Two subtitles share the rest evenly, so that no single word is left over.
    let capacity = limits.max_line * limits.max_lines;
    let left: usize = units.iter().take(2 * capacity + 2).enumerate().map(|(i, unit)| unit.width(i == 0)).sum();
    let target = if left <= 2 * capacity { left / 2 } else { capacity };
    best_break(&units[..fitting], units.get(fitting), target, capacity / 3)
}

/// The best number of units before a break: at the strongest mark of sense that leaves at least
/// `min_chars`, and nearest to `target` characters. `next` is the unit behind.
fn best_break(units: &[Unit], next: Option<&Unit>, target: usize, min_chars: usize) -> usize {
    let mut num_chars = 0;
    let mut best = (units.len(), (0, i64::MIN));
    for (index, unit) in units.iter().enumerate() {
        num_chars += unit.width(index == 0);
        let Some(after) = units.get(index + 1).or(next) else { break };
        let strength = if num_chars < min_chars { 0 } else { 1 + strength(unit, after) };
        let rank = (strength, -(num_chars as i64 - target as i64).abs());
        if rank > best.1 && strength > 0 || index + 1 == units.len() && best.1.0 == 0 {
            best = (index + 1, rank);
        }
    }
    best.0
}

/// How well a subtitle or a line ends between two units.
fn strength(unit: &Unit, next: &Unit) -> u8 {
    let is_conjunction = || CONJUNCTIONS.contains(&next.text.to_lowercase().as_str());
    match () {
        () if ends_sentence(&unit.text) => 4,
        () if ends_clause(&unit.text) => 3,
        () if next.time.start - unit.time.end >= PAUSE_S => 2,
        () if is_conjunction() => 1,
        () => 0,
    }
}

/// The number of lines that units fill at least.
fn num_lines(units: &[Unit], max_line: usize) -> usize {
    let (mut num, mut width) = (0, usize::MAX);
    for unit in units {
        width = width.saturating_add(unit.width(false));
        if width > max_line {
            (num, width) = (num + 1, unit.width(true));
        }
    }
    num
}

/// The units in lines, each of which ends at sense if the rest then fits.
fn lines(units: &[Unit], limits: &SubtitleLimits) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = units;
    let mut left = limits.max_lines.max(1);
    while !rest.is_empty() {
        let fits = |count: &usize| {
            num_lines(&rest[..*count], limits.max_line) <= 1 && num_lines(&rest[*count..], limits.max_line) < left
        };
        let counts: Vec<usize> = (1..=rest.len()).filter(fits).collect();
        let count = match (counts.first(), counts.last()) {
            (Some(_), Some(&last)) if last == rest.len() => last,
            (Some(&first), Some(&last)) => {
                let width =
                    |count: usize| rest[..count].iter().enumerate().map(|(i, unit)| unit.width(i == 0)).sum::<usize>();
                let target = width(rest.len()) / num_lines(rest, limits.max_line).max(1);
                best_break(&rest[..last], rest.get(last), target, width(first).max(target / 2))
            }
            _ => rest.len(),
        };
        let (line, others) = rest.split_at(count.max(1));
        lines.push(text(line));
        (rest, left) = (others, left.saturating_sub(1));
    }
    lines
}

fn text(units: &[Unit]) -> String {
    units.iter().enumerate().fold(String::new(), |text, (index, unit)| {
        let blank = if index == 0 || unit.is_glued { "" } else { " " };
        text + blank + &unit.text
    })
}

impl Unit {
    /// Number of characters, with the blank before it unless it is the first of a line.
    fn width(&self, is_first: bool) -> usize {
        self.text.chars().count() + usize::from(!is_first && !self.is_glued)
    }
}
