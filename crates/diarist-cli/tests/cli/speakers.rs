//! Known people: enrolled, recognised, exchanged, and faults.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use diarist::parts::audio::AudioSource;
use serde_json::Value;

use super::{Run, audio, diarist, wav};

/// A database with one person, enrolled from the first 10 s of a recording of one voice; several
/// tests take a copy.
static ENROLLED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (clip, path) = (folder.path().join("first.wav"), folder.path().join("people.db"));
    let samples = samples("single.flac");
    wav::write_f32(&clip, 16_000, 1, &samples[..160_000]);
    let said = speakers(&path, &["enroll", "Ann Lee", clip.to_str().unwrap()]).succeeded();
    assert!(said.starts_with("Ann Lee: ") && said.contains("s of speech from"), "{said}");
    fs::read(&path).unwrap()
});

fn samples(name: &str) -> Vec<f32> {
    let mut source = diarist::parts::audio::open(audio(name).as_ref()).unwrap();
    let mut samples = Vec::new();
    while source.read(&mut samples).unwrap() {}
    samples
}

fn speakers(path: &Path, arguments: &[&str]) -> Run {
    diarist(["speakers", "--speakers", path.to_str().unwrap()].iter().chain(arguments))
}

fn json(run: Run) -> Value {
    serde_json::from_str(&run.succeeded()).unwrap()
}

#[test]
fn an_enrolled_voice_is_recognised_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    fs::write(&path, &*ENROLLED).unwrap();
    let list = json(speakers(&path, &["list", "--format", "json"]));
    assert_eq!((&list["people"][0]["name"], &list["people"][0]["num_enrolled"]), (&"Ann Lee".into(), &1.into()));

    // The rest of the recording, shorter than a chunk, and the same voice among four.
    let rest = folder.path().join("rest.wav");
    wav::write_f32(&rest, 16_000, 1, &samples("single.flac")[152_000..]);
    let rest = rest.to_str().unwrap();
    for (clip, num_speakers) in [(rest, 1), (&audio("conversation.flac"), 4)] {
        let found = json(speakers(&path, &["identify", clip, "--format", "json"]));
        let found = found["speakers"].as_array().unwrap();
        assert_eq!(found.len(), num_speakers, "{found:?}");
        let known: Vec<&Value> = found.iter().filter(|speaker| speaker["name"] == "Ann Lee").collect();
        assert_eq!(known.len(), 1, "{found:?}");
        assert!(known[0]["identification"]["best"]["probability"].as_f64().unwrap() > 0.9, "{found:?}");
    }
    for known in ["Ann Lee", rest] {
        let answer = json(speakers(&path, &["verify", known, rest, "--format", "json"]));
        assert_eq!(answer["same"], true, "{answer}");
    }

    // Another voice, in a recording of its own.
    let table = speakers(&path, &["identify", &audio("short.flac")]).succeeded();
    let row = table.lines().nth(1).unwrap();
    assert!(row.contains("unknown") && row.contains("Ann Lee"), "{table}");
}

#[test]
fn a_known_voice_is_named_while_it_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let (path, turns) = (folder.path().join("people.db"), folder.path().join("turns.rttm"));
    fs::write(&path, &*ENROLLED).unwrap();
    let (database, output, recording) = (path.to_str().unwrap(), turns.to_str().unwrap(), audio("conversation.flac"));
    let live = ["live", "--no-wait", "--live-step", "1", "--speakers", database, "-o", output, &recording];
    let text = diarist(live).succeeded();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named: Vec<&Value> =
        lines.iter().filter(|line| line["event"] == "named" && line["name"] == "Ann Lee").collect();
    assert!(!named.is_empty() && named[0]["probability"].as_f64().unwrap() > 0.5, "{named:?}");
    let expected = diarist(["diarize", "-q", "--speakers", database, &recording]).succeeded();
    assert!(expected.contains(" Ann_Lee ") && fs::read_to_string(&turns).unwrap() == expected);
}

