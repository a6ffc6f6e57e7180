//! Files that are damaged, odd or not audio. Each gives an error of one line or its usable part,
//! never a panic.

use std::path::{Path, PathBuf};

use super::{decode, fixture};
use crate::ErrorKind;
use crate::audio::AudioSource;

/// A file of the given bytes in a folder that lasts as long as the first value.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn format_bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture("audio/formats").join(name)).unwrap()
}

/// A WAV file with the given fields of its format and sizes.
fn wav(tag: u16, num_channels: u16, rate: u32, bits: u16, data: &[u8], data_size: u32, riff_size: u32) -> Vec<u8> {
    let block = num_channels * (bits / 8);
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(riff_size.to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(tag.to_le_bytes());
    bytes.extend(num_channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(rate.wrapping_mul(u32::from(block)).to_le_bytes());
    bytes.extend(block.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_size.to_le_bytes());
    bytes.extend(data);
    bytes
}

fn honest_wav(tag: u16, num_channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    wav(tag, num_channels, rate, bits, data, data.len() as u32, data.len() as u32 + 36)
}

/// The error of one line for a file that must be refused.
fn refused(path: &Path) -> String {
    let error = decode(path).map(|(samples, file)| (samples.len(), file)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.contains(&path.display().to_string()), "{message}");
    message
}

#[test]
fn files_that_are_not_audio_are_named() {
    struct Case(&'static str, Vec<u8>, &'static str);
    let cases = [
        Case("empty.wav", Vec::new(), "empty"),
        Case("notes.txt", b"who spoke when\n".repeat(40), "a text file"),
        Case("notes.wav", "wer sprach wann? äöü\n".repeat(40).into_bytes(), "a text file"),
        Case("picture.mp3", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "a picture (PNG)"),
        Case("talk.wma", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9".repeat(9), "Windows Media"),
        Case("zeros.wav", vec![0; 5_000], "not audio"),
        Case("short.wav", b"RIFF".to_vec(), "text"),
    ];
    for Case(name, bytes, expected) in cases {
        let (_folder, path) = file(name, &bytes);
        let message = refused(&path);
        assert!(message.contains(expected), "{message}");
    }
    let message = refused(&fixture("audio/formats/video_only.mp4"));
    assert!(message.contains("no audio"), "{message}");
    let message = refused(&fixture("audio/formats/ac3_48k_stereo.mkv"));
    assert!(message.contains("Dolby Digital (AC-3)"), "{message}");
}

#[test]
fn files_that_cannot_be_opened_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&folder.path().join("missing.wav")).contains("no such file"));
    assert!(refused(folder.path()).contains("is a directory"));
}

#[test]
fn a_header_without_samples_is_an_empty_recording() {
    let (_folder, path) = file("header.wav", &honest_wav(1, 1, 16_000, 16, &[]));
    let (samples, file) = decode(&path).unwrap();
    assert!(samples.is_empty());
    assert!(file.warnings().is_empty());
}

#[test]
fn sizes_of_a_streamed_wav_are_ignored() {
    let data: Vec<u8> = (0..16_000i16).flat_map(|i| (i % 200).to_le_bytes()).collect();
    let huge = u32::MAX;
    // Sizes as ffmpeg and sox write them into a pipe, and as interrupted recorders leave them.
    for (data_size, riff_size) in [(huge, huge), (0x7fff_f000, 0x7fff_f024), (huge - 36, huge), (0, 0), (0, 36)] {
        let (_folder, path) = file("streamed.wav", &wav(1, 1, 16_000, 16, &data, data_size, riff_size));
        let (samples, file) = decode(&path).unwrap();
        assert_eq!(samples.len(), 16_000, "{data_size:#x} {riff_size:#x} {:?}", file.warnings());
        assert!(file.info().duration_s.is_none_or(|duration_s| duration_s < 1.01), "{:?}", file.info());
    }
}

#[test]
fn a_wav_that_is_cut_off_is_used_and_reported() {
    let bytes = format_bytes("s16_16k_mono.wav");
    let (_folder, path) = file("cut.wav", &bytes[..bytes.len() / 2 + 1]);
    let (samples, file) = decode(&path).unwrap();
    assert!((9_500..9_700).contains(&samples.len()), "{}", samples.len());
    assert!(file.warnings()[0].contains("promises 1.20 s"), "{:?}", file.warnings());
}

