//! Files that are damaged, odd or not audio. Each gives an error of one line or its usable part,
//! never a panic.

use std::path::{Path, PathBuf};

use super::{decode, fixture, formats_bytes, read_all};
use crate::ErrorKind;
use crate::audio::{AudioSource, open_bytes};

/// A file of the given bytes in a folder that lasts as long as the first value.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
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
        Case("film.ts", [&[0x47, 0x40, 0, 0x10][..], &[0xff; 184]].concat().repeat(8), "an MPEG transport stream"),
        Case("film.m2ts", [&[0, 0, 0, 1, 0x47, 0x40][..], &[0xff; 186]].concat().repeat(8), "an MPEG transport stream"),
        Case("sound.ac3", [&b"\x0b\x77"[..], &[0; 510]].concat(), "Dolby Digital"),
        Case("radio.aac", [&b"\x56\xe0\x10"[..], &[0x20; 16]].concat().repeat(4), "LOAS/LATM"),
        Case("old.spx", [&b"OggS\0\x02"[..], &[0; 22], &b"Speex   1.2"[..], &[0; 60]].concat(), "Speex"),
        Case("silent.ogv", [&b"OggS\0\x02"[..], &[0; 20], b"\x01\x2a\x80theora", &[3; 39]].concat(), "pictures but no"),
        Case("film.avi", b"RIFF\x10\0\0\0AVI LIST".repeat(9), "AVI video"),
        Case("notes.mid", b"MThd\0\0\0\x06\0\x01".repeat(9), "MIDI"),
        Case("zeros.wav", vec![0; 5_000], "not audio"),
        Case("short.wav", b"RIFF".to_vec(), "text"),
    ];
    for Case(name, bytes, expected) in cases {
        let (_folder, path) = file(name, &bytes);
        let message = refused(&path);
        assert!(message.contains(expected), "{message}");
    }
    let error = decode("file:///missing/talk.wav".as_ref()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("leave out file://"), "{error}");
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
    let bytes = formats_bytes("s16_16k_mono.wav");
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
        let bytes = formats_bytes(name);
        let (_folder, path) = file(name, &bytes[..(bytes.len() as f64 * part) as usize]);
        let (samples, file) = decode(&path).unwrap();
        let seconds = samples.len() as f64 / 16_000.0;
        assert!((0.3..1.1).contains(&seconds), "{name}: {seconds} s");
        assert!(!file.warnings().is_empty(), "{name}");
    }
    // The index of an MP4 file is at its end.
    let bytes = formats_bytes("aac_44k_stereo.m4a");
    let (_folder, path) = file("cut.m4a", &bytes[..bytes.len() / 2]);
    refused(&path);
}

#[test]
fn garbage_within_an_mp3_is_skipped() {
    let mut bytes = formats_bytes("mp3_44k_stereo.mp3");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 700].fill(0x55);
    let (_folder, path) = file("garbage.mp3", &bytes);
    let (samples, _) = decode(&path).unwrap();
    assert!((17_000..=19_700).contains(&samples.len()), "{}", samples.len());
}

#[test]
fn joined_mp3_files_are_read_to_the_end() {
    let stereo = formats_bytes("mp3_44k_stereo.mp3");
    let mono = formats_bytes("mp3_24k_mono.mp3");
    let layer_2 = formats_bytes("mp2_48k_stereo.mp2");
    let id3 = [&b"ID3\x04\0\0\0\0\0\x10"[..], &[0; 16]].concat();
    let cases = [
        ("the same kind", [&stereo[..], &stereo].concat()),
        ("stereo, then mono at another rate", [&stereo[..], &mono].concat()),
        ("mono, then stereo", [&mono[..], &stereo].concat()),
        ("a tag between", [&stereo[..], &id3, &mono].concat()),
        ("layer II, then layer III", [&layer_2[..], &stereo].concat()),
        ("layer III, then layer II", [&stereo[..], &layer_2].concat()),
        ("garbage between", [&stereo[..], &[0x55; 3_000], &mono].concat()),
    ];
    for (case, bytes) in cases {
        let (_folder, path) = file("joined.mp3", &bytes);
        let (samples, source) = decode(&path).unwrap();
        // 1.2 s each (layer II: 1.0 s), and what encoders add before and after.
        assert!((35_200..41_500).contains(&samples.len()), "{case}: {} {:?}", samples.len(), source.warnings());
        assert!(samples[24_000..].iter().any(|sample| sample.abs() > 0.05), "{case}");
    }
}