#[test]
fn a_clip_that_is_not_one_voice_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    fs::write(&path, &*ENROLLED).unwrap();
    let silence = folder.path().join("silence.wav");
    wav::write_i16(&silence, 16_000, 1, &[0; 160_000]);
    let brief = folder.path().join("brief.wav");
    wav::write_f32(&brief, 16_000, 1, &samples("single.flac")[..48_000]);
    let conversation = audio("conversation.flac");
    let cases = [
        (conversation.as_str(), "several"),
        (silence.to_str().unwrap(), "nobody speaks"),
        (brief.to_str().unwrap(), "but 5 s are needed"),
        (path.to_str().unwrap(), "people.db"),
    ];
    for (clip, words) in cases {
        let line = speakers(&path, &["enroll", "Bo", clip]).failed(3);
        assert!(line.contains(words) && line.contains(clip), "{line}");
    }
    assert_eq!(fs::read(&path).unwrap(), *ENROLLED, "a refused clip changes nothing");
}

#[test]
fn faults_of_a_database_are_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let (path, text, missing) = (folder.path().join("p.db"), folder.path().join("t.db"), folder.path().join("m.db"));
    fs::write(&path, &*ENROLLED).unwrap();
    fs::write(&text, "a text, and no database ".repeat(30)).unwrap();
    let wrong = folder.path().join("wrong.json");
    fs::write(&wrong, r#"{"turns": []}"#).unwrap();
    let (wrong, clip) = (wrong.to_str().unwrap().to_owned(), audio("single.flac"));
    let cases: [(&Path, &[&str], i32, &str); 13] = [
        (&text, &["list"], 3, "not a speaker database"),
        (folder.path(), &["list"], 3, "is a folder"),
        (&missing, &["list"], 3, "speakers enroll"),
        (&missing, &["identify", &clip], 3, "speakers enroll"),
        (&path, &["show", "Bo"], 3, "nobody is called \"Bo\""),
        (&path, &["enroll", "", &clip], 3, "is empty"),
        (&path, &["enroll", "A\nB", &clip], 3, "line break"),
        (&path, &["rename", "Ann Lee", " "], 3, "blank"),
        (&path, &["merge", "Ann Lee", "Ann Lee"], 3, "into itself"),
        (&path, &["import", &wrong], 3, "not an export"),
        (&path, &["undo"], 3, "nothing was learned"),
        (&path, &["verify", "Bo", &clip], 3, "neither a file nor a known person"),
        (&path, &["identify", "--min-probability", "1.5", &clip], 2, "between 0 and 1"),
    ];
    for (path, arguments, code, words) in cases {
        let line = speakers(path, arguments).failed(code);
        assert!(line.contains(words), "{arguments:?}: {line}");
    }
    assert!(!missing.exists(), "only enroll and import make a database");
    assert_eq!(fs::read(&path).unwrap(), *ENROLLED);
}

#[test]
fn people_go_from_file_to_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("people.db"), folder.path().join("sub/other.db"));
    fs::write(&path, &*ENROLLED).unwrap();
    let export = folder.path().join("people.json");
    speakers(&path, &["export", export.to_str().unwrap()]).succeeded();
    let said = speakers(&other, &["import", export.to_str().unwrap()]).succeeded();
    assert_eq!(said, "1 new people, 1 new samples, 0 known already\n");
    speakers(&other, &["rename", "Ann Lee", "Ann"]).succeeded();
    speakers(&other, &["import", export.to_str().unwrap()]).succeeded();
    speakers(&other, &["merge", "Ann Lee", "Ann"]).succeeded();
    let shown = speakers(&other, &["show", "Ann"]).succeeded();
    assert_eq!(shown.lines().count(), 3, "{shown}");
    speakers(&other, &["remove", "Ann", "--sample", "1"]).succeeded();
    speakers(&other, &["remove", "Ann"]).succeeded();
    assert_eq!(speakers(&other, &["list"]).succeeded().lines().count(), 1);
    // The variable names the database if the option does not.
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("diarist");
    let run = Run::of(command.env("DIARIST_SPEAKERS", &path).args(["speakers", "export"]).output().unwrap());
    assert_eq!(run.succeeded(), fs::read_to_string(&export).unwrap());
}

