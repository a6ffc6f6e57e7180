//! WAV and AIFF files whose sizes are wrong, and their 64-bit relatives.

use std::io::Cursor;

use super::read_all;
use crate::audio::{AudioSource, Selection, open_bytes, open_stream};

const NUM_FRAMES: usize = 24_000;

fn samples() -> Vec<i16> {
    (0..NUM_FRAMES as i32).map(|i| (i * 37 % 2_001 - 1_000) as i16).collect()
}

fn data() -> Vec<u8> {
    samples().iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

/// A chunk, without padding.
fn chunk(name: &[u8; 4], size: u32, content: &[u8]) -> Vec<u8> {
    [name, &size.to_le_bytes()[..], content].concat()
}

/// A `fmt ` chunk of 16 kHz mono.
fn format(tag: u16, block: u16, bits: u16, extra: &[u8]) -> Vec<u8> {
    let mut fields = tag.to_le_bytes().to_vec();
    fields.extend(1u16.to_le_bytes());
    fields.extend(16_000u32.to_le_bytes());
    fields.extend((16_000 * u32::from(block)).to_le_bytes());
    fields.extend(block.to_le_bytes());
    fields.extend(bits.to_le_bytes());
    fields.extend(extra);
    chunk(b"fmt ", fields.len() as u32, &fields)
}

fn s16() -> Vec<u8> {
    format(1, 2, 16, &[])
}

fn riff(magic: &[u8; 4], size: u32, chunks: &[Vec<u8>]) -> Vec<u8> {
    [&magic[..], &size.to_le_bytes(), b"WAVE", &chunks.concat()].concat()
}

fn whole(size: u32) -> Vec<u8> {
    chunk(b"data", size, &data())
}

const DATA_BYTES: u32 = 2 * NUM_FRAMES as u32;

/// Checks that the samples of a file, from memory and from a pipe, are those of [`samples`], and
/// that nothing is said about it.
#[track_caller]
fn is_whole(what: &str, bytes: &[u8]) {
    let expected: Vec<f32> = samples().iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    let mut file = open_bytes(what, bytes.to_vec()).unwrap();
    assert!(read_all(&mut file).unwrap() == expected, "{what}");
    assert!(file.warnings().is_empty(), "{what}: {:?}", file.warnings());
    let duration_s = file.info().duration_s.unwrap();
    assert!((duration_s - 1.5).abs() < 1e-9, "{what}: {duration_s}");
}

#[track_caller]
fn is_whole_in_a_pipe(what: &str, bytes: &[u8]) {
    let mut source = open_stream(what, Cursor::new(bytes.to_vec()), None, Selection::default()).unwrap();
    assert_eq!(read_all(&mut source).unwrap().len(), NUM_FRAMES, "{what}");
    assert!(source.warnings().is_empty(), "{what}: {:?}", source.warnings());
}

#[test]
fn sizes_of_riff_and_lists_do_not_matter() {
    let odd = b"INFOISFT\x0d\0\0\0Lavf59.27.10\0".to_vec();
    let list = |size: u32, content: &[u8]| chunk(b"LIST", size, content);
    let padded = [&odd[..], b"\0"].concat();
    for (what, bytes) in [
        ("RIFF of 0 bytes", riff(b"RIFF", 0, &[s16(), whole(DATA_BYTES)])),
        ("RIFF of 36 bytes", riff(b"RIFF", 36, &[s16(), whole(DATA_BYTES)])),
        ("RIFF of 8 bytes less", riff(b"RIFF", DATA_BYTES + 28, &[s16(), whole(DATA_BYTES)])),
        ("padding after a list", riff(b"RIFF", 99, &[s16(), list(25, &padded), whole(DATA_BYTES)])),
        ("padding left out", riff(b"RIFF", 99, &[s16(), list(25, &odd), whole(DATA_BYTES)])),
        ("a list that is too long", riff(b"RIFF", 99, &[s16(), list(40_000_000, &odd), whole(DATA_BYTES)])),
        ("a list that is too short", riff(b"RIFF", 99, &[s16(), list(7, &odd), whole(DATA_BYTES)])),
        (
            "chunks around",
            riff(b"RIFF", 0, &[chunk(b"JUNK", 3, b"abc\0"), s16(), whole(DATA_BYTES), list(26, &padded)]),
        ),
        ("sizes of a pipe", riff(b"RIFF", u32::MAX, &[s16(), whole(u32::MAX)])),
        ("sizes of sox", riff(b"RIFF", 0x7fff_f024, &[s16(), whole(0x7fff_f000)])),
        ("sizes never written", riff(b"RIFF", 0, &[s16(), whole(0)])),
    ] {
        is_whole(what, &bytes);
        if !what.contains("too") {
            is_whole_in_a_pipe(what, &bytes);
        }
    }
    // The other way round only in files.
    is_whole("samples first", &riff(b"RIFF", 0, &[whole(DATA_BYTES), s16()]));
}

#[test]
fn samples_in_several_chunks_and_joined_files_are_read() {
    let half = data().len() / 2;
    let part = |bytes: &[u8]| chunk(b"data", bytes.len() as u32, bytes);
    let (first, second) = (part(&data()[..half]), part(&data()[half..]));
    let list = chunk(b"LIST", 4, b"INFO");
    for (what, bytes) in [
        ("two chunks", riff(b"RIFF", 0, &[s16(), first.clone(), second.clone()])),
        ("a list between", riff(b"RIFF", 0, &[s16(), first.clone(), list.clone(), second.clone(), list.clone()])),
        ("an empty chunk first", riff(b"RIFF", 0, &[s16(), chunk(b"data", 0, b""), list, whole(DATA_BYTES)])),
        ("two files", [riff(b"RIFF", 0, &[s16(), first.clone()]), riff(b"RIFF", 0, &[s16(), second.clone()])].concat()),
    ] {
        is_whole(what, &bytes);
    }
    let warnings = |bytes: Vec<u8>| {
        let mut file = open_bytes("odd.wav", bytes).unwrap();
        let length = read_all(&mut file).unwrap().len();
        (length, file.warnings().join(" "))
    };
    // The size of the file tells that the samples go on.
    let (length, warning) = warnings(riff(b"RIFF", DATA_BYTES + 36, &[s16(), whole(1_000)]));
    assert!(length == NUM_FRAMES && warning.contains("47000 bytes after the end"), "{length}: {warning}");
    let (length, warning) = warnings(riff(b"RIFF", 1_036, &[s16(), whole(1_000)]));
    assert!(length == 500 && warning.contains("47000 bytes after the audio were not read"), "{length}: {warning}");
    let other = riff(b"RIFF", 0, &[format(1, 4, 32, &[]), second]);
    let (length, warning) = warnings([riff(b"RIFF", 0, &[s16(), first]), other].concat());
    assert!(length == NUM_FRAMES / 2 && warning.contains("another format"), "{length}: {warning}");
}

#[test]
fn forms_with_64_bit_sizes_are_read() {
    let ds64 = |size: u64| chunk(b"ds64", 28, &[&[0; 8][..], &size.to_le_bytes(), &[0; 12]].concat());
    let size = u64::from(DATA_BYTES);
    for (what, bytes) in [
        ("RF64", riff(b"RF64", u32::MAX, &[ds64(size), s16(), whole(u32::MAX)])),
        ("BW64", riff(b"BW64", u32::MAX, &[ds64(size), s16(), whole(u32::MAX), chunk(b"chna", 4, &[0; 4])])),
        ("RF64 with a size of 32 bits", riff(b"RF64", u32::MAX, &[ds64(size), s16(), whole(DATA_BYTES)])),
        ("RF64 never finished", riff(b"RF64", u32::MAX, &[ds64(0), s16(), whole(u32::MAX)])),
        ("Wave64", wave64(size + 24)),
        ("Wave64 of a pipe", wave64(i64::MAX as u64)),
    ] {
        is_whole(what, &bytes);
        is_whole_in_a_pipe(what, &bytes);
    }
}

/// A Wave64 file.
fn wave64(data_size: u64) -> Vec<u8> {
    const SUFFIX: &[u8] = b"\xf3\xac\xd3\x11\x8c\xd1\0\xc0\x4f\x8e\xdb\x8a";
    let chunk = |name: &[u8], size: u64, content: &[u8]| [name, SUFFIX, &size.to_le_bytes(), content].concat();
    let mut bytes = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0".to_vec();
    bytes.extend([0xff; 8]);
    bytes.extend([b"wave", SUFFIX].concat());
    bytes.extend(chunk(b"fmt ", 40, &s16()[8..]));
    bytes.extend(chunk(b"junk", 27, &[0; 8]));
    bytes.extend(chunk(b"data", data_size, &data()));
    bytes
}

#[test]
fn formats_that_are_stated_oddly_are_read() {
    let guid = |tag: u8| [&[tag, 0][..], b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"].concat();
    let extensible = |valid: u16, tag: u8| [&[22, 0][..], &valid.to_le_bytes(), &[4, 0, 0, 0], &guid(tag)].concat();
    for (what, format) in [
        ("a plain format", s16()),
        ("an extension of no bytes", format(1, 2, 16, &[0, 0])),
        ("an extension of some bytes", format(1, 2, 16, &[2, 0, 9, 9])),
        ("12 of 16 bits", format(1, 2, 12, &[])),
        ("WAVE_FORMAT_EXTENSIBLE", format(0xfffe, 2, 16, &extensible(16, 1))),
        ("12 valid bits", format(0xfffe, 2, 16, &extensible(12, 1))),
    ] {
        is_whole(what, &riff(b"RIFF", 0, &[format, whole(DATA_BYTES)]));
    }
    for (format, bytes) in [
        (format(7, 1, 8, &[]), 2),
        (format(6, 1, 8, &[0, 0]), 2),
        (format(0xfffe, 1, 8, &extensible(8, 7)), 2),
        (format(3, 8, 64, &[0, 0]), 0),
    ] {
        let num_frames = if bytes == 0 { NUM_FRAMES / 4 } else { NUM_FRAMES * bytes };
        let file = riff(b"RIFF", 0, &[format, chunk(b"data", DATA_BYTES, &vec![0; DATA_BYTES as usize])]);
        assert_eq!(read_all(&mut open_bytes("odd.wav", file).unwrap()).unwrap().len(), num_frames);
    }
    for (tag, name) in [(0x31, "GSM"), (0x45, "G.726"), (0x1234, "0x1234")] {
        let file = riff(b"RIFF", 0, &[format(tag, 65, 0, &[0, 0]), whole(DATA_BYTES)]);
        let error = open_bytes("odd.wav", file).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn mpeg_audio_in_wav_is_read() {
    let mp3 = std::fs::read(super::fixture("audio/formats/mp3_44k_stereo.mp3")).unwrap();
    let file = riff(b"RIFF", 0, &[format(0x55, 1, 0, &[0; 14]), chunk(b"data", mp3.len() as u32, &mp3)]);
    let num_samples = read_all(&mut open_bytes("mp3.wav", file).unwrap()).unwrap().len();
    assert_eq!(num_samples, read_all(&mut open_bytes("a.mp3", mp3).unwrap()).unwrap().len());
}

#[test]
fn sizes_of_aiff_do_not_matter() {
    let big: Vec<u8> = samples().iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let chunk = |name: &[u8; 4], size: u32, content: &[u8]| [name, &size.to_be_bytes()[..], content].concat();
    let rate = b"\x40\x0c\xfa\0\0\0\0\0\0\0";
    let common = [&[0, 1, 0, 0, 0x5d, 0xc0, 0, 16][..], rate].concat();
    let aiff = |size: u32, chunks: &[Vec<u8>]| [b"FORM", &size.to_be_bytes()[..], b"AIFF", &chunks.concat()].concat();
    let sound = |size: u32| chunk(b"SSND", size, &[&[0; 8][..], &big].concat());
    let common = chunk(b"COMM", 18, &common);
    for (what, bytes) in [
        ("AIFF", aiff(DATA_BYTES + 54, &[common.clone(), sound(DATA_BYTES + 8)])),
        ("AIFF of a pipe", aiff(0x7f00_0050, &[common.clone(), sound(0x7f00_0008)])),
        ("FORM of 0 bytes", aiff(0, &[common.clone(), sound(DATA_BYTES + 8)])),
        ("text of odd size", aiff(0, &[chunk(b"NAME", 3, b"abc\0"), common.clone(), sound(DATA_BYTES + 8)])),
    ] {
        is_whole(what, &bytes);
        is_whole_in_a_pipe(what, &bytes);
    }
    is_whole("samples first", &aiff(0, &[sound(DATA_BYTES + 8), common]));
}

/// A file of 5 GiB: a header, and samples that are made while they are read.
#[test]
fn recordings_over_4_gib_are_read_to_the_end() {
    use std::io::{Seek, SeekFrom, Write};
    const NUM_BYTES: u64 = 5 << 30;
    let ds64 = chunk(b"ds64", 28, &[&[0; 8][..], &NUM_BYTES.to_le_bytes(), &[0; 12]].concat());
    let fast = |bits: u16| {
        let mut fields = format(1, 36, bits, &[]);
        // 18 channels at 768 kHz.
        fields[10] = 18;
        fields[12..16].copy_from_slice(&768_000u32.to_le_bytes());
        fields
    };
    for header in [
        riff(b"RF64", u32::MAX, &[ds64, fast(16), chunk(b"data", u32::MAX, &[])]),
        riff(b"RIFF", 0, &[fast(16), chunk(b"data", (NUM_BYTES & 0xffff_ffff) as u32, &[])]),
    ] {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&header).unwrap();
        // A sparse file.
        file.seek(SeekFrom::Start(header.len() as u64 + NUM_BYTES - 1)).unwrap();
        file.write_all(&[0]).unwrap();
        let info = crate::audio::open(file.path()).unwrap().info().clone();
        let expected_s = NUM_BYTES as f64 / 36.0 / 768_000.0;
        assert!((info.duration_s.unwrap() - expected_s).abs() < 0.01, "{info:?}");
    }
}
