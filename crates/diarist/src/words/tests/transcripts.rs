//! Tests of times and layouts of transcripts.

use super::*;

/// Text, start and end of each word, rounded to milliseconds.
fn words(transcript: &Transcript) -> Vec<(&str, f64, f64)> {
    let round = |time: f64| (time * 1e3).round() / 1e3;
    let word = |word: &'_ Word| word.time.map_or((-1.0, -1.0), |time| (round(time.start), round(time.end)));
    transcript.words.iter().map(|w| (w.text.as_str(), word(w).0, word(w).1)).collect()
}

/// The speaker of each word, with A from 0 to 5 s, B from 4 to 9 s, and A from 12 to 15 s.
fn speakers(transcript: &Transcript) -> String {
    let turns = vec![turn(0.0, 5.0, "A"), turn(4.0, 9.0, "B"), turn(12.0, 15.0, "A")];
    let spoken = assign(&transcript.words, &Speech::new(turns, Vec::new()));
    spoken.iter().map(|word| word.speaker.clone().unwrap_or_else(|| "-".to_owned())).collect()
}

#[test]
fn the_time_of_the_segment_counts_where_words_have_none() {
    let timed = |word: &str, start: f64, end: f64| value!({"word": word, "start": start, "end": end});
    let number = value!({"segments": [
        {"start": 0.5, "end": 3.0, "text": " Hello there", "words": [timed("Hello", 0.5, 0.9), timed("there", 1.0, 1.4)]},
        {"start": 6.0, "end": 7.0, "text": " 2266", "words": [{"word": "2266"}]},
        {"start": 12.5, "end": 13, "text": " okay", "words": [timed("okay", 12.5, 13.0)]}]});
    assert_eq!(speakers(&read(&number)), "AABA");
    let numbers = value!({"segments": [{"start": 6.0, "end": 7.0, "text": " 2266 13", "words": [{"word": "2266"}, {"word": "13"}]}]});
    assert_eq!(words(&read(&numbers)), [("2266", 6.0, 6.625), ("13", 6.625, 7.0)]);
    assert_eq!(speakers(&read(&numbers)), "BB");
    // The end of a segment, and the words around: A says "a", and "7" is said by B.
    let between = value!({"segments": [{"start": 0, "end": 9, "text": " a 7", "words": [timed("a", 0.5, 1.0), {"word": "7", "end": 8.5}]}]});
    assert_eq!(words(&read(&between)), [("a", 0.5, 1.0), ("7", 8.0, 8.5)]);
    // A number in a gap in which nobody speaks belongs to the speaker before it.
    let gap = value!({"segments": [{"start": 8, "end": 13, "text": " a 7 b", "words": [timed("a", 8.0, 9.0), {"word": "7"}, timed("b", 11.9, 13.0)]}]});
    assert_eq!(speakers(&read(&gap)), "BBA");
}

#[test]
fn words_with_a_start_only_last_until_the_next() {
    let words_of = |starts: &[f64]| {
        starts.iter().map(|start| value!({"word": "x", "start": start, "end": null})).collect::<Vec<_>>()
    };
    let transcript = read(
        &value!({"segments": [{"start": 0.5, "end": 9.0, "text": " x x x x", "words": words_of(&[0.5, 0.75, 7.0, 7.5])}]}),
    );
    assert_eq!(words(&transcript), [("x", 0.5, 0.75), ("x", 0.75, 1.25), ("x", 7.0, 7.5), ("x", 7.5, 8.0)]);
    assert_eq!((speakers(&transcript).as_str(), transcript.num_impossible_times), ("AABB", 0));
}

#[test]
fn of_impossible_times_the_rest_is_used() {
    let words_of = [(5.0, 4.0), (-1.0, 1.0), (2.0, 2.0), (1.0, 3.0)]
        .map(|(start, end)| value!({"word": " a", "start": start, "end": end}));
    let transcript = read(&value!({"segments": [{"start": 0, "end": 9, "text": "a a a a", "words": words_of}]}));
    assert_eq!(transcript.num_impossible_times, 2);
    assert_eq!(words(&transcript), [("a", 5.0, 5.5), ("a", 0.5, 1.0), ("a", 2.0, 2.0), ("a", 1.0, 3.0)]);
    // Python writes NaN and Infinity, some write numbers as text.
    let text = br#"{"segments": [{"start": 6, "end": 7, "text": " NaN \" NaN", "words": [{"word": "NaN", "start": NaN, "end": Infinity},
        {"word": "\" NaN", "start": "6.8", "end": -Infinity}]}]}"#;
    let transcript = Transcript::read(text).unwrap();
    assert_eq!(words(&transcript), [("NaN", 6.0, 6.8), ("\" NaN", 6.8, 7.0)]);
}

