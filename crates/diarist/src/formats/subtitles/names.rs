//! Names of speakers in the text of subtitles.

use super::{plain, unescaped};

/// Longest label before a colon in characters. A longer beginning counts as text.
const MAX_LABEL_CHARS: usize = 60;

/// Marks of a new speaker, or of music, in captions before the name.
const MARKS: [char; 15] = ['>', '*', '≫', '＞', '»', '-', '‐', '‑', '–', '—', '―', '−', '•', '♪', '♫'];

/// Sounds that captions have in brackets, in lower case. They are no names.
const SOUNDS: [&str; 34] = [
    "music",
    "song",
    "singing",
    "laughter",
    "laughs",
    "laughing",
    "applause",
    "cheering",
    "cheers",
    "silence",
    "noise",
    "background noise",
    "inaudible",
    "unintelligible",
    "crosstalk",
    "cough",
    "coughs",
    "coughing",
    "sigh",
    "sighs",
    "foreign",
    "blank_audio",
    "pause",
    "musik",
    "gelächter",
    "lachen",
    "beifall",
    "applaus",
    "musique",
    "rires",
    "applaudissements",
    "música",
    "risas",
    "aplausos",
];

/// The speakers of a cue of SubRip.
pub(super) fn of_srt(payload: &str) -> Vec<String> {
    // A name may hold what looks like a tag, but does not begin with it.
    if unmarked(payload).starts_with(['<', '{']) { labels(&plain(payload)) } else { labels(payload) }
}

/// The speakers of a WebVTT cue.
pub(super) fn of_vtt(payload: &str) -> Vec<String> {
    let mut speakers: Vec<String> = Vec::new();
    for tag in payload.split('<').skip(1) {
        let Some((tag, _)) = tag.split_once('>') else { continue };
        // The classes of a voice stand between the name of the tag and the first blank.
        let Some((name, speaker)) = tag.split_once(char::is_whitespace) else { continue };
        let speaker = unescaped(speaker.trim());
        if (name == "v" || name.starts_with("v.")) && !speaker.is_empty() && !speakers.contains(&speaker) {
            speakers.push(speaker);
        }
    }
    if speakers.is_empty() { labels(&unescaped(&plain(payload))) } else { speakers }
}

/// The speakers before the text of a cue: that of its first line, and those of further lines that
/// begin with the mark of a new speaker.
fn labels(payload: &str) -> Vec<String> {
    let mut speakers: Vec<String> = Vec::new();
    for (index, line) in payload.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let text = unmarked(line);
        if index == 0 || text.len() < line.len() {
            speakers.extend(label(text).filter(|name| !speakers.contains(name)));
        }
    }
    speakers
}

/// `text` without the marks of a new speaker, and without sounds in brackets.
fn unmarked(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| MARKS.contains(&c) || c.is_whitespace());
    // Captions that were web pages have references in place of marks, also in SubRip.
    if let Some(rest) = text.strip_prefix("&gt;") {
        return unmarked(rest);
    }
    let inside = match text.chars().next() {
        Some('[') => text[1..].split_once(']'),
        Some('(') => text[1..].split_once(')'),
        _ => None,
    };
    match inside {
        Some((name, rest)) if is_sound(name) => unmarked(rest),
        _ => text,
    }
}

/// Whether what stands in brackets is a sound, and no name.
pub(super) fn is_sound(name: &str) -> bool {
    let name = name.trim_matches(|c: char| MARKS.contains(&c) || c.is_whitespace()).to_lowercase();
    SOUNDS.contains(&name.as_str())
}

/// The speaker at the start of a line: `[Name]` or `Name:`.
fn label(line: &str) -> Option<String> {
    let name = match line.strip_prefix('[') {
        Some(rest) => Some(rest.split_once(']')?.0),
        // A full-width colon needs no blank behind it; `10:30` is no name.
        None => {
            let ends = [line.find('：'), line.find(": "), line.strip_suffix(':').map(str::len)];
            ends.into_iter().flatten().min().map(|end| &line[..end])
        }
    };
    let is_label = |name: &&str| !name.is_empty() && (line.starts_with('[') || name.chars().count() <= MAX_LABEL_CHARS);
    name.map(str::trim).filter(is_label).map(str::to_owned)
}
