//! Tests of subtitles, and of pages of words.

use super::*;

/// A word of `length_s` seconds at `start`.
fn spoken(text: &str, start: f64, length_s: f64, speaker: Option<&str>) -> SpokenWord {
    let time = Segment::new(start, start + length_s);
    SpokenWord { text: text.to_owned(), time, speaker: speaker.map(str::to_owned), is_glued: false }
}

/// Start and end in milliseconds and the lines of each cue of SubRip.
fn blocks(srt: &str) -> Vec<(u64, u64, Vec<&str>)> {
    let milliseconds = |clock: &str| {
        let parts: Vec<u64> = clock.split([':', ',']).map(|part| part.parse().unwrap()).collect();
        ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]
    };
    let block = |block: &'_ str| -> (u64, u64) {
        let (start, end) = block.lines().nth(1).unwrap().split_once(" --> ").unwrap();
        (milliseconds(start), milliseconds(end))
    };
    let blocks = srt.trim_end().split("\n\n").filter(|text| !text.is_empty());
    blocks.map(|text| (block(text).0, block(text).1, text.lines().skip(2).collect())).collect()
}

fn srt(transcript: &Transcript, turns: &[Turn], limits: &SubtitleLimits) -> String {
    let spoken = assign(&transcript.words, &Speech::new(turns.to_vec(), Vec::new()));
    subtitles(&utterances(spoken), SubtitleFormat::Srt, limits)
}

#[test]
fn subtitles_equal_the_ones_that_other_parsers_read() {
    let transcript = Transcript::read(&fixture("whisper.json")).unwrap();
    let utterances = utterances(assign(&transcript.words, &Speech::new(expected_turns(), Vec::new())));
    for (file, format) in [("expected.srt", SubtitleFormat::Srt), ("expected.vtt", SubtitleFormat::Vtt)] {
        assert_eq!(
            subtitles(&utterances, format, &SubtitleLimits::default()),
            String::from_utf8(fixture(file)).unwrap(),
            "{file}"
        );
    }
}

#[test]
fn subtitles_of_scripts_without_blanks_are_cut() {
    let spoken = |i: u32, text: &str| SpokenWord {
        text: text.to_owned(),
        time: Segment::new(f64::from(i) * 0.2, f64::from(i) * 0.2 + 0.2),
        speaker: None,
        is_glued: true,
    };
    let han = utterances((0..200).map(|i| spoken(i, "字")).collect());
    assert_eq!(subtitles(&han, SubtitleFormat::Srt, &SubtitleLimits::default()).matches("-->").count(), 6);
    // Latin letters that are glued to each other form one word, which is cut where a line is full.
    let latin = utterances((0..200).map(|i| spoken(i, "a")).collect());
    assert_eq!(subtitles(&latin, SubtitleFormat::Srt, &SubtitleLimits::default()).matches("-->").count(), 5);
}

#[test]
fn limits_hold_for_segments_without_words_and_for_ends_that_were_made_up() {
    let text: String = (0..60).map(|i| format!(" word{i}")).collect();
    let han = "今天天气很好我们去公园散步吧然后回家吃饭".repeat(12);
    let url = format!("see https://example.org/{} for more", "x".repeat(200));
    let late = value!({"segments": [{"start": 12.5, "end": 42.5, "text": " Thank you.", "words": [
        {"word": "Thank", "start": 12.5, "end": 12.9}, {"word": "you.", "start": 12.9, "end": 42.5}]}]});
    let whole = |text: &str| value!({"segments": [{"start": 0.0, "end": 29.0, "text": text}]});
    let turns = [turn(0.0, 5.0, "A"), turn(4.0, 9.0, "B"), turn(12.0, 15.0, "A")];
    let wide = SubtitleLimits { max_line: 30, max_lines: 3, max_duration_s: 4.0 };
    for (transcript, num_chars) in [(whole(&text), 410), (whole(&han), 240), (whole(&url), 232), (late, 10)] {
        for limits in [SubtitleLimits::default(), wide] {
            let srt = srt(&read(&transcript), &turns, &limits);
            let blocks = blocks(&srt);
            let mut num_found = 0;
            for (start, end, lines) in &blocks {
                let length = (end - start) as f64 / 1e3;
                assert!((0.2..=limits.max_duration_s + 1e-9).contains(&length), "{length}: {srt}");
                assert!((1..=limits.max_lines).contains(&lines.len()), "{srt}");
                let names = ["A: ", "B: ", "- "];
                let said =
                    lines.iter().map(|line| names.iter().find_map(|name| line.strip_prefix(name)).unwrap_or(line));
                for line in said {
                    assert!(line.chars().count() <= limits.max_line, "{line}: {srt}");
                    num_found += line.chars().filter(|c| !c.is_whitespace()).count();
                }
            }
            assert!(num_found + 61 > num_chars && num_found <= num_chars, "{num_found} of {num_chars}: {srt}");
        }
    }
}