#[test]
fn long_segments_are_split_where_the_speaker_changes() {
    let text: String = (0..60).map(|index| format!(" w{index}")).collect();
    let long = read(&value!({"segments": [{"start": 0.0, "end": 29.0, "text": text}]}));
    let found = speakers(&long);
    let changes: Vec<char> = found.chars().fold(Vec::new(), |mut changes, c| {
        if changes.last() != Some(&c) {
            changes.push(c);
        }
        changes
    });
    assert_eq!((found.len(), changes), (60, vec!['A', 'B', 'A', '-']));
    // A short one belongs to one speaker, and a sentence stays whole.
    let short = read(&value!({"segments": [{"start": 2.5, "end": 5.4, "text": " so this is a short one"}]}));
    assert_eq!(speakers(&short), "AAAAAA");
    let two = read(&value!({"segments": [{"start": 2.0, "end": 8.0, "text": " This is Ann here. And this is Bo."}]}));
    assert_eq!(speakers(&two), "AAAABBBB");
}

#[test]
fn layouts_of_other_recognisers() {
    let expected = [("Hi", 0.5, 0.75), ("Bo.", 1.0, 1.5), ("Yes", 6.0, 6.5)];
    let json = |layout: Layout, value: Value| (layout, value.to_string());
    let cases = [
        json(Layout::Whisper, value!({"text": " Hi Bo. Yes", "segments": [
            {"start": 0.5, "end": 1.5, "text": " Hi Bo.", "words": [{"text": "Hi", "start": 0.5, "end": 0.75, "confidence": 0.9},
                {"text": "Bo.", "start": 1.0, "end": 1.5}]},
            {"start": 6.0, "end": 6.5, "text": " Yes", "words": [{"text": "Yes", "start": 6.0, "end": 6.5}]}]})),
        json(Layout::HuggingFace, value!({"text": " Hi Bo. Yes", "chunks": [{"text": " Hi", "timestamp": [0.5, 0.75]},
            {"text": " Bo.", "timestamp": [1.0, 1.5]}, {"text": "Yes", "timestamp": [6.0, 6.5]}]})),
        json(Layout::Deepgram, value!({"metadata": {}, "results": {"channels": [
            {"alternatives": [{"transcript": "yes", "words": [{"word": "yes", "punctuated_word": "Yes", "start": 6.0, "end": 6.5}]}]},
            {"alternatives": [{"transcript": "hi bo", "words": [{"word": "hi", "punctuated_word": "Hi", "start": 0.5, "end": 0.75},
                {"word": "bo", "punctuated_word": "Bo.", "start": 1.0, "end": 1.5}]}, {"words": []}]}]}})),
        json(Layout::AssemblyAi, value!({"id": "x", "status": "completed", "audio_url": "y", "text": "Hi Bo. Yes", "words": [
            {"text": "Hi", "start": 500, "end": 750, "speaker": "A"}, {"text": "Bo.", "start": 1000, "end": 1500},
            {"text": "Yes", "start": 6000, "end": 6500}]})),
        (Layout::Vosk, "{\"partial\": \"hi\"}\n{\"result\": [{\"conf\": 1, \"word\": \"Hi\", \"start\": 0.5, \"end\": 0.75}, \
            {\"word\": \"Bo.\", \"start\": 1, \"end\": 1.5}], \"text\": \"hi bo\"}\n{\"text\": \"\"}\n\
            {\"result\": [{\"word\": \"Yes\", \"start\": 6, \"end\": 6.5}]}".to_owned()),
        json(Layout::Vosk, value!({"schemaVersion": "2.0", "monologues": [
            {"terms": [{"text": "Hi", "start": 0.5, "end": 0.75, "type": "WORD"}, {"text": "Bo.", "start": 1.0, "end": 1.5}]},
            {"terms": [{"text": "Yes", "start": 6.0, "end": 6.5}]}], "text": ["hi bo", "yes"]})),
        json(Layout::SherpaOnnx, value!({"lang": "", "text": " Hi Bo. Yes", "tokens": [" H", "i", " Bo", ".", " Yes"],
            "timestamps": [0.5, 0.6, 1.0, 1.25, 6.0], "durations": [0.1, 0.15, 0.25, 0.25, 0.5], "words": []})),
        (Layout::Srt, "1\n00:00:00,500 --> 00:00:00,750\n<i>Hi</i>\n\n2\n00:00:01,000 --> 00:00:01,500\nBo.\n\n3\n\
            00:00:06,000 --> 00:00:06,500\nYes\n".to_owned()),
        (Layout::Vtt, "\u{feff}WEBVTT\n\n00:00.500 --> 00:00.750\n<v Ann>Hi\n\n00:01.000 --> 00:01.500\nBo.\n\n00:06.000 --> 00:06.500\nYes\n".to_owned()),
    ];
    for (layout, text) in cases {
        let transcript = Transcript::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!((transcript.layout, words(&transcript)), (layout, expected.to_vec()), "{text}");
        let joined: Vec<String> =
            utterances(assign(&transcript.words, &Speech::default())).iter().map(Utterance::text).collect();
        assert_eq!(joined, ["Hi Bo.", "Yes"], "{text}");
    }
}

