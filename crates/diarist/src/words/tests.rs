//! Tests of layouts, rules and output.
//!
//! `tools/reference/words.py` writes the transcripts of every layout, and reads the subtitles back
//! with the parsers of other programs.

mod subtitles;
mod transcripts;

use std::path::PathBuf;

use serde_json::{Value, json as value};

use super::*;
use crate::ErrorKind;
use crate::timeline::{Segment, Turn};

fn fixture(name: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../fixtures/golden/words", name].iter().collect();
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(value: &Value) -> Transcript {
    Transcript::read(value.to_string().as_bytes()).unwrap()
}

fn turn(start: f64, end: f64, speaker: &str) -> Turn {
    Turn::new(start, end, speaker)
}

fn word(text: &str, start: f64, end: f64) -> Word {
    let time = Some(Segment::new(start, end));
    Word { text: text.to_owned(), time, is_estimated: false, is_glued: false, segment: 0 }
}

fn speakers(words: &[Word], turns: &[Turn], exclusive: &[Turn]) -> Vec<Option<String>> {
    let spoken = assign(words, &Speech::new(turns.to_vec(), exclusive.to_vec()));
    spoken.into_iter().map(|word| word.speaker).collect()
}

#[test]
fn every_layout_gives_the_same_words() {
    let expected: Value = serde_json::from_slice(&fixture("expected.json")).unwrap();
    for (file, layout) in [
        ("whisper.json", Layout::Whisper),
        ("faster_whisper.json", Layout::Whisper),
        ("whisper_api.json", Layout::Whisper),
        ("whisperx.json", Layout::Whisper),
        ("whisper_cpp.json", Layout::WhisperCpp),
        ("nemo.json", Layout::Nemo),
        ("fluidaudio_words.json", Layout::FluidAudio),
        ("fluidaudio_tokens.json", Layout::FluidAudio),
        ("parakeet_mlx.json", Layout::ParakeetMlx),
    ] {
        let transcript = Transcript::read(&fixture(file)).unwrap();
        assert_eq!((transcript.layout, transcript.num_impossible_times), (layout, 0), "{file}");
        let words: Vec<Value> = transcript
            .words
            .iter()
            .map(|word| match word.time {
                Some(time) if !word.is_estimated => value!([word.text, time.start, time.end]),
                _ => value!([word.text]),
            })
            .collect();
        // WhisperX cannot align digits, so that word has no time of its own.
        let expected: Vec<Value> = expected["words"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| if file == "whisperx.json" && word[0] == "42" { value!(["42"]) } else { word.clone() })
            .collect();
        assert_eq!(words, expected, "{file}");
        assert!(transcript.words.iter().all(|word| !word.is_glued), "{file}");
        let turns = expected_turns();
        let spoken = assign(&transcript.words, &Speech::new(turns, Vec::new()));
        let text = text(&utterances(spoken));
        assert_eq!(text, String::from_utf8(fixture("expected.txt")).unwrap(), "{file}");
    }
}

/// The turns of `fixtures/golden/words/turns.rttm`.
fn expected_turns() -> Vec<Turn> {
    crate::formats::rttm::read(&fixture("turns.rttm")).unwrap().swap_remove(0).turns
}

#[test]
fn scripts_without_blanks_get_none() {
    let cpp = |tokens: &[(&str, u32, u32)]| {
        let tokens: Vec<Value> =
            tokens.iter().map(|(text, from, to)| value!({"text": text, "offsets": {"from": from, "to": to}})).collect();
        let text: String = tokens.iter().map(|token| token["text"].as_str().unwrap()).collect();
        value!({"transcription": [{"offsets": {"from": 0, "to": 900}, "text": text, "tokens": tokens}]})
    };
    let transcript =
        read(&cpp(&[("[_BEG_]", 0, 0), ("你", 0, 200), ("好", 200, 400), ("。", 400, 500), (" OK", 500, 600)]));
    let texts: Vec<&str> = transcript.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(texts, ["你", "好。", "OK"]);
    let joined = |transcript: &Transcript| utterances(assign(&transcript.words, &Speech::default()))[0].text();
    assert_eq!(joined(&transcript), "你好。 OK");

    // WhisperX gives characters without the blanks between them; the text of the segment has the
    // blanks.
    let words = ["你", "好", "OK", "吗"].map(|word| value!({"word": word, "start": 0.1, "end": 0.2}));
    let transcript = read(&value!({"segments": [{"start": 0.0, "end": 1.0, "text": "你好 OK吗", "words": words}]}));
    assert_eq!(joined(&transcript), "你好 OK吗");

    // A character that is cut between tokens is readable only in the text of the segment.
    let mut bytes = br#"{"transcription": [{"offsets": {"from": 0, "to": 900}, "text": " caf"#.to_vec();
    bytes.extend("é".as_bytes());
    bytes.extend(br#"", "tokens": [{"text": " caf", "offsets": {"from": 0, "to": 500}}, {"text": ""#);
    bytes.push(0xC3);
    bytes.extend(br#"", "offsets": {"from": 500, "to": 700}}]}]}"#);
    let transcript = Transcript::read(&bytes).unwrap();
    assert_eq!(transcript.words, [word("café", 0.0, 0.9)]);
}

#[test]
fn input_that_is_not_a_transcript_is_refused() {
    let cases: [(&[u8], &str); 19] = [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"{", "not JSON"),
        (b"SPEAKER x 1 0.0 1.0", "not JSON"),
        (br#"{"result": []} {"text": "a", "segments": []}"#, "here are 2 JSON documents"),
        (br#"{"tokens": ["a"], "timestamps": []}"#, "read as sherpa-onnx: 1 tokens have 0 time stamps"),
        (b"<html><body><p>hi</p></body></html>", "no TTML"),
        (b"1\n00:00:02,000 --> 00:00:01,000\nhi\n", "line 2: a segment from 2 s to 1 s"),
        (br#"{"segments": [{"start": 1e999, "end": 1, "text": "a"}]}"#, "not JSON"),
        (b"{}", "layout of the transcript is not known"),
        (b"[]", "layout of the transcript is not known"),
        (b"[1, 2]", "layout of the transcript is not known"),
        (b"17", "layout of the transcript is not known"),
        (br#"{"text": "only text"}"#, "known layouts are Whisper"),
        (br#"{"segments": []}"#, "no words"),
        (br#"{"segments": [{"start": 0, "end": 1}]}"#, "read as Whisper: a field is missing"),
        (br#"{"transcription": [{"text": "a"}]}"#, "read as whisper.cpp: a field is missing"),
        (br#"{"timestamp": {"char": []}}"#, "timestamps=True"),
        (br#"{"timestamp": {"word": [{"word": "a", "start_offset": 1, "end_offset": 2}]}}"#, "count frames"),
    ];
    for (bytes, expected) in cases {
        let error = Transcript::read(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.to_string().contains(expected), "{error} where {expected} is expected");
    }
    // Deeply nested and truncated input gives an error, not a panic.
    let deep = "[".repeat(100_000);
    Transcript::read(deep.as_bytes()).unwrap_err();
    let whole = fixture("whisper_cpp.json");
    for end in 0..whole.len() - 2 {
        Transcript::read(&whole[..end]).unwrap_err();
    }
}

#[test]
fn the_largest_overlap_decides() {
    let turns = [turn(0.0, 2.0, "ann"), turn(2.0, 4.0, "bob"), turn(3.5, 5.0, "cal")];
    let words = [word("a", 1.0, 1.5), word("b", 1.8, 2.3), word("c", 1.7, 2.2), word("d", 3.2, 3.9)];
    let expected = ["ann", "bob", "ann", "bob"].map(|speaker| Some(speaker.to_owned()));
    assert_eq!(speakers(&words, &turns, &[]), expected);
    // The parts of one speaker's turns add up.
    let pieces = [turn(0.0, 0.4, "ann"), turn(0.4, 1.0, "bob"), turn(1.0, 1.4, "ann")];
    assert_eq!(speakers(&[word("a", 0.0, 1.4)], &pieces, &[]), [Some("ann".to_owned())]);
}

#[test]
fn in_overlapped_speech_the_exclusive_timeline_decides_then_the_longer_turn() {
    let turns = [turn(0.0, 10.0, "long"), turn(4.0, 5.0, "back")];
    let during = [word("mm", 4.2, 4.6)];
    assert_eq!(speakers(&during, &turns, &[]), [Some("long".to_owned())]);
    let exclusive = [turn(0.0, 4.0, "long"), turn(4.0, 5.0, "back"), turn(5.0, 10.0, "long")];
    assert_eq!(speakers(&during, &turns, &exclusive), [Some("back".to_owned())]);
    // With turns of equal length, the speaker of the word before wins; without one, the first label
    // wins.
    let equal = [turn(0.0, 2.0, "zoe"), turn(1.0, 3.0, "ann")];
    let words = [word("a", 0.2, 0.6), word("b", 1.2, 1.6)];
    assert_eq!(speakers(&words, &equal, &[])[1].as_deref(), Some("zoe"));
    assert_eq!(speakers(&words[1..], &equal, &[])[0].as_deref(), Some("ann"));
}

#[test]
fn words_in_gaps_go_to_the_nearest_turn_within_a_second() {
    let turns = [turn(1.0, 2.0, "ann"), turn(1.2, 1.4, "cal"), turn(4.0, 5.0, "bob")];
    let cases = [
        (0.0, 0.1, Some("ann")),
        (2.4, 2.6, Some("ann")),
        (3.2, 3.9, Some("bob")),
        (2.9, 3.1, Some("ann")),
        (5.9, 6.0, Some("bob")),
        (6.1, 6.3, None),
        (1e6, 1e6 + 1.0, None),
        // A moment on the border of a turn lies in the turn.
        (4.0, 4.0, Some("bob")),
        (1.5, 1.5, Some("ann")),
    ];
    for (start, end, expected) in cases {
        let found = speakers(&[word("a", start, end)], &turns, &[]);
        assert_eq!(found[0].as_deref(), expected, "{start} to {end} s");
    }
    assert_eq!(speakers(&[word("a", 0.0, 1.0)], &[], &[]), [None]);
}

#[test]
fn words_without_times_take_those_of_their_neighbours() {
    let untimed = |segment| Word { time: None, segment, ..word("x", 0.0, 0.0) };
    let in_segment = |segment, start, end| Word { segment, ..word("a", start, end) };
    let turns = [turn(0.0, 2.0, "ann"), turn(2.0, 4.0, "bob")];
    let words = [untimed(0), in_segment(0, 0.0, 1.0), untimed(0), untimed(1), in_segment(1, 2.5, 3.0), untimed(2)];
    let found = assign(&words, &Speech::new(turns.to_vec(), Vec::new()));
    let names: Vec<&str> = found.iter().map(|word| word.speaker.as_deref().unwrap()).collect();
    assert_eq!(names, ["ann", "ann", "ann", "bob", "bob", "bob"]);
    let starts: Vec<f64> = found.iter().map(|word| word.time.start).collect();
    assert_eq!(starts, [0.0, 0.0, 1.0, 2.5, 2.5, 3.0]);
    // If no word has a time, no word gets a speaker.
    assert_eq!(speakers(&[untimed(0)], &turns, &[]), [None]);
}

#[test]
fn speakers_agree_with_a_count_of_every_millisecond() {
    // Repeats the rule from its definition on a grid of milliseconds, for random turns and words.
    let mut state = 7_u64;
    let mut below = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    for round in 0..300 {
        let turns: Vec<(u64, u64, usize)> = (0..1 + below(6))
            .map(|_| {
                let start = below(8000);
                (start, start + 10 + below(3000), below(3) as usize)
            })
            .collect();
        let names = ["a", "b", "c"];
        let list: Vec<Turn> =
            turns.iter().map(|&(start, end, who)| turn(start as f64 / 1e3, end as f64 / 1e3, names[who])).collect();
        let (start, length) = (below(9000), 20 + below(700));
        let counts: Vec<u64> = (0..3)
            .map(|speaker| {
                let overlap = |&(s, e, who): &(u64, u64, usize)| {
                    u64::from(who == speaker) * (start..start + length).filter(|t| (s..e).contains(t)).count() as u64
                };
                turns.iter().map(overlap).sum()
            })
            .collect();
        let found = speakers(&[word("x", start as f64 / 1e3, (start + length) as f64 / 1e3)], &list, &[]);
        let best = *counts.iter().max().unwrap();
        if best > 0 {
            let index = names.iter().position(|name| Some(*name) == found[0].as_deref()).unwrap();
            assert!(counts[index] + 2 >= best, "round {round}: {counts:?}, {found:?}");
        } else {
            let near = turns.iter().any(|&(s, e, _)| s <= start + length + 1000 && e + 1000 >= start);
            assert_eq!(found[0].is_some(), near, "round {round}");
        }
    }
}

#[test]
fn a_long_transcript_without_times_is_assigned() {
    let words: Vec<Word> = (0..300_000).map(|segment| Word { time: None, segment, ..word("x", 0.0, 0.0) }).collect();
    assert!(assign(&words, &Speech::default()).iter().all(|word| word.speaker.is_none()));
    let far: Vec<Value> = (0..3000).map(|_| value!({"word": "y", "start": 0.0, "end": 1.0})).collect();
    let text = "x".repeat(1_000_000);
    let transcript = read(&value!({"segments": [{"start": 0.0, "end": 1.0, "text": text, "words": far}]}));
    assert!(transcript.words.iter().all(|word| !word.is_glued));
}

#[test]
fn utterances_end_with_the_speaker_and_after_a_pause() {
    let spoken = |text: &str, start: f64, end: f64, speaker: Option<&str>| SpokenWord {
        text: text.to_owned(),
        time: Segment::new(start, end),
        speaker: speaker.map(str::to_owned),
        is_glued: false,
    };
    let words = vec![
        spoken("one", 0.0, 0.5, Some("ann")),
        spoken("two", 0.5, 1.0, Some("ann")),
        spoken("three", 1.0, 1.5, Some("bob")),
        spoken("four", 3.0, 3.5, Some("bob")),
        spoken("five", 5.1, 5.5, Some("bob")),
        spoken("six", 5.5, 6.0, None),
    ];
    let found = utterances(words.clone());
    let texts: Vec<String> = found.iter().map(Utterance::text).collect();
    assert_eq!(texts, ["one two", "three four", "five", "six"]);
    assert_eq!(found.iter().flat_map(|utterance| utterance.words.clone()).collect::<Vec<_>>(), words);
    let document = json(&found);
    assert_eq!(document.utterances[0].speaker.as_deref(), Some("ann"));
    assert_eq!((document.utterances[1].start_s, document.utterances[1].end_s), (1.0, 3.5));
    let line = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<WordsDocument>(&line).unwrap(), document);
}

#[test]
fn a_long_transcript_with_a_long_turn_is_assigned_in_time() {
    // Each word would look at all turns before it, because the first one never ends.
    let count = 60_000;
    let start = |index: usize| index as f64 * 0.5;
    let mut turns: Vec<Turn> = (0..count).map(|index| turn(start(index), start(index) + 0.4, "bob")).collect();
    turns.push(turn(0.0, start(count), "ann"));
    let words: Vec<Word> = (0..count).map(|index| word("x", start(index) + 0.1, start(index) + 0.2)).collect();
    let clock = std::time::Instant::now();
    let spoken = assign(&words, &Speech::new(turns, Vec::new()));
    assert!(spoken.iter().all(|word| word.speaker.as_deref() == Some("ann")));
    assert!(clock.elapsed().as_secs() < 10, "{:?}", clock.elapsed());
}

#[test]
fn gaps_are_filled_only_when_asked() {
    let words = [word("a", 0.0, 1.0), word("b", 5.0, 6.0), word("c", 99.0, 99.5)];
    let turns = vec![turn(0.0, 1.0, "ann"), turn(8.5, 9.0, "bob")];
    let names = |speech: &Speech| assign(&words, speech).into_iter().map(|word| word.speaker).collect::<Vec<_>>();
    let speech = Speech::new(turns, Vec::new());
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(names(&speech), [some("ann"), None, None]);
    assert_eq!(names(&speech.filled()), [some("ann"), some("bob"), some("bob")]);
    assert_eq!(names(&Speech::default().filled()), [None, None, None]);
}
