//! Full disks, closed outputs, pipes, hostile files and names: a clear fault, and nothing lost.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diarist::parts::analysis::saved::{AnalysisWriter, Header, Values};
use diarist::parts::analysis::{Analysis, Slot};
use diarist::parts::segmentation::masks::ChunkMasks;

use super::{Run, audio, diarist};

fn binary() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diarist"));
    command.stdin(Stdio::null());
    command
}

fn write(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[cfg(target_os = "linux")]
fn full() -> fs::File {
    fs::OpenOptions::new().write(true).open("/dev/full").unwrap()
}

/// The call, killed after 60 s.
fn in_time(mut command: Command) -> Run {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{command:?} does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Run::of(child.wait_with_output().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stderr_changes_neither_result_nor_exit_code() {
    let short = audio("short.flac");
    let expected = diarist(["diarize", &short]).succeeded();
    let cases: [(&[&str], i32, &str); 4] = [
        (&["diarize", "no.wav", &short, "--timings"], 3, &expected),
        (&["convert", "no.rttm", "-", "--to", "csv"], 3, ""),
        (&["diarize", "--no-such-option"], 2, ""),
        (&["score", "no.rttm", "no.rttm"], 3, ""),
    ];
    for (arguments, code, stdout) in cases {
        let output = binary().args(arguments).stderr(full()).output().unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), found.as_str()), (Some(code), stdout), "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_does_not_hide_an_earlier_fault() {
    let short = audio("short.flac");
    let mut child = binary()
        .args(["diarize", "no/such/file.wav", &short, &short])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_for_a_full_disk_is_kept_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let short = audio("short.flac");
    let expected = diarist(["diarize", &short]).succeeded();
    let cases: [&[&str]; 2] =
        [&["diarize", "-o", "/dev/full", &short], &["live", "--no-wait", "-o", "/dev/full", &short]];
    for arguments in cases {
        let run = Run::of(binary().args(arguments).env("TMPDIR", folder.path()).output().unwrap());
        assert_eq!(run.code, 5, "{}", run.stderr);
        let kept = run.stderr.trim_end().split("the result is in ").nth(1).unwrap();
        assert_eq!(fs::read_to_string(kept).unwrap(), expected);
        // The events of `live` end with the result, whatever happens to the file.
        assert!(arguments[0] == "diarize" || run.stdout.lines().last().unwrap().contains("\"event\":\"result\""));
        fs::remove_file(kept).unwrap();
    }
    let missing = folder.path().join("missing");
    let output = binary().args(cases[0]).env("TMPDIR", missing).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "there is no other place than stdout");

    // Without a file, the line that cannot be written is kept.
    let arguments = ["live", "--no-wait", &short];
    let output = binary().args(arguments).env("TMPDIR", folder.path()).stdout(full()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let kept = stderr.trim_end().split("the result is in ").nth(1).unwrap_or_else(|| panic!("{stderr}"));
    assert!(output.status.code() == Some(5) && fs::read_to_string(kept).unwrap().contains("\"turns\""));
}

#[cfg(unix)]
#[test]
fn the_reader_of_the_events_may_leave_before_the_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, short) = (folder.path().join("live.rttm"), audio("short.flac"));
    let mut child = binary()
        .args(["live", "--no-wait", "-o", path.to_str().unwrap(), &short])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(fs::read_to_string(path).unwrap(), diarist(["diarize", &short]).succeeded());
}