#[test]
fn names_are_put_on_turns_and_learned_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    fs::write(&path, &*ENROLLED).unwrap();
    let database = path.to_str().unwrap();
    let conversation = audio("conversation.flac");
    let plain = diarist(["diarize", &conversation]).succeeded();
    let named = diarist(["diarize", "--speakers", database, &conversation]).succeeded();
    assert_eq!(fs::read(&path).unwrap(), *ENROLLED, "nothing is learned unasked");
    // The same turns, one label replaced.
    let label = plain.lines().zip(named.lines()).find_map(|(a, b)| (a != b).then(|| a.split(' ').nth(7).unwrap()));
    assert_eq!(plain.replace(label.unwrap(), "Ann_Lee"), named);

    let arguments = ["diarize", "--speakers", database, "--learn", "--format", "json", &conversation];
    let run = diarist(arguments);
    assert!(
        run.code == 0 && run.stderr.contains("learned Ann Lee; `diarist speakers undo 1 --speakers "),
        "{}",
        run.stderr
    );
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let schema_text = fs::read_to_string(super::repository("docs/output.schema.json")).unwrap();
    let described: Value = serde_json::from_str(&schema_text).unwrap();
    assert_eq!(super::schema::faults(&described, &document, &described, "document"), [""; 0]);
    let turns = document["turns"].as_array().unwrap();
    assert!(turns.iter().all(|turn| (turn["name"] == "Ann Lee") == (turn["speaker"] == label.unwrap())), "{turns:?}");
    let unknown = document["speakers"].as_array().unwrap().iter().find(|speaker| speaker["name"].is_null()).unwrap();
    assert_eq!(unknown["identification"]["best"], Value::Null, "Ann Lee is somebody else, and nobody else is known");

    let shown = json(speakers(&path, &["show", "Ann Lee", "--format", "json"]));
    assert_eq!((&shown["samples"][1]["kind"], &shown["samples"][1]["batch"]), (&"learned".into(), &1.into()));
    speakers(&path, &["undo"]).succeeded();
    let shown = json(speakers(&path, &["show", "Ann Lee", "--format", "json"]));
    assert_eq!(shown["samples"].as_array().unwrap().len(), 1);

    // A recording shorter than a chunk, which has no usable embeddings of its own.
    let rest = folder.path().join("rest.wav");
    wav::write_f32(&rest, 16_000, 1, &samples("single.flac")[152_000..]);
    let turns = diarist(["diarize", "--speakers", database, rest.to_str().unwrap()]).succeeded();
    assert!(!turns.is_empty() && turns.lines().all(|line| line.contains(" Ann_Lee ")), "{turns}");

    assert!(
        diarist(["diarize", "--speakers", &conversation, &conversation]).failed(3).contains("not a speaker database")
    );
    let skip = ["diarize", "--speakers", database, "--embedding-mode", "skip", &conversation];
    assert!(diarist(skip).failed(2).contains("without embeddings"));
    assert_eq!(diarist(["diarize", "--learn", &conversation]).code, 2);
}

#[test]
fn a_saved_analysis_gets_the_names_of_known_people() {
    let folder = tempfile::tempdir().unwrap();
    let [people, saved, short] = ["people.db", "saved.diarist", "short.diarist"]
        .map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    fs::write(&people, &*ENROLLED).unwrap();
    let conversation = audio("conversation.flac");
    diarist(["analyze", "-o", &saved, &conversation]).succeeded();
    let named = diarist(["cluster", "--speakers", &people, &saved]).succeeded();
    assert!(named.contains(" Ann_Lee "), "{named}");
    assert_eq!(named, diarist(["diarize", "--speakers", &people, &conversation]).succeeded());
    // Embeddings of less than 10 s are those of padded audio.
    diarist(["analyze", "-o", &short, &audio("short.flac")]).succeeded();
    let run = diarist(["cluster", "--speakers", &people, &short]);
    assert!(run.code == 0 && run.stderr.contains("too short to recognise people"), "{}", run.stderr);
}