/// ADTS frames of silence: a raw data block of one channel (or two) without any coefficients.
fn silent_aac(rate_index: u8, is_stereo: bool, num_frames: usize) -> Vec<u8> {
    // ISO/IEC 14496-3 table 4.3: an element of one channel (0) or of a pair (1), each with a gain,
    // a long window and no bands, then the end (7).
    let block: &[u8] = if is_stereo { &[0x20, 0, 0, 0, 0, 0, 0x0e] } else { &[0, 0, 0, 0x07] };
    let length = block.len() as u8 + 7;
    let channels = if is_stereo { 0x80 } else { 0x40 };
    let header = [0xff, 0xf1, 0x40 | rate_index << 2, channels, length >> 3, length << 5 | 0x1f, 0xfc];
    [&header[..], block].concat().repeat(num_frames)
}

#[test]
fn joined_aac_files_are_read_to_the_end() {
    let sound = formats_bytes("aac_48k_stereo.aac");
    let (_folder, path) = file("sound.aac", &sound);
    let length = decode(&path).unwrap().0.len();
    for (rate_index, rate, is_stereo) in [(8, 16_000, false), (4, 44_100, true), (3, 48_000, false)] {
        let other = silent_aac(rate_index, is_stereo, 100);
        let expected = length + 100 * 1_024 * 16_000 / rate;
        for bytes in [[&other[..], &sound].concat(), [&sound[..], &other].concat()] {
            let is_last = bytes.ends_with(&sound);
            let (_folder, path) = file("joined.aac", &bytes);
            let (samples, source) = decode(&path).unwrap();
            assert!(source.warnings().is_empty(), "{rate}: {:?}", source.warnings());
            assert!(samples.len().abs_diff(expected) < 20, "{rate}: {} of {expected}", samples.len());
            let part = if is_last { &samples[samples.len() - length..] } else { &samples[..length] };
            assert!(part.iter().filter(|sample| sample.abs() > 0.05).count() > 1_000, "{rate}");
        }
    }
    // Frames whose header tells no channels.
    let mut other = silent_aac(8, false, 100);
    other.chunks_mut(11).for_each(|frame| frame[3] = 0);
    let (_folder, path) = file("joined.aac", &[&sound[..], &other].concat());
    let (samples, source) = decode(&path).unwrap();
    assert_eq!(samples.len(), length);
    assert!(source.warnings()[0].contains("cannot be read beyond"), "{:?}", source.warnings());
}

/// `bytes` with others from a position on.
fn patched(name: &str, at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = formats_bytes(name);
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

#[test]
fn headers_that_ask_for_too_much_or_make_a_decoder_panic_are_refused() {
    // A codebook of Vorbis that multiplies beyond 32 bits (and the page's checksum for it).
    let mut vorbis = patched("vorbis_44k_stereo.ogg", 80, &[0x3a, 0x8a, 0x5f, 0x33]);
    vorbis[210..212].copy_from_slice(&[0xff, 0x7f]);
    let (_folder, path) = file("codebook.ogg", &vorbis);
    assert!(refused(&path).contains("its header is damaged (the decoder failed"), "{}", refused(&path));
    for (name, at) in [("alac_44k_mono.caf", 40), ("alac_44k_stereo.m4a", 46_554)] {
        let (_folder, path) = file(name, &patched(name, at, &[0xff; 4]));
        assert!(refused(&path).contains("packets of an impossible length"), "{name}: {}", refused(&path));
    }
    // Frames per packet of PCM are not reserved in advance.
    let (_folder, path) = file("packets.caf", &patched("s16_16k_mono.caf", 40, &[0xe0, 0, 0, 1]));
    let _ = decode(&path);
}

#[test]
fn lengths_that_a_reader_estimates_give_no_warning() {
    // Frames of very different sizes, so that the first ones tell nothing about the length.
    let (_, source) = decode(&fixture("audio/formats/aac_48k_stereo.aac")).unwrap();
    assert!(source.warnings().is_empty(), "{:?}", source.warnings());
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

#[test]
fn a_hole_in_a_flac_file_is_told_and_keeps_its_length() {
    let mut bytes = std::fs::read(fixture("audio/conversation.flac")).unwrap();
    let read = |bytes: &[u8]| {
        let mut source = open_bytes("a.flac", bytes.to_vec()).unwrap();
        (read_all(&mut source).unwrap().len(), source.warnings().to_vec())
    };
    let (num_samples, warnings) = read(&bytes);
    assert!(warnings.is_empty(), "{warnings:?}");
    bytes[300_000..400_000].fill(0);
    let (num_damaged, warnings) = read(&bytes);
    assert_eq!(num_damaged, num_samples);
    assert!(warnings.len() == 1 && warnings[0].contains("s of audio are missing, at 16.6"), "{warnings:?}");
}
