//! Compares every format with ffmpeg's decoding of the same file
//! (`tools/reference/audio_formats.py`).

use serde::Deserialize;

use super::{AudioSource, decode, fixture, golden, open_bytes, read_all, snr_db};

#[derive(Deserialize)]
struct Entry {
    name: String,
    sample_rate: u32,
    channels: usize,
    num_samples: usize,
    starts: [usize; 3],
}

#[test]
fn every_format_agrees_with_the_reference_decoder() {
    let entries: Vec<Entry> =
        serde_json::from_slice(&std::fs::read(fixture("golden/audio/formats.json")).unwrap()).unwrap();
    let (excerpts, shape) = golden("formats.npy");
    let length = shape[2] as usize;
    assert_eq!(shape, [entries.len() as u64, 3, length as u64]);
    assert!(entries.len() > 30);
    let mut failures = Vec::new();
    for (entry, excerpts) in entries.iter().zip(excerpts.chunks(3 * length)) {
        let name = &entry.name;
        let (samples, file) = match decode(&fixture("audio/formats").join(name)) {
            Ok(decoded) => decoded,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        let bytes = std::fs::read(fixture("audio/formats").join(name)).unwrap();
        let from_bytes = open_bytes("bytes", bytes).and_then(|mut file| read_all(&mut file));
        if from_bytes.as_ref().ok() != Some(&samples) {
            failures.push(format!("{name}: not the same from memory: {:?}", from_bytes.err()));
        }
        let info = file.info();
        if (info.sample_rate, info.channels) != (entry.sample_rate, entry.channels) {
            failures.push(format!("{name}: {info:?}"));
        }
        if !file.warnings().is_empty() {
            failures.push(format!("{name}: {:?}", file.warnings()));
        }
        // Matroska's discarded padding at the end is not applied: less than one packet of 21 ms too
        // much.
        let is_matroska = [".mkv", ".mka", ".webm"].iter().any(|suffix| name.ends_with(suffix));
        let excess = samples.len() as i64 - entry.num_samples as i64;
        if !(0..=if is_matroska { 340 } else { 0 }).contains(&excess) {
            failures.push(format!("{name}: {} samples, not {}", samples.len(), entry.num_samples));
        }
        for (&start, expected) in entry.starts.iter().zip(excerpts.chunks(length)) {
            let Some(actual) = samples.get(start..start + length) else {
                failures.push(format!("{name}: too short at {start}"));
                continue;
            };
            let snr = snr_db(actual, expected);
            // A shift by one sample gives less than 25 dB on this signal. The Opus decoder computes
            // in 16-bit integers, the reference in floats; the other decoders differ in their last
            // bits.
            if snr < 45.0 {
                failures.push(format!("{name}: {snr:.1} dB at {start}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Samples of a 16-bit WAV or CAF file whose data is the last `num_samples` samples of the file.
fn raw_s16le(name: &str, num_samples: usize) -> Vec<f32> {
    let bytes = std::fs::read(fixture("audio/formats").join(name)).unwrap();
    bytes[bytes.len() - 2 * num_samples..]
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
        .collect()
}

#[test]
fn lossless_mono_at_16_khz_is_bit_exact() {
    let expected = raw_s16le("s16_16k_mono.wav", 19_200);
    for name in ["s16_16k_mono.wav", "flac_16k_mono.flac"] {
        let (samples, _) = decode(&fixture("audio/formats").join(name)).unwrap();
        assert!(samples == expected, "{name}");
    }
    let (samples, _) = decode(&fixture("audio/formats/s16_16k_mono.caf")).unwrap();
    assert!(samples == raw_s16le("s16_16k_mono.caf", 12_800));
}

#[test]
fn six_channels_become_their_mean() {
    let expected: Vec<f32> =
        raw_s16le("s16_16k_6ch.wav", 6 * 3_200).chunks_exact(6).map(|frame| frame.iter().sum::<f32>() / 6.0).collect();
    let (samples, file) = decode(&fixture("audio/formats/s16_16k_6ch.wav")).unwrap();
    assert_eq!(file.info().channels, 6);
    assert!(samples == expected);
}

#[test]
fn aac_with_six_channels_is_read() {
    let (samples, file) = decode(&fixture("audio/formats/aac_48k_6ch.m4a")).unwrap();
    assert_eq!((samples.len(), file.info().channels), (4_800, 6));
    assert!(file.warnings().is_empty(), "{:?}", file.warnings());
    let level = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32;
    assert!(level > 1e-5, "{level}");
}

#[test]
fn the_container_states_the_length() {
    for (name, expected_s) in [
        ("s16_16k_mono.wav", 1.2),
        ("flac_16k_mono.flac", 1.2),
        ("aac_44k_stereo.m4a", 1.2),
        ("mp3_44k_stereo.mp3", 1.2),
    ] {
        let (_, file) = decode(&fixture("audio/formats").join(name)).unwrap();
        let duration_s = file.info().duration_s.unwrap();
        // MP4 states the length in whole milliseconds.
        assert!((duration_s - expected_s).abs() < 0.002, "{name}: {duration_s}");
    }
}
