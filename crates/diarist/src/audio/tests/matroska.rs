//! Matroska files made of their elements: times of packets, choice of tracks, unknown lengths.
//! Samples are 16-bit PCM at 16 kHz; each packet has 20 ms of one value, its number.

use super::{AudioSource, Selection, formats_bytes, open_bytes, open_selected, read_all};
use crate::Result;

const PACKET: usize = 320;

fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut bytes = id.to_vec();
    bytes.extend((content.len() as u32 | 0x1000_0000).to_be_bytes());
    bytes.extend(content);
    bytes
}

/// A track entry of PCM (type 2) or of pictures (type 1).
fn track(number: u8, kind: u8, extra: &[u8]) -> Vec<u8> {
    let mut entry =
        [element(&[0xd7], &[number]), element(&[0x73, 0xc5], &[number]), element(&[0x83], &[kind])].concat();
    if kind == 2 {
        entry.extend(element(&[0x86], b"A_PCM/INT/LIT"));
        let rate = element(&[0xb5], &16_000f64.to_be_bytes());
        entry.extend(element(&[0xe1], &[rate, element(&[0x9f], &[1]), element(&[0x62, 0x64], &[16])].concat()));
    } else {
        entry.extend(element(&[0x86], b"V_VP8"));
        entry.extend(element(&[0xe0], &[element(&[0xb0], &[16]), element(&[0xba], &[16])].concat()));
    }
    entry.extend(extra);
    element(&[0xae], &entry)
}

/// A cluster with one block of a track at a time in milliseconds.
fn cluster(number: u8, time_ms: u64, data: &[u8], is_open: bool) -> Vec<u8> {
    let block = [&[0x80 | number, 0, 0, 0x80][..], data].concat();
    let content = [element(&[0xe7], &time_ms.to_be_bytes()), element(&[0xa3], &block)].concat();
    match is_open {
        true => [&[0x1f, 0x43, 0xb6, 0x75, 0xff][..], &content].concat(),
        false => element(&[0x1f, 0x43, 0xb6, 0x75], &content),
    }
}

fn pcm(value: i16) -> Vec<u8> {
    value.to_le_bytes().repeat(PACKET)
}

fn file(tracks: &[Vec<u8>], clusters: &[Vec<u8>], is_open: bool) -> Vec<u8> {
    let header = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], b"matroska"));
    let scale = element(&[0x2a, 0xd7, 0xb1], &1_000_000u32.to_be_bytes());
    let program = [element(&[0x4d, 0x80], b"test"), element(&[0x57, 0x41], b"test")].concat();
    let info = element(&[0x15, 0x49, 0xa9, 0x66], &[scale, program].concat());
    let content = [info, element(&[0x16, 0x54, 0xae, 0x6b], &tracks.concat()), clusters.concat()].concat();
    match is_open {
        true => [&header, &[0x18, 0x53, 0x80, 0x67, 0xff][..], &content].concat(),
        false => [header, element(&[0x18, 0x53, 0x80, 0x67], &content)].concat(),
    }
}

/// Samples (as integers) and warnings of a file.
fn decoded(bytes: Vec<u8>) -> Result<(Vec<i16>, Vec<String>)> {
    let mut source = open_bytes("made.mkv", bytes)?;
    let samples = read_all(&mut source)?;
    Ok((samples.iter().map(|sample| (sample * 32_768.0) as i16).collect(), source.warnings().to_vec()))
}

/// Samples of a file with one audio track whose packets have the given times.
fn timed(times_ms: &[u64], others: &[Vec<u8>]) -> (Vec<i16>, Vec<String>) {
    let packets = times_ms.iter().enumerate().map(|(i, &time_ms)| cluster(1, time_ms, &pcm(i as i16 + 1), false));
    let clusters: Vec<Vec<u8>> = others.iter().cloned().chain(packets).collect();
    decoded(file(&[track(1, 2, &[]), track(2, 1, &[])], &clusters, false)).unwrap()
}

fn positions(samples: &[i16]) -> Vec<Option<usize>> {
    (1..=samples.iter().copied().max().unwrap_or(0)).map(|v| samples.iter().position(|&s| s == v)).collect()
}

