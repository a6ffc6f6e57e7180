//! Speakers for the words of a transcript.

use std::fs;

use super::{diarist, repository};

fn golden(name: &str) -> String {
    repository("fixtures/golden/words").join(name).to_str().unwrap().to_owned()
}

fn contents(name: &str) -> String {
    fs::read_to_string(golden(name)).unwrap()
}

#[test]
fn every_format_is_as_expected() {
    let (transcript, turns) = (golden("whisper_cpp.json"), golden("turns.rttm"));
    assert_eq!(diarist(["assign", &transcript, &turns]).succeeded(), contents("expected.txt"));
    for format in ["txt", "srt", "vtt"] {
        let text = diarist(["assign", "--format", format, &transcript, &turns]).succeeded();
        assert_eq!(text, contents(&format!("expected.{format}")));
    }
    // The same turns from ELAN.
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("turns.eaf").to_str().unwrap().to_owned();
    assert_eq!(diarist(["convert", &turns, &document]).succeeded(), "");
    assert_eq!(diarist(["assign", &transcript, &document]).succeeded(), contents("expected.txt"));
    let document = diarist(["assign", "--format", "json", &transcript, &turns]).succeeded();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["utterances"][1]["speaker"], "bob");
    assert_eq!(document["utterances"][1]["words"][2]["text"], "42");
    let output = folder.path().join("a.srt");
    let arguments = ["assign", "--format", "srt", &transcript, &turns, "-o", output.to_str().unwrap()];
    assert_eq!(diarist(arguments).succeeded(), "");
    assert_eq!(fs::read_to_string(&output).unwrap(), contents("expected.srt"));
}

#[test]
fn the_exclusive_timeline_of_json_decides_in_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let result = folder.path().join("turns.json");
    let turn =
        |start: f64, end: f64, speaker: &str| serde_json::json!({"start_s": start, "end_s": end, "speaker": speaker});
    let long = turn(0.0, 9.0, "ann");
    let document = |id: &str| {
        serde_json::json!({
            "file_id": id,
            "turns": [long, turn(3.0, 6.0, "bob")],
            "exclusive_turns": [turn(0.0, 3.3, "ann"), turn(3.3, 6.0, "bob"), turn(6.0, 9.0, "ann")],
        })
        .to_string()
    };
    let arguments = ["assign".to_owned(), golden("whisper.json"), result.to_str().unwrap().to_owned()];
    fs::write(&result, document("any")).unwrap();
    assert_eq!(diarist(&arguments).succeeded(), contents("expected.txt"));
    // Of several recordings, the one with the name of the transcript.
    let other = document("other").replace("bob", "eve");
    fs::write(&result, format!("{other}\n{}\n", document("whisper"))).unwrap();
    assert_eq!(diarist(&arguments).succeeded(), contents("expected.txt"));
    fs::write(&result, format!("{other}\n{}\n", document("third"))).unwrap();
    assert!(diarist(&arguments).failed(3).contains("none is named whisper"));
}

#[test]
fn the_extension_decides_on_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (transcript, turns) = (golden("whisper_cpp.json"), golden("turns.rttm"));
    for extension in ["txt", "srt", "VTT"] {
        let output = path(&format!("a.{extension}"));
        assert_eq!(diarist(["assign", "-o", &output, &transcript, &turns]).succeeded(), "");
        assert_eq!(fs::read_to_string(&output).unwrap(), contents(&format!("expected.{}", extension.to_lowercase())));
    }
    for (extension, expected) in [("html", "<b style"), ("md", "**bob** (0:00:03)"), ("json", "\"utterances\"")] {
        let output = path(&format!("a.{extension}"));
        assert_eq!(diarist(["assign", "-o", &output, &transcript, &turns]).succeeded(), "");
        assert!(fs::read_to_string(&output).unwrap().contains(expected), "{extension}");
    }
    assert_eq!(diarist(["assign", "-o", &path("a.docx"), &transcript, &turns]).succeeded(), "");
    assert!(fs::read(path("a.docx")).unwrap().starts_with(b"PK"));
    // Unknown ones are refused before the inputs are read.
    for name in ["a.pdf", "a", "a.rttm"] {
        assert!(
            diarist(["assign", "-o", &path(name), "no/such.json", &turns]).failed(2).contains("--format"),
            "{name}"
        );
    }
    assert_eq!(diarist(["assign", "--max-line", "2", &transcript, &turns]).code, 2);
    diarist(["assign", "--max-duration", "nan", &transcript, &turns]).failed(2);
    let narrow = ["assign", "--format", "srt", "--max-line", "20", "--max-lines", "1", &transcript, &turns];
    let srt = diarist(narrow).succeeded();
    assert!(srt.lines().all(|line| line.strip_prefix("ann: ").unwrap_or(line).len() <= 29), "{srt}");
    assert_eq!(srt.matches("-->").count(), 6, "{srt}");
}