#[test]
fn starts_of_tokens_are_enough() {
    let transcript = read(
        &value!({"text": "x", "tokens": ["▁ear", "ly", "▁night", "你", "好"], "timestamps": [0.0, 0.3, 0.4, 2.0, 2.25]}),
    );
    assert_eq!(words(&transcript), [("early", 0.0, 0.4), ("night", 0.4, 0.9), ("你", 2.0, 2.25), ("好", 2.25, 2.75)]);
}

#[test]
fn chunks_may_be_sentences_and_the_last_may_have_no_end() {
    let transcript = read(
        &value!({"text": "", "chunks": [{"text": " One two.", "timestamp": [0.0, 2.0]}, {"text": " Three", "timestamp": [6.0, null]}]}),
    );
    assert_eq!(words(&transcript), [("One", 0.0, 0.889), ("two.", 0.889, 2.0), ("Three", 6.0, 6.42)]);
    assert_eq!(speakers(&transcript), "AAB");
}

#[cfg(feature = "annotation-formats")]
#[test]
fn timed_text_is_read() {
    let paragraphs = [
        ("00:00:01.500", "end=\"00:00:02.000\"", "a &amp;<br/>b", 1.5, 2.0),
        ("3s", "dur=\"500ms\"", "<tt:metadata><x>no</x></tt:metadata><span>c</span>", 3.0, 3.5),
        ("00:00:04:10", "end=\"130f\"", "<![CDATA[d]]>", 4.4, 5.2),
        ("60t", "end=\"0.002h\"", "e", 6.0, 7.2),
    ];
    let body: String =
        paragraphs.map(|(begin, end, said, ..)| format!("<tt:p begin=\"{begin}\" {end}>{said}</tt:p>\n")).concat();
    let document = format!(
        "<?xml version=\"1.0\"?>\n<tt:tt xmlns:tt=\"http://www.w3.org/ns/ttml\" xmlns:ttp=\"http://www.w3.org/ns/ttml#parameter\" \
         ttp:frameRate=\"25\" ttp:tickRate=\"10\"><tt:head><tt:metadata><tt:desc>x</tt:desc></tt:metadata></tt:head><tt:body><tt:div>{body}</tt:div></tt:body></tt:tt>"
    );
    let transcript = Transcript::read(document.as_bytes()).unwrap();
    assert_eq!(transcript.layout, Layout::Ttml);
    let texts: Vec<&str> = transcript.words.iter().map(|word| word.text.as_str()).collect();
    assert_eq!(texts, ["a", "&", "b", "c", "d", "e"]);
    let found = words(&transcript);
    for (index, (.., start, end)) in paragraphs.into_iter().enumerate().skip(1) {
        assert_eq!((found[index + 2].1, found[index + 2].2), (start, end));
    }
    // A time counts from the start of the element around it.
    let nested = document.replace("<tt:div>", "<tt:div begin=\"10s\">");
    let transcript = Transcript::read(nested.as_bytes()).unwrap();
    assert_eq!(words(&transcript)[3], ("c", 13.0, 13.5));
}

#[test]
fn subtitles_with_a_bad_cue_are_read_without_it() {
    let text = "1\n00:00:01,000 --> 00:00:02,000\nhello\n\nthere\n\n2\n00:00:03,000 --> 00:00:02,000\nlost\n";
    let transcript = Transcript::read(text.as_bytes()).unwrap();
    assert_eq!((words(&transcript).len(), transcript.num_left_out), (2, 1));
    let units: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(Transcript::read(&units).unwrap(), transcript);
}