#[cfg(target_os = "linux")]
#[test]
fn pipes_devices_and_loops_never_hang() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (pipe, page, looped) = (path("in.wav"), path("x.html"), path("loop.wav"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink(&looped, &looped).unwrap();
    let wav = path("whole.wav");
    super::wav::write_i16(wav.as_ref(), 16_000, 1, &vec![100; 32_000]);
    let feeder = Command::new("sh").args(["-c", &format!("cat '{wav}' > '{pipe}'")]).spawn();
    let mut command = binary();
    command.args(["diarize", "-o", &page, &pipe]);
    let run = in_time(command);
    feeder.unwrap().wait().unwrap();
    assert!(run.code == 3 || run.stderr.contains("the page has no sound: a pipe cannot be read"), "{}", run.stderr);
    assert_eq!(run.code == 0, Path::new(&page).exists());

    let cases: [(&[&str], i32); 5] = [
        (&["diarize", "--checkpoint", &pipe, &wav], 5),
        (&["speakers", "--speakers", &pipe, "list"], 3),
        (&["speakers", "--speakers", "/dev/null", "list"], 3),
        (&["diarize", &looped], 3),
        (&["diarize", "/proc/self/status"], 3),
    ];
    for (arguments, code) in cases {
        let mut command = binary();
        command.args(arguments);
        let run = in_time(command);
        assert_eq!(run.code, code, "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn control_characters_never_reach_people() {
    let folder = tempfile::tempdir().unwrap();
    let (evil, colour) = (folder.path().join("a\u{1b}[31m\u{9b}b.rttm"), "\u{1b}]0;owned\u{7}");
    let file = write(&evil, &format!("SPEAKER f{colour} 1 0 1 <NA> <NA> s{colour} <NA> <NA>\n"));
    let import = write(
        &folder.path().join("import.json"),
        &format!(
            r#"{{"format": "diarist-speakers", "version": 1, "people": [{{"name": "Ann", "created": "{}", "samples": [
            {{"embedding": {:?}, "speech_s": 9, "source": "{}", "model": "m", "created": "now", "batch": null}}]}}]}}"#,
            "\\u001b[31m",
            vec![0.5; 256],
            "\\u001b[2J"
        ),
    );
    let database = folder.path().join("people.db").to_str().unwrap().to_owned();
    diarist(["speakers", "--speakers", &database, "import", &import]).succeeded();
    let cases: [&[&str]; 5] = [
        &["score", &file, &file],
        &["convert", "--file-id", "none", "--to", "csv", &file, "-"],
        &["diarize", &file],
        &["speakers", "--speakers", &database, "list"],
        &["speakers", "--speakers", &database, "show", "Ann"],
    ];
    for arguments in cases {
        let run = diarist(arguments);
        let text = run.stdout + &run.stderr;
        assert!(text.contains("\\u{1b}"), "{arguments:?}: {text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{arguments:?}: {text:?}");
    }
    // Programs get names as they are.
    assert!(diarist(["convert", "--to", "json", &file, "-"]).stdout.contains("f\\u001b]0;owned"));
    let long = write(&folder.path().join("long.toml"), &format!("{} = 1\n", "k".repeat(3_000_000)));
    let run = diarist(["diarize", "--config", &long, "x.wav"]);
    assert!(run.code == 3 && run.stderr.len() < 4000, "{}", run.stderr.len());
}

#[cfg(unix)]
#[test]
fn files_with_voices_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    let short = audio("short.flac");
    diarist(["analyze", "-o", &path("a.diarist"), &short]).succeeded();
    diarist(["diarize", "-o", &path("a.json"), "--checkpoint", &path("c.diarist"), &short]).succeeded();
    diarist(["cluster", "-o", &path("b.json"), &path("a.diarist")]).succeeded();
    diarist(["cluster", "-o", &path("a.rttm"), &path("a.diarist")]).succeeded();
    for name in ["a.diarist", "a.json", "c.diarist", "b.json"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    write(&folder.path().join("plain"), "");
    assert_eq!(mode("a.rttm"), mode("plain"));
    fs::set_permissions(path("a.rttm"), fs::Permissions::from_mode(0o600)).unwrap();
    diarist(["cluster", "-o", &path("a.rttm"), &path("a.diarist")]).succeeded();
    assert_eq!(mode("a.rttm"), 0o600, "an earlier file keeps its permissions");
}

/// An analysis with a speaker in each chunk, and this embedding for all of them.
fn analysis(num_chunks: usize, embedding: f32) -> Analysis {
    let mut analysis = Analysis::default();
    analysis.geometry.step_samples = 16_000;
    analysis.geometry.num_samples = (num_chunks as u64 + 9) * 16_000;
    for chunk in 0..num_chunks {
        let mut masks = ChunkMasks::default();
        (0..300).for_each(|frame| masks.speakers[0].insert(frame));
        analysis.masks.push(masks);
        analysis.embeddings.push(Slot { chunk: chunk as u32, local: 0 }, &[embedding; 256]);
    }
    analysis
}

#[test]
fn an_analysis_that_no_network_gives_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.diarist").to_str().unwrap().to_owned();
    let cases = [(20, f32::NAN), (20, f32::INFINITY), (20, 0.0), (20, 3e38), (40_000, 0.5)];
    for (num_chunks, embedding) in cases {
        let analysis = analysis(num_chunks, embedding);
        let header = Header::of(&analysis, Values::F32);
        let bytes = AnalysisWriter::write_all(Vec::new(), &header, &analysis).unwrap();
        assert!(bytes.len() < 1_000_000);
        fs::write(&path, bytes).unwrap();
        let line = diarist(["cluster", &path]).failed(3);
        assert!(line.contains("a block holds "), "{embedding}: {line}");
    }
}

