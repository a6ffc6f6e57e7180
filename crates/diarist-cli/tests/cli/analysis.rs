//! Saved analyses and checkpoints: `analyze`, `cluster`, `diarize --checkpoint`.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diarist::parts::analysis::saved;

use super::{audio, diarist};

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn cluster_gives_what_diarize_gives() {
    let folder = tempfile::tempdir().unwrap();
    let saved = path(folder.path(), "saved.diarist");
    let recording = audio("conversation.flac");
    assert_eq!(diarist(["analyze", "-o", &saved, &recording]).succeeded(), "");
    // The file has another name, but holds that of the recording.
    assert_eq!(diarist(["cluster", &saved]).succeeded(), diarist(["diarize", &recording]).succeeded());
    assert_eq!(diarist(["convert", "--to", "rttm", &saved, "-"]).succeeded(), diarist(["cluster", &saved]).succeeded());
    let two = diarist(["cluster", "--max-speakers", "2", &saved]).succeeded();
    assert_eq!(two, diarist(["diarize", "--max-speakers", "2", &recording]).succeeded());
    let ahc = ["--clustering", "ahc", "--threshold", "0.8", "--min-duration-off", "0.5", "--exclusive"];
    let clustered = diarist(["cluster", &saved].into_iter().chain(ahc)).succeeded();
    assert_eq!(clustered, diarist(["diarize", &recording].into_iter().chain(ahc)).succeeded());

    let output = path(folder.path(), "result.json");
    assert_eq!(diarist(["cluster", "--format", "json", "-o", &output, &saved]).succeeded(), "");
    let document: serde_json::Value = serde_json::from_str(&fs::read_to_string(&output).unwrap()).unwrap();
    assert_eq!(document["file_id"], "conversation");
    assert_eq!(document["options"]["trunk"], "shared");
    assert_eq!(document["options"]["step_s"], 1.0);
}

#[test]
fn a_page_of_an_analysis_plays_the_recording() {
    let folder = tempfile::tempdir().unwrap();
    let [saved, page] = ["saved.diarist", "page.html"].map(|name| path(folder.path(), name));
    let recording = audio("short.flac");
    diarist(["analyze", "-o", &saved, &recording]).succeeded();
    diarist(["cluster", "-o", &page, "--audio", &recording, &saved]).succeeded();
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("<audio") && text.contains("SPEAKER_00"));
    diarist(["cluster", "-o", &page, &saved]).succeeded();
    assert!(!fs::read_to_string(&page).unwrap().contains("<audio"));
    assert!(diarist(["cluster", "-o", &page, "--audio", "missing.wav", &saved]).failed(3).contains("missing.wav"));
    let copy = path(folder.path(), "copy.html");
    fs::copy(&recording, &copy).unwrap();
    assert!(diarist(["cluster", "-o", &copy, "--audio", &copy, &saved]).failed(2).contains("overwrite"));
}

#[test]
fn options_of_the_networks_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let saved = path(folder.path(), "saved.diarist");
    let options = ["--step", "2.5", "--trunk", "chunk", "--embedding-mode", "skip", "--precision", "bf16"];
    diarist(["analyze", "-o", &saved, &audio("single.flac")].into_iter().chain(options)).succeeded();
    let read = saved::read_file(saved.as_ref()).unwrap();
    let origin = &read.analysis.origin;
    assert_eq!((origin.trunk.as_str(), origin.precision.as_str()), ("chunk", "bf16"));
    assert_eq!((read.analysis.geometry.step_samples, read.values), (40_000, saved::Values::None));
    let document = diarist(["cluster", "--format", "json", &saved]).succeeded();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&document["options"]["step_s"], &document["options"]["embedding_mode"]), (&2.5.into(), &"skip".into()));
    diarist(["cluster", "--num-speakers", "2", &saved]).failed(2);
}

#[test]
fn an_incomplete_analysis_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [saved, damaged] = ["saved.diarist", "damaged.diarist"].map(|name| path(folder.path(), name));
    diarist(["analyze", "-o", &saved, &audio("single.flac")]).succeeded();
    let bytes = fs::read(&saved).unwrap();
    for length in [0, 5, bytes.len() - 1] {
        fs::write(&damaged, &bytes[..length]).unwrap();
        assert!(diarist(["cluster", &damaged]).failed(3).contains("damaged.diarist: "));
    }
    assert!(diarist(["cluster", &damaged]).failed(3).contains("--partial"));
    assert_eq!(diarist(["cluster", "--partial", &damaged]).succeeded(), diarist(["cluster", &saved]).succeeded());
    assert!(diarist(["cluster", &audio("single.flac")]).failed(3).contains("`diarist analyze` makes one"));
    diarist(["cluster", "no/such/file.diarist"]).failed(3);
    // Neither a recording nor an analysis is overwritten.
    diarist(["analyze", "-o", &audio("single.flac"), &audio("single.flac")]).failed(2);
    diarist(["cluster", "-o", &saved, &saved]).failed(2);
    assert!(fs::read(&saved).unwrap() == bytes);
    diarist(["analyze", "-o", &path(folder.path(), "missing/x"), &audio("single.flac")]).failed(5);
}

