//! Inputs from files, folders and stdin; results on stdout, in a file, in a folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use diarist::parts::audio::{self as decoder, AudioSource};

use super::{Run, audio, diarist};

/// The turns of `short.flac`, named `file_id`.
fn short_turns(file_id: &str) -> String {
    let text = diarist(["diarize", &audio("short.flac")]).succeeded();
    assert_eq!(text.lines().count(), 1, "{text}");
    text.replace(" short ", &format!(" {file_id} "))
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn with_stdin(arguments: &[&str], input: &[u8]) -> Run {
    let output = assert_cmd::cargo::cargo_bin_cmd!("diarist").args(arguments).write_stdin(input).output().unwrap();
    Run::of(output)
}

#[test]
fn raw_pcm_on_stdin_gives_the_turns_of_the_file() {
    let mut samples = Vec::new();
    let mut file = decoder::open(Path::new(&audio("short.flac"))).unwrap();
    while file.read(&mut samples).unwrap() {}
    let f32le: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    // Two equal channels become one again, and the recording has 16 bits, so nothing is lost.
    let s16le: Vec<u8> =
        samples.iter().flat_map(|sample| [(sample * 32768.0).round() as i16; 2]).flat_map(i16::to_le_bytes).collect();
    let expected = short_turns("stdin");
    let run = with_stdin(&["diarize", "--rate", "16000", "--pcm", "f32le", "-"], &f32le);
    assert_eq!(run.succeeded(), expected);
    let run = with_stdin(&["diarize", "--rate", "16000", "--channels", "2", "-"], &s16le);
    assert_eq!(run.succeeded(), expected);
}

#[test]
fn stdin_needs_a_rate_and_is_read_once() {
    assert!(with_stdin(&["diarize", "-"], &[0; 64]).failed(2).contains("--rate"));
    assert!(with_stdin(&["diarize", "-"], b"").failed(3).contains("stdin: nothing came"));
    with_stdin(&["diarize", "--rate", "16000", "-", "-"], b"").failed(2);
    with_stdin(&["diarize", "--rate", "16000", "--channels", "0", "-"], &[0; 64]).failed(2);
    with_stdin(&["diarize", "--rate", "1", "-"], &[0; 64]).failed(3);
}

#[test]
fn an_audio_file_on_stdin_is_recognised() {
    let flac = fs::read(audio("short.flac")).unwrap();
    let expected = short_turns("stdin");
    for arguments in [&["diarize", "-"][..], &["diarize", "--rate", "8000", "-"]] {
        assert_eq!(with_stdin(arguments, &flac).succeeded(), expected, "{arguments:?}");
    }
    assert!(with_stdin(&["diarize", "--rate", "8000", "-"], b"#!AMR\n0123456789").failed(3).contains("stdin: is AMR"));
    assert!(with_stdin(&["diarize", "-"], b"who spoke when").failed(3).contains("a text file"));
    assert!(with_stdin(&["live", "-"], b"#!AMR\n0123456789").failed(3).contains("stdin: is AMR"));
    assert!(diarist(["diarize", "https://example.org/talk.mp3"]).failed(3).contains("does not download"));
}

#[test]
fn channels_of_opposite_phase_are_heard_and_one_can_be_taken() {
    let mut samples = Vec::new();
    let mut file = decoder::open(Path::new(&audio("short.flac"))).unwrap();
    while file.read(&mut samples).unwrap() {}
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("phase.wav");
    let both: Vec<f32> = samples.iter().flat_map(|&sample| [sample, -sample]).collect();
    super::wav::write_f32(&path, 16_000, 2, &both);
    let run = diarist(["diarize".as_ref(), path.as_os_str()]);
    assert!(run.code == 0 && !run.stdout.is_empty(), "{}", run.stderr);
    assert!(run.stderr.contains("opposite phase") && run.stderr.lines().count() == 1, "{}", run.stderr);
    let run = diarist(["diarize".as_ref(), "--channel".as_ref(), "1".as_ref(), path.as_os_str()]);
    assert_eq!(run.succeeded(), short_turns("phase"));
    for (channel, word) in [("0", "counted from 1"), ("3", "has 2")] {
        let line = diarist(["diarize".as_ref(), "--channel".as_ref(), channel.as_ref(), path.as_os_str()]).failed(2);
        assert!(line.contains(word), "{line}");
    }
}

#[test]
fn each_channel_can_be_a_speaker() {
    let mut samples = Vec::new();
    let mut file = decoder::open(Path::new(&audio("short.flac"))).unwrap();
    while file.read(&mut samples).unwrap() {}
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    // The second person answers when the first one has spoken, and hears herself faintly in the
    // other channel, as on a telephone.
    let silence = vec![0.0; samples.len()];
    let first = [&samples[..], &silence].concat();
    let second = [&silence, &samples[..]].concat();
    let both: Vec<f32> = first.iter().zip(&second).flat_map(|(a, b)| [a + 0.05 * b, b + 0.05 * a]).collect();
    super::wav::write_f32(&path, 16_000, 2, &both);
    let run = |value: &str| diarist(["diarize".as_ref(), value.as_ref(), path.as_os_str()]);
    let rttm = run("--per-channel").succeeded();
    let half_s = samples.len() as f64 / 16_000.0;
    for line in rttm.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let is_second = fields[3].parse::<f64>().unwrap() + 0.1 > half_s;
        let expected = if is_second { ("2", "CHANNEL_2") } else { ("1", "CHANNEL_1") };
        assert_eq!((fields[2], fields[7]), expected, "{rttm}");
    }
    assert!(rttm.contains("CHANNEL_1") && rttm.contains("CHANNEL_2"), "{rttm}");
    assert!(run("--per-channel=several").succeeded().contains("CHANNEL_2_SPEAKER_00"));
    let arguments = ["diarize", "--per-channel", "--num-speakers", "2", path.to_str().unwrap()];
    assert!(diarist(arguments).failed(2).contains("several"));
    assert!(with_stdin(&["diarize", "--per-channel", "-"], &fs::read(&path).unwrap()).failed(2).contains("a file"));
}