#[test]
fn cut_off_files_give_their_readable_part() {
    let cases = [
        ("mp3_44k_stereo.mp3", 0.6),
        ("flac_16k_mono.flac", 0.6),
        ("aac_16k_mono.m4a", 0.6),
        ("opus_48k_stereo.webm", 0.6),
        // It has two pages of samples, one of which must be whole.
        ("opus_celt_48k_stereo.opus", 0.9),
    ];
    for (name, part) in cases {
        let bytes = format_bytes(name);
        let (_folder, path) = file(name, &bytes[..(bytes.len() as f64 * part) as usize]);
        let (samples, file) = decode(&path).unwrap();
        let seconds = samples.len() as f64 / 16_000.0;
        assert!((0.3..1.1).contains(&seconds), "{name}: {seconds} s");
        assert!(!file.warnings().is_empty(), "{name}");
    }
    // The index of an MP4 file is at its end.
    let bytes = format_bytes("aac_44k_stereo.m4a");
    let (_folder, path) = file("cut.m4a", &bytes[..bytes.len() / 2]);
    refused(&path);
}

#[test]
fn garbage_within_an_mp3_is_skipped() {
    let mut bytes = format_bytes("mp3_44k_stereo.mp3");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 700].fill(0x55);
    let (_folder, path) = file("garbage.mp3", &bytes);
    let (samples, _) = decode(&path).unwrap();
    assert!((17_000..=19_700).contains(&samples.len()), "{}", samples.len());
}

#[test]
fn joined_mp3_files_are_read_to_the_end() {
    let bytes = format_bytes("mp3_44k_stereo.mp3").repeat(2);
    let (_folder, path) = file("joined.mp3", &bytes);
    let (samples, _) = decode(&path).unwrap();
    assert!((38_400..40_500).contains(&samples.len()), "{}", samples.len());
}

#[test]
fn samples_that_are_not_finite_are_an_error_with_their_place() {
    let mut samples = vec![0.25f32; 1_000];
    samples[700] = f32::NAN;
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let (_folder, path) = file("nan.wav", &honest_wav(3, 1, 8_000, 32, &data));
    assert!(refused(&path).contains("sample 700 (at 0.087 s)"), "{}", refused(&path));
}

#[test]
fn odd_rates_and_many_channels_are_read_or_refused() {
    let data = vec![0u8; 64 * 2 * 100];
    for rate in [0, 1, 99, 4_000_000_000] {
        let (_folder, path) = file("rate.wav", &honest_wav(1, 1, rate, 16, &data));
        refused(&path);
    }
    for (rate, num_samples) in [(100, 6_400 * 160), (768_000, 134)] {
        let (_folder, path) = file("rate.wav", &honest_wav(1, 1, rate, 16, &data));
        assert_eq!(decode(&path).unwrap().0.len(), num_samples);
    }
    let (_folder, path) = file("channels.wav", &honest_wav(1, 64, 16_000, 16, &data));
    assert!(refused(&path).contains("channel count"));
    let (_folder, path) = file("channels.wav", &honest_wav(1, 18, 16_000, 16, &data[..18 * 2 * 100]));
    let (samples, file) = decode(&path).unwrap();
    assert_eq!((samples.len(), file.info().channels), (100, 18));
}

#[test]
fn no_damage_causes_a_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(fixture("audio/formats")).unwrap() {
        let entry = entry.unwrap();
        let bytes = std::fs::read(entry.path()).unwrap();
        let path = folder.path().join(entry.file_name());
        for round in 0..12 {
            let mut bytes = bytes.clone();
            if round % 3 == 0 {
                bytes.truncate(random(bytes.len()));
            }
            // Headers and bodies: half of the flips hit the first kilobyte.
            for _ in 0..random(12) {
                let reach = if random(2) == 0 { bytes.len().min(1_024) } else { bytes.len() };
                if reach > 0 {
                    bytes[random(reach)] ^= 1 << random(8);
                }
            }
            std::fs::write(&path, &bytes).unwrap();
            if let Err(error) = decode(&path) {
                assert_eq!(error.kind(), ErrorKind::Input, "{error}");
            }
        }
    }
}