#[test]
fn numbers_outside_their_range_are_wrong_usage() {
    let short = audio("short.flac");
    let cases: [&[&str]; 11] = [
        &["diarize", "--threads", "100000", &short],
        &["diarize", "--threads", "18446744073709551615", &short],
        &["diarize", "--num-speakers", "18446744073709551615", &short],
        &["diarize", "--clustering", "ahc", "--min-cluster-size", "18446744073709551615", &short],
        &["diarize", "--min-duration-off", "1e300", &short],
        &["diarize", "--fa", "inf", &short],
        &["live", "--latency", "1e300", &short],
        &["live", "--live-step", "nan", &short],
        &["bench", "--iterations", "18446744073709551615", "x"],
        &["tune", "--trials", "18446744073709551615", "x"],
        &["score", "--collar", "1e300", "no.rttm", "x"],
    ];
    for arguments in cases {
        let run = diarist(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn an_unknown_instruction_set_is_wrong_usage() {
    let short = audio("short.flac");
    for arguments in [&["diarize", &short][..], &["--version", "-v"]] {
        let line = Run::of(binary().args(arguments).env("DIARIST_ISA", "bogus").output().unwrap()).failed(2);
        assert!(line.contains("DIARIST_ISA is \"bogus\", but must be one of portable"), "{line}");
    }
    assert_eq!(binary().arg("--version").env("DIARIST_ISA", "").status().unwrap().code(), Some(0));
}

#[test]
fn recordings_with_results_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    let (output_dir, short) = (output.to_str().unwrap(), audio("short.flac"));
    fs::create_dir(&output).unwrap();
    write(&output.join("short.rttm"), "from before");
    let call = ["diarize", "--skip-existing", "--output-dir", output_dir, &short, &short];
    let run = diarist(call);
    let note = "1 of 2 recordings left out: their files are there already\n";
    assert_eq!((run.code, run.stderr.as_str()), (0, note));
    assert_eq!(fs::read_to_string(output.join("short.rttm")).unwrap(), "from before");
    assert!(output.join("short_2.rttm").exists());
}

#[test]
fn one_recording_that_cannot_be_written_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let turns = |id: &str| format!("SPEAKER {id} 1 0 1 <NA> <NA> a <NA> <NA>\n");
    let file = write(&folder.path().join("all.rttm"), &(turns("bad") + &turns("good")));
    fs::create_dir(folder.path().join("bad.csv")).unwrap();
    let run = diarist(["convert", "--to", "csv", &file, folder.path().to_str().unwrap()]);
    assert_eq!((run.code, run.stderr.lines().count()), (5, 1), "{}", run.stderr);
    assert!(folder.path().join("good.csv").exists());
}

#[test]
fn arguments_reach_stderr_without_control_characters() {
    let colour = "a\u{1b}[31m\u{7}\u{9b}2J\u{202e}";
    for arguments in [&["diarize", "--format", colour, "x"][..], &["diarize", &format!("--{colour}"), "x"], &[colour]] {
        let run = diarist(arguments);
        assert_eq!(run.code, 2, "{}", run.stderr);
        let is_hidden = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!run.stderr.contains(is_hidden), "{:?}", run.stderr);
    }
}

#[test]
fn a_negative_number_gets_the_range_of_its_option() {
    for (arguments, word) in [(["bench", "--collar", "-1", "x"], "collar"), (["tune", "--seed", "-1", "x"], "seed")] {
        let run = diarist(arguments);
        assert!(run.code == 2 && run.stderr.contains(word), "{}", run.stderr);
        assert!(!run.stderr.contains("unexpected argument"), "{}", run.stderr);
    }
    for (option, word) in
        [("--threads=x", "not a whole number"), ("--channel=-1", "not a whole number"), ("--step=x", "not a number")]
    {
        let run = diarist(["diarize", option, "x.wav"]);
        assert!(run.code == 2 && run.stderr.contains(word), "{}", run.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_spare_file_is_never_behind_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let spare = folder.path().join("tmp");
    fs::create_dir(&spare).unwrap();
    let output = folder.path().join("gone");
    fs::create_dir(&output).unwrap();
    let call = |arguments: &[&str]| Run::of(binary().args(arguments).env("TMPDIR", &spare).output().unwrap());
    let run = call(&["analyze", "-q", "-o", "/dev/full", &audio("short.flac")]);
    assert!(run.code == 5 && run.stderr.contains("the result is in "), "{}", run.stderr);
    let kept = run.stderr.trim().split("the result is in ").nth(1).unwrap();
    assert!(diarist(["cluster", kept]).succeeded().contains("SPEAKER_00"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(kept).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}