#[test]
fn a_speaker_of_a_finished_result_is_enrolled_unless_the_voice_is_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let (result, mixed) = (folder.path().join("r.json"), folder.path().join("mixed.rttm"));
    let recording = audio("conversation.flac");
    diarist(["diarize", "-o", result.to_str().unwrap(), &recording]).succeeded();
    let document: Value = serde_json::from_str(&fs::read_to_string(&result).unwrap()).unwrap();
    let speakers_of = document["speakers"].as_array().unwrap();
    let most =
        speakers_of.iter().max_by(|a, b| a["speech_s"].as_f64().unwrap().total_cmp(&b["speech_s"].as_f64().unwrap()));
    let label = most.unwrap()["label"].as_str().unwrap();
    let enroll = |result: &Path, label: &str| {
        speakers(&path, &["enroll", "--from", result.to_str().unwrap(), label, "Ann Lee", &recording])
    };
    assert!(enroll(&result, label).succeeded().starts_with("Ann Lee: "));
    assert!(enroll(&result, "SPEAKER_77").failed(3).contains("here are SPEAKER_00"));
    fs::write(&mixed, "SPEAKER conversation 1 0 30 <NA> <NA> all <NA> <NA>\n").unwrap();
    assert!(enroll(&mixed, "all").failed(3).contains("several "));
    let other = audio("single.flac");
    let run = speakers(&path, &["enroll", "--from", result.to_str().unwrap(), label, "Ann Lee", &other]);
    assert!(run.failed(3).contains("but the recording of the result has 44.9 s"));
    let from = ["enroll", "--from", result.to_str().unwrap()];
    assert_eq!(speakers(&path, &[&from[..], &[label]].concat()).code, 2);
    let found = json(speakers(&path, &["show", "Ann Lee", "--format", "json"]));
    assert_eq!(found["samples"].as_array().unwrap().len(), 1);

    // Without the recording: the voice in the result, if it has one.
    let run = speakers(&path, &[&from[..], &[label, "Ben"]].concat());
    assert!(run.code == 0 && run.stdout.starts_with("Ben: "), "{}", run.stderr);
    assert!(run.stderr.contains("sounds like Ann Lee"), "{}", run.stderr);
    let voice = |name: &str| json(speakers(&path, &["show", name, "--format", "json"]))["samples"][0].clone();
    assert!(voice("Ben")["source"].as_str().unwrap().ends_with("r.json"));
    assert!((voice("Ben")["speech_s"].as_f64().unwrap() - voice("Ann Lee")["speech_s"].as_f64().unwrap()).abs() < 2.0);
    let rttm = ["enroll", "--from", mixed.to_str().unwrap(), "all", "Carl"];
    assert!(speakers(&path, &rttm).failed(3).contains("name the recording as well"));
    let [mut overlapped, mut short] = [document.clone(), document.clone()];
    overlapped["turns"] = serde_json::json!([
        {"start_s": 0.0, "end_s": 20.0, "speaker": label}, {"start_s": 0.0, "end_s": 5.0, "speaker": "SPEAKER_99"}
    ]);
    short["turns"] = serde_json::json!([{"start_s": 0.0, "end_s": 4.5, "speaker": label}]);
    for (document, word) in [(overlapped, "others speak in 25 %"), (short, "speaks alone for 4.5 s")] {
        fs::write(&mixed, document.to_string()).unwrap();
        let rttm = ["enroll", "--from", mixed.to_str().unwrap(), label, "Carl"];
        assert!(speakers(&path, &rttm).failed(3).contains(word), "{word}");
    }
    // Beside the result lies its recording.
    fs::copy(&recording, folder.path().join("conversation.flac")).unwrap();
    assert!(speakers(&path, &[&from[..], &[label, "Dan"]].concat()).stdout.contains("conversation.flac"));
}