#[test]
fn a_checkpoint_is_for_one_recording_and_has_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = path(folder.path(), "checkpoint");
    let (short, single) = (audio("short.flac"), audio("single.flac"));
    diarist(["diarize", "--checkpoint", &checkpoint, &short, &single]).failed(2);
    diarist(["diarize", "--checkpoint", &single, &single]).failed(2);
    diarist(["diarize", "--checkpoint", &checkpoint, "-o", &checkpoint, &single]).failed(2);
    assert!(!Path::new(&checkpoint).exists());
    let expected = diarist(["diarize", &single]).succeeded();
    for _ in 0..2 {
        assert_eq!(diarist(["diarize", "--checkpoint", &checkpoint, &single]).succeeded(), expected);
    }
    assert_eq!(diarist(["cluster", &checkpoint]).succeeded(), expected);
    assert!(diarist(["diarize", "--checkpoint", &checkpoint, &short]).failed(3).contains("another recording"));
    diarist(["diarize", "--checkpoint", &checkpoint, "--step", "2", &single]).failed(2);
}

#[test]
fn known_identities_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let saved = path(folder.path(), "saved.diarist");
    diarist(["analyze", "-o", &saved, &audio("conversation.flac")]).succeeded();
    let free = diarist(["cluster", &saved]).succeeded();
    // The longest turn of each of two speakers, by RTTM's fields.
    let turns: Vec<(f64, f64, &str)> = free
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split(' ').collect();
            (fields[3].parse().unwrap(), fields[4].parse().unwrap(), fields[7])
        })
        .collect();
    let middle = |speaker: &str| {
        let own = turns.iter().filter(|turn| turn.2 == speaker);
        let (start, length, _) = own.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        start + length / 2.0
    };
    let pair = format!("{:.3},{:.3}", middle("SPEAKER_00"), middle("SPEAKER_01"));
    let num_speakers = |text: &str| {
        let mut names: Vec<&str> = text.lines().map(|line| line.split(' ').nth(7).unwrap()).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    let linked = diarist(["cluster", "--must-link", &pair, &saved]).succeeded();
    assert_eq!(num_speakers(&linked), num_speakers(&free) - 1);
    // A constraint that holds already fixes the slots of its moments, which may move a boundary by
    // a frame.
    let apart = diarist(["cluster", "--cannot-link", &pair, &saved]).succeeded();
    let speakers =
        |text: &str| -> Vec<String> { text.lines().map(|line| line.split(' ').nth(7).unwrap().to_owned()).collect() };
    assert_eq!(speakers(&apart), speakers(&free));
    // These options make one speaker of all, but two moments are of different people.
    let two = diarist(["cluster", "--cannot-link", &pair, "--threshold", "2", "--fb", "100", &saved]).succeeded();
    assert!(num_speakers(&two) >= 2, "{two}");
    let document = diarist(["cluster", "--must-link", &pair, "--format", "json", &saved]).succeeded();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["options"]["must_link"].as_array().unwrap().len(), 1);

    assert!(diarist(["cluster", "--must-link", &pair, "--cannot-link", &pair, &saved]).failed(2).contains("different"));
    assert!(diarist(["cluster", "--must-link", "1,9000", &saved]).failed(2).contains("nobody speaks at 9000 s"));
    diarist(["cluster", "--cannot-link", &pair, "--num-speakers", "1", &saved]).failed(6);
    for wrong in ["5", "a,b", "1,2,", "nan,1", "1:75,2"] {
        assert_eq!(diarist(["cluster", "--must-link", wrong, &saved]).code, 2, "{wrong}");
    }
}

/// A process that is killed when it goes out of scope.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_killed_run_resumes_with_the_result_of_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = path(folder.path(), "checkpoint");
    let recording = audio("conversation.flac");
    let arguments = ["diarize", "--threads", "1", "--step", "0.5", &recording];
    let expected = diarist(arguments).succeeded();
    let with_checkpoint = || arguments.into_iter().chain(["--checkpoint", &checkpoint]);
    let chunks = || saved::read_file(checkpoint.as_ref()).map_or(0, |saved| saved.analysis.masks.len());
    let mut before = 0;
    for _ in 0..3 {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diarist"));
        command.args(with_checkpoint()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = Running(command.spawn().unwrap());
        let start = Instant::now();
        // The process is killed in the middle of the next wave.
        while chunks() <= before {
            assert!(start.elapsed() < Duration::from_secs(300), "no progress after {before} chunks");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(child);
        let after = chunks();
        assert!(after > before);
        before = after;
    }
    assert!(!saved::read_file(checkpoint.as_ref()).unwrap().is_whole, "the run was complete before it was killed");
    assert_eq!(diarist(with_checkpoint()).succeeded(), expected);
    assert!(saved::read_file(checkpoint.as_ref()).unwrap().is_whole);
}
