//! Unusual inputs: each gives one line and an exit code, or a correct result.

use std::fs;
use std::path::Path;

use super::{audio, diarist, wav};

/// Expected outcome of a recording.
enum Outcome {
    /// Code 3 and one line that contains this text.
    Refused(&'static str),
    /// Success, and no turn.
    Silent,
    /// Success, with or without turns.
    Accepted,
}
use Outcome::{Accepted, Refused, Silent};

struct Case {
    name: &'static str,
    outcome: Outcome,
    write: fn(&Path),
}

/// Noise in [-0.1, 0.1] from a fixed linear congruential generator.
fn noise(num_samples: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * 0.2 - 0.1
    };
    (0..num_samples).map(|_| next()).collect()
}

fn loud() -> Vec<f32> {
    noise(16_000).into_iter().map(|sample| sample * 1e30).collect()
}

fn with_sample(value: f32) -> Vec<f32> {
    let mut samples = noise(32_000);
    samples[20_000] = value;
    samples
}

/// A chain of MPEG-1 layer III frames (128 kbit/s, 44.1 kHz) of silence, cut in the middle of a
/// frame.
fn truncated_mp3() -> Vec<u8> {
    let mut frame = vec![0xFF, 0xFB, 0x90, 0xC4];
    frame.resize(417, 0);
    let mut bytes = frame.repeat(40);
    bytes.truncate(bytes.len() - 200);
    bytes
}

const CASES: [Case; 19] = [
    Case { name: "empty.wav", outcome: Refused("empty"), write: |path| fs::write(path, "").unwrap() },
    Case { name: "text.wav", outcome: Refused("text"), write: |path| fs::write(path, "who spoke when\n").unwrap() },
    Case {
        name: "text.mp3",
        outcome: Refused("text"),
        write: |path| fs::write(path, "a line\n".repeat(9999)).unwrap(),
    },
    Case {
        name: "bytes.wav",
        outcome: Refused("audio"),
        write: |path| fs::write(path, [0xA7, 0x00, 0x11].repeat(9999)).unwrap(),
    },
    Case {
        name: "header-only.wav",
        outcome: Refused(""),
        write: |path| fs::write(path, b"RIFF\x24\0\0\0WAVE").unwrap(),
    },
    Case { name: "truncated.mp3", outcome: Silent, write: |path| fs::write(path, truncated_mp3()).unwrap() },
    Case { name: "no-samples.wav", outcome: Silent, write: |path| wav::write_i16(path, 16_000, 1, &[]) },
    Case { name: "one-sample.wav", outcome: Silent, write: |path| wav::write_i16(path, 16_000, 1, &[1000]) },
    Case { name: "10-ms.wav", outcome: Accepted, write: |path| wav::write_f32(path, 16_000, 1, &noise(160)) },
    Case { name: "1-s.wav", outcome: Accepted, write: |path| wav::write_f32(path, 16_000, 1, &noise(16_000)) },
    Case { name: "silence.wav", outcome: Silent, write: |path| wav::write_i16(path, 16_000, 1, &[0; 12 * 16_000]) },
    Case {
        name: "nan.wav",
        outcome: Refused("finite"),
        write: |path| wav::write_f32(path, 16_000, 1, &with_sample(f32::NAN)),
    },
    Case {
        name: "inf.wav",
        outcome: Refused("finite"),
        write: |path| wav::write_f32(path, 16_000, 1, &with_sample(f32::INFINITY)),
    },
    Case { name: "0-hz.wav", outcome: Refused(""), write: |path| wav::write_f32(path, 0, 1, &noise(100)) },
    Case { name: "1-hz.wav", outcome: Refused("Hz"), write: |path| wav::write_f32(path, 1, 1, &noise(100)) },
    Case { name: "768-khz.wav", outcome: Accepted, write: |path| wav::write_f32(path, 768_000, 1, &noise(768_000)) },
    Case {
        name: "64-channels.wav",
        outcome: Refused("channel"),
        write: |path| wav::write_i16(path, 16_000, 64, &[3; 64 * 16_000]),
    },
    Case { name: "8-khz.wav", outcome: Accepted, write: |path| wav::write_f32(path, 8_000, 2, &noise(32_000)) },
    Case { name: "huge.wav", outcome: Accepted, write: |path| wav::write_f32(path, 16_000, 1, &loud()) },
];

#[test]
fn every_unusual_recording_is_refused_in_one_line_or_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for Case { name, outcome, write } in CASES {
        let path = folder.path().join(name);
        write(&path);
        let run = diarist(["diarize".as_ref(), path.as_os_str()]);
        let lines = run.stderr.lines().count();
        let right = match outcome {
            Refused(word) => {
                let named = run.stderr.starts_with("error: ") && run.stderr.contains(name) && run.stderr.contains(word);
                run.code == 3 && lines == 1 && named && run.stdout.is_empty()
            }
            Silent => run.code == 0 && run.stdout.is_empty(),
            Accepted => run.code == 0,
        };
        let warned = run.stderr.lines().all(|line| line.starts_with("error: ") || line.starts_with("warning: "));
        if !right || !warned {
            faults.push(format!("{name}: code {}, stdout {:?}, stderr {:?}", run.code, run.stdout, run.stderr));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_missing_file_or_a_folder_without_audio_is_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.wav");
    assert!(diarist(["diarize".as_ref(), missing.as_os_str()]).failed(3).contains("missing.wav"));
    let line = diarist(["diarize".as_ref(), folder.path().as_os_str()]).failed(3);
    assert!(line.contains("no audio file"), "{line}");
}

#[test]
fn silence_is_a_json_document_without_speakers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silence.wav");
    wav::write_i16(&path, 16_000, 1, &[0; 16_000]);
    let text = diarist(["diarize".as_ref(), "--format".as_ref(), "json".as_ref(), path.as_os_str()]).succeeded();
    let document: diarist::parts::formats::json::Document = serde_json::from_str(&text).unwrap();
    assert_eq!((document.duration_s, document.speech_s), (1.0, 0.0));
    assert!(document.turns.is_empty() && document.exclusive_turns.is_empty() && document.speakers.is_empty());
}

#[test]
fn a_number_of_speakers_that_cannot_be_had_is_code_6() {
    let line = diarist(["diarize", "--num-speakers", "40", &audio("short.flac")]).failed(6);
    assert!(line.contains("40") && line.contains("short.flac"), "{line}");
}

#[test]
fn wrong_weights_are_code_4_and_the_message_has_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("weights.safetensors");
    fs::write(&text, "not weights").unwrap();
    let embedded = |name: &str, network: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, network).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let segmentation = embedded("segmentation.safetensors", &diarist_weights::segmentation());
    let embedding = embedded("embedding.safetensors", &diarist_weights::embedding());
    let cases = [
        ("--segmentation", text.to_str().unwrap().to_owned(), "weights.safetensors"),
        ("--segmentation", audio("short.flac"), "short.flac"),
        // A network of the other kind lacks the first tensor of this one.
        ("--segmentation", embedding, "sincnet"),
        ("--embedding", segmentation, "conv"),
    ];
    for (option, path, word) in cases {
        let line = diarist(["diarize", option, &path, &audio("short.flac")]).failed(4);
        assert!(line.contains(word), "{line}");
    }
}