#[test]
fn a_fault_does_not_stop_the_other_recordings() {
    let (short, missing) = (audio("short.flac"), "no/such/file.wav");
    let run = diarist(["diarize", &short, missing, "--segmentation", &short]);
    assert_eq!(run.code, 4, "weights come before recordings");
    let run = diarist(["diarize", missing, &short]);
    assert_eq!((run.code, run.stderr.lines().count()), (3, 1));
    assert!(run.stderr.contains(missing));
    assert_eq!(run.stdout, short_turns("short"));
    // The first fault decides: 6, then 3.
    let run = diarist(["diarize", "--num-speakers", "40", &short, missing]);
    assert_eq!((run.code, run.stderr.lines().count()), (6, 2), "{}", run.stderr);
}

#[test]
fn a_folder_gives_one_file_for_each_recording() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in"), folder.path().join("new/out"));
    fs::create_dir_all(input.join("b")).unwrap();
    for name in ["a b.flac", "b/a b.flac", "b/c.flac"] {
        fs::copy(audio("short.flac"), input.join(name)).unwrap();
    }
    fs::write(input.join("notes.txt"), "not audio").unwrap();
    let arguments = ["diarize".as_ref(), input.as_os_str(), "--output-dir".as_ref(), output.as_os_str()];
    let run = diarist(arguments);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    assert_eq!(run.stderr, format!("{}: 1 other file is left out (.txt)\n", input.display()));
    assert_eq!(files_in(&output), ["a_b.rttm", "a_b_2.rttm", "c.rttm"]);
    for id in ["a_b", "a_b_2", "c"] {
        assert_eq!(fs::read_to_string(output.join(format!("{id}.rttm"))).unwrap(), short_turns(id));
    }
}

#[test]
fn all_results_go_to_one_output_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.rttm");
    fs::write(&path, "from before").unwrap();
    let short = audio("short.flac");
    let output = path.to_str().unwrap();
    assert_eq!(diarist(["diarize", "-o", output, &short, &short]).succeeded(), "");
    assert_eq!(fs::read_to_string(&path).unwrap(), short_turns("short") + &short_turns("short_2"));
    assert_eq!(files_in(folder.path()), ["all.rttm"]);
    // Without a result the old file stays.
    diarist(["diarize", "-o", output, "no/such/file.wav"]).failed(3);
    assert_eq!(fs::read_to_string(&path).unwrap(), short_turns("short") + &short_turns("short_2"));
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fs::create_dir_all(folder.path().join("out/conversation.rttm")).unwrap();
    let below_file = file.join("x.rttm");
    let cases = [
        ("-o", folder.path().join("out/conversation.rttm")),
        ("-o", folder.path().join("missing/x.rttm")),
        ("-o", below_file.clone()),
        ("--output-dir", file),
        ("--output-dir", below_file),
        ("--output-dir", folder.path().join("out")),
    ];
    for (option, path) in cases {
        let start = std::time::Instant::now();
        let path = path.to_str().unwrap();
        let line = diarist(["diarize", option, path, &audio("conversation.flac")]).failed(5);
        assert!(line.contains(path), "{line}");
        // The work takes longer than this with a development build; the check takes milliseconds.
        assert!(start.elapsed().as_secs_f64() < 5.0, "{option} {path} was refused late");
    }
}

#[test]
fn a_recording_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let recording = folder.path().join("short.flac");
    fs::copy(audio("short.flac"), &recording).unwrap();
    let same = folder.path().join(".").join("short.flac");
    diarist(["diarize".as_ref(), recording.as_os_str(), "-o".as_ref(), same.as_os_str()]).failed(2);
    assert_eq!(fs::read(&recording).unwrap(), fs::read(audio("short.flac")).unwrap());
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_fault() {
    let short = audio("short.flac");
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diarist"));
    let mut child = command
        .args(["diarize", &short, &short])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_output_fault() {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("diarist"));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.args(["diarize", &audio("short.flac")]).stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(5), 1), "{stderr}");
}