#[test]
fn audio_after_the_picture_stays_there() {
    let (samples, warnings) = timed(&[4_000, 4_020], &[cluster(2, 0, b"picture", false)]);
    assert_eq!(positions(&samples), [Some(64_000), Some(64_320)]);
    assert_eq!((samples.len(), warnings.len()), (64_640, 0));
    // Both tracks start late: a stream that was joined after fourteen hours.
    let (samples, warnings) = timed(&[50_001_000, 50_001_020], &[cluster(2, 50_000_000, b"picture", false)]);
    assert_eq!(positions(&samples), [Some(16_000), Some(16_320)]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let (samples, _) = timed(&[50_000_000, 50_000_020], &[]);
    assert_eq!(positions(&samples), [Some(0), Some(320)]);
}

#[test]
fn missing_packets_are_silence_and_jitter_is_not() {
    let (samples, _) = timed(&[0, 20, 3_000, 3_020], &[]);
    assert_eq!(positions(&samples), [Some(0), Some(320), Some(48_000), Some(48_320)]);
    assert!(samples[640..48_000].iter().all(|&sample| sample == 0));
    // Times that jitter, that overlap, and that begin anew.
    for times_ms in [[0, 50, 30, 75], [0, 10, 20, 30], [20_000, 20_020, 0, 20]] {
        let (samples, warnings) = timed(&times_ms, &[]);
        assert_eq!(positions(&samples), [Some(0), Some(320), Some(640), Some(960)], "{times_ms:?}");
        assert!(warnings.is_empty(), "{warnings:?}");
    }
    // A clock that is wrong asks for no silence, and a warning says so.
    let (samples, warnings) = timed(&[0, 90_000_000, 90_000_020], &[]);
    assert_eq!(samples.len(), 3 * PACKET);
    assert!(warnings[0].contains("clock jumps by 90000 s at 0.02 s"), "{warnings:?}");
}

#[test]
fn the_default_track_is_used() {
    let clusters = [cluster(1, 0, &pcm(0), false), cluster(2, 0, &pcm(7), false)];
    let not_default = element(&[0x88], &[0]);
    let bytes = file(&[track(1, 2, &not_default), track(2, 2, &[])], &clusters, false);
    let (samples, warnings) = decoded(bytes.clone()).unwrap();
    assert!(samples.iter().all(|&sample| sample == 7));
    assert_eq!(warnings, ["the file has 2 audio tracks; track 2 was used"]);
    // The first of several that are not marked otherwise.
    let (samples, _) = decoded(file(&[track(1, 2, &[]), track(2, 2, &[])], &clusters, false)).unwrap();
    assert!(samples.iter().all(|&sample| sample == 0));
    // The caller's wish.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.mkv");
    std::fs::write(&path, bytes).unwrap();
    let mut chosen = open_selected(&path, Selection { track: Some(1), ..Selection::default() }).unwrap();
    assert!(read_all(&mut chosen).unwrap().iter().all(|&sample| sample == 0.0));
    assert!(chosen.warnings().is_empty());
    for track in [0, 3] {
        let error =
            open_selected(&path, Selection { track: Some(track), ..Selection::default() }).unwrap_err().to_string();
        assert!(
            error.contains(&format!("no audio track {track}; its audio tracks have the numbers 1 to 2")),
            "{error}"
        );
    }
}

#[test]
fn a_track_without_packets_is_an_error() {
    let clusters = [cluster(2, 0, b"picture", false)];
    let error = decoded(file(&[track(1, 2, &[]), track(2, 1, &[])], &clusters, false)).unwrap_err().to_string();
    assert!(error.contains("its audio track holds no sound"), "{error}");
    let error = decoded(file(&[track(2, 1, &[])], &clusters, false)).unwrap_err().to_string();
    assert!(error.contains("pictures but no audio"), "{error}");
}

#[test]
fn a_recording_of_unknown_length_ends_without_a_warning() {
    let clusters: Vec<Vec<u8>> = (0..3).map(|i| cluster(1, 20 * i, &pcm(i as i16 + 1), true)).collect();
    let (samples, warnings) = decoded(file(&[track(1, 2, &[])], &clusters, true)).unwrap();
    assert_eq!((samples.len(), warnings.len()), (3 * PACKET, 0), "{warnings:?}");
    // Its last packet is not whole.
    let mut bytes = file(&[track(1, 2, &[])], &clusters, true);
    bytes.truncate(bytes.len() - 100);
    let (samples, warnings) = decoded(bytes).unwrap();
    assert_eq!(samples.len(), 2 * PACKET);
    assert!(warnings[0].contains("cannot be read beyond 0.04 s"), "{warnings:?}");
    // A file that knows its length and is shorter is cut off.
    let clusters: Vec<Vec<u8>> = (0..3).map(|i| cluster(1, 20 * i, &pcm(i as i16 + 1), false)).collect();
    let mut bytes = file(&[track(1, 2, &[])], &clusters, false);
    bytes.truncate(bytes.len() - 100);
    assert!(!decoded(bytes).unwrap().1.is_empty());
}

#[test]
fn high_efficiency_aac_is_decoded_however_it_is_announced() {
    // Frames of AAC-LC at 48 kHz, without their ADTS headers.
    let adts = formats_bytes("aac_48k_stereo.aac");
    let (mut frames, mut rest) = (Vec::new(), &adts[..]);
    while rest.len() > 7 {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        let header = if rest[1] & 1 == 1 { 7 } else { 9 };
        frames.push(rest[header..length].to_vec());
        rest = &rest[length..];
    }
    let clusters: Vec<Vec<u8>> =
        frames.iter().enumerate().map(|(i, frame)| cluster(1, i as u64 * 64 / 3, frame, false)).collect();
    let decode = |config: &[u8]| {
        let entry = [element(&[0xd7], &[1]), element(&[0x73, 0xc5], &[1]), element(&[0x83], &[2])].concat();
        let entry = [entry, element(&[0x86], b"A_AAC"), element(&[0x63, 0xa2], config)].concat();
        let audio = [element(&[0xb5], &48_000f64.to_be_bytes()), element(&[0x9f], &[2])].concat();
        let track = element(&[0xae], &[entry, element(&[0xe1], &audio)].concat());
        decoded(file(&[track], &clusters, false)).map(|(samples, warnings)| {
            assert!(warnings.is_empty(), "{warnings:?}");
            samples
        })
    };
    let plain = decode(&[0x11, 0x90]).unwrap();
    assert!(plain.len() > 16_000 && plain.iter().any(|&sample| sample > 1_000));
    // SBR, and SBR with PS, announced explicitly: object type, rate, channels, extended rate, type.
    assert!(decode(&[0x29, 0x90, 0x08, 0x00]).unwrap() == plain, "SBR");
    assert!(decode(&[0xe9, 0x90, 0x08, 0x00]).unwrap() == plain, "PS");
    let error = decode(&[0xf9, 0x46, 0x40, 0, 0]).unwrap_err().to_string();
    assert!(error.contains("xHE-AAC"), "{error}");
}

/// The description of one encoding of a track: its fields, and those of the compression.
fn encodings(fields: &[u8], compression: &[u8]) -> Vec<u8> {
    let encoding = [fields, &element(&[0x50, 0x34], compression)].concat();
    element(&[0x6d, 0x80], &element(&[0x62, 0x40], &encoding))
}

#[test]
fn packed_frames_are_restored_or_refused_by_name() {
    use std::io::Write;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&pcm(7)).unwrap();
    let zlib = zlib.finish().unwrap();
    let stripping = [element(&[0x42, 0x54], &[3]), element(&[0x42, 0x55], &pcm(7)[..100])].concat();
    for (compression, data) in
        [(Vec::new(), zlib.clone()), (element(&[0x42, 0x54], &[0]), zlib.clone()), (stripping, pcm(7)[100..].to_vec())]
    {
        let tracks = [track(1, 2, &encodings(&[], &compression))];
        let (samples, warnings) = decoded(file(&tracks, &[cluster(1, 0, &data, false)], false)).unwrap();
        assert!(samples == [7; PACKET] && warnings.is_empty(), "{warnings:?}");
    }
    for (encodings, reason) in [
        (encodings(&[], &element(&[0x42, 0x54], &[1])), "packed by bzlib"),
        (encodings(&element(&[0x50, 0x33], &[1]), &[]), "encrypted"),
    ] {
        let error = decoded(file(&[track(1, 2, &encodings)], &[cluster(1, 0, &zlib, false)], false)).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}