#[test]
fn stdin_may_be_either_input() {
    let (transcript, turns) = (golden("whisper_cpp.json"), golden("turns.rttm"));
    let run = |arguments: [&str; 2], stdin: &str| {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("diarist");
        let input = fs::read(stdin).unwrap();
        super::Run::of(command.arg("assign").args(arguments).write_stdin(input).output().unwrap())
    };
    assert_eq!(run(["-", &turns], &transcript).succeeded(), contents("expected.txt"));
    assert_eq!(run([&transcript, "-"], &turns).succeeded(), contents("expected.txt"));
    run(["-", "-"], &turns).failed(2);
}

#[test]
fn words_without_a_speaker_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let [result, transcript] =
        ["turns.rttm", "odd.json"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    fs::write(&result, "SPEAKER x 1 7.9 0.8 <NA> <NA> ann <NA> <NA>\n").unwrap();
    let run = diarist(["assign", &golden("whisper.json"), &result]);
    assert_eq!((run.code, run.stderr.lines().count()), (0, 1), "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: 11 words have no speaker"), "{}", run.stderr);
    assert!(run.stdout.starts_with("[0:00:00] Good morning, everyone."), "{}", run.stdout);
    assert_eq!(diarist(["assign", "-q", &golden("whisper.json"), &result]).succeeded(), run.stdout);
    let filled = diarist(["assign", "--fill", &golden("whisper.json"), &result]).succeeded();
    assert!(filled.lines().all(|line| line.contains("] ann: ")), "{filled}");
    fs::write(
        &transcript,
        r#"{"words": [{"word": "a", "start": 8.0, "end": 8.2}, {"word": "b", "start": 9, "end": 8}]}"#,
    )
    .unwrap();
    let run = diarist(["assign", &transcript, &result]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "[0:00:08] ann: a b\n"), "{}", run.stderr);
    assert!(run.stderr.starts_with("warning: 1 word has impossible times"), "{}", run.stderr);
    // A result without turns.
    fs::write(&result, "").unwrap();
    assert!(diarist(["assign", "-q", &transcript, &result]).succeeded().starts_with("[0:00:08] a b"));
}

#[test]
fn an_unreadable_file_is_an_input_fault_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("odd.json").to_str().unwrap().to_owned();
    let (transcript, turns) = (golden("whisper.json"), golden("turns.rttm"));
    for text in ["", "{", "{}", "{\"segments\": [{\"text\": 1}]}", "NaN"] {
        fs::write(&odd, text).unwrap();
        assert!(diarist(["assign", &odd, &turns]).failed(3).contains("odd.json: "), "{text}");
    }
    for text in ["{", "{\"file_id\": \"x\"}", "word salad"] {
        fs::write(&odd, text).unwrap();
        assert!(diarist(["assign", &transcript, &odd]).failed(3).contains("odd.json: "), "{text}");
    }
    diarist(["assign", "no/such.json", &turns]).failed(3);
    fs::write(&odd, contents("whisper.json")).unwrap();
    diarist(["assign", "-o", &odd, &odd, &turns]).failed(2);
    assert_eq!(fs::read_to_string(&odd).unwrap(), contents("whisper.json"));
}