#[test]
fn words_without_length_can_be_read() {
    let words = [("one", 6.0), ("two", 6.1), ("three", 9.0)].map(|(text, start)| spoken(text, start, 0.0, Some("ann")));
    let lone = subtitles(&utterances(words[..1].to_vec()), SubtitleFormat::Srt, &SubtitleLimits::default());
    assert_eq!(blocks(&lone), [(6000, 6500, vec!["ann: one"])]);
    let all = subtitles(&utterances(words.to_vec()), SubtitleFormat::Srt, &SubtitleLimits::default());
    assert_eq!(blocks(&all), [(6000, 6500, vec!["ann: one two"]), (9000, 9500, vec!["three"])]);
    // A subtitle is not lengthened into the next one.
    let next = vec![spoken("a", 1.0, 0.0, Some("ann")), spoken("b", 1.5, 2.0, Some("bob"))];
    let next = subtitles(&utterances(next), SubtitleFormat::Srt, &SubtitleLimits::default());
    assert_eq!(blocks(&next), [(1000, 1500, vec!["ann: a"]), (1500, 3500, vec!["bob: b"])]);
}

#[test]
fn lines_and_subtitles_end_at_sense() {
    let say = |text: &str| {
        let words = text.split(' ').enumerate();
        let words = words.map(|(index, word)| spoken(word, index as f64 * 0.25, 0.25, Some("ann")));
        subtitles(&utterances(words.collect()), SubtitleFormat::Srt, &SubtitleLimits::default())
    };
    let lines = |srt: &str| blocks(srt).iter().map(|block| block.2.join(" | ")).collect::<Vec<_>>();
    assert_eq!(
        lines(&say("We went down to the river, and then we had to turn back again")),
        ["ann: We went down to the river, | and then we had to turn back again"]
    );
    assert_eq!(
        lines(&say("I would have told you about it yesterday but nobody knew where you had gone to")),
        ["ann: I would have told you about it yesterday | but nobody knew where you had gone to"]
    );
    let long = "The committee met on Monday to look at the plans, which had changed a good deal since the spring. Nobody spoke.";
    assert_eq!(
        lines(&say(long)),
        [
            "ann: The committee met on Monday | to look at the plans,",
            "which had changed a good | deal since the spring.",
            "Nobody spoke."
        ]
    );
}

#[test]
fn the_name_stands_where_the_speaker_changes() {
    let names = [Some("ann"), Some("ann"), Some("bob"), None, Some("bob"), Some("bob")];
    let words = names.iter().enumerate().map(|(index, name)| spoken("x", index as f64 * 3.0, 1.0, *name));
    let utterances = utterances(words.collect());
    let srt = subtitles(&utterances, SubtitleFormat::Srt, &SubtitleLimits::default());
    let lines: Vec<&str> = blocks(&srt).iter().map(|block| block.2[0]).collect();
    assert_eq!(lines, ["ann: x", "x", "bob: x", "- x", "bob: x", "x"]);
    let vtt = subtitles(&utterances, SubtitleFormat::Vtt, &SubtitleLimits::default());
    assert_eq!((vtt.matches("<v ann>").count(), vtt.matches("<v bob>").count()), (2, 3));
}

#[test]
fn long_utterances_become_several_subtitles_and_markup_is_escaped() {
    let spoken: Vec<SpokenWord> = (0..100)
        .map(|i| SpokenWord {
            text: if i % 10 == 9 { "<b>&-->.".to_owned() } else { format!("word{i}") },
            time: Segment::new(f64::from(i) * 0.3, f64::from(i) * 0.3 + 0.3),
            speaker: Some("Ann <x>\nBob".to_owned()),
            is_glued: false,
        })
        .collect();
    let utterances = utterances(spoken);
    assert_eq!(utterances.len(), 1);
    let srt = subtitles(&utterances, SubtitleFormat::Srt, &SubtitleLimits::default());
    let blocks: Vec<Vec<&str>> = srt.trim_end().split("\n\n").map(|block| block.lines().collect()).collect();
    assert!(blocks.len() >= 10, "{srt}");
    for (index, block) in blocks.iter().enumerate() {
        assert_eq!(block[0], (index + 1).to_string(), "{block:?}");
        assert_eq!(block[2].starts_with("Ann <x> Bob: "), index == 0, "{block:?}");
        assert!(block.len() <= 4 && block[2..].iter().all(|line| !line.contains("-->")), "{block:?}");
    }
    let vtt = subtitles(&utterances, SubtitleFormat::Vtt, &SubtitleLimits::default());
    assert!(vtt.starts_with("WEBVTT\n\n00:00:00.000 --> "));
    assert!(vtt.contains("<v Ann &lt;x&gt; Bob>") && vtt.contains("&lt;b&gt;&amp;--&gt;."), "{vtt}");
    assert_eq!(vtt.matches("-->").count(), blocks.len());
    assert_eq!(subtitles(&[], SubtitleFormat::Vtt, &SubtitleLimits::default()), "WEBVTT\n\n");
}