#[test]
fn rolling_captions_stand_once() {
    let expected =
        [("so", 1.0), ("welcome", 1.5), ("back", 2.0), ("to", 3.0), ("the", 3.5), ("show", 4.0), ("now", 5.0)];
    let vtt = "WEBVTT\nKind: captions\n\n00:01.000 --> 00:02.990 align:start\n \nso<00:00:01.500><c> welcome</c><00:00:02.000><c> back</c>\n\n\
        00:02.990 --> 00:03.000\nso welcome back\n \n\n00:03.000 --> 00:04.990\nso welcome back\nto<00:00:03.500><c> the</c><00:00:04.000><c> show</c>\n\n\
        00:04.990 --> 00:05.000\nto the show\n \n\n00:05.000 --> 00:06.000\nto the show\nnow\n";
    let transcript = Transcript::read(vtt.as_bytes()).unwrap();
    let found: Vec<(&str, f64)> = words(&transcript).into_iter().map(|(text, start, _)| (text, start)).collect();
    assert_eq!(found, expected);
    assert!(transcript.words.iter().all(|word| !word.is_estimated && !word.is_glued));
    let srt = "1\n00:00:01,000 --> 00:00:02,990\n \nso welcome\n\n2\n00:00:02,990 --> 00:00:03,000\nso welcome\n \n\n\
        3\n00:00:03,000 --> 00:00:05,000\nso welcome\nback\n";
    let transcript = Transcript::read(srt.as_bytes()).unwrap();
    let texts: Vec<&str> = words(&transcript).into_iter().map(|word| word.0).collect();
    assert_eq!(texts, ["so", "welcome", "back"]);
    // Somebody may say the same twice.
    let twice = "1\n00:00:01,000 --> 00:00:02,000\nNo.\n\n2\n00:00:02,000 --> 00:00:03,000\nNo.\n";
    assert_eq!(words(&Transcript::read(twice.as_bytes()).unwrap()).len(), 2);
}

#[test]
fn words_that_go_back_in_time_are_other_utterances() {
    let timed = |word: &str, start: f64| value!({"word": word, "start": start, "end": start + 0.5});
    let transcript = read(&value!({"segments": [
        {"start": 12, "end": 13, "text": " late", "words": [timed(" late", 12.5)]},
        {"start": 0, "end": 1, "text": " early", "words": [timed(" early", 0.5), timed(" bird", 0.45)]}]}));
    let found = utterances(assign(&transcript.words, &Speech::default()));
    let texts: Vec<String> = found.iter().map(Utterance::text).collect();
    assert_eq!(texts, ["early bird", "late"]);
}

#[test]
fn text_that_is_not_unicode_is_refused() {
    for text in [
        "1\n00:00:01,000 --> 00:00:02,000\ncaf@\n",
        "WEBVTT\n\n00:01.000 --> 00:02.000\ncaf@\n",
        r#"{"segments": [{"start": 0, "end": 1, "text": "caf@"}]}"#,
        r#"{"transcription": [{"offsets": {"from": 0, "to": 1}, "text": "caf@"}]}"#,
    ] {
        let bytes: Vec<u8> = text.bytes().map(|byte| if byte == b'@' { 0xE9 } else { byte }).collect();
        let message = Transcript::read(&bytes).unwrap_err().to_string();
        assert!(message.contains("not UTF-8") && message.contains("save"), "{message}");
    }
}

#[test]
fn a_segment_that_is_too_long_for_its_text_ends_early() {
    let long = read(&value!({"segments": [{"start": 3, "end": 33, "text": " Thank you."}]}));
    assert_eq!(words(&long), [("Thank", 3.0, 4.636), ("you.", 4.636, 6.0)]);
}

#[test]
fn impossible_segments_are_counted_and_clocks_are_read() {
    let back = read(&value!({"segments": [{"start": 3, "end": 2, "text": " a b"}]}));
    assert_eq!(back.num_impossible_times, 2);
    let clock = read(&value!({"segments": [{"start": "00:00:00.500", "end": "00:00:01.500", "text": " a"}]}));
    assert_eq!(words(&clock), [("a", 0.5, 1.5)]);
}

#[test]
fn words_of_diarist_are_a_transcript() {
    let text = r#"{"segments": [{"start": 0, "end": 1, "text": "你好 OK吗", "words": [{"word": "你", "start": 0, "end": 0.2},
        {"word": "好", "start": 0.2, "end": 0.4}, {"word": "OK", "start": 0.5, "end": 0.7}, {"word": "吗", "start": 0.7, "end": 1}]}]}"#;
    let spoken = utterances(assign(&Transcript::read(text.as_bytes()).unwrap().words, &Speech::default()));
    let document = json(&spoken);
    let transcript = Transcript::read(document.to_line().as_bytes()).unwrap();
    assert_eq!((transcript.layout, transcript.num_impossible_times), (Layout::Diarist, 0));
    assert_eq!(json(&utterances(assign(&transcript.words, &Speech::default()))), document);
}