#[test]
fn pages_hold_names_times_and_no_markup_of_the_text() {
    let words = vec![
        spoken("1.", 3661.0, 0.5, Some("Ann_<b>")),
        spoken("<i>*hi*</i>", 3661.5, 0.5, Some("Ann_<b>")),
        spoken("- &c.\u{1b}[1m", 3663.0, 0.5, None),
    ];
    let utterances = utterances(words);
    assert_eq!(
        markdown(&utterances, "board #2"),
        "# board \\#2\n\n**Ann\\_\\<b\\>** (1:01:01)\n\n1\\. \\<i\\>\\*hi\\*\\</i\\>\n\n(1:01:03)\n\n\\- \\&c. \\[1m\n"
    );
    let page = html(&utterances, "a </title><script>");
    assert!(
        page.contains("Content-Security-Policy") && !page.contains("<script") && !page.contains('\u{1b}'),
        "{page}"
    );
    assert!(page.contains(">Ann_&lt;b&gt;</b><time>1:01:01</time>") && page.contains("&lt;i&gt;*hi*"), "{page}");
}

#[cfg(feature = "annotation-formats")]
#[test]
fn a_document_is_a_package_of_three_parts() {
    let utterances = utterances(vec![spoken("R&D \u{1b}<b>", 1.0, 0.5, Some("Ann & Bo"))]);
    let bytes = docx(&utterances, "plan").unwrap();
    assert_eq!(bytes, docx(&utterances, "plan").unwrap());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).unwrap();
        // Every part is whole XML.
        let mut reader = quick_xml::Reader::from_str(&text);
        while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
        parts.push((file.name().unwrap().into_owned(), text));
    }
    let names: Vec<&str> = parts.iter().map(|part| part.0.as_str()).collect();
    assert_eq!(names, ["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
    assert!(
        parts[2].1.contains("Ann &amp; Bo")
            && parts[2].1.contains("0:00:01")
            && parts[2].1.contains("R&amp;D  &lt;b&gt;")
    );
}

#[test]
fn subtitles_that_pile_up_follow_each_other() {
    let sentences = (0..30).map(|index| spoken("Word.", 6.0 + 0.01 * f64::from(index), 0.0, Some("ann")));
    let narrow = SubtitleLimits { max_line: 8, max_lines: 1, ..SubtitleLimits::default() };
    let srt = subtitles(&utterances(sentences.collect()), SubtitleFormat::Srt, &narrow);
    let found = blocks(&srt);
    assert_eq!(found.len(), 30, "{srt}");
    assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].1 - pair[0].0 >= 500), "{srt}");
    // Speakers who overlap are shown at once.
    let both = vec![spoken("a", 1.0, 2.0, Some("ann")), spoken("b", 1.1, 2.0, Some("bob"))];
    let srt = subtitles(&utterances(both), SubtitleFormat::Srt, &SubtitleLimits::default());
    assert_eq!(blocks(&srt), [(1000, 3000, vec!["ann: a"]), (1100, 3100, vec!["bob: b"])]);
}

#[test]
fn no_line_begins_within_a_character() {
    let family = "👨\u{200d}👩\u{200d}👧";
    for text in ["e\u{301}".repeat(30), family.repeat(12), "กำ".repeat(30), "スー".repeat(30), "好」。".repeat(30)]
    {
        let transcript = read(&value!({"segments": [{"start": 0.0, "end": 9.0, "text": text}]}));
        let lines = srt(&transcript, &[], &SubtitleLimits { max_line: 11, ..SubtitleLimits::default() });
        let is_inside = |c: char| "\u{301}\u{200d}\u{e33}ー」。".contains(c);
        let cut = blocks(&lines).into_iter().flat_map(|block| block.2).find(|line| {
            let line = line.trim_start_matches("- ");
            line.starts_with(is_inside) || line.ends_with('\u{200d}')
        });
        assert_eq!(cut, None, "{lines}");
        assert!(transcript.words.iter().all(|word| !word.text.starts_with(is_inside)), "{:?}", transcript.words);
    }
}
